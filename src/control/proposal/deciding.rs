//! `proposal.decide`, `proposal.request_changes`, `proposal.withdraw`: what becomes of a proposal.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use convene_plan::proposal::Took;
use convene_protocol::control::proposal::{
    ChangeState, Decide, Decided, KeptChange, Pick, Status, Verdict,
};
use convene_protocol::error_code::ErrorCode;
use serde_json::{Value as Json, json};

use super::super::asking::Edit;
use super::super::{Caller, Desk, Method};
use super::accepting::{Accepting, Approvals};
use super::case::{Case, moved, reason};
use super::seeing::Seen;
use crate::error::Failure;
use crate::storage::audit::{Act, Verb};
use crate::storage::gates::{Approval, GateVerdict};
use crate::storage::journal::Origin;
use crate::storage::proposals::deciding::{self, Along, Outcome, Settled, Turn, Wrote};

/// How often a decision is worked out anew when somebody edits the plan meanwhile.
const TRIES: u8 = 5;
/// For how long somebody who decides keeps others waiting at most: what a decision takes, many times over.
const TURN: Duration = Duration::from_secs(30);

impl Method for Decide {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Decided, Failure> {
        let case = desk.case(caller, &self.plan, &self.proposal).await?;
        case.decide()?;
        let deciding = Deciding {
            reason: reason(self.reason.as_deref())?.to_owned(),
            verdict: self.verdict,
            revision: self.revision,
            picks: self.changes,
        };
        deciding.sound()?;
        if let Some(decided) = desk.decided_before(&case, &deciding).await? {
            return Ok(decided);
        }
        let by = case.grant.user();
        let until = desk.clock.now().after(TURN);
        let turn = desk
            .storage
            .begin_deciding(by, (case.row.id, case.row.version), until)
            .await?;
        match turn {
            Turn::Yours => {}
            Turn::Moved => return Err(moved()),
            Turn::Theirs(other) => {
                let people = desk.people([other]).await?;
                let say = format!(
                    "{} is deciding about this right now; look again in a moment",
                    people.person(other).name
                );
                return Err(Failure::new(ErrorCode::Conflict, say));
            }
        }
        let id = case.row.id;
        let outcome = Box::pin(desk.decide(case, &deciding)).await;
        if outcome.is_err() {
            desk.storage.end_deciding(by, id).await?;
        }
        outcome
    }
}

/// A decision as it was asked for.
struct Deciding {
    verdict: Verdict,
    revision: i64,
    picks: Vec<Pick>,
    reason: String,
}

impl Deciding {
    fn sound(&self) -> Result<(), Failure> {
        let invalid = |say: &str| Err(Failure::new(ErrorCode::Invalid, say.to_owned()));
        match self.verdict {
            Verdict::Approve | Verdict::Reject => {}
            Verdict::RequestChanges | Verdict::Undo => {
                return invalid("verdict: approve or reject; the others have methods of their own");
            }
        }
        if self.picks.is_empty() {
            return invalid("changes: name those that are decided, with the hash that was shown");
        }
        let mut numbers: Vec<u32> = self.picks.iter().map(|pick| pick.no).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.len() != self.picks.len() {
            return invalid("changes: each at most once");
        }
        Ok(())
    }

    const fn state(&self) -> ChangeState {
        match self.verdict {
            Verdict::Approve => ChangeState::Accepted,
            Verdict::Reject | Verdict::RequestChanges | Verdict::Undo => ChangeState::Rejected,
        }
    }

    /// Fails when what was looked at is not what is there.
    fn fits(&self, seen: &Seen, case: &Case) -> Result<(), Failure> {
        case.open()?;
        let conflict = |say: String| Err(Failure::new(ErrorCode::Conflict, say));
        if seen.row.revision != self.revision || !seen.is_submitted {
            return conflict(format!(
                "revision {} is not what is proposed now, {} is; look at it again",
                self.revision, seen.row.revision
            ));
        }
        // What is asked for again can still be turned down for good.
        if seen.row.status != Status::Submitted && self.verdict != Verdict::Reject {
            return conflict("its author was asked for another revision; wait for that".to_owned());
        }
        if seen.is_edited {
            return conflict(
                "the draft has been edited since this revision; submit it again first".to_owned(),
            );
        }
        for pick in &self.picks {
            let Some(change) = seen.change(pick.no) else {
                let say = format!(
                    "changes: revision {} has no change {}",
                    self.revision, pick.no
                );
                return Err(Failure::new(ErrorCode::NotFound, say));
            };
            if change.row.state != ChangeState::Open {
                return conflict(format!(
                    "change {} was {} already",
                    pick.no,
                    change.row.state.as_str()
                ));
            }
            if change.shown != pick.shown {
                return conflict(format!(
                    "change {} is not shown as you have seen it any more (now {}); look at it again",
                    pick.no, change.shown
                ));
            }
        }
        Ok(())
    }
}

impl Desk {
    async fn decide(&self, case: Case, deciding: &Deciding) -> Result<Decided, Failure> {
        let mut case = self.again(case).await?;
        for left in (0..TRIES).rev() {
            let mut seen = Arc::new(Box::pin(self.see(&case)).await?);
            deciding.fits(&seen, &case)?;
            if deciding.verdict == Verdict::Reject {
                let numbers: Vec<u32> = deciding.picks.iter().map(|pick| pick.no).collect();
                let along = along(&case, &seen, deciding, &numbers);
                return match Box::pin(self.storage.write_decision(&along)).await? {
                    Wrote::Done => self.tell(case, numbers, Outcomes::default()).await,
                    Wrote::Moved => Err(moved()),
                };
            }
            if seen.lacks_gates() {
                Box::pin(self.ask_gates(&case, case.row.author)).await?;
                seen = Arc::new(Box::pin(self.see(&case)).await?);
            }
            // Nobody gives their word by a decision that is refused.
            self.accepting(&seen, &deciding.picks, Approvals::Given)
                .await?;
            // One's own approval is given by deciding; it is noted whether or not that is enough.
            if self.approve_gates(&case, &seen, deciding).await? {
                case = self.again(case).await?;
                seen = Arc::new(Box::pin(self.see(&case)).await?);
                deciding.fits(&seen, &case)?;
            }
            let accepting = self
                .accepting(&seen, &deciding.picks, Approvals::Needed)
                .await?;
            let waiting = accepting.waiting.clone();
            if accepting.accepted.is_empty() {
                self.storage
                    .end_deciding(case.grant.user(), case.row.id)
                    .await?;
                let outcomes = Outcomes {
                    waiting,
                    ..Outcomes::default()
                };
                return self.tell(case, Vec::new(), outcomes).await;
            }
            match self.perform(&case, &seen, (deciding, &accepting)).await {
                Ok(seq) => {
                    let kept = self
                        .overtaken(case.row.plan, &accepting.rehearsal.took)
                        .await;
                    let already = accepting.rehearsal.already;
                    let done = accepting.accepted.into_iter();
                    let done = done.filter(|no| !already.contains(no)).collect();
                    let outcomes = Outcomes {
                        already,
                        waiting,
                        kept,
                        seq,
                    };
                    return self.tell(case, done, outcomes).await;
                }
                // Somebody was faster: what is shown may be the same still.
                Err(failure) if failure.code == ErrorCode::Conflict && left > 0 => {
                    case = self.again(case).await?;
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::new(
            ErrorCode::Conflict,
            "the plan is edited too fast for this; repeat it",
        ))
    }

    /// Makes the accepted changes part of the plan, together with the decision.
    async fn perform(
        &self,
        case: &Case,
        seen: &Seen,
        (deciding, accepting): (&Deciding, &Accepting),
    ) -> Result<Option<i64>, Failure> {
        let mut along = along(case, seen, deciding, &accepting.accepted);
        if let Outcome::Decided(decided) = &mut along.what {
            decided.gates.clone_from(&accepting.gates);
            let mut took: BTreeMap<u32, Vec<&Took>> = BTreeMap::new();
            for it in &accepting.rehearsal.took {
                took.entry(it.no).or_default().push(it);
            }
            for change in &mut decided.changes {
                let took = took.get(&change.no).cloned().unwrap_or_default();
                change.took = serde_json::to_string(&took).ok();
            }
        }
        let ops = accepting.rehearsal.ops.clone();
        if ops.is_empty() {
            return match Box::pin(self.storage.write_decision(&along)).await? {
                Wrote::Done => Ok(None),
                Wrote::Moved => Err(moved()),
            };
        }
        let origin = Origin::Proposal(case.row.id, deciding.revision);
        let edit = Edit {
            along: Some(along),
            ..Edit::new(ops, origin)
        };
        let reading = self.edit_plan_along(&case.grant, edit).await?;
        Ok(Some(reading.seq.0))
    }

    /// Notes the caller's approval of the gates of what they accept, where it counts and was not given.
    async fn approve_gates(
        &self,
        case: &Case,
        seen: &Seen,
        deciding: &Deciding,
    ) -> Result<bool, Failure> {
        let (by, role) = (case.grant.user(), case.grant.role());
        let mut is_given = false;
        for pick in &deciding.picks {
            let Some(change) = seen.change(pick.no) else {
                continue;
            };
            let Some(gate) = &change.gate else { continue };
            let Some(id) = gate.id else { continue };
            if !gate.counts(by, role) || gate.approved_by.contains(&by) {
                continue;
            }
            let approval = Approval {
                by,
                plan: case.row.plan,
                gate: id,
                verdict: GateVerdict::Approve,
                shown: &change.shown,
                reason: &deciding.reason,
            };
            is_given |= Box::pin(self.storage.give_approval(&approval)).await?;
        }
        Ok(is_given)
    }

    /// The answer to somebody who repeats what they have decided.
    async fn decided_before(
        &self,
        case: &Case,
        deciding: &Deciding,
    ) -> Result<Option<Decided>, Failure> {
        if case.row.revision != deciding.revision {
            return Ok(None);
        }
        let rows = self
            .storage
            .proposal_changes(case.row.id, case.row.revision)
            .await?;
        let by = Some(case.grant.user());
        let is_so = |pick: &Pick| {
            rows.iter().any(|row| {
                row.no == pick.no && row.state == deciding.state() && row.settled_by == by
            })
        };
        if !deciding.picks.iter().all(is_so) {
            return Ok(None);
        }
        let numbers: Vec<u32> = deciding.picks.iter().map(|pick| pick.no).collect();
        let seq = rows
            .iter()
            .filter(|row| numbers.contains(&row.no))
            .find_map(|row| row.settled_seq);
        Ok(Some(Decided {
            proposal: self.body(&case.row).await?,
            done: numbers,
            already: Vec::new(),
            waiting: Vec::new(),
            kept: Vec::new(),
            seq: seq.map(|seq| seq.0),
        }))
    }

    async fn tell(
        &self,
        case: Case,
        done: Vec<u32>,
        outcomes: Outcomes,
    ) -> Result<Decided, Failure> {
        self.registry.tell_changed(case.row.plan);
        let case = self.again(case).await?;
        Ok(Decided {
            proposal: self.body(&case.row).await?,
            done,
            already: outcomes.already,
            waiting: outcomes.waiting,
            kept: outcomes.kept,
            seq: outcomes.seq,
        })
    }
}

/// What a decision came to, beside what was done.
#[derive(Default)]
struct Outcomes {
    already: Vec<u32>,
    waiting: Vec<u32>,
    kept: Vec<KeptChange>,
    seq: Option<i64>,
}

fn along(case: &Case, seen: &Seen, deciding: &Deciding, numbers: &[u32]) -> Along {
    let state = deciding.state();
    let settled = numbers.iter().map(|no| Settled {
        no: *no,
        state,
        took: None,
    });
    let shown = serde_json::to_value(&deciding.picks).unwrap_or(Json::Null);
    Along {
        plan: case.row.plan,
        proposal: case.row.id,
        version: case.row.version,
        what: Outcome::Decided(deciding::Decided {
            status: seen.status_after(numbers, state),
            revision: deciding.revision,
            by: case.grant.user(),
            verdict: deciding.verdict,
            reason: deciding.reason.clone(),
            shown,
            changes: settled.collect(),
            gates: Vec::new(),
        }),
        act: Act {
            actor: Some(case.grant.user()),
            verb: Verb::ProposalDecided,
            detail: json!({
                "proposal": case.row.id.to_string(),
                "revision": deciding.revision,
                "verdict": deciding.verdict,
                "changes": numbers,
                "reason": deciding.reason,
            }),
        },
    }
}
