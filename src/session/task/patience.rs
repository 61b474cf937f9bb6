//! What time brings to a socket: keepalives, pings, pauses for those who run ahead, and its end.

use std::time::{Duration, Instant};

use axum::extract::ws::Message;
use bytes::Bytes;
use convene_protocol::error_code::ErrorCode;
use futures_util::SinkExt;

use super::{End, SocketTask};
use crate::room::outbox::{Ending, Frame};
use crate::session::rate_limit;
use crate::session::speaker::Speaker;

/// Stock clients reconnect after 30 s without data; pings do not count for them.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(15);
/// A ping goes out when nothing was heard for this long...
const PING_AFTER: Duration = Duration::from_secs(25);
/// ...and a socket that stays silent for this long is dead.
const DEAD_AFTER: Duration = Duration::from_mins(1);
/// Time is not looked at more often than this, whatever is due.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(5);
/// The longest pause a client is put into before it is sent away.
const PAUSE_MAX: Duration = Duration::from_secs(30);

impl SocketTask {
    /// Has the timer wake this task when time alone brings something; false when that is now.
    pub(super) fn set_timer(&mut self, speaker: &Speaker, now: Instant) -> bool {
        let due_at = now + self.pause(speaker, now);
        let may_look_at = self.looked_at + LOOK_EVERY;
        let wake_at = due_at.max(may_look_at);
        if wake_at <= now {
            return false;
        }
        // One that wakes it early costs less than setting it with every frame.
        if self.timer.is_elapsed() || self.timer.deadline() > wake_at.into() {
            self.timer.as_mut().reset(wake_at.into());
        }
        true
    }

    /// How long until time alone brings something.
    fn pause(&self, speaker: &Speaker, now: Instant) -> Duration {
        let mut pause = KEEPALIVE_AFTER.saturating_sub(now.duration_since(self.sent_at));
        let patience = if self.pinged { DEAD_AFTER } else { PING_AFTER };
        pause = pause.min(match self.read_after {
            Some(at) => at.saturating_duration_since(now),
            None => patience.saturating_sub(now.duration_since(self.heard_at)),
        });
        if let Some(since) = self.stalled_since {
            let stalled = now.duration_since(since);
            pause = pause.min(self.limits.stalled_for_max.saturating_sub(stalled));
        }
        if let Some(due) = speaker.next_due() {
            pause = pause.min(due.since(self.clock.now()));
        }
        if !speaker.is_authenticated() {
            let deadline = self.limits.unauthenticated_for_max;
            pause = pause.min(deadline.saturating_sub(now.duration_since(self.opened_at)));
        }
        pause
    }

    /// Stops reading for as long as this socket has run ahead of its share.
    pub(super) fn throttle(&mut self, bytes: usize) -> Result<(), Ending> {
        let now = self.now();
        let for_bytes = self.update_bytes.take(rate_limit::bytes(bytes), now);
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

    pub(super) async fn on_time(&mut self, speaker: &mut Speaker) -> Result<(), End> {
        let now = self.now();
        self.looked_at = now;
        if self.read_after.is_some_and(|at| at <= now) {
            self.read_after = None;
            // What was waiting behind the pause may be the sign of life.
            self.heard_at = now;
        }
        let stalled = self
            .stalled_since
            .is_some_and(|since| now.duration_since(since) >= self.limits.stalled_for_max);
        if stalled {
            metrics::counter!("convene_slow_sockets_closed_total").increment(1);
            return Err(End::Gone);
        }
        if self.read_after.is_none() && now.duration_since(self.heard_at) >= DEAD_AFTER {
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
            self.keep_alive(speaker, now);
        }
        self.ping(now)
    }

    fn keep_alive(&mut self, speaker: &Speaker, now: Instant) {
        self.sent_at = now;
        if let Some(frame) = speaker.keepalive() {
            self.outbox.push_answer(Frame::Binary(frame));
        }
    }

    /// Asks a silent client whether it lives, however much it is being sent.
    fn ping(&mut self, now: Instant) -> Result<(), End> {
        let is_throttled = self.read_after.is_some();
        if self.pinged || is_throttled || now.duration_since(self.heard_at) < PING_AFTER {
            return Ok(());
        }
        self.pinged = true;
        self.ws
            .start_send_unpin(Message::Ping(Bytes::new()))
            .map_err(|_| End::Gone)?;
        self.unflushed = true;
        Ok(())
    }
}
