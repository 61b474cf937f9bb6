//! How a socket is closed, so that the reason arrives.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message};
use convene_protocol::error_code::ErrorCode;
use futures_util::{SinkExt, StreamExt};

use super::SocketTask;
use crate::room::outbox::{Ending, Frame};
use crate::session::directory::DirectoryFull;

/// How long input is discarded after a close, so that the close arrives.
pub(super) const LINGER: Duration = Duration::from_secs(2);
/// The longest close reason a frame can carry.
const REASON_BYTES_MAX: usize = 123;

impl SocketTask {
    /// Closes a socket that could not be served.
    pub(in crate::session) async fn refuse(&mut self, ending: Ending) {
        self.close(ending).await;
    }

    /// Closes a socket for which there is no place.
    pub(in crate::session) async fn refuse_full(&mut self, full: DirectoryFull) {
        self.close(Ending::new(ErrorCode::Unavailable, full.to_string()))
            .await;
    }

    /// Writes what is queued and the close, and then reads on for a while: a close sent over unread
    /// input arrives as a broken connection.
    pub(super) async fn close(&mut self, ending: Ending) {
        let code = ending.code.close_code(self.dialect);
        metrics::counter!("convene_closes_total", "code" => ending.code.as_str()).increment(1);
        tracing::info!(code, say = ending.say, "closing a socket");
        let mut say = ending.say;
        while say.len() > REASON_BYTES_MAX {
            say.pop();
        }
        let frame = CloseFrame {
            code,
            reason: say.into(),
        };
        let farewell = async {
            for frame in self.outbox.pop(usize::MAX) {
                let message = match frame {
                    Frame::Binary(bytes) => Message::Binary(bytes),
                    Frame::Text(text) => Message::Text(text.into()),
                };
                self.ws.feed(message).await?;
            }
            self.ws.send(Message::Close(Some(frame))).await?;
            while let Some(Ok(_)) = self.ws.next().await {}
            Ok::<(), axum::Error>(())
        };
        // Nothing is owed to a client that does not take its farewell.
        tokio::time::timeout(LINGER, farewell).await.ok();
    }
}
