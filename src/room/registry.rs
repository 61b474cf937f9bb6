//! Which plans are live on this node: at most one room each, started by whoever comes first.

mod telling;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use convene_protocol::error_code::ErrorCode;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::config::Limits;
use crate::ids::PlanId;
use crate::relay::Relay;
use crate::room::ask::{Ask, Reply};
use crate::room::comparing::Looks;
use crate::room::handle::{JoinRefused, RoomGone, RoomHandle, Seat};
use crate::room::input::Joined;
use crate::room::outbox::{Ending, Outbox};
use crate::room::poison::PoisonList;
use crate::room::refusals::Refusals;
use crate::room::task::{RoomParts, RoomTask};
use crate::room::thread::{RoomThread, Work};
use crate::storage::Storage;
use crate::storage::journal::{Epoch, Origin, Quarantined};
use crate::storage::journal_writer::JournalHandle;

/// Processor time one update may take before its thread is given up.
const APPLY_MAX: Duration = Duration::from_millis(250);
/// How long a thread that was given up may take to come back before the server replaces itself.
const THREAD_BACK_WITHIN: Duration = Duration::from_secs(30);
/// How often joining is tried with a new room when the one found has just ended.
const JOIN_TRIES: usize = 8;

/// What every room of the node shares.
#[derive(Debug)]
pub struct Shared {
    pub(super) storage: Storage,
    pub(super) journal: JournalHandle,
    pub(super) relay: Relay,
    pub(super) clock: Clock,
    pub(super) limits: Limits,
    pub(super) poison: PoisonList,
    pub(super) refusals: Refusals,
    /// Where storage is used: never on a room's own thread.
    pub(super) runtime: Handle,
    pub(super) tracker: TaskTracker,
    rooms: Mutex<HashMap<PlanId, Entry>>,
    threads: Mutex<Vec<RoomThread>>,
    threads_started: AtomicU64,
    rooms_started: AtomicU64,
    role_changes: AtomicU64,
    /// Where a room is compared with the database out of turn, once somebody compares.
    looks: OnceLock<Looks>,
    draining: AtomicBool,
    /// Cancelled when a lost thread does not come back: the server should replace itself.
    replace_me: CancellationToken,
}

#[derive(Debug)]
struct Entry {
    /// Tells this room from an earlier one of the same plan.
    serial: u64,
    handle: RoomHandle,
    thread: RoomThread,
    /// The plan, of a draft too, as soon as a session has come with it.
    plan: PlanId,
    /// The sockets in the room, to be told when its thread is given up.
    outboxes: Vec<Weak<Outbox>>,
}

/// The node's rooms; cheap to clone.
#[derive(Debug, Clone)]
pub struct Registry(Arc<Shared>);

/// What a registry needs.
#[derive(Debug)]
pub struct RegistryParts {
    /// Where plans are.
    pub storage: Storage,
    /// Where updates are committed.
    pub journal: JournalHandle,
    /// What other nodes are told through.
    pub relay: Relay,
    /// The time.
    pub clock: Clock,
    /// What rooms are bound by.
    pub limits: Limits,
    /// Tracks what shutdown waits for.
    pub tracker: TaskTracker,
    /// Cancelled by the registry when the server should replace itself.
    pub replace_me: CancellationToken,
}

impl Registry {
    /// A node without rooms, with one room thread a processor. Must be called within a runtime.
    pub fn start(parts: RegistryParts) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            storage: parts.storage,
            journal: parts.journal,
            relay: parts.relay,
            clock: parts.clock,
            limits: parts.limits,
            poison: PoisonList::default(),
            refusals: Refusals::default(),
            runtime: Handle::current(),
            tracker: parts.tracker,
            rooms: Mutex::default(),
            threads: Mutex::default(),
            threads_started: AtomicU64::new(0),
            rooms_started: AtomicU64::new(0),
            role_changes: AtomicU64::new(0),
            looks: OnceLock::new(),
            draining: AtomicBool::new(false),
            replace_me: parts.replace_me,
        });
        let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        for _ in 0..count {
            shared.start_thread()?;
        }
        Ok(Self(shared))
    }

    /// Lets a session into the plan's room, starting the room if there is none.
    pub async fn join(
        &self,
        plan: PlanId,
        joined: Joined,
        seat: Seat,
    ) -> Result<RoomHandle, JoinRefused> {
        for _ in 0..JOIN_TRIES {
            let visit = (joined.grant.plan(), &seat.outbox);
            let (serial, handle) = self.0.find_or_start(plan, Some(visit))?;
            match handle.join(joined.clone(), seat.clone()).await {
                Ok(()) => return Ok(handle),
                Err(JoinRefused::RoomGone) => self.0.forget(plan, serial),
                Err(refused) => return Err(refused),
            }
        }
        Err(JoinRefused::Unavailable)
    }

    /// Asks the plan's room something, starting the room if there is none. Whether a room that ends
    /// before it has answered has done what was asked is not known.
    pub async fn ask(&self, plan: PlanId, ask: Ask) -> Result<Reply, JoinRefused> {
        for _ in 0..JOIN_TRIES {
            let (serial, handle) = self.0.find_or_start(plan, None)?;
            match handle.question(ask.clone()).await {
                Ok(reply) => return reply.ok_or(JoinRefused::Unavailable),
                Err(RoomGone) => self.0.forget(plan, serial),
            }
        }
        Err(JoinRefused::Unavailable)
    }

    /// The plan's room, if it is live on this node.
    pub fn find(&self, plan: PlanId) -> Option<RoomHandle> {
        self.0.rooms().get(&plan).map(|entry| entry.handle.clone())
    }

    /// The plans that are live on this node.
    pub fn plans(&self) -> Vec<PlanId> {
        self.0.rooms().keys().copied().collect()
    }

    /// How many role changes rooms were told of. A role that was read before joining and one after
    /// it are the same if this number is.
    pub fn role_changes(&self) -> u64 {
        self.0.role_changes.load(Ordering::SeqCst)
    }

    /// Ends every room once its sessions have left and its updates are committed.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    /// The rooms of a plan and of its drafts that somebody has opened on this node.
    pub(super) fn all_of(&self, plan: PlanId) -> Vec<RoomHandle> {
        let rooms = self.0.rooms();
        let is_its = |(id, entry): &(&PlanId, &Entry)| **id == plan || entry.plan == plan;
        let rooms = rooms.iter().filter(is_its);
        rooms.map(|(_, entry)| entry.handle.clone()).collect()
    }

    /// Every live room.
    pub(super) fn all(&self) -> Vec<RoomHandle> {
        let rooms = self.0.rooms();
        rooms.values().map(|entry| entry.handle.clone()).collect()
    }

    /// Notes that somebody's role has changed somewhere, before it is known whose: whoever joins
    /// meanwhile looks again.
    pub(super) fn roles_have_changed(&self) {
        self.0.roles_have_changed();
    }

    /// How many rooms are live.
    pub fn count(&self) -> usize {
        self.0.rooms().len()
    }
}

impl Shared {
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// The same for who shares this.
    pub(super) fn roles_have_changed(&self) {
        self.role_changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Takes the room with this serial number out, unless a newer one has its place already.
    pub(super) fn forget(&self, plan: PlanId, serial: u64) {
        let mut rooms = self.rooms();
        if rooms.get(&plan).is_some_and(|entry| entry.serial == serial) {
            rooms.remove(&plan);
        }
    }

    fn find_or_start(
        self: &Arc<Self>,
        plan: PlanId,
        visit: Option<(PlanId, &Arc<Outbox>)>,
    ) -> Result<(u64, RoomHandle), JoinRefused> {
        let mut rooms = self.rooms();
        if let Some(entry) = rooms.get_mut(&plan) {
            if let Some((plan, outbox)) = visit {
                entry.plan = plan;
                // A socket may leave and come again all day.
                let is_other = |one: &Weak<Outbox>| {
                    one.strong_count() > 0 && !std::ptr::eq(one.as_ptr(), Arc::as_ptr(outbox))
                };
                entry.outboxes.retain(is_other);
                entry.outboxes.push(Arc::downgrade(outbox));
            }
            return Ok((entry.serial, entry.handle.clone()));
        }
        let thread = self.thread_for(plan).ok_or(JoinRefused::Unavailable)?;
        let (handle, doors) = RoomHandle::new(plan);
        let shared = Arc::clone(self);
        let serial = self.rooms_started.fetch_add(1, Ordering::Relaxed);
        let started = thread.spawn(move |beat| {
            RoomTask::new(RoomParts {
                plan,
                serial,
                shared,
                doors,
                beat,
            })
            .run()
        });
        if !started {
            return Err(JoinRefused::Unavailable);
        }
        let outboxes = visit.map(|(_, outbox)| Arc::downgrade(outbox));
        rooms.insert(
            plan,
            Entry {
                serial,
                handle: handle.clone(),
                thread,
                plan: visit.map_or(plan, |(plan, _)| plan),
                outboxes: outboxes.into_iter().collect(),
            },
        );
        Ok((serial, handle))
    }

    /// Any thread serves any room; the id spreads them evenly.
    fn thread_for(&self, plan: PlanId) -> Option<RoomThread> {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let spread = plan.as_uuid().as_u128() % (threads.len().max(1) as u128);
        threads.get(usize::try_from(spread).ok()?).cloned()
    }

    fn start_thread(self: &Arc<Self>) -> std::io::Result<()> {
        let number = self.threads_started.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::downgrade(self);
        let thread = RoomThread::start(
            &format!("rooms-{number}"),
            APPLY_MAX,
            move |thread, work| {
                if let Some(shared) = shared.upgrade() {
                    shared.give_up(thread, &work);
                }
            },
        )?;
        self.threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(thread);
        Ok(())
    }

    /// An update does not end: its thread is lost, the rooms on it are made anew elsewhere, and
    /// their clients come back with whatever was not acknowledged.
    fn give_up(self: &Arc<Self>, thread: &RoomThread, work: &Work) {
        metrics::counter!("convene_room_threads_lost_total").increment(1);
        tracing::error!(
            plan.id = %work.plan, session.id = %work.session, user.id = %work.author,
            "an update of plan {} does not end; its thread was given up", work.plan
        );
        self.poison.add(&work.update);
        self.threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|one| !one.is(thread));
        if let Err(error) = self.start_thread() {
            tracing::error!(%error, "no new room thread could be started");
            self.replace_me.cancel();
        }
        let lost: Vec<Entry> = {
            let mut rooms = self.rooms();
            let plans: Vec<PlanId> = rooms
                .iter()
                .filter(|(_, entry)| entry.thread.is(thread))
                .map(|(plan, _)| *plan)
                .collect();
            plans.iter().filter_map(|plan| rooms.remove(plan)).collect()
        };
        for entry in lost {
            entry.handle.gone().cancel();
            for outbox in entry.outboxes.iter().filter_map(Weak::upgrade) {
                outbox.end(Ending::new(
                    ErrorCode::ShuttingDown,
                    "the plan is being loaded again; reconnecting goes on where it was",
                ));
            }
        }
        self.keep_aside(work);
        self.replace_unless_back(thread.clone());
    }

    fn keep_aside(&self, work: &Work) {
        self.quarantine(Quarantined {
            plan: work.plan,
            epoch: Epoch(0),
            seq: None,
            update: work.update.clone(),
            author: Some(work.author),
            origin: Origin::Session(work.session),
            reason: "applying the update did not end".to_owned(),
        });
    }

    fn replace_unless_back(&self, thread: RoomThread) {
        let replace_me = self.replace_me.clone();
        self.tracker.spawn_on(
            async move {
                tokio::select! {
                    () = tokio::time::sleep(THREAD_BACK_WITHIN) => {
                        if thread.is_busy() {
                            replace_me.cancel();
                        }
                    }
                    () = replace_me.cancelled() => {}
                }
            },
            &self.runtime,
        );
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<PlanId, Entry>> {
        // The map is whole after every statement; a panic elsewhere must not end every plan.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
