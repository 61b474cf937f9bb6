//! The way into a room: the only one, so that a plan has one writer on a node.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use convene_protocol::error_code::{Dialect, ErrorCode};
use convene_protocol::frame::ServerMessage;
use convene_protocol::hocuspocus::{self, Address};
use convene_protocol::ywebsocket;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::ids::{PlanId, SessionId};
use crate::room::ask::{Ask, Reply};
use crate::room::input::{Elsewhere, Input, Joined};
use crate::room::outbox::{Frame, Outbox};
use crate::room::standing::Standing;

/// Requests one room keeps before its senders wait.
const INBOX_REQUESTS: usize = 256;

/// What other nodes said that one room keeps; further messages are missed.
const ELSEWHERE_MAX: usize = 128;

/// The room's ends of what leads to it.
#[derive(Debug)]
pub(super) struct Doors {
    pub(super) inbox: mpsc::Receiver<Request>,
    pub(super) elsewhere: mpsc::Receiver<Elsewhere>,
    pub(super) standing: Arc<Standing>,
    /// Cancelled by the registry when the room's thread is given up.
    pub(super) gone: CancellationToken,
}

/// What a room's inbox carries.
#[derive(Debug)]
pub(super) enum Request {
    /// Let a session in, if there is room.
    Join {
        joined: Joined,
        seat: Seat,
        reply: oneshot::Sender<Result<(), JoinRefused>>,
    },
    /// Something happened.
    Input(Input),
    /// Answer a question; who is dropped learns that the room is gone.
    Ask {
        ask: Ask,
        reply: oneshot::Sender<Result<Reply, RoomGone>>,
    },
    /// Turn every session out and end.
    End { code: ErrorCode, say: &'static str },
}

/// Where a session's frames go, and in which dialect.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The queue of the session's socket.
    pub outbox: Arc<Outbox>,
    /// The address in front of every frame; `None` on a y-websocket socket.
    pub address: Option<Address>,
    /// Set by the room when it accepts nothing more from this session's replica.
    pub refused: Arc<AtomicBool>,
}

impl Seat {
    /// The dialect of the session's socket.
    pub fn dialect(&self) -> Dialect {
        match self.address {
            Some(_) => Dialect::Hocuspocus,
            None => Dialect::YWebsocket,
        }
    }

    /// `message` as this session's dialect writes it, if it has a word for it.
    pub fn encode(&self, message: &ServerMessage) -> Option<Bytes> {
        match &self.address {
            Some(address) => Some(hocuspocus::encode(address, message)),
            None => ywebsocket::encode(message),
        }
    }

    /// Queues an answer; one the dialect has no word for is left out.
    pub fn answer(&self, message: &ServerMessage) {
        if let Some(frame) = self.encode(message) {
            self.outbox.push_answer(Frame::Binary(frame));
        }
    }
}

/// Why a session was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinRefused {
    /// The plan has as many sessions as it may.
    #[error("this plan is open as often as it may be, or as one account may; try again later")]
    Full,
    /// There is no such plan (any more).
    #[error("there is no such plan")]
    PlanGone,
    /// The plan cannot be loaded for now.
    #[error("the plan cannot be loaded at the moment; try again in a few seconds")]
    Unavailable,
    /// The room ended between being found and being asked; ask the registry again.
    #[error("the room has just ended")]
    RoomGone,
}

/// The room is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomGone;

/// A room's address on this node; cheap to clone.
#[derive(Debug, Clone)]
pub struct RoomHandle {
    plan: PlanId,
    inbox: mpsc::Sender<Request>,
    /// At most [`ELSEWHERE_MAX`], then it is dropped and found by comparing.
    elsewhere: mpsc::Sender<Elsewhere>,
    standing: Arc<Standing>,
    /// Cancelled when the room will never answer again, so that nobody waits for a full inbox.
    gone: CancellationToken,
}

impl RoomHandle {
    /// A room's address, and the other ends of what leads to it.
    pub(super) fn new(plan: PlanId) -> (Self, Doors) {
        let (inbox, requests) = mpsc::channel(INBOX_REQUESTS);
        let (elsewhere, heard) = mpsc::channel(ELSEWHERE_MAX);
        let handle = Self {
            plan,
            inbox,
            elsewhere,
            standing: Arc::default(),
            gone: CancellationToken::new(),
        };
        let doors = Doors {
            inbox: requests,
            elsewhere: heard,
            standing: Arc::clone(&handle.standing),
            gone: handle.gone.clone(),
        };
        (handle, doors)
    }

    /// Tells the room what is heard of other nodes, without waiting. What does not fit is found by
    /// comparing with the database, and presence by its being told again. Whether it did.
    pub(super) fn hear(&self, elsewhere: Elsewhere) -> bool {
        let is_taken = self.elsewhere.try_send(elsewhere).is_ok();
        if !is_taken {
            metrics::counter!("convene_relay_dropped_total", "reason" => "busy").increment(1);
        }
        is_taken
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// The plan.
    pub fn plan(&self) -> PlanId {
        self.plan
    }

    pub(super) fn gone(&self) -> &CancellationToken {
        &self.gone
    }

    pub(super) async fn join(&self, joined: Joined, seat: Seat) -> Result<(), JoinRefused> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Join {
            joined,
            seat,
            reply,
        })
        .await
        .map_err(|RoomGone| JoinRefused::RoomGone)?;
        tokio::select! {
            answer = answer => answer.unwrap_or(Err(JoinRefused::RoomGone)),
            () = self.gone.cancelled() => Err(JoinRefused::RoomGone),
        }
    }

    /// Asks the room something; waits until what the answer shows is committed. No answer when the room
    /// ended with the question in its hands.
    pub(super) async fn question(&self, ask: Ask) -> Result<Option<Reply>, RoomGone> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Ask { ask, reply }).await?;
        tokio::select! {
            answer = answer => answer.map_or(Ok(None), |reply| reply.map(Some)),
            () = self.gone.cancelled() => Ok(None),
        }
    }

    /// Tells the room; waits while its inbox is full.
    pub async fn tell(&self, input: Input) -> Result<(), RoomGone> {
        self.ask(Request::Input(input)).await
    }

    /// Tells the room that `session` is over.
    pub async fn leave(&self, session: SessionId) {
        // A room that is gone has no session to forget.
        self.tell(Input::Left { session }).await.ok();
    }

    /// Turns every session out with `code` and ends the room.
    pub async fn end(&self, code: ErrorCode, say: &'static str) {
        // A room that is gone has ended already.
        self.ask(Request::End { code, say }).await.ok();
    }

    async fn ask(&self, request: Request) -> Result<(), RoomGone> {
        tokio::select! {
            sent = self.inbox.send(request) => sent.map_err(|_| RoomGone),
            () = self.gone.cancelled() => Err(RoomGone),
        }
    }
}
