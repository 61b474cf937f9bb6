//! Performs the steps of a plan.

use std::time::Duration;

use bytes::Bytes;
use convene_protocol::frame::ClientMessage;

use crate::plan::{Edit, Link, Notice, RelayIs, Say, Step, Way};
use crate::relay::BEAT_EVERY;
use crate::room::{Read, Room};
use crate::socket::Up;
use crate::world::World;

impl World {
    /// Performs one step; one that does not apply does nothing.
    pub(crate) fn step(&mut self, step: Step) {
        match step {
            Step::Say(say) => self.speak(say),
            Step::Link(link) => self.connection(link),
            Step::Fault(fault) => self.fault(fault),
            Step::Room { nth, requests } => {
                if let Some((node, serial)) = self.nth_room(nth, |_| true) {
                    self.run_room(node, serial, usize::from(requests));
                }
            }
            Step::Load { nth, outcome } => {
                if let Some((node, serial)) = self.nth_room(nth, |room| room.asks().is_some()) {
                    self.read_for(node, serial, outcome);
                }
            }
            Step::Commit { nth, outcome } => self.commit_one(nth, outcome),
            Step::Snapshot { nth, outcome } => self.settle_one_snapshot(nth, outcome),
            Step::Late { nth, outcome } => {
                self.settle_late(usize::from(nth), outcome);
            }
            Step::Wait { ms } => self.wait(Duration::from_millis(ms.into())),
            Step::Relay(relay) => self.relay(relay),
            Step::Look { node, outcome } => {
                self.look_further(self.node_index(node), outcome);
            }
            Step::Rows { nth, outcome } => {
                let reads = |room: &Room| matches!(room.reading, Some(Read::Asked(_)));
                if let Some((node, serial)) = self.nth_room(nth, reads) {
                    self.read_rows_for(node, serial, outcome);
                }
            }
        }
    }

    pub(crate) fn index(&self, peer: u8) -> usize {
        usize::from(peer) % self.peers.len()
    }

    /// What a peer says.
    fn speak(&mut self, say: Say) {
        let now = self.clock.now();
        match say {
            Say::Edit { peer, edit } => {
                let number = self.index(peer);
                let is_away = self.peers[number].link.is_none();
                self.coverage.count(if is_away {
                    "peer: edits offline"
                } else {
                    "peer: edits"
                });
                self.edit(number, edit);
            }
            Say::Undo { peer } => {
                let number = self.index(peer % 2);
                for message in self.peers[number].take_back() {
                    self.coverage.count("peer: undoes");
                    self.send_up(number, message);
                }
            }
            Say::Presence { peer, value } => {
                let state = Some(format!("{{\"at\":{value}}}"));
                let number = self.index(peer);
                let update = self.peers[number].awareness.set_own(state, now);
                self.send_up(number, ClientMessage::Awareness(update));
            }
            Say::PresenceGone { peer } => {
                let number = self.index(peer);
                let update = self.peers[number].awareness.set_own(None, now);
                self.send_up(number, ClientMessage::Awareness(update));
            }
            Say::AskPresence { peer } => {
                self.send_up(self.index(peer), ClientMessage::QueryAwareness);
            }
            Say::WatchHashes { peer } => {
                self.send_up(self.index(peer), ClientMessage::Stateless(String::new()));
            }
            Say::Resync { peer } => {
                let number = self.index(peer);
                let message = self.peers[number].step1();
                self.send_up(number, message);
            }
            Say::Oversized { peer } => {
                let link = self.peers[self.index(peer)].link;
                if let Some(socket) = link.and_then(|link| self.sockets.get_mut(&link)) {
                    self.coverage.count("fault: oversized frame");
                    socket.up.push_back(Up::Oversized);
                }
            }
            Say::Operate { peer, count } => self.operate(self.index(peer), count),
            Say::Garbage { peer } => {
                let garbage = Bytes::from_static(&[0xff, 0xff]);
                self.send_up(self.index(peer), ClientMessage::SyncStep1(garbage));
            }
        }
    }

    /// A peer changes its document, and sends that if it is connected.
    pub(crate) fn edit(&mut self, number: usize, edit: Edit) {
        let message = self.peers[number].edit(edit);
        self.send_up(number, message);
    }

    /// What happens to connections.
    fn connection(&mut self, link: Link) {
        let now = self.clock.now();
        match link {
            Link::Connect { peer, node } => {
                self.connect(self.index(peer), usize::from(node));
            }
            Link::Break { peer, arrive } => {
                if self.break_link(self.index(peer), usize::from(arrive)) {
                    self.coverage.count("fault: connection broke");
                }
            }
            Link::Leave { peer } => self.leave(self.index(peer)),
            Link::Reload { peer } => {
                let number = self.index(peer);
                self.break_link(number, usize::MAX);
                self.peers[number].reload(now);
                self.coverage.count("peer: loads anew");
            }
            Link::Steal { peer, victim } => {
                self.steal(self.index(peer), self.index(victim));
            }
            Link::Traffic {
                peers,
                first,
                way,
                frames,
            } => {
                self.traffic(peers, first, way, usize::from(frames));
            }
            Link::Straggle { nth, frames } => {
                if let Some(session) = pick(&self.orphans(), nth) {
                    self.coverage
                        .count("fault: frames of a client that is gone");
                    self.read_socket(session, usize::from(frames));
                }
            }
            Link::Notice { nth, how } => {
                if let Some(session) = pick(&self.orphans(), nth) {
                    match how {
                        Notice::Told => self.notice(session),
                        Notice::Vanished => {
                            self.coverage.count("fault: session lost without a word");
                            self.sockets.remove(&session);
                        }
                    }
                }
            }
        }
    }

    /// The page of `thief` is loaded anew with the client id of `victim`. Not twice within one
    /// account: two replicas of it that share an id may put neighbours in the wrong order, which no
    /// guard sees.
    fn steal(&mut self, thief: usize, victim: usize) {
        let client = self.peers[victim].client;
        let user = self.peers[thief].user;
        self.id_users.insert((client, self.peers[victim].user));
        if !self.id_users.insert((client, user)) {
            return;
        }
        self.break_link(thief, usize::MAX);
        self.peers[thief].reload_as(client, self.clock.now());
        for peer in &mut self.peers {
            peer.shares_id |= peer.client == client;
        }
        self.coverage.count("fault: client id of somebody else");
    }

    /// The client closes in order: everything it sent arrives before.
    pub(crate) fn leave(&mut self, number: usize) {
        let now = self.clock.now();
        let Some(session) = self.peers[number].link else {
            return;
        };
        let gone = self.peers[number].awareness.set_own(None, now);
        self.send_up(number, ClientMessage::Awareness(gone));
        while self.read_socket(session, usize::MAX) {}
        self.break_link(number, usize::MAX);
        self.notice(session);
        self.coverage.count("peer: leaves");
    }

    fn traffic(&mut self, mask: u8, first: u8, way: Way, frames: usize) {
        let count = self.peers.len();
        for offset in 0..count {
            let number = (usize::from(first) + offset) % count;
            let Some(session) = self.peers[number].link.filter(|_| mask >> number & 1 == 1) else {
                continue;
            };
            match way {
                Way::Up => self.read_socket(session, frames),
                Way::Down => self.write_socket(session, frames),
                Way::Receive => self.receive(session, frames),
            };
        }
    }

    /// Time passes for clocks and clients; rooms see it when they run.
    pub(crate) fn wait(&mut self, time: Duration) {
        let mut left = time;
        if self.between.is == RelayIs::On {
            while left > BEAT_EVERY {
                self.clock.advance(BEAT_EVERY);
                self.beat();
                left -= BEAT_EVERY;
            }
        }
        self.clock.advance(left);
        self.beat();
        let now = self.clock.now();
        for number in 0..self.peers.len() {
            if let Some(renewal) = self.peers[number].awareness.pass_time(now) {
                self.send_up(number, ClientMessage::Awareness(renewal));
            }
        }
    }

    fn nth_room(&self, nth: u8, is_wanted: impl Fn(&Room) -> bool) -> Option<(usize, u64)> {
        let mut rooms = Vec::new();
        for (node, it) in self.nodes.iter().enumerate() {
            let wanted = it.rooms.iter().filter(|(_, room)| is_wanted(room));
            rooms.extend(wanted.map(|(serial, _)| (node, *serial)));
        }
        pick(&rooms, nth)
    }
}

/// One of `all`, counted round.
fn pick<T: Copy>(all: &[T], nth: u8) -> Option<T> {
    let at = usize::from(nth).checked_rem(all.len())?;
    all.get(at).copied()
}
