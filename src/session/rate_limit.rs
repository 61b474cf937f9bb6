//! A token bucket that says how long to wait instead of refusing: honest use is slowed, not ended.

use std::time::{Duration, Instant};

/// Lets `per_second` units pass, and `burst` at once.
#[derive(Debug)]
pub struct Bucket {
    per_second: f64,
    burst: f64,
    level: f64,
    filled_at: Instant,
}

/// A number of bytes as units of a bucket.
#[expect(clippy::cast_precision_loss, reason = "no limit is near 2^52 bytes")]
pub fn bytes(count: usize) -> f64 {
    count as f64
}

impl Bucket {
    /// A full bucket.
    pub fn new(per_second: f64, burst: f64, now: Instant) -> Self {
        Self {
            per_second: per_second.max(f64::MIN_POSITIVE),
            burst,
            level: burst,
            filled_at: now,
        }
    }

    /// Takes `units`, also below zero, and tells how long to wait until the level is zero again.
    pub fn take(&mut self, units: f64, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.level = passed.mul_add(self.per_second, self.level).min(self.burst);
        self.filled_at = now;
        self.level -= units;
        if self.level >= 0.0 {
            return Duration::ZERO;
        }
        Duration::try_from_secs_f64(-self.level / self.per_second).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "only differences of this reading are used"
)]
mod tests {
    use super::*;

    #[test]
    fn above_the_burst_there_is_a_wait_of_its_size() {
        let start = Instant::now();
        let mut bucket = Bucket::new(100.0, 50.0, start);
        assert_eq!(bucket.take(50.0, start), Duration::ZERO);
        assert_eq!(bucket.take(10.0, start), Duration::from_millis(100));
        assert_eq!(
            bucket.take(0.0, start + Duration::from_secs(1)),
            Duration::ZERO
        );
        assert_eq!(
            bucket.take(50.0, start + Duration::from_secs(9)),
            Duration::ZERO
        );
    }
}
