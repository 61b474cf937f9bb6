//! The y-websocket dialect: one socket, one plan, the token in the upgrade.

use bytes::Bytes;
use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::ServerMessage;
use convene_protocol::ywebsocket;

use crate::clock::Timestamp;
use crate::error::Failure;
use crate::room::handle::RoomGone;
use crate::room::input::Input;
use crate::room::outbox::Ending;
use crate::session::attachment::{Attachment, Opening};

/// A y-websocket socket with its plan open.
#[derive(Debug)]
pub(super) struct YWebsocket(Attachment);

impl YWebsocket {
    /// Opens the plan the URL names with the token the upgrade carried. The upgrade has happened,
    /// because a browser cannot see why one was refused; it can read a close code.
    pub(super) async fn open(
        opening: Opening<'_>,
        document: &str,
        token: Option<&str>,
    ) -> Result<Self, Ending> {
        let open = async {
            let token = token.ok_or_else(|| {
                Failure::new(
                    ErrorCode::Unauthenticated,
                    "no access token: add ?token= or an Authorization header",
                )
            })?;
            opening.open(token, document, None).await
        };
        open.await
            .map(Self)
            .map_err(|failure: Failure| Ending::new(failure.code, failure.message.into_owned()))
    }

    pub(super) async fn receive(&mut self, frame: &Bytes) -> Result<(), Ending> {
        let messages = ywebsocket::decode(frame)
            .map_err(|error| Ending::new(ErrorCode::Malformed, error.to_string()))?;
        for message in messages {
            self.0
                .deliver(message)
                .await
                .map_err(|RoomGone| room_gone())?;
        }
        Ok(())
    }

    pub(super) async fn drained(&self) -> Result<(), Ending> {
        let input = Input::Drained {
            session: self.0.session,
        };
        self.0.tell(input).await.map_err(|RoomGone| room_gone())
    }

    /// Nothing can be asked of a y-websocket client: its socket ends with its token, and the client
    /// comes back with the token its page has by then.
    pub(super) fn on_time(&self, now: Timestamp) -> Result<(), Ending> {
        if now < self.0.expiry.at {
            return Ok(());
        }
        Err(Ending::new(
            ErrorCode::TokenExpired,
            "the access token has expired; reconnect",
        ))
    }

    pub(super) fn next_due(&self) -> Timestamp {
        self.0.expiry.at
    }

    pub(super) fn keepalive() -> Option<Bytes> {
        ywebsocket::encode(&ServerMessage::Keepalive)
    }

    pub(super) fn attachment(&self) -> &Attachment {
        &self.0
    }
}

/// The room ended under its session: the client comes back and finds a new one.
pub(super) fn room_gone() -> Ending {
    Ending::new(
        ErrorCode::ShuttingDown,
        "the plan is being loaded again; reconnect",
    )
}
