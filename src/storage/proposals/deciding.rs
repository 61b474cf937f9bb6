//! What is written down of a proposal in the transaction of the row that it becomes: decisions, and drafts
//! that go on from a later state of the plan. What becomes no row has a transaction of its own.

use convene_protocol::control::proposal::{ChangeState, Status, Verdict};
use serde_json::Value as Json;
use uuid::Uuid;

use super::super::audit::chain::Chain;
use super::super::audit::{Act, record};
use super::super::database::{Storage, write_tx};
use super::super::error::StorageError;
use super::super::journal::{Epoch, Seq};
use super::{touch_draft, touch_proposals};
use crate::clock::Timestamp;
use crate::ids::{GateId, PlanId, ProposalId, UserId};

/// What happens to a proposal together with a row, or by itself.
#[derive(Debug, Clone)]
pub struct Along {
    /// The plan.
    pub plan: PlanId,
    /// The proposal.
    pub proposal: ProposalId,
    /// As it was when this was worked out: one that has moved on is left alone.
    pub version: i64,
    /// What happens.
    pub what: Outcome,
    /// What the audit of the plan says of it.
    pub act: Act,
}

/// What happens to a proposal.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Somebody decided.
    Decided(Decided),
    /// Its author takes it back.
    Withdrawn {
        /// Why.
        reason: String,
    },
    /// Its draft goes on from another state of the plan; what was submitted is void.
    Rebased {
        /// That state, as plan.json.
        base: String,
        /// Up to where the plan is that.
        from: (Epoch, Seq),
    },
}

/// A decision.
#[derive(Debug, Clone)]
pub struct Decided {
    /// How far the proposal is with it.
    pub status: Status,
    /// About which revision.
    pub revision: i64,
    /// Whose.
    pub by: UserId,
    /// Which.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// Which changes, each with the hash of what was shown.
    pub shown: Json,
    /// What becomes of them.
    pub changes: Vec<Settled>,
    /// The gates that were passed with it.
    pub gates: Vec<GateId>,
}

/// What becomes of a change.
#[derive(Debug, Clone)]
pub struct Settled {
    /// Which.
    pub no: u32,
    /// What.
    pub state: ChangeState,
    /// What really changed, as JSON; as it is when none.
    pub took: Option<String>,
}

/// What became of what was written by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrote {
    /// It is done.
    Done,
    /// Something happened to the proposal meanwhile; nothing was changed.
    Moved,
}

/// Who may decide now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Who asked, for a while.
    Yours,
    /// Somebody else does.
    Theirs(UserId),
    /// Something happened to the proposal meanwhile.
    Moved,
}

/// Writes what happens to a proposal whose version was checked, in a transaction that has taken its plan and
/// its draft. `$seq` is the row it became.
macro_rules! write_along {
    ($tx:expr, $along:expr, $seq:expr, $now:expr) => {{
        use $crate::storage::proposals::deciding::{Along, Outcome};
        let (along, seq, now): (&Along, Option<i64>, $crate::clock::Timestamp) =
            ($along, $seq, $now);
        let id = along.proposal.as_uuid();
        let touched = touch_proposals!($tx, along.plan).unwrap_or_default();
        match &along.what {
            Outcome::Withdrawn { reason } => {
                touch_draft!($tx, along.proposal);
                sqlx::query(
                    "update proposals
                     set status = 'withdrawn',
                         version = version + 1,
                         reason = case when $2 = '' then reason else $2 end,
                         touched = $3,
                         updated_at = $4
                     where id = $1",
                )
                .bind(id)
                .bind(reason)
                .bind(touched)
                .bind(now.as_micros())
                .execute(&mut *$tx)
                .await?;
            }
            Outcome::Rebased { base, from } => {
                sqlx::query(
                    "update proposals
                     set status = 'drafting',
                         version = version + 1,
                         base = $2,
                         base_epoch = $3,
                         base_seq = $4,
                         touched = $5,
                         updated_at = $6
                     where id = $1",
                )
                .bind(id)
                .bind(base)
                .bind(from.0.0)
                .bind(from.1.0)
                .bind(touched)
                .bind(now.as_micros())
                .execute(&mut *$tx)
                .await?;
            }
            Outcome::Decided(decided) => {
                touch_draft!($tx, along.proposal);
                sqlx::query(
                    "update proposals
                     set status = $2,
                         version = version + 1,
                         reason = case when $3 = '' then reason else $3 end,
                         deciding_by = null,
                         deciding_until = null,
                         touched = $4,
                         updated_at = $5
                     where id = $1",
                )
                .bind(id)
                .bind(decided.status.as_str())
                .bind(&decided.reason)
                .bind(touched)
                .bind(now.as_micros())
                .execute(&mut *$tx)
                .await?;
                for change in &decided.changes {
                    sqlx::query(
                        "update proposal_changes
                         set state = $4,
                             took = coalesce($5, took),
                             settled_by = $6,
                             settled_at = $7,
                             settled_seq = coalesce($8, settled_seq)
                         where proposal_id = $1
                           and revision = $2
                           and no = $3",
                    )
                    .bind(id)
                    .bind(decided.revision)
                    .bind(i64::from(change.no))
                    .bind(change.state.as_str())
                    .bind(change.took.as_deref())
                    .bind(decided.by.as_uuid())
                    .bind(now.as_micros())
                    .bind(seq)
                    .execute(&mut *$tx)
                    .await?;
                }
                sqlx::query(
                    "insert into decisions
                         (proposal_id, seq, revision, changes, decided_by, verdict, reason,
                          plan_seq, created_at)
                     select $1, coalesce(max(decisions.seq), 0) + 1, $2, $3, $4, $5, $6, $7, $8
                     from decisions
                     where proposal_id = $1",
                )
                .bind(id)
                .bind(decided.revision)
                .bind(decided.shown.to_string())
                .bind(decided.by.as_uuid())
                .bind(decided.verdict.as_str())
                .bind(&decided.reason)
                .bind(seq)
                .bind(now.as_micros())
                .execute(&mut *$tx)
                .await?;
                for gate in &decided.gates {
                    sqlx::query(
                        "update gates
                         set status = 'approved',
                             touched = $2,
                             updated_at = $3
                         where id = $1",
                    )
                    .bind(gate.as_uuid())
                    .bind(touched)
                    .bind(now.as_micros())
                    .execute(&mut *$tx)
                    .await?;
                }
            }
        }
        let mut act = along.act.clone();
        if let (serde_json::Value::Object(detail), Some(seq)) = (&mut act.detail, seq) {
            detail.insert("seq".to_owned(), seq.into());
        }
        record!($tx, Chain::Plan(along.plan), &act, now);
    }};
}

pub(in crate::storage) use write_along;

impl Storage {
    /// Writes what becomes no row.
    pub async fn write_decision(&self, along: &Along) -> Result<Wrote, StorageError> {
        let now = self.now();
        let wrote = write_tx!(self, tx => {
            // In the order in which everybody takes plans.
            let mut rows = [along.plan, along.proposal.draft()];
            rows.sort_unstable();
            for row in rows {
                sqlx::query("update plans set updated_at = $1 where id = $2")
                    .bind(now.as_micros())
                    .bind(row.as_uuid())
                    .execute(&mut *tx)
                    .await?;
            }
            let is_so: Option<(i64,)> = sqlx::query_as(
                "update proposals
                 set version = version
                 where id = $1
                   and version = $2
                 returning version",
            )
            .bind(along.proposal.as_uuid())
            .bind(along.version)
            .fetch_optional(&mut *tx)
            .await?;
            if is_so.is_none() {
                return Ok(Wrote::Moved);
            }
            write_along!(tx, along, None, now);
            Wrote::Done
        });
        Ok(wrote)
    }

    /// Takes the right to decide until `until`, unless somebody else has it: of two who decide at once the
    /// second is told so before it changes anything. It is no lock: what was taken too long ago counts no
    /// more, and what is written down is checked again.
    pub async fn begin_deciding(
        &self,
        by: UserId,
        (proposal, version): (ProposalId, i64),
        until: Timestamp,
    ) -> Result<Turn, StorageError> {
        let now = self.now();
        let turn = write_tx!(self, tx => {
            let taken = sqlx::query(
                "update proposals
                 set deciding_by = $3,
                     deciding_until = $4
                 where id = $1
                   and version = $2
                   and (deciding_until is null or deciding_until <= $5 or deciding_by = $3)",
            )
            .bind(proposal.as_uuid())
            .bind(version)
            .bind(by.as_uuid())
            .bind(until.as_micros())
            .bind(now.as_micros())
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if taken > 0 {
                Turn::Yours
            } else {
                let other: Option<(Option<Uuid>,)> = sqlx::query_as(
                    "select deciding_by from proposals where id = $1 and version = $2",
                )
                .bind(proposal.as_uuid())
                .bind(version)
                .fetch_optional(&mut *tx)
                .await?;
                match other {
                    Some((Some(other),)) => Turn::Theirs(UserId::from_uuid(other)),
                    Some((None,)) | None => Turn::Moved,
                }
            }
        });
        Ok(turn)
    }

    /// Gives the right to decide back.
    pub async fn end_deciding(&self, by: UserId, proposal: ProposalId) -> Result<(), StorageError> {
        write_tx!(self, tx => {
            sqlx::query(
                "update proposals
                 set deciding_by = null,
                     deciding_until = null
                 where id = $1
                   and deciding_by = $2",
            )
            .bind(proposal.as_uuid())
            .bind(by.as_uuid())
            .execute(&mut *tx)
            .await?;
        });
        Ok(())
    }
}
