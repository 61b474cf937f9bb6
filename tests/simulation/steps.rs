//! Performs the steps of a plan.

use std::time::Duration;

use bytes::Bytes;
use convene::auth::access::Role;
use convene::ids::SessionId;
use convene::room::handle::JoinRefused;
use convene::room::input::Input;
use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::ClientMessage;

use crate::plan::{Edit, Fate, Fault, Link, Notice, Return, Say, Step, Way};
use crate::room::{Request, Room};
use crate::sabotage::Sabotage;
use crate::socket::Up;
use crate::world::{Late, Node, World};

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
            Step::Commit { outcome } => {
                self.commit(0, outcome);
            }
            Step::Snapshot { nth, outcome } => {
                self.settle_snapshot(0, usize::from(nth), outcome);
            }
            Step::Late { nth, outcome } => {
                self.settle_late(usize::from(nth), outcome);
            }
            Step::Wait { ms } => self.wait(Duration::from_millis(ms.into())),
        }
    }

    fn index(&self, peer: u8) -> usize {
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
            Link::Connect { peer } => {
                self.connect(self.index(peer));
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
        self.clock.advance(time);
        let now = self.clock.now();
        for number in 0..self.peers.len() {
            if let Some(renewal) = self.peers[number].awareness.pass_time(now) {
                self.send_up(number, ClientMessage::Awareness(renewal));
            }
        }
    }

    /// What goes wrong, or is done on purpose, at the server.
    fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::SpoilSnapshot => {
                if self.journal.spoil_snapshot() {
                    self.coverage.count("fault: snapshot spoilt");
                }
            }
            Fault::Role { user, role } => self.change_role(usize::from(user), role),
            Fault::GiveUp { back } => self.give_up(0, back),
            Fault::Crash { fate } => self.crash(0, fate),
            Fault::WriterEnds { fate } => self.end_writer(0, fate),
            Fault::Restart => self.restart(0),
            Fault::BindElsewhere { peer } => {
                let number = self.index(peer);
                let (client, user) = (self.peers[number].client, self.peers[number].user);
                let other = self
                    .users
                    .iter()
                    .find(|one| **one != user)
                    .copied()
                    .unwrap();
                if self.journal.bind(client, other) {
                    self.coverage
                        .count("fault: client id bound by another node");
                }
            }
            Fault::NewEpoch => {
                let append = self.ids.append();
                if self.journal.begin_epoch(append, self.clock.now()) {
                    self.coverage.count("fault: new epoch");
                }
            }
            Fault::DeletePlan => {
                self.coverage.count("fault: plan deleted");
                self.journal.delete();
            }
        }
    }

    /// Mirrors `control/member.rs`: the database first, then the room.
    fn change_role(&mut self, user: usize, role: Option<Role>) {
        self.journal.roles[user] = role;
        self.coverage.count(if role.is_some() {
            "fault: role changed"
        } else {
            "fault: member removed"
        });
        let user = self.users[user];
        if self.sabotage == Sabotage::LostRoleChange {
            return;
        }
        for node in 0..self.nodes.len() {
            if let Some(serial) = self.nodes[node].registry {
                self.tell_room(
                    node,
                    serial,
                    Request::Input(Input::RoleChanged { user, role }),
                );
            }
        }
    }

    /// Mirrors `Shared::give_up`: the room's thread is lost, maybe for a while.
    fn give_up(&mut self, node: usize, back: Return) {
        let Some(serial) = self.nodes[node].registry.take() else {
            return;
        };
        self.coverage.count("fault: room's thread given up");
        let Some(room) = self.nodes[node].rooms.get_mut(&serial) else {
            return;
        };
        room.gone = true;
        let stuck = room
            .requests
            .iter()
            .chain(&room.inbox)
            .find_map(|request| match request {
                // The one that says nothing harms nobody, and everybody sends it.
                Request::Input(Input::Updated { update, .. }) if update.len() > 2 => {
                    Some(update.clone())
                }
                Request::Join { .. } | Request::Input(_) => None,
            });
        let sessions: Vec<SessionId> = self.sockets.keys().copied().collect();
        for session in sessions {
            self.answer_join(session, serial, Err(JoinRefused::RoomGone));
            let socket = &self.sockets[&session];
            if socket.node == node
                && let Some(wire) = &socket.wire
            {
                wire.end(ErrorCode::ShuttingDown);
            }
        }
        self.nodes[node].poison.extend(stuck);
        match back {
            Return::Later => {}
            Return::Never => {
                self.nodes[node].rooms.remove(&serial);
            }
        }
    }

    /// The process dies: everything in memory is gone, and every connection.
    fn crash(&mut self, node: usize, fate: Fate) {
        self.coverage.count("fault: server killed");
        self.drop_process(node, fate);
        for peer in &mut self.peers {
            peer.disconnected();
        }
        self.sockets.retain(|_, socket| socket.node != node);
        self.nodes[node] = Node::default();
    }

    /// What the database makes of what the process had under way.
    fn drop_process(&mut self, node: usize, fate: Fate) {
        let appends = std::mem::take(&mut self.nodes[node].queue);
        let snapshots = std::mem::take(&mut self.nodes[node].snapshots);
        let late = appends.into_iter().map(|job| Late::Append(job.append));
        let late = late.chain(
            snapshots
                .into_iter()
                .map(|(_, write)| Late::Snapshot(write)),
        );
        match fate {
            Fate::Lost => drop(late),
            Fate::Later => self.late.extend(late),
            Fate::Done => {
                for one in late.collect::<Vec<_>>() {
                    self.land(one);
                }
            }
        }
    }

    pub(crate) fn restart(&mut self, node: usize) {
        if !self.nodes[node].is_up {
            self.nodes[node] = Node {
                is_up: true,
                ..Default::default()
            };
        } else if self.nodes[node].writer_ended {
            self.crash(node, Fate::Done);
            self.nodes[node].is_up = true;
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
