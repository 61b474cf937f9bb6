//! Updates that are not decided yet, because what is still to come decides them.
//!
//! Two things are waited for:
//!
//! - **The journal.** A page that comes from another node brings along what it was shown there, edits of
//!   others that this node may not have heard of. Here they look like edits under foreign client ids, or
//!   like a reader who writes. So before such an update is refused the journal is read, once.
//! - **The client's own answer.** What was written while a connection was down is sent change by change as
//!   soon as there is a new one (Hocuspocus' provider does so), and all of it builds on what was lost with
//!   the old one. That comes with the client's step 2, which answers the step 1 it was sent.
//!
//! Whatever a session sends behind such an update waits behind it, so that statuses keep their order.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::ServerMessage;

use crate::clock::Timestamp;
use crate::ids::SessionId;
use crate::room::core::{Others, RoomCore};
use crate::room::effect::Effect;
use crate::room::input::{Attempt, UpdateKind};

/// Updates that wait in one room at most, beside their bytes.
const UPDATES_MAX: usize = 8_192;

/// How long a client has for its answer. A stock client answers at once; a large answer over a slow line
/// has as long as its frame may take.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// The undecided updates of all sessions.
#[derive(Debug, Default)]
pub(super) struct Deferred {
    of_session: BTreeMap<SessionId, Waiting>,
    bytes: usize,
    count: usize,
    /// The reading of the journal that is under way, or was the last, began after the last update came
    /// that waits for it.
    is_covered: bool,
    /// The journal was read for all of them.
    is_settled: bool,
}

/// The undecided updates of one session, in order.
#[derive(Debug)]
struct Waiting {
    awaits: Awaits,
    since: Timestamp,
    updates: VecDeque<(Attempt, Bytes)>,
}

/// What the first of them is decided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaits {
    /// What the journal holds by now.
    Journal,
    /// The client's next step 2.
    Answer,
}

impl Deferred {
    /// Whether the journal is to be read for them.
    pub(super) fn want_reading(&self) -> bool {
        !self.is_settled && self.has(Awaits::Journal)
    }

    /// A reading of the journal begins.
    pub(super) fn begin_reading(&mut self) {
        self.is_covered = true;
    }

    /// The journal has been read to its end. What came meanwhile needs another reading.
    pub(super) fn settle(&mut self) {
        self.is_settled = self.is_covered;
    }

    /// Everything that the journal holds is here.
    pub(super) fn settle_all(&mut self) {
        self.is_settled = true;
    }

    /// Whether one more of so many bytes fits.
    fn fits(&self, bytes: usize, bytes_max: usize) -> bool {
        self.bytes + bytes <= bytes_max && self.count < UPDATES_MAX
    }

    pub(super) fn forget(&mut self, session: SessionId) {
        self.take(session);
    }

    fn has(&self, awaits: Awaits) -> bool {
        self.of_session
            .values()
            .any(|waiting| waiting.awaits == awaits)
    }

    fn awaits(&self, session: SessionId) -> Option<Awaits> {
        Some(self.of_session.get(&session)?.awaits)
    }

    fn push(&mut self, session: SessionId, attempt: Attempt, update: Bytes) {
        if let Some(waiting) = self.of_session.get_mut(&session) {
            self.bytes += update.len();
            self.count += 1;
            if waiting.awaits == Awaits::Journal {
                self.is_settled = false;
                self.is_covered = false;
            }
            waiting.updates.push_back((attempt, update));
        }
    }

    fn take(&mut self, session: SessionId) -> VecDeque<(Attempt, Bytes)> {
        let Some(waiting) = self.of_session.remove(&session) else {
            return VecDeque::new();
        };
        self.bytes -= bytes_of(&waiting.updates);
        self.count -= waiting.updates.len();
        waiting.updates
    }

    fn sessions(&self, is_one: impl Fn(&Waiting) -> bool) -> Vec<SessionId> {
        let of_session = self.of_session.iter();
        of_session
            .filter(|(_, waiting)| is_one(waiting))
            .map(|(session, _)| *session)
            .collect()
    }
}

fn bytes_of(updates: &VecDeque<(Attempt, Bytes)>) -> usize {
    updates.iter().map(|(_, update)| update.len()).sum()
}

impl RoomCore {
    /// Whether an update of `session` is not decided yet, for oracles of tests.
    pub fn has_deferred(&self, session: SessionId) -> bool {
        self.deferred.awaits(session).is_some()
    }

    /// Keeps an update until the journal was read, if there is somebody who could know better, and it was
    /// not read for this update yet. When too much waits its client comes back later; one that would never
    /// fit is decided now.
    pub(super) fn defers_to_journal(
        &mut self,
        now: Timestamp,
        session: SessionId,
        (attempt, update): (Attempt, &Bytes),
    ) -> bool {
        let bytes_max = self.limits.backlog_bytes_max;
        if self.others == Others::None || attempt.journal_read || update.len() > bytes_max {
            return false;
        }
        if self.deferred.fits(update.len(), bytes_max) {
            self.defer(now, session, (attempt, update), Awaits::Journal);
        } else {
            self.turn_away(session);
        }
        true
    }

    /// Keeps an update until its client has sent what it builds on, and asks for that unless the answer is
    /// on its way already. False when it was asked before, or would never fit.
    pub(super) fn defers_to_answer(
        &mut self,
        now: Timestamp,
        session: SessionId,
        (attempt, update): (Attempt, &Bytes),
    ) -> bool {
        let bytes_max = self.limits.backlog_bytes_max;
        if attempt.answered || update.len() > bytes_max {
            return false;
        }
        if !self.deferred.fits(update.len(), bytes_max) {
            self.turn_away(session);
            return true;
        }
        self.defer(now, session, (attempt, update), Awaits::Answer);
        if self.members.answers_due(session) == 0 {
            self.members.asks(session);
            self.send(session, ServerMessage::SyncStep1(self.committed.encode()));
        }
        true
    }

    fn defer(
        &mut self,
        now: Timestamp,
        session: SessionId,
        (attempt, update): (Attempt, &Bytes),
        awaits: Awaits,
    ) {
        let waiting = Waiting {
            awaits,
            since: now,
            updates: VecDeque::new(),
        };
        self.deferred.of_session.insert(session, waiting);
        self.deferred.push(session, attempt, update.clone());
    }

    /// Puts an update behind those of its session that are not decided yet, if there are any.
    pub(super) fn waits_its_turn(
        &mut self,
        now: Timestamp,
        session: SessionId,
        (attempt, update): (Attempt, &Bytes),
    ) -> bool {
        let awaits = self.deferred.awaits(session);
        if self.poisoned && awaits.is_none() {
            // One of several that are tried again did harm: the rest is for the next replica.
            self.defer(now, session, (attempt, update), Awaits::Journal);
            return true;
        }
        let answers = attempt.kind == UpdateKind::Answer && awaits == Some(Awaits::Answer);
        let is_over = !self.deferred.fits(0, self.limits.backlog_bytes_max);
        match awaits {
            None => return false,
            Some(_) if is_over && !answers => self.turn_away(session),
            Some(_) => self.deferred.push(session, attempt, update.clone()),
        }
        if answers {
            self.try_answered(session, attempt, update);
        }
        true
    }

    /// The answer came: it is tried first, then everything in its turn, the answer too.
    fn try_answered(&mut self, session: SessionId, attempt: Attempt, update: &Bytes) {
        let ahead = Attempt {
            kind: UpdateKind::AnswerAhead,
            ..attempt
        };
        let updates = self.deferred.take(session);
        for (attempt, update) in std::iter::once((ahead, update.clone())).chain(updates) {
            let attempt = Attempt {
                answered: true,
                ..attempt
            };
            self.try_again(session, attempt, update);
        }
    }

    fn try_again(&mut self, session: SessionId, attempt: Attempt, update: Bytes) {
        self.effects.push(Effect::TryAgain {
            session,
            update,
            attempt,
        });
    }

    /// Has updates tried again once the journal was read.
    pub(super) fn try_settled(&mut self) {
        if !self.deferred.is_settled || self.poisoned {
            return;
        }
        self.deferred.is_settled = false;
        let awaits_journal = |waiting: &Waiting| waiting.awaits == Awaits::Journal;
        for session in self.deferred.sessions(awaits_journal) {
            for (attempt, update) in self.deferred.take(session) {
                let attempt = Attempt {
                    journal_read: true,
                    ..attempt
                };
                self.try_again(session, attempt, update);
            }
        }
    }

    /// Has those come back whose answer never came: a new connection begins with it.
    pub(super) fn give_up_answers(&mut self, now: Timestamp) {
        let is_late = |waiting: &Waiting| {
            waiting.awaits == Awaits::Answer && now.since(waiting.since) > ANSWER_WITHIN
        };
        for session in self.deferred.sessions(is_late) {
            self.deferred.forget(session);
            self.effects.push(Effect::Disconnect {
                session,
                code: ErrorCode::Unavailable,
                say: "what your edits build on was asked for (sync step 1) and not sent".to_owned(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use convene_protocol::frame::SyncStatus;

    use super::*;
    use crate::auth::access::Role;
    use crate::clock::Clock;
    use crate::config::Limits;
    use crate::ids::PlanId;
    use crate::room::core::RoomLimits;
    use crate::room::core::stage::{appended, join, start, statuses, tried_again};
    use crate::room::input::Input;

    /// One client's changes, a letter each behind the one before, and all of them.
    fn letters(count: u8) -> (Vec<Bytes>, Bytes) {
        let first = Bytes::from_static(&[1, 1, 7, 0, 4, 1, 1, b't', 1, b'a', 0]);
        let next = |at: u8| Bytes::copy_from_slice(&[1, 1, 7, at, 132, 7, at - 1, 1, b'a' + at, 0]);
        let all = std::iter::once(first).chain((1..count).map(next)).collect();
        let mut whole = vec![1, 1, 7, 0, 4, 1, 1, b't', count];
        whole.extend((0..count).map(|at| b'a' + at));
        whole.push(0);
        (all, whole.into())
    }

    struct Stage {
        core: RoomCore,
        ada: SessionId,
        now: Timestamp,
        head: i64,
    }

    impl Stage {
        /// Somebody who has synced, and answered the step 1 she was sent.
        fn new(limits: &Limits) -> Self {
            let clock = Clock::system();
            let (plan, now) = (PlanId::generate(&clock), clock.now());
            let mut core = RoomCore::new(start(plan, &[]), RoomLimits::from(limits));
            let ada = join(&mut core, now, Role::Editor);
            let head = 0;
            Self {
                core,
                ada,
                now,
                head,
            }
        }

        /// Gives what the session is sent, and ends, with what is committed at once.
        fn feed(&mut self, input: Input) -> Vec<Effect> {
            let mut effects = VecDeque::from(self.core.handle(self.now, input));
            effects.extend(self.core.end_turn(self.now));
            let mut seen = Vec::new();
            while let Some(effect) = effects.pop_front() {
                if let Some(input) = tried_again(&effect) {
                    seen.extend(self.feed(input));
                } else if let Effect::Append { .. } = effect {
                    self.head += 1;
                    seen.extend(self.feed(appended(self.head)));
                } else {
                    seen.push(effect);
                }
            }
            seen
        }

        fn send(&mut self, kind: UpdateKind, update: Bytes) -> Vec<Effect> {
            let session = self.ada;
            self.feed(Input::Updated {
                session,
                update,
                kind,
            })
        }

        fn change(&mut self, update: &Bytes) -> Vec<Effect> {
            self.send(UpdateKind::Change, update.clone())
        }

        fn answer(&mut self, update: Bytes) -> Vec<Effect> {
            self.send(UpdateKind::Answer, update)
        }
    }

    fn asks(effects: &[Effect]) -> bool {
        let is_step1 = |effect: &Effect| {
            matches!(
                effect,
                Effect::Send {
                    message: ServerMessage::SyncStep1(_),
                    ..
                }
            )
        };
        effects.iter().any(is_step1)
    }

    fn is_closed(effects: &[Effect], code: ErrorCode) -> bool {
        let is_close = |effect: &Effect| matches!(effect, Effect::Disconnect { code: other, .. } if *other == code);
        effects.iter().any(is_close)
    }

    #[test]
    fn changes_that_come_before_what_they_build_on_are_acknowledged_with_it() {
        let mut stage = Stage::new(&Limits::default());
        let (changes, whole) = letters(26);
        // The first was lost with another connection; the answer to the step 1 is on its way.
        for change in &changes[1..] {
            let effects = stage.change(change);
            assert!(statuses(&effects).is_empty() && !asks(&effects));
        }
        assert!(stage.core.has_deferred(stage.ada));
        let effects = stage.answer(whole);
        assert_eq!(statuses(&effects), [SyncStatus::Applied; 26]);
        assert!(!stage.core.has_deferred(stage.ada));
        assert_eq!(stage.core.deferred.bytes, 0);
    }

    #[test]
    fn what_is_missing_is_asked_for_once() {
        let mut stage = Stage::new(&Limits::default());
        let (changes, whole) = letters(4);
        stage.answer(Bytes::from_static(&[0, 0]));
        assert!(asks(&stage.change(&changes[1])));
        assert!(!asks(&stage.change(&changes[2])));
        // Whatever comes behind waits too, or statuses would not be in order.
        assert!(statuses(&stage.change(&changes[0])).is_empty());
        let effects = stage.answer(whole);
        assert_eq!(statuses(&effects), [SyncStatus::Applied; 4]);
    }

    #[test]
    fn what_the_client_lacks_itself_is_not_taken_and_counted() {
        let limits = Limits::default();
        let mut stage = Stage::new(&limits);
        let (changes, _) = letters(2);
        let nothing = Bytes::from_static(&[0, 0]);
        stage.answer(nothing.clone());
        for _ in 0..limits.rejects_per_minute {
            assert!(asks(&stage.change(&changes[1])));
            let effects = stage.answer(nothing.clone());
            let expected = [SyncStatus::NotApplied, SyncStatus::Applied];
            assert_eq!(statuses(&effects), expected);
        }
        stage.change(&changes[1]);
        assert!(is_closed(&stage.answer(nothing), ErrorCode::RateLimited));
    }

    #[test]
    fn an_answer_that_lacks_something_itself_ends_the_wait_too() {
        let mut stage = Stage::new(&Limits::default());
        let (changes, _) = letters(3);
        stage.change(&changes[1]);
        let effects = stage.answer(changes[2].clone());
        assert_eq!(statuses(&effects), [SyncStatus::NotApplied; 2]);
        assert!(!stage.core.has_deferred(stage.ada));
    }

    #[test]
    fn an_answer_that_never_comes_ends_the_connection_and_so_do_too_many_bytes() {
        let limits = Limits {
            backlog_bytes_max: 64,
            ..Limits::default()
        };
        let mut stage = Stage::new(&limits);
        let (changes, _) = letters(26);
        stage.change(&changes[1]);
        assert!(!is_closed(
            &stage.feed(Input::Ticked),
            ErrorCode::Unavailable
        ));
        stage.now = stage.now.after(ANSWER_WITHIN + Duration::from_secs(1));
        assert!(is_closed(
            &stage.feed(Input::Ticked),
            ErrorCode::Unavailable
        ));
        assert!(!stage.core.has_deferred(stage.ada));
        let mut closed = false;
        for change in &changes[1..] {
            closed |= is_closed(&stage.change(change), ErrorCode::Unavailable);
        }
        assert!(closed && stage.core.deferred.bytes <= 2 * 64);
    }
}
