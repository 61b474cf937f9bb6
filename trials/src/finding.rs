//! What is wrong with an outcome, and the limits of time and memory that every input is held to.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use convene::clock::Clock;
use peak_alloc::PeakAlloc;

/// Every program with this crate in it counts what it allocates.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// How long one input may take: what the server's watchdog grants an update.
pub const TIME_MAX: Duration = Duration::from_millis(250);
/// Memory beyond what was there before, for each byte of input...
const BYTES_PER_BYTE: usize = 64;
/// ...and for any input.
const BYTES_SLACK: usize = 1 << 20;

/// Something that must not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A rule is broken.
    #[error("{0}")]
    Broken(String),
    /// It took longer than [`TIME_MAX`]; on a busy machine that may say nothing, so it is repeated.
    #[error("{0}")]
    Slow(String),
}

impl Finding {
    /// A broken rule.
    pub fn broken(what: impl Into<String>) -> Self {
        Self::Broken(what.into())
    }
}

/// How many inputs were made and how many of them were taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Updates, frames or texts.
    pub inputs: u64,
    /// Those that were not refused.
    pub taken: u64,
}

impl Tally {
    /// Counts one input by what became of it.
    pub fn count<T, E>(&mut self, outcome: &Result<T, E>) {
        self.inputs += 1;
        self.taken += u64::from(outcome.is_ok());
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            inputs: self.inputs + other.inputs,
            taken: self.taken + other.taken,
        }
    }
}

/// Ends with a finding unless something holds.
macro_rules! must {
    ($holds:expr, $($say:tt)+) => {
        if !$holds {
            return Err($crate::finding::Finding::Broken(format!($($say)+)));
        }
    };
}
pub(crate) use must;

/// Runs `work` on an input of so many bytes and holds it to the limits of time and memory.
pub fn within_limits<T>(
    what: &str,
    input_bytes: usize,
    work: impl FnOnce() -> T,
) -> Result<T, Finding> {
    within_memory(what, input_bytes * BYTES_PER_BYTE + BYTES_SLACK, work)
}

/// The same with a limit of memory of its own.
pub fn within_memory<T>(
    what: &str,
    memory_max: usize,
    work: impl FnOnce() -> T,
) -> Result<T, Finding> {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let start = Clock::system().monotonic();
    let outcome = catch_unwind(AssertUnwindSafe(work));
    let spent = start.elapsed();
    let used = MEMORY.peak_usage().saturating_sub(before);
    let outcome = outcome.map_err(|panic| {
        let said = said(&*panic);
        Finding::Broken(format!("{what} panicked: {said}"))
    })?;
    must!(
        used <= memory_max,
        "{what} took {used} bytes of memory and should take at most {memory_max}"
    );
    if spent > TIME_MAX {
        return Err(Finding::Slow(format!("{what} took {spent:?}")));
    }
    Ok(outcome)
}

/// What a panic said.
pub fn said(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "a panic without words".to_owned())
}
