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
    /// Notes a figure. A quotient of nothing is none, and JSON has no way to write it.
    pub(crate) fn set(&mut self, name: &str, value: f64) {
        if value.is_finite() {
            self.0.insert(name.to_owned(), value);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotient_of_nothing_is_no_figure() {
        let mut figures = Figures::default();
        figures.set("nothing", f64::NAN);
        figures.set("endless", f64::INFINITY);
        figures.set("half", 0.5);
        assert_eq!(
            figures.0.into_iter().collect::<Vec<_>>(),
            [("half".to_owned(), 0.5)]
        );
    }
}
