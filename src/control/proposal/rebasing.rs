//! `proposal.rebase`: the same changes on the plan as it is now.

use convene_plan::diff::{diff, redo};
use convene_plan::format::plan_json::{self, Layout};
use convene_plan::proposal::{Change, changes, rebase};
use convene_protocol::control::proposal::{Proposal, Rebase};
use convene_protocol::error_code::ErrorCode;
use serde_json::json;

use super::super::asking::Edit;
use super::super::{Caller, Desk, For, Method};
use super::case::{Case, moved};
use crate::error::Failure;
use crate::storage::audit::{Act, Verb};
use crate::storage::journal::Origin;
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

impl Desk {
    async fn rebase(&self, case: &Case) -> Result<(), Failure> {
        let base = self.base(&case.row).await?;
        let draft = self.drafted(&case.row).await?.content;
        let place = self.place(case.row.plan).await?;
        let present = self.level_reading(case.row.plan).await?;
        let (reads, now) = (case.about()?.reads, present.content);
        let worked = self
            .apart(move || {
                // What cannot be proposed stays out of a draft that goes on.
                let changes: Vec<Change> = changes(&base, &draft).ok()?;
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
            return match self.storage.write_decision(&along).await? {
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
