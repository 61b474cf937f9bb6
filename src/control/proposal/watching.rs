//! `proposal.watch`: how drafts grow, told to who has not opened them.

use std::sync::Arc;
use std::time::Duration;

use convene_protocol::control::proposal::{Progress, WATCHED_MAX, Watch};
use convene_protocol::control::{Done, notify};
use convene_protocol::error_code::ErrorCode;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::super::event::Line;
use super::super::{Caller, Desk, For, Method};
use crate::error::Failure;
use crate::events::{Event, TooManyTopics};
use crate::ids::{PlanId, ProposalId, UserId};
use crate::storage::Storage;

/// How long to wait before looking again whether a connection has room.
const ROOM_LOOK_EVERY: Duration = Duration::from_millis(50);

impl Method for Watch {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Done, Failure> {
        if self.proposals.len() > WATCHED_MAX {
            let say = format!("proposals: a connection watches at most {WATCHED_MAX}");
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        let mut watched = Vec::new();
        for proposal in &self.proposals {
            let case = desk.case(caller, &self.plan, proposal).await?;
            let events = desk.events.follow(case.row.id.draft()).await;
            let events = events.map_err(|TooManyTopics| {
                Failure::new(
                    ErrorCode::Unavailable,
                    "too much is followed on this node; ask again later",
                )
            })?;
            watched.push((case, events));
        }
        let stop = CancellationToken::new();
        for (case, events) in watched {
            let reader = Watcher {
                plan: case.row.plan,
                proposal: case.row.id,
                user: case.grant.user(),
                line: Arc::clone(&caller.line),
                storage: desk.storage.clone(),
            };
            let stop = stop.clone();
            drop(desk.tracker.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = reader.run(events) => {}
                }
            }));
        }
        caller.watching.replace(stop);
        Ok(Done {})
    }
}

/// Who watches one draft.
struct Watcher {
    plan: PlanId,
    proposal: ProposalId,
    user: UserId,
    line: Arc<dyn Line>,
    storage: Storage,
}

impl Watcher {
    async fn run(self, mut events: broadcast::Receiver<Arc<Event>>) {
        loop {
            while self.line.is_full() {
                tokio::time::sleep(ROOM_LOOK_EVERY).await;
            }
            match events.recv().await.as_deref() {
                Ok(Event::Changed { seq, roots, by }) => {
                    self.line.send(notify(&Progress {
                        plan: self.plan.to_string(),
                        proposal: self.proposal.to_string(),
                        seq: seq.0,
                        by: by.iter().map(ToString::to_string).collect(),
                        roots: roots.iter().map(|root| (*root).to_owned()).collect(),
                    }));
                }
                Ok(Event::Members) => {
                    // Whoever is no member of the plan any more is told nothing more.
                    let role = self.storage.find_role(self.plan, self.user).await;
                    if matches!(role, Ok(None)) {
                        return;
                    }
                }
                Ok(
                    Event::Imported { .. }
                    | Event::Findings { .. }
                    | Event::Proposals(_)
                    | Event::Gates
                    | Event::Classes { .. },
                )
                | Err(RecvError::Lagged(_)) => {}
                Ok(Event::Gone) | Err(RecvError::Closed) => return,
            }
        }
    }
}
