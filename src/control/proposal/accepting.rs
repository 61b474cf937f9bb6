//! What accepting changes comes to, before it is done.

use convene_plan::proposal::gate::needed;
use convene_plan::proposal::{Change, Choice, Effect, NotAcceptable, Rehearsal, rehearse};
use convene_protocol::control::proposal::{ChangeState, Pick, Status};
use convene_protocol::error_code::ErrorCode;

use super::gating::SeenGate;
use super::seeing::{Seen, SeenChange};
use crate::error::Failure;
use crate::ids::GateId;

/// Changes that are told of in one error.
const TOLD_MAX: usize = 5;

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

/// Tries what accepting does. Changes whose gates are closed are left out; what needs one of them cannot be
/// accepted then.
pub(super) fn accept(seen: &Seen, picks: &[Pick]) -> Result<Accepting, Failure> {
    // Also those that were decided: others may need them.
    let changes: Vec<Change> = seen.changes.iter().map(|it| it.change.clone()).collect();
    let (mut waiting, mut gates, mut choices) = (Vec::new(), Vec::new(), Vec::new());
    for pick in picks {
        let gate = seen.change(pick.no).and_then(|it| it.gate.as_ref());
        match gate {
            Some(gate) if !gate.is_open() => waiting.push(pick.no),
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
