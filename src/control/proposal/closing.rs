//! `proposal.request_changes` and `proposal.withdraw`: a proposal goes back to its author, or away.

use convene_protocol::control::proposal::{
    ProposalBody, RequestChanges, Status, Verdict, Withdraw,
};
use convene_protocol::error_code::ErrorCode;
use serde_json::json;

use super::super::{Caller, Desk, For, Method};
use super::case::{Case, moved, reason};
use crate::error::Failure;
use crate::storage::audit::{Act, Verb};
use crate::storage::proposals::deciding::{self, Along, Outcome, Wrote};

impl Method for RequestChanges {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<ProposalBody, Failure> {
        let case = desk.case(caller, &self.plan, &self.proposal).await?;
        case.decide()?;
        case.open()?;
        let reason = reason(Some(&self.reason))?;
        if reason.is_empty() {
            let say = "reason: say what should be different";
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        if case.row.revision != self.revision || case.row.status != Status::Submitted {
            return Err(moved());
        }
        let along = Along {
            plan: case.row.plan,
            proposal: case.row.id,
            version: case.row.version,
            what: Outcome::Decided(deciding::Decided {
                status: Status::ChangesRequested,
                revision: self.revision,
                by: case.grant.user(),
                verdict: Verdict::RequestChanges,
                reason: reason.to_owned(),
                shown: json!([]),
                changes: Vec::new(),
                gates: Vec::new(),
            }),
            act: Act {
                actor: Some(case.grant.user()),
                verb: Verb::ChangesRequested,
                detail: json!({
                    "proposal": case.row.id.to_string(),
                    "revision": self.revision,
                    "reason": reason,
                }),
            },
        };
        desk.write_alone(case, &along).await
    }
}

impl Method for Withdraw {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<ProposalBody, Failure> {
        let case = desk.case(caller, &self.plan, &self.proposal).await?;
        case.open()?;
        let is_theirs = case.is_author() || case.row.on_behalf_of == Some(case.grant.user());
        if !is_theirs && case.grant.own().is_none() {
            return Err(Failure::new(
                ErrorCode::Forbidden,
                "only its author and owners of the plan take a proposal back; reject it instead",
            ));
        }
        Box::pin(desk.withdraw(case, reason(self.reason.as_deref())?)).await
    }
}

impl Desk {
    /// Takes a proposal back.
    pub(in crate::control) async fn withdraw(
        &self,
        case: Case,
        reason: &str,
    ) -> Result<ProposalBody, Failure> {
        let along = Along {
            plan: case.row.plan,
            proposal: case.row.id,
            version: case.row.version,
            what: Outcome::Withdrawn {
                reason: reason.to_owned(),
            },
            act: Act {
                actor: Some(case.grant.user()),
                verb: Verb::ProposalWithdrawn,
                detail: json!({"proposal": case.row.id.to_string(), "reason": reason}),
            },
        };
        self.write_alone(case, &along).await
    }

    async fn write_alone(&self, case: Case, along: &Along) -> Result<ProposalBody, Failure> {
        match Box::pin(self.storage.write_decision(along)).await? {
            Wrote::Done => {
                self.registry.tell_changed(case.row.plan);
                let case = self.again(case).await?;
                self.body(&case.row).await
            }
            Wrote::Moved => Err(moved()),
        }
    }
}
