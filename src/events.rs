//! What happens in plans, told to who follows them without a replica.
//!
//! ```text
//! database: heads of the plans that are followed ──> one topic a plan ──> everybody who follows it
//!                                                       ^
//!                    room: what the plan holds ─────────┘ compared with what it held: roots, findings
//! ```
//!
//! Everything is found by comparing, so it does not matter on which node somebody edits. A follower that
//! does not keep up misses events, and is told so.

mod standing;
mod topic;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use convene_plan::finding::Finding;
use convene_plan::proposal::Class;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::topic::Topic;
use crate::ids::{PlanId, ProposalId, UserId};
use crate::room::registry::Registry;
use crate::storage::Storage;
use crate::storage::journal::Seq;
use crate::storage::plans::PlanHead;
use crate::storage::proposals::ProposalRow;

/// How often the plans that are followed are looked at: well within what feels like at once.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Plans that are followed on one node at most: each keeps what its plan held and what was found in it.
const TOPICS_MAX: usize = 500;
/// Events that a follower may be behind.
const BEHIND_MAX: usize = 64;

/// Something that happened in a plan.
#[derive(Debug, Clone)]
pub enum Event {
    /// Its content is another one.
    Changed {
        /// Up to which row that is certain.
        seq: Seq,
        /// The roots that hold something else.
        roots: Vec<&'static str>,
        /// Who wrote.
        by: Vec<UserId>,
    },
    /// A file was read into it.
    Imported {
        /// The row it became.
        seq: Seq,
        /// Whose file.
        by: UserId,
    },
    /// Somebody came, went, or has another role.
    Members,
    /// Something else is wrong with it.
    Findings {
        /// What is wrong now and was not, the gravest first.
        opened: Vec<Finding>,
        /// The keys of what is wrong no longer.
        cleared: Vec<String>,
        /// How many findings there are.
        total: usize,
    },
    /// Something happened to these proposals for it.
    Proposals(Vec<ProposalRow>),
    /// Something happened to its gates.
    Gates,
    /// It changed under a submitted proposal.
    Classes {
        /// Which.
        proposal: ProposalId,
        /// Its revision.
        revision: i64,
        /// The changes that stand to the plan in another way than before.
        classes: Vec<(u32, Class)>,
    },
    /// It was deleted.
    Gone,
}

/// Too many plans are followed on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyTopics;

/// The topics of this node; cheap to clone.
#[derive(Debug, Clone)]
pub struct Events(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    storage: Storage,
    tracker: TaskTracker,
    topics: Mutex<HashMap<PlanId, Entry>>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Entry {
    events: broadcast::Sender<Arc<Event>>,
    /// Where the plan stands; none once it is gone.
    heads: watch::Sender<Option<PlanHead>>,
}

impl Events {
    /// Topics over these plans, until `stop`.
    pub fn start(
        registry: Registry,
        storage: Storage,
        tracker: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let events = Self(Arc::new(Inner {
            registry,
            storage,
            tracker: tracker.clone(),
            topics: Mutex::default(),
            stop,
        }));
        drop(tracker.spawn(Arc::clone(&events.0).look()));
        events
    }

    /// Everything that happens in `plan` from now on.
    pub async fn follow(
        &self,
        plan: PlanId,
    ) -> Result<broadcast::Receiver<Arc<Event>>, TooManyTopics> {
        if let Some(receiver) = self.0.known(plan) {
            return Ok(receiver);
        }
        // What the plan holds now is what later states are compared with: read before it is said that
        // it is followed, so that nothing falls in between.
        let topic = Topic::begin(&self.0.registry, &self.0.storage, plan).await;
        let mut topics = self.0.topics();
        if let Some(entry) = topics.get(&plan) {
            return Ok(entry.events.subscribe());
        }
        if topics.len() >= TOPICS_MAX {
            return Err(TooManyTopics);
        }
        let (events, receiver) = broadcast::channel(BEHIND_MAX);
        let (heads, moved) = watch::channel(topic.head());
        topics.insert(
            plan,
            Entry {
                events: events.clone(),
                heads,
            },
        );
        drop(topics);
        drop(self.0.tracker.spawn(topic.run(moved, events)));
        Ok(receiver)
    }
}

impl Inner {
    fn topics(&self) -> MutexGuard<'_, HashMap<PlanId, Entry>> {
        // The map is whole after every statement.
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, plan: PlanId) -> Option<broadcast::Receiver<Arc<Event>>> {
        self.topics()
            .get(&plan)
            .map(|entry| entry.events.subscribe())
    }

    /// Looks where the followed plans stand, and lets go those that nobody follows.
    async fn look(self: Arc<Self>) {
        let mut turn = tokio::time::interval(LOOK_EVERY);
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => {
                    self.topics().clear();
                    return;
                }
                _ = turn.tick() => {}
            }
            let plans: Vec<PlanId> = {
                let mut topics = self.topics();
                topics.retain(|_, entry| entry.events.receiver_count() > 0);
                topics.keys().copied().collect()
            };
            if plans.is_empty() {
                continue;
            }
            match self.storage.heads(&plans).await {
                Ok(heads) => self.say(&plans, heads),
                // The journal says it once when the database is away.
                Err(error) => tracing::debug!(%error, "followed plans could not be looked at"),
            }
        }
    }

    fn say(&self, plans: &[PlanId], heads: Vec<PlanHead>) {
        let heads: HashMap<PlanId, PlanHead> = heads.into_iter().map(|it| (it.plan, it)).collect();
        let topics = self.topics();
        for plan in plans {
            let Some(entry) = topics.get(plan) else {
                continue;
            };
            let head = heads.get(plan).copied();
            entry.heads.send_if_modified(|present| {
                let is_other = *present != head;
                *present = head;
                is_other
            });
        }
    }
}
