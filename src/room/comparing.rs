//! Compares the rooms of this node with the database, all the time: what other nodes have committed and
//! changed is found by this whether or not it was heard of.
//!
//! Where there are no other nodes nothing is compared but who may do what, and that when it has changed: what
//! is decided about a plan reaches the rooms of its drafts by this.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use convene_protocol::error_code::ErrorCode;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::ids::PlanId;
use crate::relay::Relay;
use crate::room::handle::RoomHandle;
use crate::room::input::Elsewhere;
use crate::room::registry::Registry;
use crate::storage::plans::PlanHead;
use crate::storage::{Storage, StorageError};

/// How often; what is not heard of is found in half of that on average.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Plans in one question: one answer of so many rows is a few dozen KiB.
const PLANS_PER_QUERY: usize = 1_000;
/// How long a room may take to hear that its plan is gone, before the next look tells it again.
const END_MAX: Duration = Duration::from_millis(100);
/// Looks in a row that find rows which were not heard of, before the room's channel is asked for again.
const MISSED_MAX: u8 = 4;
/// Plans that are to be looked at at once; further ones are looked at in their turn.
const LOOKS_MAX: usize = 1_024;

/// Asks for looks out of turn; cheap to clone.
#[derive(Debug, Clone)]
pub struct Looks {
    queue: mpsc::Sender<PlanId>,
    /// Whether everything is to be looked at with the next one.
    all: Arc<AtomicBool>,
    /// Wakes who looks.
    wake: Arc<Notify>,
}

impl Looks {
    /// Has the rooms of `plan` and of its drafts looked at at once.
    pub fn at(&self, plan: PlanId) {
        if self.queue.try_send(plan).is_err() {
            self.at_all();
        }
    }

    /// Has every room looked at at once.
    pub fn at_all(&self) {
        self.all.store(true, Ordering::Release);
        self.wake.notify_one();
    }
}

/// Compares for one node.
#[derive(Debug)]
pub struct Comparing {
    registry: Registry,
    storage: Storage,
    relay: Relay,
    asked: mpsc::Receiver<PlanId>,
    looks: Looks,
}

impl Comparing {
    /// What compares the rooms of `registry`, and the way to have it do so out of turn.
    pub fn new(registry: Registry, storage: Storage, relay: Relay) -> (Self, Looks) {
        let (queue, asked) = mpsc::channel(LOOKS_MAX);
        let looks = Looks {
            queue,
            all: Arc::default(),
            wake: Arc::default(),
        };
        registry.compare_by(looks.clone());
        let comparing = Self {
            registry,
            storage,
            relay,
            asked,
            looks: looks.clone(),
        };
        (comparing, looks)
    }

    /// Runs until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut turn = tokio::time::interval(LOOK_EVERY);
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut asked = Vec::new();
        loop {
            let rooms = tokio::select! {
                () = stop.cancelled() => return,
                _ = turn.tick(), if self.storage.is_shared() => self.registry.all(),
                _ = self.asked.recv_many(&mut asked, LOOKS_MAX) => self.asked_for(&mut asked),
                () = self.looks.wake.notified() => self.asked_for(&mut asked),
            };
            for rooms in rooms.chunks(PLANS_PER_QUERY) {
                if let Err(error) = self.compare(rooms).await {
                    // The journal says it once when the database is away.
                    tracing::debug!(%error, "rooms could not be compared with the database");
                }
            }
        }
    }

    fn asked_for(&self, asked: &mut Vec<PlanId>) -> Vec<RoomHandle> {
        asked.sort_unstable();
        asked.dedup();
        let plans = asked.drain(..);
        if self.looks.all.swap(false, Ordering::AcqRel) {
            return self.registry.all();
        }
        plans.flat_map(|plan| self.registry.all_of(plan)).collect()
    }

    async fn compare(&self, rooms: &[RoomHandle]) -> Result<(), StorageError> {
        // One that loads reads all of it anyway.
        let rooms: Vec<&RoomHandle> = rooms
            .iter()
            .filter(|room| room.standing().epoch().is_some())
            .collect();
        if rooms.is_empty() {
            return Ok(());
        }
        let plans: Vec<PlanId> = rooms.iter().map(|room| room.plan()).collect();
        let heads = self.storage.heads(&plans).await?;
        let heads: HashMap<PlanId, PlanHead> =
            heads.into_iter().map(|head| (head.plan, head)).collect();
        for room in rooms {
            if let Some(head) = heads.get(&room.plan()) {
                self.compare_one(room, head).await?;
            } else {
                let ending = room.end(ErrorCode::NotFound, "this plan was deleted");
                // It is told again with the next look.
                tokio::time::timeout(END_MAX, ending).await.ok();
            }
        }
        Ok(())
    }

    async fn compare_one(&self, room: &RoomHandle, head: &PlanHead) -> Result<(), StorageError> {
        let standing = room.standing();
        if standing.access_version() != head.access_version {
            // Before they are read: whoever joins with an older role looks again.
            self.registry.roles_have_changed();
            let roles = self.storage.roles_in_document(room.plan()).await?;
            // First this: a room that is told something older meanwhile takes it back.
            standing.saw_access(head.access_version);
            if !room.hear(Elsewhere::Roles(roles)) {
                standing.saw_access(0);
            }
        }
        if !self.storage.is_shared() {
            return Ok(());
        }
        if standing.epoch().is_some_and(|epoch| epoch < head.epoch) {
            room.hear(Elsewhere::EpochMoved(head.epoch));
            return Ok(());
        }
        let has_missed = standing.head() < head.head;
        if has_missed || standing.snapshot() != head.snapshot_seq {
            let is_told = room.hear(Elsewhere::Moved {
                head: head.head,
                snapshot: Some(head.snapshot_seq),
            });
            if is_told {
                standing.saw_snapshot(head.snapshot_seq);
            }
        }
        if !has_missed {
            standing.missed_nothing();
        } else if standing.missed_some() >= MISSED_MAX {
            standing.missed_nothing();
            self.relay.listen_again(room.plan()).await;
        }
        Ok(())
    }
}
