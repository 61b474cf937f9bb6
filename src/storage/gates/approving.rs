//! Notes what people say of gates.

use serde_json::json;
use uuid::Uuid;

use super::super::audit::chain::Chain;
use super::super::audit::{Act, Verb, record};
use super::super::database::{Storage, write_tx};
use super::super::error::StorageError;
use super::super::proposals::touch_proposals;
use super::GateStatus;
use crate::ids::{GateId, PlanId, UserId};

/// What somebody says of a gate.
#[derive(Debug, Clone)]
pub struct Approval<'a> {
    /// Who.
    pub by: UserId,
    /// The plan.
    pub plan: PlanId,
    /// The gate.
    pub gate: GateId,
    /// Approve or reject.
    pub verdict: GateVerdict,
    /// The hash of what was shown to them.
    pub shown: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// Whether somebody approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateVerdict {
    /// They do.
    Approve,
    /// They do not.
    Reject,
}

/// Notes what somebody says, in the place of what they said before.
macro_rules! insert_approval {
    ($tx:expr, $given:expr, $verdict:expr, $now:expr) => {
        sqlx::query(
            "insert into gate_approvals
                 (gate_id, given_by, verdict, shown_hash, reason, created_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (gate_id, given_by) do update
             set verdict = excluded.verdict,
                 shown_hash = excluded.shown_hash,
                 reason = excluded.reason,
                 created_at = excluded.created_at",
        )
        .bind($given.gate.as_uuid())
        .bind($given.by.as_uuid())
        .bind($verdict)
        .bind($given.shown)
        .bind($given.reason)
        .bind($now.as_micros())
        .execute(&mut *$tx)
        .await?
    };
}

/// A decision that was worked out before does not hold any more.
macro_rules! touch_proposal {
    ($tx:expr, $proposal:expr, ($touched:expr, $now:expr)) => {
        sqlx::query(
            "update proposals
             set version = version + 1,
                 touched = $2,
                 updated_at = $3
             where id = $1",
        )
        .bind($proposal)
        .bind($touched)
        .bind($now.as_micros())
        .execute(&mut *$tx)
        .await?
    };
}

/// How many approve what is shown, and how many of them are owners.
macro_rules! approvals {
    ($tx:expr, $given:expr) => {
        sqlx::query_as::<_, (i64, i64)>(
            "select count(*),
                 coalesce(sum(case when members.role = 'owner' then 1 else 0 end), 0)
             from gate_approvals
             join members on members.plan_id = $2
                 and members.user_id = gate_approvals.given_by
             where gate_approvals.gate_id = $1
               and gate_approvals.verdict = 'approve'
               and gate_approvals.shown_hash = $3
               and members.role in ('owner', 'approver')",
        )
        .bind($given.gate.as_uuid())
        .bind($given.plan.as_uuid())
        .bind($given.shown)
        .fetch_one(&mut *$tx)
        .await?
    };
}

impl Storage {
    /// Notes what somebody says of a gate. One that is not about a proposal's change is approved with it when
    /// it has what it needs; that of a change is when the change is accepted. False when there is no such
    /// pending gate.
    pub async fn give_approval(&self, given: &Approval<'_>) -> Result<bool, StorageError> {
        type Found = (i64, i64, Option<Uuid>);
        let now = self.now();
        let (verdict, verb) = match given.verdict {
            GateVerdict::Approve => ("approve", Verb::GateApproved),
            GateVerdict::Reject => ("reject", Verb::GateRejected),
        };
        write_tx!(self, tx => {
            let Some(touched) = touch_proposals!(tx, given.plan) else {
                return Ok(false);
            };
            let found: Option<Found> = sqlx::query_as(
                "update gates
                 set touched = $3,
                     updated_at = $4
                 where id = $1
                   and plan_id = $2
                   and status = 'pending'
                 returning needs, needs_owners, proposal_id",
            )
            .bind(given.gate.as_uuid())
            .bind(given.plan.as_uuid())
            .bind(touched)
            .bind(now.as_micros())
            .fetch_optional(&mut *tx)
            .await?;
            let Some((needs, needs_owners, proposal)) = found else {
                return Ok(false);
            };
            insert_approval!(tx, given, verdict, now);
            if let Some(proposal) = proposal {
                touch_proposal!(tx, proposal, (touched, now));
            }
            let (all, owners) = approvals!(tx, given);
            let status = match given.verdict {
                GateVerdict::Reject => Some(GateStatus::Rejected),
                GateVerdict::Approve => (all >= needs && owners >= needs_owners)
                    .then_some(GateStatus::Approved),
            };
            let status = status.filter(|_| proposal.is_none());
            if let Some(status) = status {
                sqlx::query("update gates set status = $2 where id = $1")
                    .bind(given.gate.as_uuid())
                    .bind(status.as_str())
                    .execute(&mut *tx)
                    .await?;
            }
            let act = Act {
                actor: Some(given.by),
                verb,
                detail: json!({
                    "gate": given.gate.to_string(),
                    "shown": given.shown,
                    "status": status.unwrap_or(GateStatus::Pending).as_str(),
                }),
            };
            record!(tx, Chain::Plan(given.plan), &act, now);
        });
        Ok(true)
    }
}
