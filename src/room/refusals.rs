//! Which refusals the audit is told of: each kind once a minute, since a client may try all day.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use convene_protocol::error_code::ErrorCode;

use crate::clock::Timestamp;
use crate::ids::{PlanId, UserId};

/// How long the same is not told again.
const QUIET_FOR: Duration = Duration::from_mins(1);
/// Kinds remembered at most; beyond, nothing is told until some are old.
const REMEMBERED: usize = 4_096;

/// What was told within the last minute.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<(PlanId, UserId, &'static str), Timestamp>>);

impl Refusals {
    /// Whether the audit is to be told of this refusal now.
    pub(super) fn is_news(
        &self,
        now: Timestamp,
        (plan, user, code): (PlanId, UserId, ErrorCode),
    ) -> bool {
        // Who has an old replica has done nothing.
        let is_told = match code {
            ErrorCode::Forbidden
            | ErrorCode::Unprocessable
            | ErrorCode::Malformed
            | ErrorCode::TooLarge => true,
            ErrorCode::Conflict
            | ErrorCode::Internal
            | ErrorCode::Invalid
            | ErrorCode::MethodNotFound
            | ErrorCode::NotFound
            | ErrorCode::RateLimited
            | ErrorCode::ShuttingDown
            | ErrorCode::SlowConsumer
            | ErrorCode::TokenExpired
            | ErrorCode::UpgradeRequired
            | ErrorCode::Unauthenticated
            | ErrorCode::Unavailable => false,
        };
        if !is_told {
            return false;
        }
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = (plan, user, code.as_str());
        if told
            .get(&kind)
            .is_some_and(|last| now.since(*last) < QUIET_FOR)
        {
            return false;
        }
        if told.len() >= REMEMBERED {
            told.retain(|_, last| now.since(*last) < QUIET_FOR);
        }
        let has_room = told.len() < REMEMBERED;
        if has_room {
            told.insert(kind, now);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn the_same_refusal_is_told_once_a_minute() {
        let clock = Clock::system();
        let (plan, user) = (PlanId::generate(&clock), UserId::generate(&clock));
        let (refusals, now) = (Refusals::default(), clock.now());
        let kind = (plan, user, ErrorCode::Forbidden);
        assert!(refusals.is_news(now, kind));
        assert!(!refusals.is_news(now.after(Duration::from_secs(59)), kind));
        assert!(refusals.is_news(now, (plan, user, ErrorCode::TooLarge)));
        assert!(refusals.is_news(now.after(QUIET_FOR), kind));
        assert!(!refusals.is_news(now, (plan, user, ErrorCode::Conflict)));
    }

    #[test]
    fn there_is_an_end_to_what_is_remembered() {
        let clock = Clock::system();
        let plan = PlanId::generate(&clock);
        let (refusals, now) = (Refusals::default(), clock.now());
        let users = (0..REMEMBERED + 10).map(|_| UserId::generate(&clock));
        let told = users.filter(|user| refusals.is_news(now, (plan, *user, ErrorCode::Forbidden)));
        assert_eq!(told.count(), REMEMBERED);
    }
}
