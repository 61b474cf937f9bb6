//! A room's task around the real core, one event at a time.
//!
//! Mirrors `room/task.rs`: what it waits for and in which order.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use convene::clock::Timestamp;
use convene::document::ClientId;
use convene::ids::{SessionId, UserId};
use convene::room::core::RoomCore;
use convene::room::handle::JoinRefused;
use convene::room::input::{Elsewhere, Input, Joined};
use convene::storage::journal::{Append, Epoch, NewRow, Row, Seq, StoredPlan};
use convene::storage::settlement::Answer;
use convene_protocol::error_code::ErrorCode;

use crate::journal::From;
use crate::looking::Standing;
use crate::socket::Wire;
use crate::world::World;

/// `TICK` of the task.
const TICK: Duration = Duration::from_secs(1);

/// What a room's inbox carries.
#[derive(Debug)]
pub(crate) enum Request {
    Join {
        joined: Joined,
        wire: Rc<Wire>,
    },
    Input(Input),
    /// Turn every session out and end.
    End {
        code: ErrorCode,
    },
}

/// A load: asked for, then answered, with the world moving on in between.
#[derive(Debug)]
pub(crate) enum Reading {
    Asked(From),
    /// `Err` when the database did not answer, `None` when the plan is gone.
    Answered(Result<Option<StoredPlan>, ()>),
}

/// A read of what was missed.
#[derive(Debug)]
pub(crate) enum Read {
    /// After this row.
    Asked(Seq),
    /// None when the database did not answer.
    Answered(Option<Vec<Row>>),
}

/// How far a room is.
#[derive(Debug)]
pub(crate) enum Stage {
    Loading(Reading),
    Live,
    Rebuilding(Reading),
    /// Out of the registry; its last snapshot is being written.
    Retiring,
    Ended,
}

/// One room.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) node: usize,
    pub(crate) serial: u64,
    pub(crate) stage: Stage,
    /// On the heap, like the room itself: both are taken out and put back for every turn.
    pub(crate) core: Option<Box<RoomCore>>,
    pub(crate) epoch: Epoch,
    /// The last row it knows of.
    pub(crate) head: Seq,
    pub(crate) inbox: VecDeque<Request>,
    pub(crate) inbox_open: bool,
    /// Taken from the inbox and not served yet.
    pub(crate) requests: VecDeque<Request>,
    pub(crate) seats: BTreeMap<SessionId, Rc<Wire>>,
    /// Its thread was given up.
    pub(crate) gone: bool,
    pub(crate) appended: Option<Answer>,
    pub(crate) snapshot: Option<Seq>,
    pub(crate) snapshot_settled: Option<bool>,
    pub(crate) elsewhere: VecDeque<Elsewhere>,
    pub(crate) reading: Option<Read>,
    pub(crate) standing: Standing,
    pub(crate) idle_since: Option<Timestamp>,
    tick_at: Timestamp,
    pub(crate) ending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Nothing,
    Rebuild,
}

impl Room {
    pub(crate) fn new(node: usize, serial: u64, now: Timestamp) -> Self {
        Self {
            node,
            serial,
            stage: Stage::Loading(Reading::Asked(From::NewestSnapshot)),
            core: None,
            epoch: Epoch(0),
            head: Seq(0),
            inbox: VecDeque::new(),
            inbox_open: true,
            requests: VecDeque::new(),
            seats: BTreeMap::new(),
            gone: false,
            appended: None,
            snapshot: None,
            snapshot_settled: None,
            elsewhere: VecDeque::new(),
            reading: None,
            standing: Standing::new(),
            idle_since: None,
            tick_at: now.after(TICK),
            ending: false,
        }
    }

    /// Whether it waits for an answer of the database to a load.
    pub(crate) fn asks(&self) -> Option<From> {
        match &self.stage {
            Stage::Loading(Reading::Asked(from)) | Stage::Rebuilding(Reading::Asked(from)) => {
                Some(*from)
            }
            Stage::Loading(Reading::Answered(_))
            | Stage::Rebuilding(Reading::Answered(_))
            | Stage::Live
            | Stage::Retiring
            | Stage::Ended => None,
        }
    }

    /// The database answers a load.
    pub(crate) fn answer_load(&mut self, answer: Result<Option<StoredPlan>, ()>) {
        match &mut self.stage {
            Stage::Loading(reading) | Stage::Rebuilding(reading) => {
                *reading = Reading::Answered(answer);
            }
            Stage::Live | Stage::Retiring | Stage::Ended => {}
        }
    }

    /// One turn with at most `take` requests. Whether anything happened.
    pub(crate) fn turn(&mut self, world: &mut World, take: usize) -> bool {
        let stage = std::mem::replace(&mut self.stage, Stage::Live);
        match stage {
            Stage::Loading(Reading::Answered(answer)) => self.loaded(world, answer),
            Stage::Rebuilding(Reading::Answered(answer)) => self.rebuilt(world, answer),
            Stage::Loading(Reading::Asked(_)) | Stage::Rebuilding(Reading::Asked(_)) => {
                self.stage = stage;
                false
            }
            Stage::Retiring => {
                let is_written = self.snapshot_settled.take().is_some();
                if is_written {
                    self.end(world);
                } else {
                    self.stage = Stage::Retiring;
                }
                is_written
            }
            Stage::Ended => {
                self.stage = Stage::Ended;
                false
            }
            Stage::Live => self.live(world, take),
        }
    }

    /// Mirrors `RoomTask::live` and `wait`.
    fn live(&mut self, world: &mut World, take: usize) -> bool {
        let now = world.clock.now();
        let mut core = self.core.take().unwrap();
        let mut did = true;
        if let Some(answer) = self.appended.take() {
            self.append_settled(world, &mut core, answer);
        } else if let Some(covered) = self.snapshot_settled.take() {
            if let Some(seq) = self.snapshot.take() {
                self.feed(world, &mut core, Input::SnapshotSettled { seq, covered });
            }
        } else if let Some(rows) = self.take_rows() {
            self.feed(world, &mut core, rows);
        } else if !core.is_poisoned() && !self.elsewhere.is_empty() {
            self.hear(world, &mut core, take);
        } else if core.takes_input() && !(self.requests.is_empty() && self.inbox.is_empty()) {
            if self.requests.is_empty() {
                let count = take.min(64).min(self.inbox.len());
                self.requests.extend(self.inbox.drain(..count));
            }
            self.serve_all(world, &mut core);
        } else {
            did = core.due().is_some_and(|due| due <= now) || self.tick_at <= now;
        }
        if did {
            if now >= self.tick_at {
                self.tick_at = now.after(TICK);
                self.reap(world, &mut core);
                self.feed(world, &mut core, Input::Ticked);
            }
            let effects = core.end_turn(now);
            let wants = self.perform(world, &mut core, effects);
            if wants == Wants::Rebuild && !self.ending {
                self.reading = None;
                self.stage = Stage::Rebuilding(Reading::Asked(From::NewestSnapshot));
            } else if self.is_over(world, &core) {
                self.retire(world, &mut core);
            }
            self.standing.head = core.head();
        }
        self.core = Some(core);
        if self.ending && !matches!(self.stage, Stage::Retiring) {
            self.end(world);
        }
        did
    }

    fn append_settled(&mut self, world: &mut World, core: &mut RoomCore, answer: Answer) {
        if self.gone {
            self.ending = true;
            return;
        }
        let input = match answer {
            Ok(committed) => {
                if committed.first.0 != self.head.0 + 1 {
                    world
                        .coverage
                        .count("fault: rows of somebody else in between");
                }
                Input::Appended { committed }
            }
            Err(why) => Input::AppendRefused { why },
        };
        self.feed(world, core, input);
    }

    fn take_rows(&mut self) -> Option<Input> {
        let answered = |reading: &mut Read| matches!(reading, Read::Answered(_));
        match self.reading.take_if(answered)? {
            Read::Answered(rows) => Some(Input::RowsRead { rows }),
            Read::Asked(_) => None,
        }
    }

    /// Mirrors `RoomTask::hear`, which takes as much as one turn allows.
    fn hear(&mut self, world: &mut World, core: &mut RoomCore, take: usize) {
        for _ in 0..take.max(1) {
            if core.is_poisoned() || self.ending {
                break;
            }
            let Some(elsewhere) = self.elsewhere.pop_front() else {
                break;
            };
            self.feed(world, core, Input::Elsewhere(elsewhere));
        }
    }

    fn serve_all(&mut self, world: &mut World, core: &mut RoomCore) {
        while !core.is_poisoned() && !self.ending {
            let Some(request) = self.requests.pop_front() else {
                break;
            };
            self.serve(world, core, request);
        }
    }

    fn serve(&mut self, world: &mut World, core: &mut RoomCore, request: Request) {
        match request {
            Request::Join { joined, wire } => {
                let session = joined.session;
                let answer = if core.has_seat(joined.grant.user()) {
                    self.seats.insert(session, wire);
                    self.feed(world, core, Input::Joined(joined));
                    Ok(())
                } else {
                    Err(JoinRefused::Full)
                };
                if !world.answer_join(session, self.serial, answer) && answer.is_ok() {
                    // The session ended while it waited.
                    self.remove(world, core, session);
                }
            }
            Request::Input(Input::Left { session }) => self.remove(world, core, session),
            Request::Input(input @ Input::Updated { .. }) => self.apply(world, core, input),
            Request::Input(input @ Input::RoleChanged { .. }) => {
                self.standing.access_version = 0;
                self.feed(world, core, input);
            }
            Request::Input(input) => self.feed(world, core, input),
            Request::End { code } => {
                for wire in self.seats.values() {
                    wire.end(code);
                }
                self.ending = true;
            }
        }
    }

    fn apply(&mut self, world: &mut World, core: &mut RoomCore, input: Input) {
        let Input::Updated {
            session, update, ..
        } = &input
        else {
            return;
        };
        let session = *session;
        if !self.seats.contains_key(&session) {
            return;
        }
        if world.nodes[self.node].poison.contains(update) {
            return self.feed(world, core, Input::HarmfulUpdate { session });
        }
        if core.user_of(session).is_none() {
            return;
        }
        if self.gone {
            // Its thread was given up over this one: what the core makes of it is not performed.
            core.handle(world.clock.now(), input);
            self.ending = true;
            return;
        }
        self.feed(world, core, input);
    }

    pub(crate) fn remove(&mut self, world: &mut World, core: &mut RoomCore, session: SessionId) {
        self.seats.remove(&session);
        self.feed(world, core, Input::Left { session });
    }

    fn reap(&mut self, world: &mut World, core: &mut RoomCore) {
        let lost: Vec<SessionId> = self
            .seats
            .iter()
            .filter(|(_, wire)| Rc::strong_count(wire) == 1)
            .map(|(session, _)| *session)
            .collect();
        for session in lost {
            world.coverage.count("room: reaps a lost session");
            self.remove(world, core, session);
        }
    }

    pub(crate) fn append_of(
        &self,
        world: &mut World,
        rows: Vec<NewRow>,
        bindings: Vec<(ClientId, UserId)>,
    ) -> Append {
        Append {
            id: world.ids.append(),
            plan: world.plan,
            epoch: self.epoch,
            rows,
            bindings,
        }
    }
}
