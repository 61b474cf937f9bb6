//! What accepting changes comes to, before it is done.

use std::sync::Arc;

use convene_plan::proposal::gate::needed;
use convene_plan::proposal::{
    Change, Choice, Effect, Kind, NotAcceptable, Rehearsal, Took, rehearse, value_at,
};
use convene_protocol::control::proposal::{ChangeState, KeptChange, Pick, Status};
use convene_protocol::error_code::ErrorCode;

use super::super::Desk;
use super::gating::SeenGate;
use super::seeing::{Seen, SeenChange};
use crate::error::Failure;
use crate::ids::{GateId, PlanId};

/// Changes that are told of in one error.
const TOLD_MAX: usize = 5;

/// Whether approvals are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Approvals {
    /// What lacks one waits.
    Needed,
    /// As if all were given: whether it could be accepted at all.
    Given,
}

/// What accepting comes to.
pub(super) struct Accepting {
    pub(super) rehearsal: Rehearsal,
    /// The changes that are accepted.
    pub(super) accepted: Vec<u32>,
    pub(super) gates: Vec<GateId>,
    /// The changes that wait for approvals.
    pub(super) waiting: Vec<u32>,
}

impl Seen {
    pub(super) fn change(&self, no: u32) -> Option<&SeenChange> {
        self.changes.iter().find(|change| change.row.no == no)
    }

    /// How far the proposal is when these changes come to `state`.
    pub(super) fn status_after(&self, changes: &[u32], state: ChangeState) -> Status {
        let states = self.changes.iter().map(|change| {
            if changes.contains(&change.row.no) {
                state
            } else {
                change.row.state
            }
        });
        let (mut open, mut accepted, mut rejected) = (0_u32, 0_u32, 0_u32);
        for state in states {
            match state {
                ChangeState::Open => open += 1,
                ChangeState::Accepted => accepted += 1,
                ChangeState::Rejected | ChangeState::Undone => rejected += 1,
            }
        }
        match (open, accepted, rejected) {
            (1.., ..) => Status::Submitted,
            (0, 0, _) => Status::Rejected,
            (0, _, 0) => Status::Approved,
            (0, ..) => Status::PartlyApproved,
        }
    }
}

impl Desk {
    /// Tries what accepting does.
    pub(super) async fn accepting(
        &self,
        seen: &Arc<Seen>,
        picks: &[Pick],
        approvals: Approvals,
    ) -> Result<Accepting, Failure> {
        let (seen, picks) = (Arc::clone(seen), picks.to_vec());
        self.apart(move || accept(&seen, &picks, approvals)).await?
    }

    /// What somebody wrote over in the same moment, on another node: such an edit and an accepted value meet
    /// like two people's, and the plan keeps one of them.
    pub(super) async fn overtaken(&self, plan: PlanId, took: &[Took]) -> Vec<KeptChange> {
        // It is done in any case; what cannot be read now is not said.
        let Ok(reading) = self.level_reading(plan).await else {
            return Vec::new();
        };
        let has_value = |took: &&Took| matches!(took.op, Kind::Set | Kind::Text | Kind::Link);
        let is_other = |took: &&Took| value_at(&reading.content, &took.path) != took.after;
        let lost = took.iter().filter(has_value).filter(is_other);
        lost.map(|took| KeptChange {
            no: took.no,
            why: "somebody wrote something else there in the same moment; look at it".to_owned(),
        })
        .collect()
    }
}

/// Tries what accepting does. Changes whose gates are closed are left out; what needs one of them cannot be
/// accepted then.
fn accept(seen: &Seen, picks: &[Pick], approvals: Approvals) -> Result<Accepting, Failure> {
    // Also those that were decided: others may need them.
    let changes: Vec<Change> = seen.changes.iter().map(|it| it.change.clone()).collect();
    let (mut waiting, mut gates, mut choices) = (Vec::new(), Vec::new(), Vec::new());
    for pick in picks {
        let gate = seen.change(pick.no).and_then(|it| it.gate.as_ref());
        match gate {
            Some(gate) if approvals == Approvals::Needed && !gate.is_open() => {
                waiting.push(pick.no);
            }
            gate => {
                gates.extend(gate.and_then(|gate| gate.id));
                let resolve = pick.resolve;
                choices.push(Choice {
                    no: pick.no,
                    resolve,
                });
            }
        }
    }
    if choices.is_empty() {
        let rehearsal = Rehearsal {
            ops: Vec::new(),
            after: (*seen.present.content).clone(),
            took: Vec::new(),
            already: Vec::new(),
            effect: Effect::default(),
        };
        let accepted = Vec::new();
        return Ok(Accepting {
            rehearsal,
            accepted,
            gates,
            waiting,
        });
    }
    let rehearsal = rehearse(
        &seen.present.content,
        &changes,
        &seen.reads,
        &choices,
        &seen.gates,
    );
    let rehearsal = rehearsal.map_err(|wrong| not_acceptable(&wrong))?;
    let accepted: Vec<u32> = choices.iter().map(|choice| choice.no).collect();
    for no in &accepted {
        let Some(change) = seen.change(*no) else {
            continue;
        };
        let need = needed(&change.change, &seen.present.content, &rehearsal.after);
        let shown = change.gate.as_ref().map(|gate: &SeenGate| &gate.need);
        // By itself it may come to something else than what was shown and approved.
        if need.as_ref() != shown {
            let say = format!(
                "change {no} was shown together with others that it needs approval with; accept them \
                 together"
            );
            return Err(Failure::new(ErrorCode::Conflict, say));
        }
    }
    Ok(Accepting {
        rehearsal,
        accepted,
        gates,
        waiting,
    })
}

fn not_acceptable(wrong: &[NotAcceptable]) -> Failure {
    let told: Vec<String> = wrong
        .iter()
        .take(TOLD_MAX)
        .map(ToString::to_string)
        .collect();
    let mut say = told.join("; ");
    if wrong.len() > TOLD_MAX {
        say = format!("{say}; and {} more", wrong.len() - TOLD_MAX);
    }
    Failure::new(ErrorCode::Conflict, say)
}
