//! `gate.*`: what needs more than an editor's word, and who has given theirs.

mod listing;
mod publishing;
mod requesting;

pub(super) use self::publishing::{guard_letter, guard_publishing};
use convene_protocol::control::gate::{Approve, GateBody, Reject};
use convene_protocol::error_code::ErrorCode;

use super::{Caller, Desk, Method};
use crate::auth::access::Grant;
use crate::auth::access::Role;
use crate::error::Failure;
use crate::ids::{GateId, PlanId};
use crate::storage::gates::{Approval, GateRow, GateStatus, GateVerdict, approved};
use convene_plan::proposal::gate::Frozen;
use convene_plan::view::Gates;

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 1_000;

impl Desk {
    /// What was approved in a plan: what its claims are judged by.
    pub(super) async fn gates(&self, plan: PlanId) -> Result<Gates, Failure> {
        Ok(approved(&self.storage.gates(plan).await?)?)
    }

    async fn gate_row(&self, grant: &Grant, gate: &str) -> Result<GateRow, Failure> {
        let gate: GateId = gate.parse().map_err(|_| no_such_gate())?;
        let rows = self.storage.gates(grant.plan()).await?;
        rows.into_iter()
            .find(|row| row.id == gate)
            .ok_or_else(no_such_gate)
    }
}

impl Method for Approve {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<GateBody, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        may_approve(&grant)?;
        let reason = reason(self.reason.as_deref().unwrap_or_default())?;
        let row = desk.gate_row(&grant, &self.gate).await?;
        pending(&row)?;
        desk.may_count(&grant, &row).await?;
        let body = desk.gate_body(&grant, row.id).await?;
        if body.shown.as_deref() != Some(&self.shown) {
            return Err(Failure::new(
                ErrorCode::Conflict,
                "what this is about is not what was shown to you any more; look at it again",
            ));
        }
        let approval = Approval {
            by: grant.user(),
            plan: grant.plan(),
            gate: row.id,
            verdict: GateVerdict::Approve,
            shown: &self.shown,
            reason: &reason,
        };
        desk.give(&grant, &approval).await
    }
}

impl Method for Reject {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<GateBody, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        may_approve(&grant)?;
        let reason = reason(&self.reason)?;
        if reason.is_empty() {
            let say = "reason: say why not";
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        let row = desk.gate_row(&grant, &self.gate).await?;
        pending(&row)?;
        let approval = Approval {
            by: grant.user(),
            plan: grant.plan(),
            gate: row.id,
            verdict: GateVerdict::Reject,
            shown: "",
            reason: &reason,
        };
        desk.give(&grant, &approval).await
    }
}

impl Desk {
    async fn give(&self, grant: &Grant, approval: &Approval<'_>) -> Result<GateBody, Failure> {
        if !Box::pin(self.storage.give_approval(approval)).await? {
            return Err(Failure::new(
                ErrorCode::Conflict,
                "something happened to this gate meanwhile; look at it again",
            ));
        }
        self.registry.tell_changed(grant.plan());
        self.gate_body(grant, approval.gate).await
    }

    /// Nobody gives their word for what they propose, or have an agent propose.
    async fn may_count(&self, grant: &Grant, row: &GateRow) -> Result<(), Failure> {
        let Some((proposal, _)) = row.change else {
            return Ok(());
        };
        let found = self.storage.find_proposal(grant.plan(), proposal).await?;
        let found = found.ok_or_else(no_such_gate)?;
        let is_theirs = found.author == grant.user() || found.on_behalf_of == Some(grant.user());
        if is_theirs {
            return Err(Failure::new(
                ErrorCode::Forbidden,
                "this is your own proposal, or your agent's: somebody else has to approve it",
            ));
        }
        Ok(())
    }
}

fn frozen(row: &GateRow) -> Result<Vec<Frozen>, Failure> {
    serde_json::from_str(&row.frozen).map_err(|error| Failure::fault().caused_by(error))
}

fn may_approve(grant: &Grant) -> Result<(), Failure> {
    let may = matches!(grant.role(), Role::Owner | Role::Approver);
    if may && grant.decide().is_some() {
        return Ok(());
    }
    Err(Failure::new(
        ErrorCode::Forbidden,
        "only approvers and owners of the plan may do this",
    ))
}

fn pending(row: &GateRow) -> Result<(), Failure> {
    if row.status == GateStatus::Pending {
        return Ok(());
    }
    let say = format!("this gate is {} already", row.status.as_str());
    Err(Failure::new(ErrorCode::Conflict, say))
}

fn reason(text: &str) -> Result<String, Failure> {
    if text.chars().count() > REASON_CHARS_MAX || text.contains('\0') {
        let say = format!("reason: at most {REASON_CHARS_MAX} characters, none of them zero");
        return Err(Failure::new(ErrorCode::Invalid, say));
    }
    Ok(text.trim().to_owned())
}

fn no_such_gate() -> Failure {
    Failure::new(
        ErrorCode::NotFound,
        "there is no such gate in this plan; gate.list has all of them",
    )
}
