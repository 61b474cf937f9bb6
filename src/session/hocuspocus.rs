//! The Hocuspocus dialect: many plans on one socket, each with its own token, sync and presence.

mod addresses;
mod control;
mod opening;

use std::sync::Arc;

use bytes::Bytes;
use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::{ClientMessage, ServerMessage, SyncStatus};
use convene_protocol::hocuspocus::{self, Address, ClientFrame};

use self::addresses::{Addresses, Slot};
use crate::auth::principal::Principal;
use crate::clock::Timestamp;
use crate::ids::SessionId;
use crate::room::handle::RoomGone;
use crate::room::input::Input;
use crate::room::outbox::{Ending, Frame, Outbox};
use crate::session::attachment::{Attachment, Due};
use crate::session::directory::Place;
use crate::session::requests::Requests;
use crate::session::upgrade::SessionState;
use crate::session::ywebsocket::room_gone;

/// An empty state vector, and an empty update.
const NOTHING_KNOWN: &[u8] = &[0];
const NOTHING_NEW: &[u8] = &[0, 0];

/// A socket of the Hocuspocus dialect.
#[derive(Debug)]
pub(super) struct Hocuspocus {
    state: SessionState,
    outbox: Arc<Outbox>,
    place: Place,
    addresses: Addresses,
    requests: Requests,
    /// Who the upgrade or `session.authenticate` named; good for text requests, and for documents
    /// whose provider sends an empty token.
    principal: Option<Principal>,
    upgrade_token: Option<String>,
    /// Whether anybody has shown a good token on this socket.
    authenticated: bool,
    /// What came for documents before their token, over all addresses.
    waiting_frames: usize,
    waiting_bytes: usize,
    /// What waited for the token that was just found good.
    released: Vec<ClientMessage>,
    /// When tokens that wait for the database are tried again; set while there are any.
    retry_at: Option<Timestamp>,
    /// Whether one of those is good by its signature. An agent's has none.
    waits_signed: bool,
}

impl Hocuspocus {
    pub(super) fn new(
        state: SessionState,
        outbox: Arc<Outbox>,
        place: Place,
        upgrade_token: Option<String>,
    ) -> Self {
        let requests = Requests::new(&state, Arc::clone(&outbox));
        let addresses = Addresses::new(state.limits.addresses_per_socket_max);
        Self {
            state,
            outbox,
            place,
            addresses,
            requests,
            principal: None,
            upgrade_token,
            authenticated: false,
            waiting_frames: 0,
            waiting_bytes: 0,
            released: Vec::new(),
            retry_at: None,
            waits_signed: false,
        }
    }

    /// Whether somebody has shown a good token. One that waits for the database is good by its
    /// signature; ending its socket would only have the client come back with the same.
    pub(super) fn is_authenticated(&self) -> bool {
        self.authenticated || self.waits_signed
    }

    pub(super) async fn receive(&mut self, frame: &Bytes) -> Result<(), Ending> {
        let decoded = hocuspocus::decode(frame)
            .map_err(|error| Ending::new(ErrorCode::Malformed, error.to_string()))?;
        match decoded {
            ClientFrame::Pong => Ok(()),
            ClientFrame::Ping => {
                self.outbox
                    .push_answer(Frame::Binary(Bytes::from_static(&hocuspocus::PONG_FRAME)));
                Ok(())
            }
            ClientFrame::Addressed { address, message } => {
                self.addresses.admit(&address)?;
                self.route(address, message, frame.len()).await
            }
        }
    }

    async fn route(
        &mut self,
        address: Address,
        message: ClientMessage,
        bytes: usize,
    ) -> Result<(), Ending> {
        match message {
            ClientMessage::Auth { token, .. } => Box::pin(self.authenticate(&address, token)).await,
            ClientMessage::Stateless(text) => {
                Box::pin(self.stateless(address, &text)).await;
                Ok(())
            }
            ClientMessage::Detach => {
                Box::pin(self.detach(&address)).await;
                Ok(())
            }
            ClientMessage::Pong | ClientMessage::Ignored => Ok(()),
            ClientMessage::SyncStep1(_)
            | ClientMessage::SyncStep2(_)
            | ClientMessage::Update(_)
            | ClientMessage::Awareness(_)
            | ClientMessage::QueryAwareness => self.document(&address, message, bytes).await,
        }
    }

    /// A frame about a document: to its room, or kept until the token has come.
    async fn document(
        &mut self,
        address: &Address,
        message: ClientMessage,
        bytes: usize,
    ) -> Result<(), Ending> {
        match self.addresses.slot_mut(address) {
            Slot::Open(attachment) => deliver(attachment, message).await,
            Slot::Control(_) => {
                answer_control_document(&self.outbox, address, &message);
                Ok(())
            }
            Slot::Waiting(waiting) => {
                waiting.queue.push(message);
                self.waiting_frames += 1;
                self.waiting_bytes += bytes;
                self.check_waiting()
            }
        }
    }

    fn check_waiting(&self) -> Result<(), Ending> {
        let limits = &self.state.limits;
        if self.waiting_frames > limits.unauthenticated_frames_max
            || self.waiting_bytes > limits.unauthenticated_bytes_max
        {
            return Err(Ending::new(
                ErrorCode::Unauthenticated,
                "too much was sent before an access token",
            ));
        }
        Ok(())
    }

    /// A frame over the limit: it ends the replica it came for, and no other on this socket.
    pub(super) async fn refuse_too_large(
        &mut self,
        frame: &Bytes,
        say: String,
    ) -> Result<(), Ending> {
        let too_large = |say| Err(Ending::new(ErrorCode::TooLarge, say));
        let Ok(ClientFrame::Addressed { address, .. }) = hocuspocus::decode(frame) else {
            return too_large(say);
        };
        let Some(Slot::Open(attachment)) = self.addresses.get(&address) else {
            return too_large(say);
        };
        let input = Input::FrameTooLarge {
            session: attachment.session,
            say,
        };
        attachment.tell(input).await.map_err(|RoomGone| room_gone())
    }

    /// The client leaves a document. It may open it again, also after a refusal: with a new replica.
    async fn detach(&mut self, address: &Address) {
        if let Some(Slot::Open(attachment)) = self.addresses.remove(address) {
            attachment.leave().await;
        }
    }

    pub(super) async fn drained(&self, sessions: &[SessionId]) -> Result<(), Ending> {
        for attachment in self.addresses.open() {
            if sessions.contains(&attachment.session) {
                let input = Input::Drained {
                    session: attachment.session,
                };
                attachment
                    .tell(input)
                    .await
                    .map_err(|RoomGone| room_gone())?;
            }
        }
        Ok(())
    }

    /// Asks for fresh tokens, ends documents whose token is over, and tries again what waits for
    /// the database.
    pub(super) async fn on_time(&mut self, now: Timestamp) -> Result<(), Ending> {
        let mut over = Vec::new();
        for (address, attachment) in self.addresses.open_mut() {
            match attachment.expiry.due(now) {
                Due::Ask => attachment.seat.answer(&ServerMessage::AskToken),
                Due::Over if attachment.retry.is_none() => over.push(address.clone()),
                Due::Nothing | Due::Over => {}
            }
        }
        for address in over {
            Box::pin(self.detach(&address)).await;
            let say = "the access token has expired".to_owned();
            self.say(&address, &ServerMessage::PermissionDenied(say));
        }
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
            self.waits_signed = false;
            for (address, token) in self.addresses.take_retries() {
                Box::pin(self.authenticate(&address, token)).await?;
            }
        }
        Ok(())
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let open = self.addresses.open();
        // What has a further token already is asked for none, and ends when that one does.
        open.filter(|attachment| attachment.retry.is_none())
            .map(|attachment| attachment.expiry.next())
            .chain(self.retry_at)
            .min()
    }

    /// Any open address will do: the client looks only at whether data arrives.
    pub(super) fn keepalive(&self) -> Option<Bytes> {
        let address = self.addresses.any_open()?;
        Some(hocuspocus::encode(address, &ServerMessage::Keepalive))
    }

    pub(super) async fn leave(&self) {
        for attachment in self.addresses.open() {
            attachment.leave().await;
        }
    }

    fn say(&self, address: &Address, message: &ServerMessage) {
        self.outbox
            .push_answer(Frame::Binary(hocuspocus::encode(address, message)));
    }
}

fn is_update(message: &ClientMessage) -> bool {
    matches!(
        message,
        ClientMessage::SyncStep2(_) | ClientMessage::Update(_)
    )
}

async fn deliver(attachment: &Attachment, message: ClientMessage) -> Result<(), Ending> {
    attachment
        .deliver(message)
        .await
        .map_err(|RoomGone| room_gone())
}

/// The reserved document: in sync from the start, and nothing ever gets into it.
fn answer_control_document(outbox: &Outbox, address: &Address, message: &ClientMessage) {
    let say = |message: &ServerMessage| {
        outbox.push_answer(Frame::Binary(hocuspocus::encode(address, message)));
    };
    match message {
        ClientMessage::SyncStep1(_) => {
            say(&ServerMessage::SyncStep1(Bytes::from_static(NOTHING_KNOWN)));
            say(&ServerMessage::SyncStep2(Bytes::from_static(NOTHING_NEW)));
        }
        ClientMessage::SyncStep2(update) | ClientMessage::Update(update) => {
            let status = if update.as_ref() == NOTHING_NEW {
                SyncStatus::Applied
            } else {
                SyncStatus::NotApplied
            };
            say(&ServerMessage::SyncStatus(status));
        }
        ClientMessage::Awareness(_)
        | ClientMessage::QueryAwareness
        | ClientMessage::Auth { .. }
        | ClientMessage::Stateless(_)
        | ClientMessage::Detach
        | ClientMessage::Pong
        | ClientMessage::Ignored => {}
    }
}
