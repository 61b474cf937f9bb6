//! The end of every run: all faults stop, everybody comes back, and everything must come to rest
//! with everybody seeing the same.

use std::collections::BTreeSet;
use std::time::Duration;

use convene_protocol::error_code::Dialect;

use crate::edits::Content;
use crate::oracle::Promise;
use crate::plan::{Edit, Fate, Outcome, RelayIs};
use crate::relay::ELSEWHERE_MAX;
use crate::socket::Phase;
use crate::world::{Late, World};

/// Rounds in which everything must have come to rest.
const ROUNDS_MAX: usize = 400;
/// How long those are seen at most who were with a node that died.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// What peers without a connection do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absent {
    Return,
    StayAway,
}

impl World {
    /// Ends the run, with every promise about its end.
    pub(crate) fn heal(&mut self) {
        let late = std::mem::take(&mut self.late);
        let is_append = |late: &Late| matches!(late, Late::Append(_));
        let (appends, snapshots): (Vec<_>, Vec<_>) = late.into_iter().partition(is_append);
        for append in appends {
            self.land(append);
        }
        self.restart_all();
        self.mend();
        self.ear = ELSEWHERE_MAX;
        let everybody = 0..self.peers.len();
        self.settle(Absent::Return);
        for number in everybody
            .clone()
            .filter(|number| self.peers[*number].shares_id)
            .collect::<Vec<_>>()
        {
            self.break_link(number, usize::MAX);
            self.peers[number].reload(self.clock.now());
        }
        for number in everybody.clone() {
            let edit = Edit::Insert {
                at: 0,
                word: u8::try_from(number).unwrap(),
            };
            self.edit(number, edit);
        }
        self.settle(Absent::Return);
        self.check_level();
        // Before all of them come back and are sent everything anew.
        self.check_documents();
        self.check_sessions();
        // The fence must hold against whatever is late.
        for snapshot in snapshots {
            self.land(snapshot);
        }
        for number in everybody.clone() {
            let now = self.clock.now();
            self.break_link(number, usize::MAX);
            self.peers[number]
                .awareness
                .set_own(Some("{\"back\":1}".to_owned()), now);
        }
        self.settle(Absent::Return);
        // Twice what a client waits before it renews its presence, and what it takes for outdated.
        self.pass_time(8);
        self.check_level();
        self.check_documents();
        self.check_sessions();
        self.check_presence(&everybody.clone().collect(), "in the end");
        if self.violation.is_none() && self.nodes.len() > 1 {
            self.lose_a_node();
            self.check_presence(&everybody.collect(), "with the node back");
        }
        if self.violation.is_none() {
            self.disperse();
        }
    }

    /// A node dies: whoever was with it is not seen any more within a few seconds, and comes back at
    /// another.
    fn lose_a_node(&mut self) {
        let node = self.nodes.len() - 1;
        self.crash(node, Fate::Lost);
        for _ in 0..GONE_WITHIN.as_secs() {
            self.wait(Duration::from_secs(1));
            self.settle(Absent::StayAway);
        }
        let is_here = |number: &usize| self.peers[*number].link.is_some();
        let here = (0..self.peers.len()).filter(is_here).collect();
        self.check_presence(&here, "without a node");
        self.settle(Absent::Return);
        self.restart_all();
        // A client does not show again what it knew before it lost its connection, until it is renewed.
        self.pass_time(5);
    }

    /// Four seconds, so many times.
    fn pass_time(&mut self, times: usize) {
        for _ in 0..times {
            self.wait(Duration::from_secs(4));
            self.settle(Absent::Return);
        }
    }

    /// Half of the peers leave and are not seen any more; when all have left, so does the room.
    fn disperse(&mut self) {
        let (leaving, staying): (BTreeSet<usize>, BTreeSet<usize>) =
            (0..self.peers.len()).partition(|number| number % 2 == 1);
        for number in leaving {
            self.leave(number);
        }
        self.settle(Absent::StayAway);
        self.check_presence(&staying, "when some have left");
        for number in staying {
            self.leave(number);
        }
        for _ in 0..4 {
            self.wait(self.limits.room_idle_for);
            self.settle(Absent::StayAway);
        }
        let rooms = self
            .nodes
            .iter()
            .map(|node| node.rooms.len())
            .sum::<usize>();
        if rooms > 0 || self.nodes.iter().any(|node| node.registry.is_some()) {
            self.violate(Promise::RoomsEnd, format!("{rooms} rooms of nobody"));
        }
        let stored = self.stored_vector();
        if stored.is_some_and(|vector| !self.journal.truth.is_at(&vector)) {
            self.violate(Promise::LoadIsWhole, "in the end");
        }
    }

    /// Lets everything happen, without faults, until nothing does.
    fn settle(&mut self, absent: Absent) {
        for _ in 0..ROUNDS_MAX {
            if self.violation.is_some() {
                return;
            }
            let did = self.round(absent);
            if did {
                continue;
            }
            let waits = self
                .nodes
                .iter()
                .flat_map(|node| node.rooms.values())
                .any(|room| {
                    let core = room.core.as_ref();
                    room.gone || core.is_some_and(|core| core.due().is_some())
                });
            let nodes = 0..self.nodes.len();
            // All of them, whether or not one has found something.
            let finds = nodes.filter(|node| self.look(*node)).count() > 0;
            if !waits && !finds {
                return;
            }
            // A room whose thread was given up ends when it finds itself idle.
            self.wait(Duration::from_millis(100));
        }
        self.violate(Promise::Settles, self.what_waits());
    }

    fn round(&mut self, absent: Absent) -> bool {
        let mut did = false;
        for number in (0..self.peers.len()).filter(|_| absent == Absent::Return) {
            // Each time at another node.
            let turn = self.sockets_opened;
            if self.connect(number, turn) {
                did = true;
                // Clients wait before they come back.
                self.wait(Duration::from_millis(50));
            }
        }
        for session in self.orphans() {
            while self.read_socket(session, usize::MAX) {}
            self.notice(session);
            did = true;
        }
        let sessions: Vec<_> = self.sockets.keys().copied().collect();
        for session in &sessions {
            did |= self.read_socket(*session, usize::MAX);
        }
        did |= self.deliver_all();
        for node in 0..self.nodes.len() {
            did |= self.look_in_time(node, self.clock.now());
            let serials: Vec<u64> = self.nodes[node].rooms.keys().copied().collect();
            for serial in serials {
                did |= self.read_for(node, serial, Outcome::Done);
                did |= self.read_rows_for(node, serial, Outcome::Done);
                did |= self.run_room(node, serial, usize::MAX);
            }
            did |= self.commit(node, Outcome::Done);
            did |= self.settle_snapshot(node, 0, Outcome::Done);
        }
        for session in &sessions {
            did |= self.write_socket(*session, usize::MAX);
            did |= self.receive(*session, usize::MAX);
        }
        did
    }

    fn what_waits(&self) -> String {
        let rooms: Vec<_> = self
            .nodes
            .iter()
            .flat_map(|node| node.rooms.values())
            .map(|room| (&room.stage, room.gone, room.inbox.len()))
            .collect();
        let sockets: Vec<_> = self
            .sockets
            .values()
            .map(|socket| {
                (
                    socket.peer,
                    socket.phase,
                    socket.up.len(),
                    socket.down.len(),
                )
            })
            .collect();
        format!("rooms {rooms:?}, sockets {sockets:?}")
    }

    /// Whether a peer is one who may read the plan.
    fn is_member(&self, number: usize) -> bool {
        self.role_of(self.peers[number].user).is_some()
    }

    fn check_documents(&mut self) {
        let expected = Content::of(&self.journal.truth.doc);
        for number in 0..self.peers.len() {
            if !self.is_member(number) {
                continue;
            }
            let peer = &self.peers[number];
            let content = Content::of(&peer.doc);
            let seen = if !self.journal.truth.is_as_far_as(&peer.doc) {
                format!("peer {number} has not come as far as the journal")
            } else if content != expected {
                format!("peer {number} has {content:?} and the journal {expected:?}")
            } else {
                continue;
            };
            self.violate(Promise::Converged, seen);
        }
    }

    /// Nobody waits for a status, everybody is let in, and rooms know the roles.
    fn check_sessions(&mut self) {
        for number in 0..self.peers.len() {
            let peer = &self.peers[number];
            let Some(role) = self.role_of(peer.user) else {
                if peer.link.is_some() {
                    self.violate(
                        Promise::RoleIsCurrent,
                        format!("peer {number} is no member"),
                    );
                }
                continue;
            };
            let link = peer
                .link
                .and_then(|link| Some((link, self.sockets.get(&link)?)));
            let Some((session, socket)) = link else {
                self.violate(Promise::Settles, format!("peer {number} is not let in"));
                continue;
            };
            let Phase::Open { serial } = socket.phase else {
                self.violate(Promise::Settles, format!("peer {number} is not let in"));
                continue;
            };
            let seat = (serial, session);
            let owed = self.watched.owed(seat);
            let hears = peer.dialect == Dialect::Hocuspocus;
            if owed > 0 || (hears && peer.unanswered > 0) {
                let seen = format!("peer {number}: {owed} and {} wait", peer.unanswered);
                self.violate(Promise::OneStatusPerUpdate, seen);
                continue;
            }
            if self.watched.role(seat) != Some(role) {
                self.violate(Promise::RoleIsCurrent, format!("peer {number} is {role}"));
            }
        }
    }

    /// Every live room has come as far as the journal.
    fn check_level(&mut self) {
        let head = self.journal.head();
        for node in 0..self.nodes.len() {
            let Some(core) = self.live_room(node).and_then(|room| room.core.as_ref()) else {
                continue;
            };
            if core.head() != head || core.is_poisoned() {
                let seen = format!("node {node} is at {:?} of {head:?}", core.head());
                self.violate(Promise::NodesAreLevel, seen);
            }
        }
    }

    /// Whom `number` can see: presence crosses nodes only through the relay.
    fn is_in_sight(&self, number: usize, other: usize) -> bool {
        let node_of = |number: usize| {
            let link = self.peers[number].link?;
            self.sockets.get(&link).map(|socket| socket.node)
        };
        self.between.is == RelayIs::On || node_of(number) == node_of(other)
    }

    /// Those of `here` who are members see each other and nobody else.
    fn check_presence(&mut self, here: &BTreeSet<usize>, when: &str) {
        let members = here.iter().copied();
        let here: Vec<usize> = members.filter(|number| self.is_member(*number)).collect();
        for number in &here {
            let peer = &self.peers[*number];
            let seen: BTreeSet<u64> = peer.awareness.others().into_iter().collect();
            let others = here.iter().filter(|other| *other != number);
            let expected: BTreeSet<u64> = others
                .filter(|other| self.is_in_sight(*number, **other))
                .map(|other| self.peers[*other].client)
                .collect();
            let ghosts: Vec<_> = seen.difference(&expected).collect();
            let unseen: Vec<_> = expected.difference(&seen).collect();
            let (promise, whom) = if !ghosts.is_empty() {
                (Promise::AbsentAreNotSeen, ghosts)
            } else if !unseen.is_empty() {
                (Promise::PresentAreSeen, unseen)
            } else {
                continue;
            };
            let seen = format!("{when}, peer {number}: {whom:?}");
            self.violate(promise, seen);
        }
    }
}
