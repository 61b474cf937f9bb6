//! One dialect on one socket: what the socket's task hands frames to, whichever it speaks.

use axum::extract::ws::Message;
use bytes::Bytes;
use convene_protocol::error_code::ErrorCode;

use crate::clock::Timestamp;
use crate::config::Limits;
use crate::ids::SessionId;
use crate::room::outbox::Ending;
use crate::session::directory::Place;
use crate::session::hocuspocus::Hocuspocus;
use crate::session::ywebsocket::YWebsocket;

/// One dialect on one socket.
pub(super) enum Speaker {
    YWebsocket(
        Box<YWebsocket>,
        #[expect(dead_code, reason = "given back when dropped")] Place,
    ),
    Hocuspocus(Box<Hocuspocus>),
}

impl Speaker {
    pub(super) async fn receive(&mut self, frame: &Bytes) -> Result<(), Ending> {
        match self {
            Self::YWebsocket(speaker, _) => speaker.receive(frame).await,
            Self::Hocuspocus(speaker) => speaker.receive(frame).await,
        }
    }

    pub(super) async fn text(&mut self, text: &str) -> Result<(), Ending> {
        match self {
            Self::YWebsocket(..) => Err(Ending::new(
                ErrorCode::Malformed,
                "this address takes binary frames only; the control channel is at /ws",
            )),
            Self::Hocuspocus(speaker) => {
                Box::pin(speaker.text(text)).await;
                Ok(())
            }
        }
    }

    pub(super) async fn refuse_too_large(
        &mut self,
        message: &Message,
        limits: &Limits,
    ) -> Result<(), Ending> {
        let say = format!("a frame may have {} bytes", limits.frame_bytes_max);
        match (self, message) {
            (Self::Hocuspocus(speaker), Message::Binary(frame)) => {
                speaker.refuse_too_large(frame, say).await
            }
            _ => Err(Ending::new(ErrorCode::TooLarge, say)),
        }
    }

    pub(super) async fn drained(&self, sessions: &[SessionId]) -> Result<(), Ending> {
        if sessions.is_empty() {
            return Ok(());
        }
        match self {
            Self::YWebsocket(speaker, _) => speaker.drained().await,
            Self::Hocuspocus(speaker) => speaker.drained(sessions).await,
        }
    }

    pub(super) async fn on_time(&mut self, now: Timestamp) -> Result<(), Ending> {
        match self {
            Self::YWebsocket(speaker, _) => speaker.on_time(now),
            Self::Hocuspocus(speaker) => speaker.on_time(now).await,
        }
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        match self {
            Self::YWebsocket(speaker, _) => Some(speaker.next_due()),
            Self::Hocuspocus(speaker) => speaker.next_due(),
        }
    }

    pub(super) fn keepalive(&self) -> Option<Bytes> {
        match self {
            Self::YWebsocket(..) => YWebsocket::keepalive(),
            Self::Hocuspocus(speaker) => speaker.keepalive(),
        }
    }

    pub(super) fn is_authenticated(&self) -> bool {
        match self {
            Self::YWebsocket(..) => true,
            Self::Hocuspocus(speaker) => speaker.is_authenticated(),
        }
    }
}
