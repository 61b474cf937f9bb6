//! `proposal.rebase`: the same changes on the plan as it is now.

use convene_plan::diff::{diff, redo};
use convene_plan::format::plan_json::{self, Layout};
use convene_plan::proposal::{Change, changes, rebase};
use convene_protocol::control::proposal::{ChangeState, Proposal, Rebase};
use convene_protocol::error_code::ErrorCode;
use serde_json::json;

use super::super::asking::Edit;
use super::super::{Caller, Desk, For, Method};
use super::case::{Case, moved};
use super::submitting::is_same;
use crate::error::Failure;
use crate::storage::audit::{Act, Verb};
use crate::storage::journal::Origin;
use crate::storage::proposals::ChangeRow;
use crate::storage::proposals::deciding::{Along, Outcome, Wrote};

/// How often it is worked out anew when somebody edits the draft meanwhile.
const TRIES: u8 = 5;

impl Method for Rebase {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Proposal, Failure> {
        let mut case = desk.case(caller, &self.plan, &self.proposal).await?;
        case.write()?;
        for left in (0..TRIES).rev() {
            match desk.rebase(&case).await {
                Ok(()) => {
                    desk.registry.tell_changed(case.row.plan);
                    let case = desk.again(case).await?;
                    return desk.seen_body(&case).await;
                }
                Err(failure) if failure.code == ErrorCode::Conflict && left > 0 => {
                    case = desk.again(case).await?;
                    case.write()?;
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(moved())
    }
}

fn is_decided(change: &Change, rows: &[ChangeRow]) -> bool {
    let decided = rows.iter().filter(|row| row.state != ChangeState::Open);
    let mut decided = decided.filter_map(|row| serde_json::from_str(&row.change).ok());
    decided.any(|other: Change| is_same(&other, change))
}

impl Desk {
    async fn rebase(&self, case: &Case) -> Result<(), Failure> {
        let base = self.base(&case.row).await?;
        let draft = self.drafted(&case.row).await?.content;
        let place = self.place(case.row.plan).await?;
        let present = self.level_reading(case.row.plan).await?;
        let (reads, now) = (case.about()?.reads, present.content);
        let decided = self
            .storage
            .proposal_changes(case.row.id, case.row.revision)
            .await?;
        let worked = self
            .apart(move || {
                // What cannot be proposed stays out of a draft that goes on.
                let mut changes: Vec<Change> = changes(&base, &draft).ok()?;
                // What was decided is not proposed again: it is part of the plan, or it is not to be.
                changes.retain(|change| !is_decided(change, &decided));
                let rebased = rebase(&now, &changes, &reads);
                let ops = redo(&diff(&draft, &rebased.draft));
                Some((ops, plan_json::write(&now, Layout::Compact)))
            })
            .await?;
        let (ops, base) = worked.ok_or_else(|| {
            Failure::new(
                ErrorCode::Unprocessable,
                "the draft holds what cannot be proposed; proposal.get says what, mend that first",
            )
        })?;
        let along = Along {
            plan: case.row.plan,
            proposal: case.row.id,
            version: case.row.version,
            what: Outcome::Rebased {
                base,
                from: (place.epoch, present.seq),
            },
            act: Act {
                actor: Some(case.grant.user()),
                verb: Verb::ProposalRebased,
                detail: json!({
                    "proposal": case.row.id.to_string(),
                    "from": present.seq.0,
                }),
            },
        };
        if ops.is_empty() {
            return match Box::pin(self.storage.write_decision(&along)).await? {
                Wrote::Done => Ok(()),
                Wrote::Moved => Err(moved()),
            };
        }
        let edit = Edit {
            along: Some(along),
            ..Edit::new(ops, Origin::Control)
        };
        self.edit_draft(case, edit).await.map(|_| ())
    }
}
