//! Everything there is in one run: the database, the nodes, the connections, the peers, the oracle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use convene::auth::access::Role;
use convene::clock::{Clock, Timestamp};
use convene::config::Limits;
use convene::document::{Loaded, StateVector};
use convene::ids::{AppendId, NodeId, PlanId, SessionId, UserId};
use convene::room::core::Start;
use convene::room::handle::JoinRefused;
use convene::room::input::ROWS_PER_READ;
use convene::storage::journal::{Append, StoredPlan};
use uuid::Uuid;

use crate::asking::Asked;
use crate::coverage::Coverage;
use crate::edits;
use crate::journal::{From, Journal, SnapshotWrite};
use crate::looking::Look;
use crate::oracle::{Promise, Sessions, Violation, violation};
use crate::peer::Peer;
use crate::plan::{Outcome, Shape, USERS};
use crate::relay::{Between, Ear};
use crate::room::{Read, Request, Room, Stage};
use crate::sabotage::Sabotage;
use crate::socket::{Phase, Socket};

/// Requests one room may keep. The server's sockets wait at fewer; a plan has too few steps for so
/// many.
const INBOX_REQUESTS_MAX: usize = 2_048;

/// One append in the journal writer's hands, with the room that waits for it.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) serial: u64,
    pub(crate) append: Append,
}

/// One server process. Mirrors `room/registry.rs` and `storage/journal_writer.rs`.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) is_up: bool,
    /// The room of the plan, if it is live here: the registry's map for one plan.
    pub(crate) registry: Option<u64>,
    /// Every room that still runs, also those the registry has forgotten.
    pub(crate) rooms: BTreeMap<u64, Box<Room>>,
    pub(crate) queue: VecDeque<Job>,
    pub(crate) writer_ended: bool,
    /// Snapshots on their way into the database, with the room that waits; none when it is gone.
    pub(crate) snapshots: Vec<(Option<u64>, SnapshotWrite)>,
    /// Updates that did harm before.
    pub(crate) poison: BTreeSet<Bytes>,
    pub(crate) ear: Ear,
    pub(crate) look: Look,
    /// When it next compares its room with the database.
    pub(crate) looks_at: Timestamp,
    /// How many changes of roles it has heard of: `role_changes` of the registry.
    pub(crate) role_changes: u64,
}

impl Node {
    fn new(id: NodeId, now: Timestamp) -> Self {
        Self {
            id,
            is_up: true,
            registry: None,
            rooms: BTreeMap::new(),
            queue: VecDeque::new(),
            writer_ended: false,
            snapshots: Vec::new(),
            poison: BTreeSet::new(),
            ear: Ear::new(now),
            look: Look::Idle,
            looks_at: now,
            role_changes: 0,
        }
    }
}

/// What a process that is gone left to the database.
#[derive(Debug)]
pub(crate) enum Late {
    Append(Append),
    Snapshot(SnapshotWrite),
}

/// Makes ids in order, so that every run has the same.
#[derive(Debug, Default)]
pub(crate) struct Ids(u128);

impl Ids {
    fn next(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }

    pub(crate) fn session(&mut self) -> SessionId {
        SessionId::from_uuid(self.next())
    }

    fn node(&mut self) -> NodeId {
        NodeId::from_uuid(self.next())
    }

    pub(crate) fn append(&mut self) -> AppendId {
        AppendId::from_uuid(self.next())
    }

    pub(crate) fn serial(&mut self) -> u64 {
        self.next().as_u128().try_into().unwrap()
    }
}

/// One run.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) plan: PlanId,
    pub(crate) limits: Limits,
    pub(crate) users: Vec<UserId>,
    pub(crate) ids: Ids,
    pub(crate) journal: Journal,
    pub(crate) late: Vec<Late>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) between: Between,
    /// Messages of other nodes that one room keeps.
    pub(crate) ear: usize,
    pub(crate) sockets: BTreeMap<SessionId, Socket>,
    pub(crate) sockets_opened: usize,
    pub(crate) asked: Asked,
    pub(crate) peers: Vec<Peer>,
    /// Who has used a client id that was stolen.
    pub(crate) id_users: BTreeSet<(u64, UserId)>,
    pub(crate) watched: Sessions,
    pub(crate) coverage: Coverage,
    pub(crate) sabotage: Sabotage,
    pub(crate) violation: Option<Violation>,
}

impl World {
    pub(crate) fn new(shape: Shape, sabotage: Sabotage) -> Self {
        let clock = Clock::manual(Timestamp::from_micros(1_700_000_000_000_000));
        let mut ids = Ids::default();
        let plan = PlanId::from_uuid(ids.next());
        let users: Vec<UserId> = (0..USERS).map(|_| UserId::from_uuid(ids.next())).collect();
        let roles = vec![
            Some(Role::Owner),
            Some(Role::Editor),
            Some(Role::Approver),
            Some(Role::Viewer),
        ];
        let limits = Limits {
            snapshot_rows: shape.snapshot_rows,
            outbox_bytes_max: shape.outbox_bytes,
            document_bytes_max: shape.document_bytes,
            backlog_bytes_max: shape.backlog_bytes,
            sessions_per_plan_max: shape.sessions,
            rejects_per_minute: shape.rejects,
            hash_every: Duration::from_secs(1),
            room_idle_for: Duration::from_secs(3),
            ..Limits::default()
        };
        let peers = (0..shape.peers)
            .map(|number| Peer::new(number, users[usize::from(number % USERS)], clock.now()))
            .collect();
        let nodes = (0..shape.nodes.max(1))
            .map(|_| Node::new(ids.node(), clock.now()))
            .collect();
        Self {
            journal: Journal::new(plan, roles, sabotage),
            clock,
            plan,
            limits,
            users,
            ids,
            late: Vec::new(),
            nodes,
            between: Between::new(shape.relay),
            ear: shape.ear,
            sockets: BTreeMap::new(),
            sockets_opened: 0,
            asked: Asked::new(),
            peers,
            id_users: BTreeSet::new(),
            watched: Sessions::default(),
            coverage: Coverage::default(),
            sabotage,
            violation: None,
        }
    }

    /// A new process in the place of what was `node`.
    pub(crate) fn start_node(&mut self, node: usize) {
        self.between.forget(node);
        self.nodes[node] = Node::new(self.ids.node(), self.clock.now());
    }

    pub(crate) fn node_index(&self, node: u8) -> usize {
        usize::from(node) % self.nodes.len()
    }

    /// Notes that a promise was broken; the first one counts.
    pub(crate) fn violate(&mut self, promise: Promise, seen: impl Into<String>) {
        self.note(Some(violation(promise, seen)));
    }

    pub(crate) fn note(&mut self, broken: Option<Violation>) {
        if self.violation.is_none() {
            self.violation = broken;
        }
    }

    /// The serial of the plan's room on `node`, which is started if there is none. Mirrors
    /// `Shared::find_or_start`.
    pub(crate) fn find_or_start(&mut self, node: usize) -> u64 {
        if let Some(serial) = self.nodes[node].registry {
            return serial;
        }
        self.coverage.count("room: starts");
        let serial = self.ids.serial();
        let room = Box::new(Room::new(node, serial, self.clock.now()));
        self.nodes[node].registry = Some(serial);
        self.nodes[node].rooms.insert(serial, room);
        let live = self.nodes[node]
            .rooms
            .values()
            .filter(|room| is_live(room))
            .count();
        if live > 1 {
            self.violate(Promise::OneRoomPerPlan, format!("{live} rooms of one plan"));
        }
        serial
    }

    /// Mirrors `Shared::forget`.
    pub(crate) fn forget_room(&mut self, node: usize, serial: u64) {
        let registry = &mut self.nodes[node].registry;
        registry.take_if(|found| *found == serial);
    }

    /// Leaves a request in the room's inbox. False when it is gone.
    pub(crate) fn tell_room(&mut self, node: usize, serial: u64, request: Request) -> bool {
        let Some(room) = self.nodes[node].rooms.get_mut(&serial) else {
            return false;
        };
        if room.gone || !room.inbox_open {
            return false;
        }
        assert!(room.inbox.len() < INBOX_REQUESTS_MAX, "an inbox is full");
        room.inbox.push_back(request);
        true
    }

    /// Tells a session whether it was let in. False when it does not wait any more.
    pub(crate) fn answer_join(
        &mut self,
        session: SessionId,
        serial: u64,
        answer: Result<(), JoinRefused>,
    ) -> bool {
        let Some(socket) = self.sockets.get_mut(&session) else {
            return false;
        };
        let Phase::Joining { serial: asked, .. } = socket.phase else {
            return false;
        };
        if asked != serial || socket.reply.is_some() {
            return false;
        }
        socket.reply = Some(answer);
        true
    }

    /// Hands an append to the node's journal writer.
    pub(crate) fn enqueue(&mut self, node: usize, serial: u64, append: Append) {
        self.nodes[node].queue.push_back(Job { serial, append });
    }

    /// Runs the room `serial` of `node`. Whether anything happened.
    pub(crate) fn run_room(&mut self, node: usize, serial: u64, take: usize) -> bool {
        let Some(mut room) = self.nodes[node].rooms.remove(&serial) else {
            return false;
        };
        if self.sabotage == Sabotage::UnloadDuringLoad && matches!(room.stage, Stage::Loading(_)) {
            self.forget_room(node, serial);
        }
        let did = room.turn(self, take);
        if !matches!(room.stage, Stage::Ended) {
            self.nodes[node].rooms.insert(serial, room);
        }
        did
    }

    /// The database answers the load of the room `serial`.
    pub(crate) fn read_for(&mut self, node: usize, serial: u64, outcome: Outcome) -> bool {
        let Some(room) = self.nodes[node].rooms.get_mut(&serial) else {
            return false;
        };
        let Some(from) = room.asks() else {
            return false;
        };
        if from == From::FirstRow {
            self.coverage.count("room: loads from the first row");
        }
        room.answer_load(if outcome == Outcome::Done {
            Ok(self.journal.load(from))
        } else {
            Err(())
        });
        true
    }

    /// The database answers what the room `serial` has missed.
    pub(crate) fn read_rows_for(&mut self, node: usize, serial: u64, outcome: Outcome) -> bool {
        let Some(room) = self.nodes[node].rooms.get_mut(&serial) else {
            return false;
        };
        let Some(Read::Asked(after)) = room.reading else {
            return false;
        };
        let rows =
            (outcome == Outcome::Done).then(|| self.journal.rows_after(after, ROWS_PER_READ));
        room.reading = Some(Read::Answered(rows));
        true
    }

    /// A load must bring back everything that was committed when it read.
    pub(crate) fn check_load(&mut self, stored: &StoredPlan, loaded: &Loaded) {
        self.coverage.count("room: loads");
        if !loaded.broken_rows.is_empty() {
            let seen = format!("rows {:?} cannot be applied", loaded.broken_rows);
            self.violate(Promise::LoadIsWhole, seen);
        }
        if stored.head == self.journal.head()
            && let Ok(state) = loaded.replica.encode()
            && let Some(difference) = self.journal.truth.differs(&state)
        {
            self.violate(Promise::LoadIsWhole, difference);
        }
    }

    /// The content hash of what is committed; none when the plan is deleted.
    pub(crate) fn true_hash(&self) -> Option<String> {
        let whole = self.journal.load(From::FirstRow)?;
        let of_rows = StoredPlan {
            bindings: Vec::new(),
            ..whole
        };
        edits::hash_of(&Start::load(&of_rows).replica)
    }

    /// What a replica made anew from the database has come to; none when the plan is deleted.
    pub(crate) fn stored_vector(&self) -> Option<StateVector> {
        let load = |from| Some(Start::load(&self.journal.load(from)?));
        let mut loaded = load(From::NewestSnapshot)?;
        if loaded.snapshot_broken {
            loaded = load(From::FirstRow)?;
        }
        StateVector::decode(&loaded.replica.state_vector(), usize::MAX).ok()
    }
}

/// Whether a room is one that the registry should know.
fn is_live(room: &Room) -> bool {
    match room.stage {
        Stage::Loading(_) | Stage::Live | Stage::Rebuilding(_) => !room.gone,
        Stage::Retiring | Stage::Ended => false,
    }
}
