//! What is kept of a proposal, as it is read.

use convene_plan::proposal::Decided;
use convene_protocol::control::proposal::{ChangeState, Status};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::error::StorageError;
use super::super::journal::{Epoch, Seq};
use crate::clock::Timestamp;
use crate::ids::{PlanId, ProposalId, UserId};

/// One proposal, without its draft and its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalRow {
    /// Its id, which is also its draft's.
    pub id: ProposalId,
    /// The plan it is for.
    pub plan: PlanId,
    /// Who proposes.
    pub author: UserId,
    /// For whom, when the author is an agent.
    pub on_behalf_of: Option<UserId>,
    /// What it is, in a line.
    pub title: String,
    /// Why.
    pub rationale: String,
    /// What else its author said, as JSON.
    pub about: String,
    /// How far it is.
    pub status: Status,
    /// The last submitted revision; 0 before.
    pub revision: i64,
    /// Goes up with everything that happens to it.
    pub version: i64,
    /// The draft's last row when it was submitted.
    pub draft_seq: Seq,
    /// Up to where the plan is the draft's beginning.
    pub base: (Epoch, Seq),
    /// What was last said to its author.
    pub reason: Option<String>,
    /// The one whose place it takes.
    pub supersedes: Option<ProposalId>,
    /// The plan's `proposals_version` when something last happened to it.
    pub touched: i64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// When it is over if nobody decides.
    pub expires_at: Timestamp,
}

/// One change of a submitted revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// Which, from 1.
    pub no: u32,
    /// What, as JSON.
    pub change: String,
    /// What became of it.
    pub state: ChangeState,
    /// Who wrote it, if not the author.
    pub edited_by: Option<UserId>,
    /// What really changed, as JSON.
    pub took: Option<String>,
    /// Who decided.
    pub settled_by: Option<UserId>,
    /// When.
    pub settled_at: Option<Timestamp>,
    /// The row of the plan that it became.
    pub settled_seq: Option<Seq>,
}

impl ChangeRow {
    /// What was decided of these.
    pub fn decided(rows: &[Self]) -> Decided {
        let of = |is_it: fn(ChangeState) -> bool| {
            let those = rows.iter().filter(|row| is_it(row.state));
            those.map(|row| row.no).collect()
        };
        Decided {
            accepted: of(|state| state == ChangeState::Accepted),
            turned_down: of(|state| matches!(state, ChangeState::Rejected | ChangeState::Undone)),
        }
    }
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRow {
    /// About which revision.
    pub revision: i64,
    /// About which changes, each with the hash of what was shown, as JSON.
    pub changes: String,
    /// Whose.
    pub by: UserId,
    /// `approve`, `reject`, `request_changes` or `undo`.
    pub verdict: String,
    /// Why.
    pub reason: String,
    /// The row of the plan that it became.
    pub plan_seq: Option<Seq>,
    /// When.
    pub at: Timestamp,
}

#[derive(FromRow)]
pub(super) struct Row {
    id: Uuid,
    plan_id: Uuid,
    author: Uuid,
    on_behalf_of: Option<Uuid>,
    title: String,
    rationale: String,
    about: String,
    status: String,
    revision: i64,
    version: i64,
    draft_seq: i64,
    base_seq: i64,
    base_epoch: i64,
    reason: Option<String>,
    supersedes: Option<Uuid>,
    touched: i64,
    created_at: i64,
    updated_at: i64,
    expires_at: i64,
}

impl Row {
    pub(super) fn read(self) -> Result<ProposalRow, StorageError> {
        Ok(ProposalRow {
            id: ProposalId::from_uuid(self.id),
            plan: PlanId::from_uuid(self.plan_id),
            author: UserId::from_uuid(self.author),
            on_behalf_of: self.on_behalf_of.map(UserId::from_uuid),
            title: self.title,
            rationale: self.rationale,
            about: self.about,
            status: self.status.parse().map_err(StorageError::corrupt)?,
            revision: self.revision,
            version: self.version,
            draft_seq: Seq(self.draft_seq),
            base: (Epoch(self.base_epoch), Seq(self.base_seq)),
            reason: self.reason,
            supersedes: self.supersedes.map(ProposalId::from_uuid),
            touched: self.touched,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            expires_at: Timestamp::from_micros(self.expires_at),
        })
    }
}

#[derive(FromRow)]
pub(super) struct RawChange {
    no: i64,
    change: String,
    state: String,
    edited_by: Option<Uuid>,
    took: Option<String>,
    settled_by: Option<Uuid>,
    settled_at: Option<i64>,
    settled_seq: Option<i64>,
}

impl RawChange {
    pub(super) fn read(self) -> Result<ChangeRow, StorageError> {
        Ok(ChangeRow {
            no: u32::try_from(self.no).map_err(StorageError::corrupt)?,
            change: self.change,
            state: self.state.parse().map_err(StorageError::corrupt)?,
            edited_by: self.edited_by.map(UserId::from_uuid),
            took: self.took,
            settled_by: self.settled_by.map(UserId::from_uuid),
            settled_at: self.settled_at.map(Timestamp::from_micros),
            settled_seq: self.settled_seq.map(Seq),
        })
    }
}

#[derive(FromRow)]
pub(super) struct RawDecision {
    revision: i64,
    changes: String,
    decided_by: Uuid,
    verdict: String,
    reason: String,
    plan_seq: Option<i64>,
    created_at: i64,
}

impl RawDecision {
    pub(super) fn read(self) -> DecisionRow {
        DecisionRow {
            revision: self.revision,
            changes: self.changes,
            by: UserId::from_uuid(self.decided_by),
            verdict: self.verdict,
            reason: self.reason,
            plan_seq: self.plan_seq.map(Seq),
            at: Timestamp::from_micros(self.created_at),
        }
    }
}
