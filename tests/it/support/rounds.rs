//! How often what fails by chance is tried, and when.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// How many rounds there are when `CONVENE_SOAK_ROUNDS` does not say.
const ROUNDS: u32 = 2;
/// The fault comes at a random moment within this.
const MOMENTS: Duration = Duration::from_millis(300);

pub(crate) fn rounds() -> u32 {
    asked_for().unwrap_or(ROUNDS)
}

/// Whether more is asked for than `make test` has time for.
pub(crate) fn is_soaking() -> bool {
    asked_for().is_some_and(|rounds| rounds > ROUNDS)
}

fn asked_for() -> Option<u32> {
    let rounds = std::env::var("CONVENE_SOAK_ROUNDS").ok()?;
    let parsed = rounds.parse();
    Some(parsed.unwrap_or_else(|error| panic!("CONVENE_SOAK_ROUNDS={rounds}: {error}")))
}

/// Moments that differ from run to run.
pub(crate) fn random_moment() -> Duration {
    let random = u128::from(RandomState::new().build_hasher().finish());
    Duration::from_micros(u64::try_from(random % MOMENTS.as_micros()).expect("a short time"))
}
