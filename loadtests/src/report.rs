//! What a scenario found, one JSON object a line.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::scenario::Scenario;
use crate::target::Target;

/// The figures of one run; units are in their names.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) target: Target,
    pub(crate) scenario: Scenario,
    pub(crate) figures: BTreeMap<String, f64>,
}

/// The figures while they are gathered.
#[derive(Debug, Default)]
pub(crate) struct Figures(pub(crate) BTreeMap<String, f64>);

impl Figures {
    pub(crate) fn set(&mut self, name: &str, value: f64) {
        self.0.insert(name.to_owned(), value);
    }

    /// The middle and the slow end of latencies, in milliseconds.
    pub(crate) fn latency(&mut self, name: &str, latency: &Histogram<u64>) {
        self.set(&format!("{name}_p50_ms"), millis(latency, 0.5));
        self.set(&format!("{name}_p99_ms"), millis(latency, 0.99));
    }
}

/// A quantile of microseconds, in milliseconds.
pub(crate) fn millis(latency: &Histogram<u64>, quantile: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a minute of microseconds")]
    let micros = latency.value_at_quantile(quantile) as f64;
    micros / 1_000.0
}
