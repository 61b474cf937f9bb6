//! What waits to be written to one socket: bounded in bytes, filled by rooms without waiting.
//!
//! Rooms and control methods push, the socket's task pops. An update that does not fit is not
//! queued: the room learns it at once, stops sending to that session and catches it up with one
//! sync step 2 when the queue is empty again. So a slow reader costs at most this queue.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use convene_protocol::error_code::ErrorCode;
use tokio::sync::Notify;

use crate::ids::SessionId;

/// One message for the socket.
#[derive(Debug, Clone)]
pub enum Frame {
    /// A frame of the document protocols.
    Binary(Bytes),
    /// A control message, only for a socket that sent one: stock Node clients go deaf on text.
    Text(String),
}

impl Frame {
    fn bytes(&self) -> usize {
        match self {
            Self::Binary(bytes) => bytes.len(),
            Self::Text(text) => text.len(),
        }
    }
}

/// Why a socket is to be closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Decides the close code.
    pub code: ErrorCode,
    /// The close reason, at most 123 bytes of it are sent.
    pub say: String,
}

impl Ending {
    /// An ending with its reason.
    pub fn new(code: ErrorCode, say: impl Into<String>) -> Self {
        Self {
            code,
            say: say.into(),
        }
    }
}

/// The queue did not take the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// The bounded queue of one socket.
#[derive(Debug)]
pub struct Outbox {
    queue: Mutex<Queue>,
    /// Wakes the socket's task: there is something to write, or an ending.
    changed: Notify,
    bytes_max: usize,
    apply_nanos: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// Sessions that missed frames; told to their rooms once everything is written.
    behind: BTreeSet<SessionId>,
    ending: Option<Ending>,
}

impl Outbox {
    /// An empty queue that takes about `bytes_max` bytes of updates.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            queue: Mutex::default(),
            changed: Notify::new(),
            bytes_max,
            apply_nanos: AtomicU64::new(0),
        }
    }

    /// Queues an answer the client asked for or is owed. Always taken: the socket's task reads
    /// nothing more from a client while its queue is over the limit.
    pub fn push_answer(&self, frame: Frame) {
        let mut queue = self.lock();
        if queue.ending.is_some() {
            return;
        }
        queue.push(frame);
        let too_slow = queue.bytes > self.bytes_max.saturating_mul(4) && queue.frames.len() > 64;
        if too_slow && queue.ending.is_none() {
            queue.ending = Some(Ending::new(
                ErrorCode::SlowConsumer,
                "this connection takes nothing; reconnect to catch up",
            ));
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// Queues a committed update for `session`, or marks the session as behind.
    pub fn push_update(&self, session: SessionId, frame: Bytes) -> Result<(), Full> {
        self.push_bounded(session, frame, self.bytes_max)
    }

    /// Marks `session` as behind if more waits than the limit: what is as large as a document is sent
    /// when it has drained, or a few bytes of questions would fill the memory with answers.
    pub fn put_off(&self, session: SessionId) -> bool {
        let mut queue = self.lock();
        let is_full = queue.bytes > self.bytes_max;
        if is_full {
            queue.behind.insert(session);
        }
        is_full
    }

    /// Queues presence for `session`. It gives way to updates: a queue that is a quarter full takes
    /// none, and the session gets everybody's presence again when it has caught up.
    pub fn push_presence(&self, session: SessionId, frame: Bytes) -> Result<(), Full> {
        self.push_bounded(session, frame, self.bytes_max / 4)
    }

    fn push_bounded(&self, session: SessionId, frame: Bytes, limit: usize) -> Result<(), Full> {
        let mut queue = self.lock();
        if queue.ending.is_some() {
            return Ok(());
        }
        // A single frame above the limit still passes an empty queue, or it never would.
        if queue.bytes > 0 && queue.bytes.saturating_add(frame.len()) > limit {
            queue.behind.insert(session);
            return Err(Full);
        }
        queue.push(Frame::Binary(frame));
        drop(queue);
        self.changed.notify_one();
        Ok(())
    }

    /// Asks the socket's task to close, after writing what is queued. The first reason stands.
    pub fn end(&self, ending: Ending) {
        self.lock().ending.get_or_insert(ending);
        self.changed.notify_one();
    }

    /// Why the socket is to be closed, if it is.
    pub fn ending(&self) -> Option<Ending> {
        self.lock().ending.clone()
    }

    /// Takes frames worth about `bytes`, at least one if there is any.
    pub fn pop(&self, bytes: usize) -> Vec<Frame> {
        let mut queue = self.lock();
        let mut taken = Vec::new();
        let mut sum = 0;
        while sum < bytes {
            let Some(frame) = queue.frames.pop_front() else {
                break;
            };
            queue.bytes -= frame.bytes();
            sum += frame.bytes();
            taken.push(frame);
        }
        taken
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lock().frames.is_empty()
    }

    /// Whether more waits than the limit: the socket's task then stops reading.
    pub fn is_over_limit(&self) -> bool {
        self.lock().bytes > self.bytes_max
    }

    /// The sessions that missed frames, once the queue is empty; each is given once.
    pub fn take_behind(&self) -> Vec<SessionId> {
        let mut queue = self.lock();
        if queue.frames.is_empty() && !queue.behind.is_empty() {
            std::mem::take(&mut queue.behind).into_iter().collect()
        } else {
            Vec::new()
        }
    }

    /// Returns when something was pushed or ended since the last call.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Charges time that a room spent on applying what came from this socket.
    pub fn charge_apply(&self, spent: Duration) {
        let nanos = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        self.apply_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The time charged since the last call.
    pub fn take_apply_charge(&self) -> Duration {
        Duration::from_nanos(self.apply_nanos.swap(0, Ordering::Relaxed))
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while the lock is held, and the queue is whole after every statement.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn push(&mut self, frame: Frame) {
        self.bytes += frame.bytes();
        self.frames.push_back(frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn frame(bytes: usize) -> Bytes {
        Bytes::from(vec![0; bytes])
    }

    #[test]
    fn an_update_that_does_not_fit_marks_the_session_as_behind() {
        let outbox = Outbox::new(100);
        let session = SessionId::generate(&Clock::system());
        assert_eq!(outbox.push_update(session, frame(60)), Ok(()));
        assert_eq!(outbox.push_update(session, frame(60)), Err(Full));
        assert!(
            outbox.take_behind().is_empty(),
            "only once everything is written"
        );
        assert_eq!(outbox.pop(1_000).len(), 1);
        assert_eq!(outbox.take_behind(), [session]);
        assert!(outbox.take_behind().is_empty());
    }

    #[test]
    fn one_large_frame_passes_an_empty_queue() {
        let outbox = Outbox::new(100);
        let session = SessionId::generate(&Clock::system());
        assert_eq!(outbox.push_update(session, frame(500)), Ok(()));
        assert!(outbox.is_over_limit());
    }

    #[test]
    fn presence_gives_way_to_updates() {
        let outbox = Outbox::new(100);
        let session = SessionId::generate(&Clock::system());
        assert_eq!(outbox.push_update(session, frame(20)), Ok(()));
        assert_eq!(outbox.push_presence(session, frame(20)), Err(Full));
        assert_eq!(outbox.push_update(session, frame(20)), Ok(()));
    }

    #[test]
    fn the_first_reason_to_close_stands() {
        let outbox = Outbox::new(100);
        outbox.end(Ending::new(ErrorCode::Forbidden, "removed"));
        outbox.end(Ending::new(ErrorCode::ShuttingDown, "bye"));
        assert_eq!(outbox.ending().unwrap().code, ErrorCode::Forbidden);
    }
}
