//! Gates: what needs more than an editor's word, and who has given theirs.

mod approving;

use convene_plan::proposal::gate::Frozen;
use convene_plan::view::Gates;
use serde::Deserialize;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

pub use self::approving::{Approval, GateVerdict};
use super::audit::chain::Chain;
use super::audit::{Act, Verb, record};
use super::database::{Storage, read, write_tx};
use super::error::StorageError;
use super::proposals::touch_proposals;
use crate::clock::Timestamp;
use crate::ids::{GateId, PlanId, ProposalId, UserId};

/// How far a gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateStatus {
    /// It waits for approvals.
    Pending,
    /// It has them.
    Approved,
    /// Somebody rejected it.
    Rejected,
    /// What it was about is no more.
    Void,
}

impl GateStatus {
    /// As it is kept and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Void => "void",
        }
    }

    fn read(text: &str) -> Result<Self, StorageError> {
        let all = [Self::Pending, Self::Approved, Self::Rejected, Self::Void];
        all.into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| StorageError::corrupt(format_args!("no gate is {text}")))
    }
}

/// One gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateRow {
    /// Its id.
    pub id: GateId,
    /// `contract`, `spend`, `publish`, `outreach`, `people`, `event` or `risk`.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// The same for people.
    pub say: String,
    /// The paths and values that are approved, as JSON.
    pub frozen: String,
    /// How many approvals it needs.
    pub needs: u32,
    /// How many of them of owners.
    pub needs_owners: u32,
    /// The proposal's change that it is about, if it is about one.
    pub change: Option<(ProposalId, u32)>,
    /// How far it is.
    pub status: GateStatus,
    /// Who asked for it.
    pub requested_by: UserId,
    /// When.
    pub created_at: Timestamp,
}

/// What somebody said of a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRow {
    /// Which.
    pub gate: GateId,
    /// Who.
    pub by: UserId,
    /// Whether they approve.
    pub approves: bool,
    /// The hash of what was shown to them.
    pub shown: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Their role in the plan now, as it is kept; none when they are members no more.
    pub role: Option<String>,
}

/// A gate to be asked for.
#[derive(Debug, Clone)]
pub struct NewGate {
    /// Its id.
    pub id: GateId,
    /// The plan.
    pub plan: PlanId,
    /// Which kind.
    pub kind: String,
    /// What it is about: of one subject there is one pending gate.
    pub subject: String,
    /// The same for people.
    pub say: String,
    /// The paths and values that are approved, as JSON.
    pub frozen: String,
    /// How many approvals it needs.
    pub needs: u32,
    /// How many of them of owners.
    pub needs_owners: u32,
    /// The proposal's change that it is about, if it is about one.
    pub change: Option<(ProposalId, u32)>,
    /// Who asks.
    pub by: UserId,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    subject: String,
    say: String,
    frozen: String,
    needs: i64,
    needs_owners: i64,
    proposal_id: Option<Uuid>,
    change_no: Option<i64>,
    status: String,
    requested_by: Uuid,
    created_at: i64,
}

impl Row {
    fn read(self) -> Result<GateRow, StorageError> {
        let small = |number: i64| u32::try_from(number).map_err(StorageError::corrupt);
        let change = match (self.proposal_id, self.change_no) {
            (Some(proposal), Some(no)) => Some((ProposalId::from_uuid(proposal), small(no)?)),
            _ => None,
        };
        Ok(GateRow {
            id: GateId::from_uuid(self.id),
            kind: self.kind,
            subject: self.subject,
            say: self.say,
            frozen: self.frozen,
            needs: small(self.needs)?,
            needs_owners: small(self.needs_owners)?,
            change,
            status: GateStatus::read(&self.status)?,
            requested_by: UserId::from_uuid(self.requested_by),
            created_at: Timestamp::from_micros(self.created_at),
        })
    }
}

#[derive(FromRow)]
struct RawApproval {
    gate_id: Uuid,
    given_by: Uuid,
    verdict: String,
    shown_hash: String,
    reason: String,
    created_at: i64,
    role: Option<String>,
}

impl RawApproval {
    fn read(self) -> ApprovalRow {
        ApprovalRow {
            gate: GateId::from_uuid(self.gate_id),
            by: UserId::from_uuid(self.given_by),
            approves: self.verdict == "approve",
            shown: self.shown_hash,
            reason: self.reason,
            at: Timestamp::from_micros(self.created_at),
            role: self.role,
        }
    }
}

/// What a gate froze, as it is kept.
#[derive(Deserialize)]
struct Kept(Vec<Frozen>);

/// What approved gates say of a plan: what its claims are judged by.
pub fn approved(rows: &[GateRow]) -> Result<Gates, StorageError> {
    let mut gates = Gates::none();
    let is_approved = |row: &&GateRow| row.status == GateStatus::Approved;
    for row in rows.iter().filter(is_approved) {
        let Kept(frozen) = serde_json::from_str(&row.frozen).map_err(StorageError::corrupt)?;
        for frozen in frozen {
            frozen.approve(&mut gates);
        }
    }
    Ok(gates)
}

/// Gates of one answer at most.
const GATES_MAX: i64 = 1_000;

impl Storage {
    /// The gates of `plan`, the newest first, at most 1,000.
    pub async fn gates(&self, plan: PlanId) -> Result<Vec<GateRow>, StorageError> {
        let rows: Vec<Row> = read!(self, db => {
            sqlx::query_as(
                "select gates.id, gates.kind, gates.subject, gates.say, gates.frozen, gates.needs,
                     gates.needs_owners, gates.proposal_id, gates.change_no,
                     case
                         when gates.status = 'pending'
                             and proposals.status not in
                                 ('drafting', 'submitted', 'changes_requested')
                         then 'void'
                         else gates.status
                     end as status,
                     gates.requested_by, gates.created_at
                 from gates
                 left join proposals on proposals.id = gates.proposal_id
                 where gates.plan_id = $1
                 order by gates.created_at desc, gates.id desc
                 limit $2",
            )
            .bind(plan.as_uuid())
            .bind(GATES_MAX)
            .fetch_all(db)
            .await?
        });
        rows.into_iter().map(Row::read).collect()
    }

    /// Whether something happened to a gate of `plan` since its `proposals_version` was `since`.
    pub async fn gates_moved(&self, plan: PlanId, since: i64) -> Result<bool, StorageError> {
        let moved: Option<(i64,)> = read!(self, db => {
            sqlx::query_as("select touched from gates where plan_id = $1 and touched > $2 limit 1")
                .bind(plan.as_uuid())
                .bind(since)
                .fetch_optional(db)
                .await?
        });
        Ok(moved.is_some())
    }

    /// What was said of the gates of `plan`.
    pub async fn gate_approvals(&self, plan: PlanId) -> Result<Vec<ApprovalRow>, StorageError> {
        let rows: Vec<RawApproval> = read!(self, db => {
            sqlx::query_as(
                "select gate_approvals.gate_id, gate_approvals.given_by, gate_approvals.verdict,
                     gate_approvals.shown_hash, gate_approvals.reason,
                     gate_approvals.created_at, members.role
                 from gate_approvals
                 join gates on gates.id = gate_approvals.gate_id
                 left join members on members.plan_id = gates.plan_id
                     and members.user_id = gate_approvals.given_by
                 where gates.plan_id = $1
                 order by gate_approvals.created_at",
            )
            .bind(plan.as_uuid())
            .fetch_all(db)
            .await?
        });
        Ok(rows.into_iter().map(RawApproval::read).collect())
    }

    /// Asks for approvals. One that is pending about the same is told of these values instead. Answers
    /// which gate it is; none when the plan is gone.
    pub async fn request_gate(&self, new: &NewGate) -> Result<Option<GateId>, StorageError> {
        let now = self.now();
        let gate = write_tx!(self, tx => {
            let Some(touched) = touch_proposals!(tx, new.plan) else {
                return Ok(None);
            };
            let present: Option<(Uuid,)> = sqlx::query_as(
                "update gates
                 set say = $3,
                     frozen = $4,
                     needs = $5,
                     needs_owners = $6,
                     touched = $7,
                     updated_at = $8
                 where plan_id = $1
                   and subject = $2
                   and status = 'pending'
                 returning id",
            )
            .bind(new.plan.as_uuid())
            .bind(&new.subject)
            .bind(&new.say)
            .bind(&new.frozen)
            .bind(i64::from(new.needs))
            .bind(i64::from(new.needs_owners))
            .bind(touched)
            .bind(now.as_micros())
            .fetch_optional(&mut *tx)
            .await?;
            if let Some((present,)) = present {
                GateId::from_uuid(present)
            } else {
                sqlx::query(
                    "insert into gates
                         (id, plan_id, kind, subject, say, frozen, needs, needs_owners,
                          proposal_id, change_no, status, requested_by, touched, created_at,
                          updated_at)
                     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', $11, $12, $13,
                         $13)",
                )
                .bind(new.id.as_uuid())
                .bind(new.plan.as_uuid())
                .bind(&new.kind)
                .bind(&new.subject)
                .bind(&new.say)
                .bind(&new.frozen)
                .bind(i64::from(new.needs))
                .bind(i64::from(new.needs_owners))
                .bind(new.change.map(|(proposal, _)| proposal.as_uuid()))
                .bind(new.change.map(|(_, no)| i64::from(no)))
                .bind(new.by.as_uuid())
                .bind(touched)
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                let act = Act {
                    actor: Some(new.by),
                    verb: Verb::GateRequested,
                    detail: json!({
                        "gate": new.id.to_string(),
                        "kind": new.kind,
                        "subject": new.subject,
                    }),
                };
                record!(tx, Chain::Plan(new.plan), &act, now);
                new.id
            }
        });
        Ok(Some(gate))
    }
}
