//! The task of one socket: frames in and out, and the limits that hold for both dialects.
//!
//! One loop serves both directions. Writing never waits inside an arm, so that a client that does
//! not read still hears of its end; reading pauses while the client takes nothing, sends too fast,
//! or costs its room too much time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use convene_protocol::error_code::{Dialect, ErrorCode};
use futures_util::{SinkExt, StreamExt};

use crate::clock::Clock;
use crate::config::Limits;
use crate::ids::SessionId;
use crate::room::outbox::{Ending, Frame, Outbox};
use crate::session::attachment::Opening;
use crate::session::directory::{DirectoryFull, Place};
use crate::session::hocuspocus::Hocuspocus;
use crate::session::rate_limit::Bucket;
use crate::session::upgrade::SessionState;
use crate::session::ywebsocket::YWebsocket;

/// Stock clients reconnect after 30 s without data; pings do not count for them.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(15);
/// A ping goes out when nothing was heard for this long...
const PING_AFTER: Duration = Duration::from_secs(25);
/// ...and a socket that stays silent for this long is dead.
const DEAD_AFTER: Duration = Duration::from_secs(60);
/// What is handed to the socket between two looks at everything else.
const WRITE_BYTES: usize = 64 << 10;
/// How long input is discarded after a close, so that the close arrives.
const LINGER: Duration = Duration::from_secs(2);
/// The longest pause a client is put into before it is sent away.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// The longest close reason a frame can carry.
const REASON_BYTES_MAX: usize = 123;

/// How a socket begins.
pub(super) enum Opener {
    /// With the plan its URL names.
    YWebsocket {
        state: SessionState,
        outbox: Arc<Outbox>,
        place: Place,
        plan: String,
        token: Option<String>,
    },
    /// With nothing open.
    Hocuspocus(Box<Hocuspocus>),
}

/// One dialect on one socket.
enum Speaker {
    YWebsocket(YWebsocket, #[expect(dead_code, reason = "given back when dropped")] Place),
    Hocuspocus(Box<Hocuspocus>),
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
        let (per_second, burst) = (limits.update_bytes_per_second, limits.update_bytes_burst);
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
            update_bytes: Bucket::new(per_second as f64, burst as f64, now),
            apply_time: Bucket::new(apply, apply * 4.0, now),
            opened_at: now,
            unauthenticated_frames: 0,
            unauthenticated_bytes: 0,
            limits,
        }
    }

    /// Serves the socket until it ends.
    pub(super) async fn run(&mut self, opener: Opener) {
        let mut speaker = match self.open(opener).await {
            Ok(speaker) => speaker,
            Err(ending) => return self.refuse(ending).await,
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
            End::Say(ending) => self.close(ending).await,
            // The answer to the client's own close; without it the client sees a broken connection.
            End::Gone => {
                tokio::time::timeout(LINGER, self.ws.flush()).await.ok();
            }
        }
    }

    async fn open(&mut self, opener: Opener) -> Result<Speaker, Ending> {
        match opener {
            Opener::Hocuspocus(speaker) => Ok(Speaker::Hocuspocus(speaker)),
            Opener::YWebsocket { state, outbox, place, plan, token } => {
                self.dialect = Dialect::YWebsocket;
                let opening = Opening { state: &state, place: &place, outbox: &outbox };
                let speaker = YWebsocket::open(opening, &plan, token.as_deref()).await?;
                Ok(Speaker::YWebsocket(speaker, place))
            }
        }
    }

    /// Closes a socket that could not be served.
    pub(super) async fn refuse(&mut self, ending: Ending) {
        self.close(ending).await;
    }

    /// Closes a socket for which there is no place.
    pub(super) async fn refuse_full(&mut self, full: DirectoryFull) {
        self.close(Ending::new(ErrorCode::Unavailable, full.to_string())).await;
    }

    async fn turn(&mut self, speaker: &mut Speaker) -> Result<(), End> {
        let has_frames = !self.outbox.is_empty();
        if !has_frames && let Some(ending) = self.outbox.ending() {
            return Err(End::Say(ending));
        }
        let may_read = !self.outbox.is_over_limit() && self.outbox.ending().is_none();
        match self.wait(speaker, has_frames, may_read).await {
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

    async fn wait(&mut self, speaker: &Speaker, has_frames: bool, may_read: bool) -> Event {
        let pause = self.pause(speaker);
        let read_after = self.read_after.map(|at| at.saturating_duration_since(self.now()));
        let (outbox, unflushed) = (Arc::clone(&self.outbox), self.unflushed);
        let ws = &mut self.ws;
        // The stream and the sink are one object, polled in turn within one arm.
        let transfer = std::future::poll_fn(|cx| {
            if has_frames {
                if let std::task::Poll::Ready(ready) = ws.poll_ready_unpin(cx) {
                    return std::task::Poll::Ready(Event::Writable(ready));
                }
            } else if unflushed
                && let std::task::Poll::Ready(flushed) = ws.poll_flush_unpin(cx)
            {
                return std::task::Poll::Ready(Event::Flushed(flushed));
            }
            if may_read && read_after.is_none_or(|wait| wait.is_zero()) {
                return ws.poll_next_unpin(cx).map(Event::Received);
            }
            std::task::Poll::Pending
        });
        tokio::select! {
            event = transfer => event,
            () = outbox.changed() => Event::Changed,
            () = tokio::time::sleep(pause) => Event::Time,
        }
    }

    /// How long until time alone brings something.
    fn pause(&self, speaker: &Speaker) -> Duration {
        let now = self.now();
        let mut pause = KEEPALIVE_AFTER.saturating_sub(now.duration_since(self.sent_at));
        if let Some(at) = self.read_after {
            pause = pause.min(at.saturating_duration_since(now));
        }
        if let Some(due) = speaker.next_due() {
            pause = pause.min(due.since(self.clock.now()));
        }
        if !speaker.is_authenticated() {
            let deadline = self.limits.unauthenticated_for_max;
            pause = pause.min(deadline.saturating_sub(now.duration_since(self.opened_at)));
        }
        // Due already, or nearly: not a busy loop.
        pause.max(Duration::from_millis(5))
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
        let Some(Ok(message)) = received else { return Err(End::Gone) };
        self.heard_at = self.now();
        self.pinged = false;
        let bytes = match &message {
            Message::Binary(frame) => frame.len(),
            Message::Text(text) => text.len(),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(End::Gone),
        };
        self.check_unauthenticated(speaker, bytes).map_err(End::Say)?;
        if bytes > self.limits.frame_bytes_max {
            return speaker.refuse_too_large(&message, &self.limits).await.map_err(End::Say);
        }
        let outcome = match message {
            Message::Binary(frame) => speaker.receive(&frame).await,
            Message::Text(text) => speaker.text(text.as_str()).await,
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Ok(()),
        };
        outcome.map_err(End::Say)?;
        self.throttle(bytes).map_err(End::Say)
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

    /// Stops reading for as long as this socket has run ahead of its share.
    fn throttle(&mut self, bytes: usize) -> Result<(), Ending> {
        let now = self.now();
        let for_bytes = self.update_bytes.take(bytes as f64, now);
        let spent = self.outbox.take_apply_charge();
        let for_apply = self.apply_time.take(spent.as_secs_f64(), now);
        let wait = for_bytes.max(for_apply);
        if wait > PAUSE_MAX {
            return Err(Ending::new(
                ErrorCode::RateLimited,
                "this connection asks for more work than its share; slow down and reconnect",
            ));
        }
        self.read_after = (!wait.is_zero()).then(|| now + wait);
        if !wait.is_zero() {
            metrics::counter!("convene_sessions_throttled_total").increment(1);
        }
        Ok(())
    }

    async fn on_time(&mut self, speaker: &mut Speaker) -> Result<(), End> {
        let now = self.now();
        if self.read_after.is_some_and(|at| at <= now) {
            self.read_after = None;
            // What was waiting behind the pause may be the sign of life.
            self.heard_at = now;
        }
        let stalled = self.stalled_since.is_some_and(|since| {
            now.duration_since(since) > self.limits.stalled_for_max
        });
        if stalled {
            metrics::counter!("convene_slow_sockets_closed_total").increment(1);
            return Err(End::Gone);
        }
        if self.read_after.is_none() && now.duration_since(self.heard_at) > DEAD_AFTER {
            return Err(End::Gone);
        }
        if !speaker.is_authenticated()
            && now.duration_since(self.opened_at) >= self.limits.unauthenticated_for_max
        {
            let say = "no access token came in time";
            return Err(End::Say(Ending::new(ErrorCode::Unauthenticated, say)));
        }
        speaker.on_time(self.clock.now()).await.map_err(End::Say)?;
        if now.duration_since(self.sent_at) >= KEEPALIVE_AFTER {
            self.keep_alive(speaker, now)?;
        }
        Ok(())
    }

    fn keep_alive(&mut self, speaker: &Speaker, now: Instant) -> Result<(), End> {
        self.sent_at = now;
        if let Some(frame) = speaker.keepalive() {
            self.outbox.push_answer(Frame::Binary(frame));
        }
        if !self.pinged && now.duration_since(self.heard_at) >= PING_AFTER {
            self.pinged = true;
            self.ws.start_send_unpin(Message::Ping(Bytes::new())).map_err(|_| End::Gone)?;
            self.unflushed = true;
        }
        Ok(())
    }

    /// Writes what is queued and the close, and then reads on for a while: a close sent over unread
    /// input arrives as a broken connection.
    async fn close(&mut self, ending: Ending) {
        let code = ending.code.close_code(self.dialect);
        metrics::counter!("convene_closes_total", "code" => ending.code.as_str()).increment(1);
        tracing::info!(code, say = ending.say, "closing a socket");
        let mut say = ending.say;
        while say.len() > REASON_BYTES_MAX {
            say.pop();
        }
        let frame = CloseFrame { code, reason: say.into() };
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

    fn now(&self) -> Instant {
        self.clock.monotonic()
    }
}

impl Speaker {
    async fn receive(&mut self, frame: &Bytes) -> Result<(), Ending> {
        match self {
            Self::YWebsocket(speaker, _) => speaker.receive(frame).await,
            Self::Hocuspocus(speaker) => speaker.receive(frame).await,
        }
    }

    async fn text(&mut self, text: &str) -> Result<(), Ending> {
        match self {
            Self::YWebsocket(..) => Err(Ending::new(
                ErrorCode::Malformed,
                "this address takes binary frames only; the control channel is at /ws",
            )),
            Self::Hocuspocus(speaker) => {
                speaker.text(text).await;
                Ok(())
            }
        }
    }

    async fn refuse_too_large(&mut self, message: &Message, limits: &Limits) -> Result<(), Ending> {
        let say = format!("a frame may have {} bytes", limits.frame_bytes_max);
        match (self, message) {
            (Self::Hocuspocus(speaker), Message::Binary(frame)) => {
                speaker.refuse_too_large(frame, say).await
            }
            _ => Err(Ending::new(ErrorCode::TooLarge, say)),
        }
    }

    async fn drained(&self, sessions: &[SessionId]) -> Result<(), Ending> {
        if sessions.is_empty() {
            return Ok(());
        }
        match self {
            Self::YWebsocket(speaker, _) => speaker.drained().await,
            Self::Hocuspocus(speaker) => speaker.drained(sessions).await,
        }
    }

    async fn on_time(&mut self, now: crate::clock::Timestamp) -> Result<(), Ending> {
        match self {
            Self::YWebsocket(speaker, _) => speaker.on_time(now),
            Self::Hocuspocus(speaker) => speaker.on_time(now).await,
        }
    }

    fn next_due(&self) -> Option<crate::clock::Timestamp> {
        match self {
            Self::YWebsocket(speaker, _) => Some(speaker.next_due()),
            Self::Hocuspocus(speaker) => speaker.next_due(),
        }
    }

    fn keepalive(&self) -> Option<Bytes> {
        match self {
            Self::YWebsocket(speaker, _) => speaker.keepalive(),
            Self::Hocuspocus(speaker) => speaker.keepalive(),
        }
    }

    fn is_authenticated(&self) -> bool {
        match self {
            Self::YWebsocket(..) => true,
            Self::Hocuspocus(speaker) => speaker.is_authenticated(),
        }
    }
}
