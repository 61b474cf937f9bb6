//! `proposal.undo`: takes back what was accepted, where nobody has changed it since.

use convene_plan::proposal::{Took, undo};
use convene_protocol::control::proposal::{
    ChangeState, Decided, KeptChange, Pick, Status, Undo, Verdict,
};
use convene_protocol::error_code::ErrorCode;
use serde_json::json;

use super::super::asking::Edit;
use super::super::{Caller, Desk, Method};
use super::case::{Case, moved, reason};
use crate::error::Failure;
use crate::storage::audit::{Act, Verb};
use crate::storage::journal::Origin;
use crate::storage::proposals::ChangeRow;
use crate::storage::proposals::deciding::{self, Along, Outcome, Settled, Wrote};

/// How often the way back is worked out anew when somebody edits the plan meanwhile.
const TRIES: u8 = 5;

impl Method for Undo {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Decided, Failure> {
        let mut case = desk.case(caller, &self.plan, &self.proposal).await?;
        case.decide()?;
        let reason = reason(self.reason.as_deref())?.to_owned();
        for left in (0..TRIES).rev() {
            let undoing = desk.undo(case, self.changes.as_deref(), &reason);
            match Box::pin(undoing).await? {
                Ok(decided) => return Ok(decided),
                Err(_) if left == 0 => break,
                Err(again) => case = desk.again(*again).await?,
            }
        }
        Err(moved())
    }
}

impl Desk {
    /// Gives the case back when somebody was faster.
    async fn undo(
        &self,
        case: Case,
        asked: Option<&[u32]>,
        reason: &str,
    ) -> Result<Result<Decided, Box<Case>>, Failure> {
        let rows = self
            .storage
            .proposal_changes(case.row.id, case.row.revision)
            .await?;
        let numbers = accepted(&rows, asked)?;
        let mut took: Vec<Took> = Vec::new();
        for row in rows.iter().filter(|row| numbers.contains(&row.no)) {
            let all = row.took.as_deref().map(serde_json::from_str::<Vec<Took>>);
            let all = all.transpose();
            let all = all.map_err(|error| Failure::fault().caused_by(error))?;
            // It may have had another number in an earlier revision.
            took.extend(
                all.into_iter()
                    .flatten()
                    .map(|it| Took { no: row.no, ..it }),
            );
        }
        let present = self.level_reading(case.row.plan).await?.content;
        let way = self.apart(move || undo(&present, &took)).await?;
        let kept: Vec<KeptChange> = numbers
            .iter()
            .filter(|no| !way.undone.contains(no))
            .map(|no| KeptChange {
                no: *no,
                why: way
                    .kept
                    .iter()
                    .find(|(it, _)| it == no)
                    .map_or_else(|| "it was there before".to_owned(), |(_, why)| why.clone()),
            })
            .collect();
        let mut seq = None;
        let along = along(&case, &rows, (&way.undone, reason));
        if way.ops.is_empty() && !way.undone.is_empty() {
            // Somebody has taken it back in another way already.
            if Box::pin(self.storage.write_decision(&along)).await? == Wrote::Moved {
                return Ok(Err(Box::new(case)));
            }
        }
        if !way.ops.is_empty() {
            let origin = Origin::Proposal(case.row.id, case.row.revision);
            let edit = Edit {
                along: Some(along),
                ..Edit::new(way.ops, origin)
            };
            match self.edit_plan_along(&case.grant, edit).await {
                Ok(reading) => seq = Some(reading.seq.0),
                Err(failure) if failure.code == ErrorCode::Conflict => {
                    return Ok(Err(Box::new(case)));
                }
                Err(failure) => return Err(failure),
            }
        }
        self.registry.tell_changed(case.row.plan);
        let case = self.again(case).await?;
        Ok(Ok(Decided {
            proposal: self.body(&case.row).await?,
            done: way.undone,
            already: Vec::new(),
            waiting: Vec::new(),
            kept,
            seq,
        }))
    }
}

/// The changes that are to be taken back.
fn accepted(rows: &[ChangeRow], asked: Option<&[u32]>) -> Result<Vec<u32>, Failure> {
    let is_accepted = |row: &&ChangeRow| row.state == ChangeState::Accepted;
    let accepted: Vec<u32> = rows.iter().filter(is_accepted).map(|row| row.no).collect();
    let numbers = match asked {
        None => accepted,
        Some(asked) => {
            if let Some(other) = asked.iter().find(|no| !accepted.contains(no)) {
                let say = format!("changes: {other} is not part of the plan");
                return Err(Failure::new(ErrorCode::Conflict, say));
            }
            asked.to_vec()
        }
    };
    if numbers.is_empty() {
        let say = "nothing of this proposal is part of the plan, so nothing can be taken back";
        return Err(Failure::new(ErrorCode::Conflict, say));
    }
    Ok(numbers)
}

fn along(case: &Case, rows: &[ChangeRow], (undone, reason): (&[u32], &str)) -> Along {
    let stays = |row: &ChangeRow| row.state == ChangeState::Accepted && !undone.contains(&row.no);
    let status = if rows.iter().any(stays) || case.row.status.is_open() {
        case.row.status
    } else {
        Status::Undone
    };
    let picks: Vec<Pick> = undone
        .iter()
        .map(|no| Pick {
            no: *no,
            shown: String::new(),
            resolve: None,
        })
        .collect();
    let settled = undone.iter().map(|no| Settled {
        no: *no,
        state: ChangeState::Undone,
        took: None,
    });
    Along {
        plan: case.row.plan,
        proposal: case.row.id,
        version: case.row.version,
        what: Outcome::Decided(deciding::Decided {
            status,
            revision: case.row.revision,
            by: case.grant.user(),
            verdict: Verdict::Undo,
            reason: reason.to_owned(),
            shown: json!(picks),
            changes: settled.collect(),
            gates: Vec::new(),
        }),
        act: Act {
            actor: Some(case.grant.user()),
            verb: Verb::ProposalUndone,
            detail: json!({
                "proposal": case.row.id.to_string(),
                "revision": case.row.revision,
                "changes": undone,
                "reason": reason,
            }),
        },
    }
}
