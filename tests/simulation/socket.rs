//! Connections: what is on its way between a client and its room.
//!
//! The server's end mirrors `session/task.rs` (reading, writing, endings) and
//! `session/attachment.rs` (joining, the second look at the role); the queue is the real
//! `room/outbox.rs` behind the real `room/handle.rs` seat.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use convene::auth::access::{Grant, Role};
use convene::auth::principal::Actor;
use convene::ids::SessionId;
use convene::room::handle::{JoinRefused, Seat};
use convene::room::input::{Input, Joined};
use convene::room::outbox::{Ending, Frame, Full, Outbox};
use convene_protocol::error_code::{Dialect, ErrorCode};
use convene_protocol::frame::{ClientMessage, ServerMessage};
use convene_protocol::hocuspocus::Address;

use crate::edits::roots;
use crate::room::Request;
use crate::world::World;

/// How often joining is tried with a new room when the one found has just ended.
const JOIN_TRIES: u8 = 8;

/// A seat whose queued frames are kept readable beside their bytes.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) seat: Seat,
    messages: RefCell<VecDeque<ServerMessage>>,
}

impl Wire {
    pub(crate) fn new(dialect: Dialect, bytes_max: usize) -> Self {
        let seat = Seat {
            outbox: Arc::new(Outbox::new(bytes_max)),
            address: match dialect {
                Dialect::YWebsocket => None,
                Dialect::Hocuspocus => Some(Address::parse("plan").unwrap()),
            },
            refused: Arc::new(AtomicBool::new(false)),
        };
        Self {
            seat,
            messages: RefCell::default(),
        }
    }

    /// Queues an answer, if the dialect has a word for it.
    pub(crate) fn answer(&self, message: ServerMessage) {
        if let Some(frame) = self.seat.encode(&message) {
            self.seat.outbox.push_answer(Frame::Binary(frame));
            self.messages.borrow_mut().push_back(message);
        }
    }

    pub(crate) fn push_update(&self, session: SessionId, update: &Bytes) -> Result<(), Full> {
        let message = ServerMessage::Update(update.clone());
        let frame = self.seat.encode(&message).unwrap();
        self.seat.outbox.push_update(session, frame)?;
        self.messages.borrow_mut().push_back(message);
        Ok(())
    }

    pub(crate) fn push_presence(&self, session: SessionId, update: &Bytes) -> Result<(), Full> {
        let message = ServerMessage::Awareness(update.clone());
        let frame = self.seat.encode(&message).unwrap();
        self.seat.outbox.push_presence(session, frame)?;
        self.messages.borrow_mut().push_back(message);
        Ok(())
    }

    pub(crate) fn end(&self, code: ErrorCode) {
        self.seat.outbox.end(Ending::new(code, ""));
    }

    fn pop(&self) -> Option<ServerMessage> {
        let frames = self.seat.outbox.pop(1);
        assert!(frames.len() <= 1, "every frame has at least a byte");
        frames.first()?;
        self.messages.borrow_mut().pop_front()
    }
}

/// What a client sends.
#[derive(Debug)]
pub(crate) enum Up {
    Message(ClientMessage),
    /// A frame over the limit.
    Oversized,
}

/// What arrives at a client.
#[derive(Debug)]
pub(crate) enum Down {
    Message(ServerMessage),
    Closed(ErrorCode),
}

/// How far the server's end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It asked the room with this serial to be let in.
    Joining {
        serial: u64,
        tries: u8,
    },
    Open {
        serial: u64,
    },
    Closed,
}

/// One connection with one plan on it.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) peer: usize,
    pub(crate) node: usize,
    pub(crate) joined: Joined,
    pub(crate) wire: Option<Rc<Wire>>,
    pub(crate) phase: Phase,
    /// The room's answer to a join, not looked at yet.
    pub(crate) reply: Option<Result<(), JoinRefused>>,
    pub(crate) up: VecDeque<Up>,
    pub(crate) down: VecDeque<Down>,
    /// Frames were written since the queue was last found empty.
    unflushed: bool,
    /// `role_changes` of the node when the role was read.
    role_changes: u64,
}

impl Socket {
    /// The server closes: what is queued is written first.
    fn close(&mut self, code: ErrorCode) {
        if let Some(wire) = self.wire.take() {
            while let Some(message) = wire.pop() {
                self.down.push_back(Down::Message(message));
            }
        }
        self.phase = Phase::Closed;
        self.up.clear();
        self.down.push_back(Down::Closed(code));
    }
}

impl World {
    /// The peer opens a connection. False when it has one, or may have none.
    /// Nodes that are up are counted by `nth`.
    pub(crate) fn connect(&mut self, number: usize, nth: usize) -> bool {
        let peer = &self.peers[number];
        let nodes = self.nodes.iter().enumerate();
        let up: Vec<usize> = nodes
            .filter(|(_, node)| node.is_up)
            .map(|(node, _)| node)
            .collect();
        if peer.link.is_some() || peer.is_done || up.is_empty() {
            return false;
        }
        let (user, node, dialect) = (peer.user, up[nth % up.len()], peer.dialect);
        let Some(role) = self.role_of(user) else {
            return false;
        };
        let session = self.ids.session();
        self.sockets_opened += 1;
        self.moves_to(number, node);
        let grant = Grant::new(self.plan.into(), Actor::person(user), role);
        let joined = Joined {
            session,
            grant,
            name: format!("user {user}"),
        };
        let wire = Rc::new(Wire::new(dialect, self.limits.outbox_bytes_max));
        let hello = self.peers[number].hello();
        let mut socket = Socket {
            peer: number,
            node,
            joined,
            wire: Some(wire),
            phase: Phase::Closed,
            reply: None,
            up: VecDeque::new(),
            down: VecDeque::new(),
            unflushed: false,
            role_changes: self.nodes[node].role_changes,
        };
        self.coverage.count("peer: connects");
        self.peers[number].link = Some(session);
        self.ask_to_join(&mut socket, 0);
        self.sockets.insert(session, socket);
        for message in hello {
            self.send_up(number, message);
        }
        true
    }

    /// Notes at which node a peer is by now.
    fn moves_to(&mut self, number: usize, node: usize) {
        let peer = &mut self.peers[number];
        let before = peer.node.replace(node);
        if before.is_some_and(|before| before != node) {
            self.coverage.count("peer: connects to another node");
            if self.journal.truth.is_behind(&peer.doc, peer.client) {
                self.coverage
                    .count("peer: takes unsaved edits to another node");
            }
        }
    }

    /// Mirrors `Registry::join`.
    fn ask_to_join(&mut self, socket: &mut Socket, tried: u8) {
        let wire = socket.wire.clone().unwrap();
        for tries in tried..JOIN_TRIES {
            let serial = self.find_or_start(socket.node);
            let request = Request::Join {
                joined: socket.joined.clone(),
                wire: Rc::clone(&wire),
            };
            if self.tell_room(socket.node, serial, request) {
                socket.phase = Phase::Joining {
                    serial,
                    tries: tries + 1,
                };
                return;
            }
            self.forget_room(socket.node, serial);
        }
        socket.close(ErrorCode::Unavailable);
    }

    /// The server's end of `session` reads at most `frames`. Whether anything happened.
    pub(crate) fn read_socket(&mut self, session: SessionId, frames: usize) -> bool {
        let Some(mut socket) = self.sockets.remove(&session) else {
            return false;
        };
        let mut did = self.settle_join(&mut socket);
        for _ in 0..frames {
            let Phase::Open { serial } = socket.phase else {
                break;
            };
            let may_read = socket.wire.as_ref().is_some_and(|wire| {
                !wire.seat.outbox.is_over_limit() && wire.seat.outbox.ending().is_none()
            });
            if !may_read {
                break;
            }
            let Some(up) = socket.up.pop_front() else {
                break;
            };
            did = true;
            if let Some(input) = input_of(session, up)
                && !self.tell_room(socket.node, serial, Request::Input(input))
            {
                socket.close(ErrorCode::ShuttingDown);
            }
        }
        self.sockets.insert(session, socket);
        did
    }

    /// Looks at the room's answer to a join. Mirrors `Registry::join` and `Opening::open`.
    fn settle_join(&mut self, socket: &mut Socket) -> bool {
        let (Phase::Joining { serial, tries }, Some(reply)) = (socket.phase, socket.reply.take())
        else {
            return false;
        };
        match reply {
            Ok(()) => {
                socket.phase = Phase::Open { serial };
                let user = socket.joined.grant.user();
                let is_told = self.nodes[socket.node].role_changes != socket.role_changes;
                if is_told && self.role_of(user) != Some(socket.joined.grant.role()) {
                    self.coverage.count("fault: role changed while joining");
                    self.leave_room(socket);
                    socket.close(ErrorCode::Unavailable);
                }
            }
            Err(JoinRefused::RoomGone) => {
                self.coverage.count("fault: room gone while joining");
                self.forget_room(socket.node, serial);
                self.ask_to_join(socket, tries);
            }
            Err(JoinRefused::PlanGone) => socket.close(ErrorCode::NotFound),
            Err(JoinRefused::Full) => {
                self.coverage.count("fault: plan is full");
                socket.close(ErrorCode::Unavailable);
            }
            Err(JoinRefused::Unavailable) => socket.close(ErrorCode::Unavailable),
        }
        true
    }

    fn leave_room(&mut self, socket: &Socket) {
        if let Phase::Open { serial } = socket.phase {
            let session = socket.joined.session;
            self.tell_room(socket.node, serial, Request::Input(Input::Left { session }));
        }
    }

    /// The server's end of `session` writes at most `frames`. Whether anything happened.
    pub(crate) fn write_socket(&mut self, session: SessionId, frames: usize) -> bool {
        let Some(mut socket) = self.sockets.remove(&session) else {
            return false;
        };
        let mut did = false;
        if let Some(wire) = socket.wire.clone() {
            for _ in 0..frames {
                let Some(message) = wire.pop() else {
                    break;
                };
                socket.down.push_back(Down::Message(message));
                socket.unflushed = true;
                did = true;
            }
            did |= self.after_writing(&mut socket, &wire.seat.outbox);
        }
        self.sockets.insert(session, socket);
        did
    }

    fn after_writing(&mut self, socket: &mut Socket, outbox: &Outbox) -> bool {
        if !outbox.is_empty() {
            return false;
        }
        if let Some(ending) = outbox.ending() {
            // A socket that still joins looks at its end only when it has joined.
            if matches!(socket.phase, Phase::Joining { .. }) {
                return false;
            }
            self.leave_room(socket);
            socket.close(ending.code);
            return true;
        }
        let Phase::Open { serial } = socket.phase else {
            return false;
        };
        if !std::mem::take(&mut socket.unflushed) {
            return false;
        }
        for session in outbox.take_behind() {
            self.coverage.count("fault: outbox overflowed");
            let request = Request::Input(Input::Drained { session });
            if !self.tell_room(socket.node, serial, request) {
                socket.close(ErrorCode::ShuttingDown);
                break;
            }
        }
        true
    }

    /// The server closes, and its room hears of it.
    pub(crate) fn close_socket(&mut self, session: SessionId, code: ErrorCode) {
        if let Some(mut socket) = self.sockets.remove(&session) {
            self.leave_room(&socket);
            socket.close(code);
            self.sockets.insert(session, socket);
        }
    }

    /// The server's end notices that its client is gone.
    pub(crate) fn notice(&mut self, session: SessionId) {
        if let Some(socket) = self.sockets.remove(&session) {
            self.leave_room(&socket);
        }
    }

    pub(crate) fn role_of(&self, user: convene::ids::UserId) -> Option<Role> {
        if self.journal.is_deleted() {
            return None;
        }
        let number = self.users.iter().position(|one| *one == user)?;
        self.journal.roles[number]
    }
}

fn input_of(session: SessionId, up: Up) -> Option<Input> {
    match up {
        Up::Oversized => Some(Input::FrameTooLarge {
            session,
            say: String::new(),
        }),
        // The only request that peers make.
        Up::Message(ClientMessage::Stateless(_)) => {
            let roots = roots();
            Some(Input::HashWatched { session, roots })
        }
        Up::Message(message) => Input::of(session, message),
    }
}
