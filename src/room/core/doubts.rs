//! Updates that are not accepted yet, because another node may know better.
//!
//! A page that comes from another node brings along what it was shown there, edits of others that this
//! node may not have heard of. Here they look like edits under foreign client ids, or like a reader who
//! writes. So before such an update is refused the journal is read, once, and it is tried again.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::ids::SessionId;
use crate::room::core::{Others, RoomCore};
use crate::room::effect::Effect;

/// Updates in doubt, in order.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    waiting: VecDeque<(SessionId, Bytes)>,
    bytes: usize,
    /// The journal was read since the last of them came.
    is_settled: bool,
}

/// Whether an update may be put in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Try {
    First,
    Last,
}

impl Doubts {
    /// Whether the journal is to be read for them.
    pub(super) fn want_reading(&self) -> bool {
        !self.waiting.is_empty() && !self.is_settled
    }

    /// The journal has been read to its end.
    pub(super) fn settle(&mut self) {
        self.is_settled = true;
    }

    pub(super) fn forget(&mut self, session: SessionId) {
        self.waiting.retain(|(one, _)| *one != session);
        self.bytes = self.waiting.iter().map(|(_, update)| update.len()).sum();
    }

    fn has(&self, session: SessionId) -> bool {
        self.waiting.iter().any(|(one, _)| *one == session)
    }

    fn push(&mut self, session: SessionId, update: Bytes) {
        self.bytes += update.len();
        self.waiting.push_back((session, update));
        self.is_settled = false;
    }
}

impl RoomCore {
    /// Whether an update of `session` waits to be tried again, for oracles of tests.
    pub fn is_in_doubt(&self, session: SessionId) -> bool {
        self.doubts.has(session)
    }

    /// Puts an update in doubt that would have to be refused. False when there is nobody who could know
    /// better, or it was tried again already, or too much waits.
    pub(super) fn doubts(&mut self, attempt: Try, session: SessionId, update: &Bytes) -> bool {
        let fits = self.doubts.bytes + update.len() <= self.limits.backlog_bytes_max;
        let may_be_known = self.others != Others::None && attempt == Try::First && fits;
        if may_be_known {
            self.doubts.push(session, update.clone());
        }
        may_be_known
    }

    /// Puts an update behind those of its session that are in doubt, if there are any.
    pub(super) fn queues_behind_doubts(&mut self, session: SessionId, update: &Bytes) -> bool {
        let is_behind = self.doubts.has(session);
        if is_behind && self.doubts.bytes > self.limits.backlog_bytes_max {
            self.turn_away(session);
        } else if is_behind {
            self.doubts.push(session, update.clone());
        }
        is_behind
    }

    /// Has updates tried again once the journal was read.
    pub(super) fn try_again(&mut self) {
        if !self.doubts.is_settled || self.poisoned {
            return;
        }
        self.doubts.is_settled = false;
        self.doubts.bytes = 0;
        for (session, update) in std::mem::take(&mut self.doubts.waiting) {
            self.effects.push(Effect::TryAgain { session, update });
        }
    }
}
