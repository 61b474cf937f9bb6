//! The task of one socket: frames in and out, and the limits that hold for both dialects.
//!
//! One loop serves both directions. Writing never waits inside an arm, so that a client that does
//! not read still hears of its end; reading pauses while the client takes nothing, sends too fast,
//! or costs its room too much time.

mod farewell;
mod patience;

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use axum::extract::ws::{Message, WebSocket};
use convene_protocol::error_code::{Dialect, ErrorCode};
use futures_util::{SinkExt, StreamExt};
use tokio::time::Sleep;

use crate::clock::Clock;
use crate::config::Limits;
use crate::room::outbox::{Ending, Frame, Outbox};
use crate::session::attachment::Opening;
use crate::session::directory::Place;
use crate::session::hocuspocus::Hocuspocus;
use crate::session::rate_limit::{Bucket, bytes};
use crate::session::speaker::Speaker;
use crate::session::upgrade::SessionState;
use crate::session::ywebsocket::YWebsocket;

/// What is handed to the socket between two looks at everything else.
const WRITE_BYTES: usize = 64 << 10;

/// What a message counts for at least: looking at an empty one is work too.
const MESSAGE_BYTES_MIN: usize = 32;

/// How a socket begins.
pub(super) enum Opener {
    /// With the plan its URL names.
    YWebsocket(Box<Named>),
    /// With nothing open.
    Hocuspocus(Box<Hocuspocus>),
}

/// A socket whose URL names its plan.
pub(super) struct Named {
    pub(super) state: SessionState,
    pub(super) outbox: Arc<Outbox>,
    pub(super) place: Place,
    pub(super) plan: String,
    pub(super) token: Option<String>,
}

/// One socket.
pub(super) struct SocketTask {
    ws: WebSocket,
    outbox: Arc<Outbox>,
    clock: Clock,
    limits: Arc<Limits>,
    dialect: Dialect,
    unflushed: bool,
    /// When the socket last took something, while something waits.
    stalled_since: Option<Instant>,
    heard_at: Instant,
    pinged: bool,
    sent_at: Instant,
    read_after: Option<Instant>,
    update_bytes: Bucket,
    apply_time: Bucket,
    opened_at: Instant,
    unauthenticated_frames: usize,
    unauthenticated_bytes: usize,
    /// Wakes this task when time alone brings something; never later than that.
    timer: Pin<Box<Sleep>>,
    /// When it last looked at what time has brought.
    looked_at: Instant,
}

/// What one round of the loop brought.
enum Event {
    Changed,
    Writable(Result<(), axum::Error>),
    Flushed(Result<(), axum::Error>),
    Received(Option<Result<Message, axum::Error>>),
    Time,
}

/// How a socket ends.
enum End {
    /// With a close frame.
    Say(Ending),
    /// The client closed, or the connection broke.
    Gone,
}

impl SocketTask {
    pub(super) fn new(state: &SessionState, ws: WebSocket, outbox: Arc<Outbox>) -> Self {
        let now = state.clock.monotonic();
        let limits = Arc::clone(&state.limits);
        let apply = limits.apply_per_second.as_secs_f64();
        Self {
            ws,
            outbox,
            clock: state.clock.clone(),
            dialect: Dialect::Hocuspocus,
            unflushed: false,
            stalled_since: None,
            heard_at: now,
            pinged: false,
            sent_at: now,
            read_after: None,
            update_bytes: Bucket::new(
                bytes(limits.update_bytes_per_second),
                bytes(limits.update_bytes_burst),
                now,
            ),
            apply_time: Bucket::new(apply, apply * 4.0, now),
            opened_at: now,
            unauthenticated_frames: 0,
            unauthenticated_bytes: 0,
            timer: Box::pin(tokio::time::sleep(patience::LOOK_EVERY)),
            looked_at: now,
            limits,
        }
    }

    /// Serves the socket until it ends.
    pub(super) async fn run(&mut self, opener: Opener) {
        let mut speaker = match Box::pin(self.open(opener)).await {
            Ok(speaker) => speaker,
            Err(ending) => return Box::pin(self.refuse(ending)).await,
        };
        let end = loop {
            match self.turn(&mut speaker).await {
                Ok(()) => {}
                Err(end) => break end,
            }
        };
        match &speaker {
            Speaker::YWebsocket(speaker, _) => speaker.attachment().leave().await,
            Speaker::Hocuspocus(speaker) => speaker.leave().await,
        }
        drop(speaker);
        match end {
            End::Say(ending) => Box::pin(self.close(ending)).await,
            // The answer to the client's own close; without it the client sees a broken connection.
            End::Gone => {
                tokio::time::timeout(farewell::LINGER, self.ws.flush())
                    .await
                    .ok();
            }
        }
    }

    async fn open(&mut self, opener: Opener) -> Result<Speaker, Ending> {
        match opener {
            Opener::Hocuspocus(speaker) => Ok(Speaker::Hocuspocus(speaker)),
            Opener::YWebsocket(named) => {
                let Named {
                    state,
                    outbox,
                    place,
                    plan,
                    token,
                } = *named;
                self.dialect = Dialect::YWebsocket;
                let opening = Opening {
                    state: &state,
                    place: &place,
                    outbox: &outbox,
                };
                let speaker = YWebsocket::open(opening, &plan, token.as_deref()).await?;
                Ok(Speaker::YWebsocket(Box::new(speaker), place))
            }
        }
    }

    async fn turn(&mut self, speaker: &mut Speaker) -> Result<(), End> {
        if self.outbox.is_empty()
            && let Some(ending) = self.outbox.ending()
        {
            return Err(End::Say(ending));
        }
        match self.wait(speaker).await {
            Event::Changed => Ok(()),
            Event::Writable(ready) => {
                ready.map_err(|_| End::Gone)?;
                self.write()
            }
            Event::Flushed(flushed) => {
                flushed.map_err(|_| End::Gone)?;
                self.unflushed = false;
                self.stalled_since = None;
                let behind = self.outbox.take_behind();
                speaker.drained(&behind).await.map_err(End::Say)
            }
            Event::Received(received) => self.receive(speaker, received).await,
            Event::Time => self.on_time(speaker).await,
        }
    }

    async fn wait(&mut self, speaker: &Speaker) -> Event {
        let now = self.now();
        // Before anything else, or a socket that is never quiet would never come to it.
        if !self.set_timer(speaker, now) {
            return Event::Time;
        }
        let has_frames = !self.outbox.is_empty();
        let may_read = !self.outbox.is_over_limit()
            && self.outbox.ending().is_none()
            && self.read_after.is_none_or(|at| at <= now);
        let unflushed = self.unflushed;
        let Self {
            ws, outbox, timer, ..
        } = self;
        // The stream and the sink are one object, polled in turn within one arm.
        let transfer = std::future::poll_fn(|cx| {
            if has_frames {
                if let Poll::Ready(ready) = ws.poll_ready_unpin(cx) {
                    return Poll::Ready(Event::Writable(ready));
                }
            } else if unflushed && let Poll::Ready(flushed) = ws.poll_flush_unpin(cx) {
                return Poll::Ready(Event::Flushed(flushed));
            }
            if may_read {
                return ws.poll_next_unpin(cx).map(Event::Received);
            }
            Poll::Pending
        });
        tokio::select! {
            event = transfer => event,
            () = outbox.changed() => Event::Changed,
            () = timer => Event::Time,
        }
    }

    fn write(&mut self) -> Result<(), End> {
        self.stalled_since = None;
        for frame in self.outbox.pop(WRITE_BYTES) {
            let message = match frame {
                Frame::Binary(bytes) => Message::Binary(bytes),
                Frame::Text(text) => Message::Text(text.into()),
            };
            self.ws.start_send_unpin(message).map_err(|_| End::Gone)?;
        }
        self.sent_at = self.now();
        self.unflushed = true;
        self.stalled_since = Some(self.sent_at);
        Ok(())
    }

    async fn receive(
        &mut self,
        speaker: &mut Speaker,
        received: Option<Result<Message, axum::Error>>,
    ) -> Result<(), End> {
        // A broken connection and one that ended look alike from here: the client comes back.
        let Some(Ok(message)) = received else {
            return Err(End::Gone);
        };
        self.heard_at = self.now();
        self.pinged = false;
        let bytes = match &message {
            Message::Binary(frame) => frame.len(),
            Message::Text(text) => text.len(),
            Message::Ping(_) | Message::Pong(_) => {
                return self.throttle(MESSAGE_BYTES_MIN).map_err(End::Say);
            }
            Message::Close(_) => return Err(End::Gone),
        };
        self.check_unauthenticated(speaker, bytes)
            .map_err(End::Say)?;
        let outcome = if bytes > self.limits.frame_bytes_max {
            speaker.refuse_too_large(&message, &self.limits).await
        } else {
            match message {
                Message::Binary(frame) => speaker.receive(&frame).await,
                Message::Text(text) => speaker.text(text.as_str()).await,
                Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Ok(()),
            }
        };
        outcome.map_err(End::Say)?;
        self.throttle(bytes.max(MESSAGE_BYTES_MIN))
            .map_err(End::Say)
    }

    fn check_unauthenticated(&mut self, speaker: &Speaker, bytes: usize) -> Result<(), Ending> {
        if speaker.is_authenticated() {
            return Ok(());
        }
        self.unauthenticated_frames += 1;
        self.unauthenticated_bytes += bytes;
        if self.unauthenticated_frames > self.limits.unauthenticated_frames_max
            || self.unauthenticated_bytes > self.limits.unauthenticated_bytes_max
        {
            return Err(Ending::new(
                ErrorCode::Unauthenticated,
                "too much was sent before an access token",
            ));
        }
        Ok(())
    }

    fn now(&self) -> Instant {
        self.clock.monotonic()
    }
}
