//! The client's end of connections: what a page makes of messages, closes and broken connections.

use convene::ids::SessionId;
use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::{ClientMessage, ServerMessage};

use crate::oracle::Promise;
use crate::socket::{Down, Socket, Up};
use crate::world::World;

impl World {
    /// A message of the peer on its way, if it is connected.
    pub(crate) fn send_up(&mut self, number: usize, message: ClientMessage) {
        let peer = &mut self.peers[number];
        if let Some(socket) = peer.link.and_then(|link| self.sockets.get_mut(&link)) {
            peer.sends(&message);
            socket.up.push_back(Up::Message(message));
        } else if matches!(message, ClientMessage::Update(_)) {
            peer.queue(message);
        }
    }

    /// The client of `session` reads at most `frames`. Whether anything happened.
    pub(crate) fn receive(&mut self, session: SessionId, frames: usize) -> bool {
        let mut did = false;
        for _ in 0..frames {
            let Some(socket) = self.sockets.get_mut(&session) else {
                break;
            };
            let number = socket.peer;
            let Some(down) = socket.down.pop_front() else {
                break;
            };
            did = true;
            match down {
                Down::Message(message) => self.take_message(number, message),
                Down::Closed(code) => {
                    self.sockets.remove(&session);
                    self.closed_by_server(number, code);
                }
            }
        }
        did
    }

    fn take_message(&mut self, number: usize, message: ServerMessage) {
        let now = self.clock.now();
        let reaction = self.peers[number].receive(message, now);
        if reaction.hole {
            let seen = format!("peer {number} was shown something without its predecessors");
            self.violate(Promise::ShownIsWhole, seen);
        }
        for answer in reaction.answers {
            self.send_up(number, answer);
        }
        if reaction.denied || reaction.broken {
            self.coverage.count(if reaction.denied {
                "peer: told to load anew"
            } else {
                "peer: page breaks under a shared client id"
            });
            self.break_link(number, usize::MAX);
            self.peers[number].reload(now);
        }
    }

    fn closed_by_server(&mut self, number: usize, code: ErrorCode) {
        let now = self.clock.now();
        self.coverage.count("peer: closed by the server");
        let peer = &mut self.peers[number];
        peer.disconnected();
        match code {
            ErrorCode::Malformed
            | ErrorCode::Forbidden
            | ErrorCode::Conflict
            | ErrorCode::TooLarge
            | ErrorCode::Unprocessable => peer.reload(now),
            ErrorCode::NotFound => peer.is_done = self.journal.is_deleted(),
            ErrorCode::Invalid
            | ErrorCode::Unauthenticated
            | ErrorCode::TokenExpired
            | ErrorCode::MethodNotFound
            | ErrorCode::UpgradeRequired
            | ErrorCode::RateLimited
            | ErrorCode::SlowConsumer
            | ErrorCode::ShuttingDown
            | ErrorCode::Unavailable
            | ErrorCode::Internal => {}
        }
    }

    /// The client's end is gone; the server will notice later. `arrive` of its frames still do.
    pub(crate) fn break_link(&mut self, number: usize, arrive: usize) -> bool {
        let peer = &mut self.peers[number];
        let Some(session) = peer.link else {
            return false;
        };
        peer.disconnected();
        if let Some(socket) = self.sockets.get_mut(&session) {
            socket.up.truncate(arrive);
            socket.down.clear();
        }
        true
    }

    /// Connections whose client is gone.
    pub(crate) fn orphans(&self) -> Vec<SessionId> {
        let is_linked =
            |session: &SessionId, socket: &Socket| self.peers[socket.peer].link == Some(*session);
        self.sockets
            .iter()
            .filter(|(session, socket)| !is_linked(session, socket))
            .map(|(session, _)| *session)
            .collect()
    }
}
