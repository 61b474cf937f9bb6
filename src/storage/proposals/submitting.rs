//! Submits a proposal: what its draft says becomes a revision, change by change.

use convene_protocol::control::proposal::ChangeState;
use serde_json::json;

use super::super::audit::chain::Chain;
use super::super::audit::{Act, Verb, record};
use super::super::database::{Storage, write_tx};
use super::super::error::StorageError;
use super::super::journal::Seq;
use super::{ChangeRow, touch_proposals};
use crate::clock::Timestamp;
use crate::ids::{PlanId, ProposalId, UserId};

/// A revision to be submitted.
#[derive(Debug)]
pub struct NewRevision<'a> {
    /// The plan.
    pub plan: PlanId,
    /// The proposal.
    pub proposal: ProposalId,
    /// As it was when the changes were worked out.
    pub version: i64,
    /// Who submits it.
    pub by: UserId,
    /// The draft's last row.
    pub draft_seq: Seq,
    /// What is said of it from now on.
    pub title: &'a str,
    /// Why.
    pub rationale: &'a str,
    /// JSON: what else is said.
    pub about: &'a str,
    /// The same for the same changes on the same values.
    pub fingerprint: &'a str,
    /// The changes.
    pub changes: Vec<NewChange>,
}

/// One change of it.
#[derive(Debug, Clone)]
pub struct NewChange {
    /// From 1.
    pub no: u32,
    /// As JSON.
    pub change: String,
    /// Who wrote it, if not the author.
    pub edited_by: Option<UserId>,
    /// The same change of the revision before, when that was decided already.
    pub settled: Option<ChangeRow>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submitted {
    /// It is this revision.
    Submitted {
        /// From 1.
        revision: i64,
    },
    /// Something happened to the proposal meanwhile; nothing was changed.
    Moved,
}

/// Ends the gates of a proposal that nobody has passed.
macro_rules! void_gates {
    ($tx:expr, $proposal:expr, ($touched:expr, $now:expr)) => {
        sqlx::query(
            "update gates
             set status = 'void',
                 touched = $2,
                 updated_at = $3
             where proposal_id = $1
               and status = 'pending'",
        )
        .bind($proposal.as_uuid())
        .bind($touched)
        .bind($now.as_micros())
        .execute(&mut *$tx)
        .await?
    };
}

/// Writes a change of a revision.
macro_rules! insert_change {
    ($tx:expr, ($proposal:expr, $revision:expr), $change:expr) => {{
        let settled = $change.settled.as_ref();
        sqlx::query(
            "insert into proposal_changes
                 (proposal_id, revision, no, change, state, edited_by, took, settled_by,
                  settled_at, settled_seq)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind($proposal.as_uuid())
        .bind($revision)
        .bind(i64::from($change.no))
        .bind(&$change.change)
        .bind(settled.map_or(ChangeState::Open, |it| it.state).as_str())
        .bind($change.edited_by.map(UserId::as_uuid))
        .bind(settled.and_then(|it| it.took.as_deref()))
        .bind(settled.and_then(|it| it.settled_by).map(UserId::as_uuid))
        .bind(
            settled
                .and_then(|it| it.settled_at)
                .map(Timestamp::as_micros),
        )
        .bind(settled.and_then(|it| it.settled_seq).map(|seq| seq.0))
        .execute(&mut *$tx)
        .await?;
    }};
}

impl Storage {
    /// Makes of the changes the next revision of a proposal.
    pub async fn submit_proposal(&self, new: &NewRevision<'_>) -> Result<Submitted, StorageError> {
        let now = self.now();
        let submitted = write_tx!(self, tx => {
            let Some(touched) = touch_proposals!(tx, new.plan) else {
                return Ok(Submitted::Moved);
            };
            let moved: Option<(i64,)> = sqlx::query_as(
                "update proposals
                 set status = 'submitted',
                     revision = revision + 1,
                     version = version + 1,
                     draft_seq = $3,
                     title = $4,
                     rationale = $5,
                     about = $6,
                     fingerprint = $7,
                     reason = null,
                     touched = $8,
                     updated_at = $9
                 where id = $1
                   and version = $2
                   and status in ('drafting', 'submitted', 'changes_requested')
                 returning revision",
            )
            .bind(new.proposal.as_uuid())
            .bind(new.version)
            .bind(new.draft_seq.0)
            .bind(new.title)
            .bind(new.rationale)
            .bind(new.about)
            .bind(new.fingerprint)
            .bind(touched)
            .bind(now.as_micros())
            .fetch_optional(&mut *tx)
            .await?;
            let Some((revision,)) = moved else {
                return Ok(Submitted::Moved);
            };
            // What was approved was the revision before.
            void_gates!(tx, new.proposal, (touched, now));
            for change in &new.changes {
                insert_change!(tx, (new.proposal, revision), change);
            }
            let act = Act {
                actor: Some(new.by),
                verb: Verb::ProposalSubmitted,
                detail: json!({
                    "proposal": new.proposal.to_string(),
                    "revision": revision,
                    "changes": new.changes.len(),
                }),
            };
            record!(tx, Chain::Plan(new.plan), &act, now);
            Submitted::Submitted { revision }
        });
        Ok(submitted)
    }
}
