//! Waiting for a condition, up to a deadline.

use std::time::Duration;

/// How often a condition is looked at.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The deadline of everything that takes as long as a commit and a few frames.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// The first value that `look` finds. Fails with `what` when `within` has passed.
pub(crate) async fn until<T>(
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = tokio::time::Instant::now() + within;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "after {within:?}: {what}"
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Checks that `holds` stays true for all of `span`.
pub(crate) async fn stays(what: &str, span: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let end = tokio::time::Instant::now() + span;
    while tokio::time::Instant::now() < end {
        assert!(holds().await, "no longer: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
