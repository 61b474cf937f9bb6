//! What goes wrong, or is done on purpose, at the server: roles, lost threads, ends of processes.

use convene::auth::access::Role;
use convene::ids::SessionId;
use convene::relay::envelope::Said;
use convene::room::handle::JoinRefused;
use convene::room::input::Input;
use convene_protocol::error_code::ErrorCode;

use crate::plan::{Fate, Fault, Outcome, Return};
use crate::room::Request;
use crate::sabotage::Sabotage;
use crate::world::{Late, World};

/// Turns within which the rooms of a server that stops have committed what they took.
const STOP_TURNS: usize = 8;

impl World {
    /// What goes wrong, or is done on purpose, at the server.
    pub(crate) fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::SpoilSnapshot => {
                if self.journal.spoil_snapshot() {
                    self.coverage.count("fault: snapshot spoilt");
                }
            }
            Fault::Role { user, role, node } => {
                self.change_role(self.node_index(node), usize::from(user), role);
            }
            Fault::GiveUp { back, node } => self.give_up(self.node_index(node), back),
            Fault::Crash { fate, node } => self.crash(self.node_index(node), fate),
            Fault::WriterEnds { fate, node } => self.end_writer(self.node_index(node), fate),
            Fault::Stop { node } => self.stop(self.node_index(node)),
            Fault::Restart => self.restart_all(),
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

    /// Mirrors `control/member.rs` and `Registry::tell_role`: the database first, then the room of
    /// this node. Others find it.
    fn change_role(&mut self, node: usize, user: usize, role: Option<Role>) {
        self.journal.set_role(user, role);
        self.coverage.count(if role.is_some() {
            "fault: role changed"
        } else {
            "fault: member removed"
        });
        let user = self.users[user];
        if !self.nodes[node].is_up {
            return;
        }
        self.nodes[node].role_changes += 1;
        self.say(node, &Said::Changed);
        let serial = self.nodes[node].registry;
        if let Some(serial) = serial.filter(|_| self.sabotage != Sabotage::LostRoleChange) {
            let changed = Input::RoleChanged { user, role };
            self.tell_room(node, serial, Request::Input(changed));
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
                Request::Join { .. } | Request::Input(_) | Request::End { .. } => None,
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
    pub(crate) fn crash(&mut self, node: usize, fate: Fate) {
        self.coverage.count("fault: server killed");
        self.drop_process(node, fate);
        for peer in &mut self.peers {
            let socket = peer.link.and_then(|link| self.sockets.get(&link));
            if socket.is_some_and(|socket| socket.node == node) {
                peer.disconnected();
            }
        }
        self.sockets.retain(|_, socket| socket.node != node);
        self.start_node(node);
        self.nodes[node].is_up = false;
    }

    /// The process ends in order: its sockets close, what it has is committed, and it says so.
    fn stop(&mut self, node: usize) {
        if !self.nodes[node].is_up || self.nodes[node].writer_ended {
            return;
        }
        self.coverage.count("fault: server stopped in order");
        let sessions: Vec<SessionId> = self.sockets.keys().copied().collect();
        for session in sessions {
            if self.sockets[&session].node == node {
                self.close_socket(session, ErrorCode::ShuttingDown);
                let number = self.sockets[&session].peer;
                if self.peers[number].link == Some(session) {
                    self.receive(session, usize::MAX);
                }
                self.sockets.remove(&session);
            }
        }
        for _ in 0..STOP_TURNS {
            let serials: Vec<u64> = self.nodes[node].rooms.keys().copied().collect();
            for serial in serials {
                self.read_for(node, serial, Outcome::Done);
                self.run_room(node, serial, usize::MAX);
            }
            self.commit(node, Outcome::Done);
            self.settle_snapshot(node, 0, Outcome::Done);
        }
        self.say(node, &Said::Bye);
        self.drop_process(node, Fate::Done);
        self.start_node(node);
        self.nodes[node].is_up = false;
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

    /// Starts every node that is down, or that can commit nothing any more.
    pub(crate) fn restart_all(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].writer_ended {
                self.crash(node, Fate::Done);
            }
            if !self.nodes[node].is_up {
                self.start_node(node);
            }
        }
    }
}
