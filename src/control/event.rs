//! `events.subscribe`: tells a connection what happens in plans.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use convene_plan::proposal::Class;
use convene_plan::schema::ROOTS;
use convene_protocol::control::event::{
    FINDINGS_MAX, FindingsChanged, MembersChanged, PLANS_MAX, PlanChanged, PlanImported, Subscribe,
};
use convene_protocol::control::member::Changed;
use convene_protocol::control::proposal::{ClassOf, ClassesChanged};
use convene_protocol::control::{Done, gate, notify, proposal};
use convene_protocol::error_code::ErrorCode;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Caller, Desk, For, Method};
use crate::auth::access::Role;
use crate::error::Failure;
use crate::events::{Event, TooManyTopics};
use crate::ids::{PlanId, UserId};
use crate::storage::proposals::ProposalRow;

/// How long to wait before looking again whether a connection has room.
const ROOM_LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long a role that could not be looked up is left alone.
const ROLE_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The way back to who asked, for what is told later.
pub trait Line: Send + Sync {
    /// Sends a notification.
    fn send(&self, text: String);
    /// Whether so much waits to be read already that nothing should be added.
    fn is_full(&self) -> bool;
}

/// What one connection follows; it ends with the connection.
#[derive(Debug, Clone, Default)]
pub struct Following(Arc<Mutex<Option<DropGuard>>>);

/// One plan that somebody follows.
struct Follower {
    plan: PlanId,
    user: UserId,
    role: Role,
    line: Arc<dyn Line>,
    desk: Desk,
}

impl fmt::Debug for dyn Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

impl Method for Subscribe {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Done, Failure> {
        if self.plans.len() > PLANS_MAX {
            let say = format!("plans: a connection follows at most {PLANS_MAX}");
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        let mut followed = Vec::new();
        for plan in &self.plans {
            let grant = desk.grant(caller, plan).await?;
            let events = desk.events.follow(grant.plan()).await;
            let events = events.map_err(|TooManyTopics| {
                Failure::new(
                    ErrorCode::Unavailable,
                    "too many plans are followed on this node; ask again later",
                )
            })?;
            followed.push((grant, events));
        }
        let stop = CancellationToken::new();
        for (grant, events) in followed {
            let reader = Follower {
                plan: grant.plan(),
                user: grant.user(),
                role: grant.role(),
                line: Arc::clone(&caller.line),
                desk: desk.clone(),
            };
            let stop = stop.clone();
            drop(desk.tracker.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = reader.run(events) => {}
                }
            }));
        }
        caller.following.replace(stop);
        Ok(Done {})
    }
}

impl Following {
    /// Ends what was followed before.
    pub(super) fn replace(&self, stop: CancellationToken) {
        let mut present = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *present = Some(stop.drop_guard());
    }
}

impl Follower {
    async fn run(mut self, mut events: broadcast::Receiver<Arc<Event>>) {
        loop {
            // What does not fit waits in the topic, where it may be missed.
            while self.line.is_full() {
                tokio::time::sleep(ROOM_LOOK_EVERY).await;
            }
            let may_stay = match events.recv().await {
                Ok(event) => self.tell(&event).await,
                Err(RecvError::Lagged(_)) => self.tell_missed().await,
                Err(RecvError::Closed) => return,
            };
            if !may_stay {
                return;
            }
        }
    }

    /// Tells an event; false when it was the last.
    async fn tell(&mut self, event: &Event) -> bool {
        let plan = self.plan.to_string();
        match event {
            Event::Changed { seq, roots, by } => {
                self.line.send(notify(&PlanChanged {
                    plan,
                    seq: seq.0,
                    roots: roots.iter().map(|root| (*root).to_owned()).collect(),
                    by: by.iter().map(ToString::to_string).collect(),
                }));
                true
            }
            Event::Imported { seq, by } => {
                self.line.send(notify(&PlanImported {
                    plan,
                    seq: seq.0,
                    by: by.to_string(),
                }));
                true
            }
            Event::Findings {
                opened,
                cleared,
                total,
            } => {
                self.line.send(notify(&FindingsChanged {
                    plan,
                    opened: opened.iter().take(FINDINGS_MAX).cloned().collect(),
                    cleared: cleared.iter().take(FINDINGS_MAX).cloned().collect(),
                    total: u64::try_from(*total).unwrap_or(u64::MAX),
                }));
                true
            }
            Event::Proposals(rows) => {
                self.tell_proposals(rows).await;
                true
            }
            Event::Gates => {
                self.line.send(notify(&gate::Changed { plan }));
                true
            }
            Event::Classes {
                proposal,
                revision,
                classes,
            } => {
                let class_of = |(no, class): &(u32, Class)| ClassOf {
                    no: *no,
                    class: class.clone(),
                };
                self.line.send(notify(&ClassesChanged {
                    plan,
                    proposal: proposal.to_string(),
                    revision: *revision,
                    classes: classes.iter().map(class_of).collect(),
                }));
                true
            }
            Event::Members => self.look_at_role().await,
            Event::Gone => {
                self.tell_role(None);
                false
            }
        }
    }

    async fn tell_proposals(&self, rows: &[ProposalRow]) {
        let bodies = match self.desk.bodies(rows).await {
            Ok(bodies) => bodies,
            // Who follows asks anew when they look; the next event tells the rest.
            Err(error) => {
                tracing::debug!(%error, "proposals could not be told of");
                return;
            }
        };
        for proposal in bodies {
            let plan = self.plan.to_string();
            self.line
                .send(notify(&proposal::Changed { plan, proposal }));
        }
    }

    /// Says that everything may be different.
    async fn tell_missed(&mut self) -> bool {
        let heads = self
            .desk
            .storage
            .heads(&[self.plan])
            .await
            .unwrap_or_default();
        let seq = heads.first().map_or(0, |it| it.head.0);
        self.line.send(notify(&PlanChanged {
            plan: self.plan.to_string(),
            seq,
            roots: ROOTS.iter().map(|root| root.name.to_owned()).collect(),
            by: Vec::new(),
        }));
        let open = self.desk.storage.open_proposals(self.plan).await;
        self.tell_proposals(&open.unwrap_or_default()).await;
        let plan = self.plan.to_string();
        self.line.send(notify(&gate::Changed { plan }));
        self.look_at_role().await
    }

    /// Whether the follower may still read the plan; tells what became of members.
    async fn look_at_role(&mut self) -> bool {
        // Nothing more is told before it is known, and nobody is said to have left because the database is.
        let role = loop {
            match self.desk.storage.find_role(self.plan, self.user).await {
                Ok(role) => break role,
                Err(_) => tokio::time::sleep(ROLE_AGAIN_AFTER).await,
            }
        };
        if role != Some(self.role) {
            self.tell_role(role);
        }
        let Some(role) = role else {
            return false;
        };
        self.role = role;
        self.line.send(notify(&MembersChanged {
            plan: self.plan.to_string(),
        }));
        true
    }

    fn tell_role(&self, role: Option<Role>) {
        self.line.send(notify(&Changed {
            plan: self.plan.to_string(),
            role: role.map(|role| role.to_string()),
        }));
    }
}
