//! The task that owns a room: it loads the plan, feeds the core and performs what the core decides.

mod asking;
mod delivery;
mod elsewhere;
mod leaving;
mod loading;
mod performing;

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use convene_protocol::error_code::ErrorCode;
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::asking::Asked;
use self::elsewhere::{Reading, until_read};
use self::performing::Wants;
use crate::auth::access::Grant;
use crate::clock::Timestamp;
use crate::document::ClientId;
use crate::ids::{AppendId, PlanId, SessionId, UserId};
use crate::room::core::RoomCore;
use crate::room::handle::{Doors, JoinRefused, Request, Seat};
use crate::room::input::{Elsewhere, Input};
use crate::room::outbox::Ending;
use crate::room::registry::Shared;
use crate::room::standing::Standing;
use crate::room::thread::{Beat, Work};
use crate::storage::journal::{Append, AppendRefused, Committed, Epoch, NewRow, Row, Seq};

/// How often a room looks at what only time brings: hashes, lost sessions, its own idleness.
const TICK: Duration = Duration::from_secs(1);
/// How long one room may work before the others of its thread have their turn.
const TURN_MAX: Duration = Duration::from_millis(20);

/// The append under way.
type AppendFuture = Pin<Box<dyn Future<Output = Result<Committed, AppendRefused>>>>;

/// What a room's task starts with.
pub(super) struct RoomParts {
    pub(super) plan: PlanId,
    /// Tells this room from an earlier one of the same plan.
    pub(super) serial: u64,
    pub(super) shared: Arc<Shared>,
    pub(super) doors: Doors,
    pub(super) beat: Arc<Beat>,
}

/// One room's task.
pub(super) struct RoomTask {
    plan: PlanId,
    serial: u64,
    shared: Arc<Shared>,
    inbox: mpsc::Receiver<Request>,
    elsewhere: mpsc::Receiver<Elsewhere>,
    standing: Arc<Standing>,
    gone: CancellationToken,
    beat: Arc<Beat>,
    /// Taken from the inbox and not served yet: what came behind an update that did harm.
    requests: Vec<Request>,
    seats: HashMap<SessionId, Seat>,
    /// As each session came in: who has it, and how they named the document.
    grants: HashMap<SessionId, Grant>,
    asked: Asked,
    epoch: Epoch,
    append: Option<AppendFuture>,
    snapshot: Option<(Seq, JoinHandle<bool>)>,
    /// What was missing, being read.
    reading: Option<Reading>,
    idle_since: Option<Timestamp>,
    /// When to look next at what only time brings, however much else there is to do.
    tick_at: Instant,
    /// Set once the room is to end.
    ending: bool,
}

/// What one round of waiting brought.
#[derive(Debug)]
enum Event {
    Appended(Result<Committed, AppendRefused>),
    Elsewhere(Elsewhere),
    Read(Option<Vec<Row>>),
    Requests,
    Snapshot(bool),
    Time,
    Closed,
}

impl RoomTask {
    pub(super) fn new(parts: RoomParts) -> Self {
        let RoomParts {
            plan,
            serial,
            shared,
            doors,
            beat,
        } = parts;
        let tick_at = shared.clock.monotonic() + TICK;
        Self {
            plan,
            serial,
            shared,
            inbox: doors.inbox,
            elsewhere: doors.elsewhere,
            standing: doors.standing,
            gone: doors.gone,
            beat,
            requests: Vec::new(),
            seats: HashMap::new(),
            grants: HashMap::new(),
            asked: Asked::default(),
            epoch: Epoch(0),
            append: None,
            snapshot: None,
            reading: None,
            idle_since: None,
            tick_at,
            ending: false,
        }
    }

    /// Runs until the room has been idle for long, its plan is gone, or it is told to end.
    pub(super) async fn run(mut self) {
        // A panic outside the replica's own guard is a bug; its sessions must not wait for ever.
        if AssertUnwindSafe(self.live()).catch_unwind().await.is_err() {
            metrics::counter!("convene_room_panics_total").increment(1);
            tracing::error!(plan.id = %self.plan, "room {} panicked and was ended", self.plan);
        }
        self.shared.forget(self.plan, self.serial);
        self.gone.cancel();
        if self.shared.relay.is_on() {
            self.stop_listening();
        }
        for seat in self.seats.values() {
            seat.outbox.end(Ending::new(
                ErrorCode::Unavailable,
                "the plan is being loaded again; reconnecting goes on where it was",
            ));
        }
    }

    async fn live(&mut self) {
        let mut core = match self.load().await {
            Ok(core) => core,
            Err(error) => return self.refuse_all(&error),
        };
        metrics::gauge!("convene_rooms").increment(1.0);
        while !self.ending {
            let event = self.wait(&core).await;
            self.act(&mut core, event);
            self.tick(&mut core);
            let effects = core.end_turn(self.shared.clock.now());
            if self.perform(&mut core, effects) == Wants::Rebuild && !self.ending {
                self.reading = None;
                self.rebuild(&mut core).await;
            }
            self.standing.came_to(core.head());
            if self.is_over(&core) {
                self.retire(&mut core).await;
            }
        }
        metrics::gauge!("convene_rooms").decrement(1.0);
    }

    /// Waits for the next thing. The commit comes first: others wait for it.
    async fn wait(&mut self, core: &RoomCore) -> Event {
        if !self.requests.is_empty() && core.takes_input() {
            tokio::task::yield_now().await;
            return Event::Requests;
        }
        let until_tick = self
            .tick_at
            .saturating_duration_since(self.shared.clock.monotonic());
        let now = self.shared.clock.now();
        let pause = core
            .due()
            .map_or(until_tick, |due| due.since(now).min(until_tick));
        tokio::select! {
            biased;
            outcome = until_done(&mut self.append) => Event::Appended(outcome),
            covered = until_written(&mut self.snapshot) => Event::Snapshot(covered),
            rows = until_read(&mut self.reading) => Event::Read(rows),
            Some(elsewhere) = self.elsewhere.recv(), if !core.is_poisoned() => {
                Event::Elsewhere(elsewhere)
            }
            count = self.inbox.recv_many(&mut self.requests, 64), if core.takes_input() => {
                if count == 0 { Event::Closed } else { Event::Requests }
            }
            () = tokio::time::sleep(pause) => Event::Time,
        }
    }

    fn act(&mut self, core: &mut RoomCore, event: Event) {
        match event {
            // The thread was given up meanwhile: another room has this plan now.
            Event::Appended(_) if self.gone.is_cancelled() => self.ending = true,
            Event::Appended(outcome) => {
                self.append = None;
                let input = match outcome {
                    Ok(committed) => Input::Appended { committed },
                    Err(why) => Input::AppendRefused { why },
                };
                self.feed(core, input);
            }
            Event::Snapshot(covered) => {
                if let Some((seq, _)) = self.snapshot.take() {
                    self.feed(core, Input::SnapshotSettled { seq, covered });
                }
            }
            Event::Read(rows) => {
                self.reading = None;
                self.feed(core, Input::RowsRead { rows });
            }
            Event::Elsewhere(elsewhere) => self.hear(core, elsewhere),
            Event::Requests => self.serve_all(core),
            Event::Time => {}
            Event::Closed => self.ending = true,
        }
    }

    fn tick(&mut self, core: &mut RoomCore) {
        let now = self.shared.clock.monotonic();
        if now >= self.tick_at {
            self.tick_at = now + TICK;
            self.reap(core);
            self.feed(core, Input::Ticked);
        }
    }

    fn serve_all(&mut self, core: &mut RoomCore) {
        let began = self.shared.clock.monotonic();
        let mut requests = std::mem::take(&mut self.requests).into_iter();
        // Other rooms of this thread have their turn in between.
        while !core.is_poisoned() && !self.ending && began.elapsed() < TURN_MAX {
            let Some(request) = requests.next() else {
                break;
            };
            self.serve(core, request);
        }
        self.requests.extend(requests);
    }

    fn serve(&mut self, core: &mut RoomCore, request: Request) {
        match request {
            Request::Join {
                joined,
                seat,
                reply,
            } => {
                let answer = if core.has_seat(joined.grant.user()) {
                    self.seats.insert(joined.session, seat);
                    self.grants.insert(joined.session, joined.grant);
                    self.feed(core, Input::Joined(joined.clone()));
                    Ok(())
                } else {
                    Err(JoinRefused::Full)
                };
                if reply.send(answer).is_err() && answer.is_ok() {
                    // The session ended while it waited.
                    self.remove(core, joined.session);
                }
            }
            Request::Input(Input::Left { session }) => self.remove(core, session),
            Request::Input(input @ Input::Updated { .. }) => self.apply(core, input),
            Request::Input(input @ Input::RoleChanged { .. }) => {
                // It may be older than what was compared meanwhile: all of them are compared again.
                self.standing.saw_access(0);
                self.charge(core, input);
            }
            Request::Input(input) => self.charge(core, input),
            Request::Ask { ask, reply } => self.ask(core, ask, reply),
            Request::End { code, say } => {
                for seat in self.seats.values() {
                    seat.outbox.end(Ending::new(code, say));
                }
                self.ending = true;
            }
        }
    }

    /// Applies one update under the watchdog's eyes and charges its time to the session.
    fn apply(&mut self, core: &mut RoomCore, input: Input) {
        let (Input::Updated {
            session, update, ..
        }
        | Input::TriedAgain {
            session, update, ..
        }) = &input
        else {
            return;
        };
        let session = *session;
        let Some(outbox) = self
            .seats
            .get(&session)
            .map(|seat| Arc::clone(&seat.outbox))
        else {
            return;
        };
        if self.shared.poison.contains(update) {
            let input = Input::HarmfulUpdate { session };
            return self.feed(core, input);
        }
        let Some(author) = core.user_of(session) else {
            return;
        };
        let work = Work {
            plan: self.plan,
            session,
            author,
            update: update.clone(),
        };
        let start = self.shared.clock.monotonic();
        self.beat.begin(work);
        let effects = core.handle(self.shared.clock.now(), input);
        self.beat.end();
        let spent = start.elapsed();
        outbox.charge_apply(spent);
        core.applied_for(spent);
        if self.gone.is_cancelled() {
            // The thread was given up meanwhile: another room has this plan now.
            self.ending = true;
            return;
        }
        self.perform(core, effects);
    }

    /// Has its session pay for the time that an input takes.
    fn charge(&mut self, core: &mut RoomCore, input: Input) {
        let session = input.asked_by();
        let began = self.shared.clock.monotonic();
        let effects = core.handle(self.shared.clock.now(), input);
        if let Some(seat) = session.and_then(|session| self.seats.get(&session)) {
            seat.outbox.charge_apply(began.elapsed());
        }
        self.perform(core, effects);
    }

    fn feed(&mut self, core: &mut RoomCore, input: Input) {
        let effects = core.handle(self.shared.clock.now(), input);
        self.perform(core, effects);
    }

    fn remove(&mut self, core: &mut RoomCore, session: SessionId) {
        self.seats.remove(&session);
        self.grants.remove(&session);
        self.feed(core, Input::Left { session });
    }

    fn begin_append(&mut self, append: Append) {
        let journal = self.shared.journal.clone();
        self.append = Some(Box::pin(async move { journal.append(append).await }));
    }

    fn append_of(&self, rows: Vec<NewRow>, bindings: Vec<(ClientId, UserId)>) -> Append {
        Append {
            id: AppendId::generate(&self.shared.clock),
            plan: self.plan,
            epoch: self.epoch,
            rows,
            bindings,
        }
    }
}

async fn until_done(append: &mut Option<AppendFuture>) -> Result<Committed, AppendRefused> {
    match append {
        Some(append) => append.await,
        None => std::future::pending().await,
    }
}

async fn until_written(snapshot: &mut Option<(Seq, JoinHandle<bool>)>) -> bool {
    match snapshot {
        Some((_, writing)) => writing.await.unwrap_or(false),
        None => std::future::pending().await,
    }
}
