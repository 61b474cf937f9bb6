//! What passes between nodes: queues that lose, repeat and reorder, and what each node makes of them.
//!
//! Mirrors `relay/hearing.rs` (beats, silence, connections) and `room/neighbours.rs`. Beats pass every
//! queue, since what waits there is a matter of microseconds and they are a second apart.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use convene::clock::Timestamp;
use convene::ids::NodeId;
use convene::relay::NODE_SILENT_MAX;
use convene::relay::envelope::Said;
use convene::room::input::Elsewhere;

use crate::names::name_of_said;
use crate::plan::{Connection, Relay, RelayIs};
use crate::sabotage::Sabotage;
use crate::world::World;

/// `BEAT_EVERY` of the relay.
pub(crate) const BEAT_EVERY: Duration = Duration::from_secs(1);
/// `DEAF_AFTER` of the relay.
const DEAF_AFTER: Duration = Duration::from_secs(3);
/// Messages on one way; what is more is lost, as when Redis is slow.
const WAY_MAX: usize = 64;
/// Messages that one room keeps: `ELSEWHERE_MAX` of its handle.
pub(crate) const ELSEWHERE_MAX: usize = 128;

/// From one node to another; from one to itself for what it hears of its own beats.
type Way = (usize, usize);

/// Everything between nodes.
#[derive(Debug, Default)]
pub(crate) struct Between {
    pub(crate) is: RelayIs,
    ways: BTreeMap<Way, VecDeque<(NodeId, Said)>>,
    cut: BTreeSet<Way>,
}

/// What one node hears with.
#[derive(Debug)]
pub(crate) struct Ear {
    nodes: BTreeMap<NodeId, Timestamp>,
    beats_at: Timestamp,
    own_beat_at: Timestamp,
    is_connected: bool,
    /// Its connection was lost, which it notices once there is one again.
    reconnects: bool,
}

impl Ear {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            nodes: BTreeMap::new(),
            beats_at: now,
            own_beat_at: now,
            is_connected: true,
            reconnects: false,
        }
    }
}

impl Between {
    pub(crate) fn new(is: RelayIs) -> Self {
        Self {
            is,
            ..Self::default()
        }
    }

    /// Forgets what was on its way to a process that is gone.
    pub(crate) fn forget(&mut self, node: usize) {
        self.ways.retain(|(_, to), _| *to != node);
    }

    fn nth(&self, nth: u8) -> Option<Way> {
        let busy: Vec<Way> = self.ways.keys().copied().collect();
        let at = usize::from(nth).checked_rem(busy.len())?;
        busy.get(at).copied()
    }

    /// Takes the message at `at` of the `nth` way out.
    fn take(&mut self, nth: u8, at: u8) -> Option<(Way, (NodeId, Said))> {
        let way = self.nth(nth)?;
        let queue = self.ways.get_mut(&way)?;
        let at = usize::from(at).checked_rem(queue.len())?;
        let message = queue.remove(at)?;
        self.ways.retain(|_, queue| !queue.is_empty());
        Some((way, message))
    }

    fn push(&mut self, way: Way, message: (NodeId, Said)) -> bool {
        let queue = self.ways.entry(way).or_default();
        let fits = queue.len() < WAY_MAX;
        if fits {
            queue.push_back(message);
        }
        fits
    }
}

impl World {
    /// Whether nodes compare their rooms with the database: not on a node of its own.
    pub(crate) fn has_neighbours(&self) -> bool {
        self.nodes.len() > 1 || self.between.is == RelayIs::On
    }

    /// `node` says something to all others. Mirrors `Relay::say`.
    pub(crate) fn say(&mut self, node: usize, said: &Said) {
        if self.between.is == RelayIs::Off {
            return;
        }
        let from = self.nodes[node].id;
        for to in (0..self.nodes.len()).filter(|to| *to != node && self.nodes[*to].is_up) {
            if self.between.cut.contains(&(node, to)) {
                self.coverage.count("relay: lost in a partition");
            } else if !self.between.push((node, to), (from, said.clone())) {
                self.coverage.count("relay: lost in a queue that is full");
            }
        }
    }

    /// What a step of the plan does to messages on their way.
    pub(crate) fn relay(&mut self, step: Relay) {
        match step {
            Relay::Deliver { nth, count } => {
                if let Some(way) = self.between.nth(nth) {
                    self.deliver(way, usize::from(count));
                }
            }
            Relay::Lose { nth, at } => {
                if let Some((_, (_, said))) = self.between.take(nth, at) {
                    self.coverage.count("relay: loses");
                    if let Said::Committed(_) = said {
                        self.coverage.count("relay: loses a batch");
                    }
                }
            }
            Relay::Repeat { nth, at } => {
                if let Some((way, message)) = self.between.take(nth, at) {
                    self.coverage.count("relay: repeats");
                    self.between.push(way, message.clone());
                    self.between.push(way, message);
                }
            }
            Relay::Delay { nth, at } => {
                if let Some((way, message)) = self.between.take(nth, at) {
                    if self.between.ways.contains_key(&way) {
                        self.coverage.count("relay: reorders");
                    }
                    self.between.push(way, message);
                }
            }
            Relay::Cut { node, connection } => self.cut(node, connection),
            Relay::CutWay { from, to } => {
                let (from, to) = (self.node_index(from), self.node_index(to));
                if from != to && self.between.is == RelayIs::On {
                    self.coverage.count("relay: one node does not hear another");
                    self.between.cut.insert((from, to));
                }
            }
            Relay::Mend => self.mend(),
        }
    }

    fn cut(&mut self, node: u8, connection: Connection) {
        if self.between.is == RelayIs::Off {
            return;
        }
        self.coverage.count("relay: a node loses a connection");
        let node = self.node_index(node);
        for other in 0..self.nodes.len() {
            if connection != Connection::Listener {
                self.between.cut.insert((node, other));
            }
            if connection != Connection::Speaker {
                self.between.cut.insert((other, node));
                self.nodes[node].ear.reconnects = true;
            }
        }
    }

    /// Every connection is there again.
    pub(crate) fn mend(&mut self) {
        self.between.cut.clear();
        for node in 0..self.nodes.len() {
            if std::mem::take(&mut self.nodes[node].ear.reconnects) && self.nodes[node].is_up {
                self.listen_again(node);
            }
        }
    }

    fn listen_again(&mut self, node: usize) {
        let now = self.clock.now();
        let ear = &mut self.nodes[node].ear;
        ear.own_beat_at = now;
        ear.is_connected = true;
        self.nodes[node].looks_at = now;
        self.tell_elsewhere(node, Elsewhere::Missed);
    }

    /// Delivers what is on its way everywhere. Whether anything was.
    pub(crate) fn deliver_all(&mut self) -> bool {
        let ways: Vec<Way> = self.between.ways.keys().copied().collect();
        for way in &ways {
            self.deliver(*way, WAY_MAX);
        }
        !ways.is_empty()
    }

    fn deliver(&mut self, way: Way, count: usize) {
        for _ in 0..count {
            let Some(queue) = self.between.ways.get_mut(&way) else {
                return;
            };
            let next = queue.pop_front();
            if queue.is_empty() {
                self.between.ways.remove(&way);
            }
            if let Some((from, said)) = next {
                self.hear(way.1, from, said);
            }
        }
    }

    /// Mirrors `Neighbours::hear` and `tell`.
    fn hear(&mut self, node: usize, from: NodeId, said: Said) {
        let now = self.clock.now();
        self.coverage.count(name_of_said(&said));
        self.nodes[node].ear.nodes.insert(from, now);
        if said == Said::Bye {
            self.nodes[node].ear.nodes.remove(&from);
            self.node_gone(node, from);
        } else if said == Said::Changed {
            self.nodes[node].looks_at = now;
        } else {
            let epoch = self.live_room(node).and_then(|room| room.standing.epoch);
            if let Some(elsewhere) = Elsewhere::of(from, said, epoch) {
                self.tell_elsewhere(node, elsewhere);
            }
        }
    }

    fn node_gone(&mut self, node: usize, gone: NodeId) {
        if self.sabotage != Sabotage::LostNodeGone {
            self.tell_elsewhere(node, Elsewhere::NodeGone(gone));
        }
    }

    /// Tells the room of `node`, if there is one. Mirrors `RoomHandle::hear`.
    pub(crate) fn tell_elsewhere(&mut self, node: usize, elsewhere: Elsewhere) -> bool {
        let serial = self.nodes[node].registry;
        serial.is_some_and(|serial| self.tell_room_elsewhere(node, serial, elsewhere))
    }

    pub(crate) fn tell_room_elsewhere(
        &mut self,
        node: usize,
        serial: u64,
        elsewhere: Elsewhere,
    ) -> bool {
        let Some(room) = self.nodes[node].rooms.get_mut(&serial) else {
            return false;
        };
        let fits = room.elsewhere.len() < self.ear;
        if fits {
            room.elsewhere.push_back(elsewhere);
        } else {
            self.coverage.count("relay: a room does not take more");
        }
        fits
    }

    /// What every node does from second to second. Mirrors `Hearing::run` and
    /// `Neighbours::forget_silent`.
    pub(crate) fn beat(&mut self) {
        if self.between.is == RelayIs::Off {
            return;
        }
        let now = self.clock.now();
        for from in 0..self.nodes.len() {
            if self.nodes[from].is_up && self.nodes[from].ear.beats_at <= now {
                self.nodes[from].ear.beats_at = now.after(BEAT_EVERY);
                self.beat_of(from, now);
            }
        }
        for node in 0..self.nodes.len() {
            if self.nodes[node].is_up {
                self.look_for_silence(node, now);
            }
        }
    }

    fn beat_of(&mut self, from: usize, now: Timestamp) {
        let id = self.nodes[from].id;
        for to in 0..self.nodes.len() {
            if self.between.cut.contains(&(from, to)) || !self.nodes[to].is_up {
                continue;
            }
            let ear = &mut self.nodes[to].ear;
            if to != from {
                ear.nodes.insert(id, now);
                continue;
            }
            ear.own_beat_at = now;
            if !ear.is_connected {
                self.listen_again(to);
            }
        }
    }

    fn look_for_silence(&mut self, node: usize, now: Timestamp) {
        let ear = &mut self.nodes[node].ear;
        if now.since(ear.own_beat_at) >= DEAF_AFTER && std::mem::take(&mut ear.is_connected) {
            ear.nodes.clear();
            self.coverage.count("relay: a node is deaf");
            self.tell_elsewhere(node, Elsewhere::Deaf);
        }
        let ear = &mut self.nodes[node].ear;
        let is_silent = |heard_at: &Timestamp| now.since(*heard_at) > NODE_SILENT_MAX;
        let silent = ear.nodes.iter().filter(|(_, heard_at)| is_silent(heard_at));
        let silent: Vec<NodeId> = silent.map(|(id, _)| *id).collect();
        for id in silent {
            self.nodes[node].ear.nodes.remove(&id);
            self.coverage.count("relay: a node is silent");
            self.node_gone(node, id);
        }
    }
}
