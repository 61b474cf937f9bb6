//! Logs and metrics: sets up both once at start, and renders the metrics for a scrape.
//!
//! Tokens, e-mail addresses and content are never logged; the log line of a request names the
//! matched route, never the URL.

use std::env;
use std::io::{IsTerminal, stderr};
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// Upper bounds in seconds for everything that is timed: from one local commit to a stalled disk.
const SECONDS_BUCKETS: &[f64] = &[
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// Upper bounds for everything that is counted per batch.
const COUNT_BUCKETS: &[f64] = &[
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0,
];

/// How often samples are folded into their histograms when nobody scrapes.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Why logs or metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `CONVENE_LOG` is not a filter.
    #[error(
        "CONVENE_LOG={value:?} cannot be used: expected a level or a filter such as info,sqlx=warn"
    )]
    Filter {
        /// What it holds.
        value: String,
        /// What the parser says.
        #[source]
        source: ParseError,
    },
    /// `CONVENE_LOG_FORMAT` is not a format.
    #[error("CONVENE_LOG_FORMAT={0:?} cannot be used: expected text or json")]
    Format(String),
    /// The metrics could not be set up.
    #[error("the metrics could not be set up")]
    Metrics(#[source] BuildError),
    /// Logs are set up already.
    #[error("logging is set up already")]
    LoggingTwice(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Starts logging to standard error: filtered by `CONVENE_LOG` (`info` when not set), as text or,
/// with `CONVENE_LOG_FORMAT=json`, as one JSON object a line.
pub fn start_logging() -> Result<(), TelemetryError> {
    let value = env::var("CONVENE_LOG")
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| "info".to_owned());
    let filter =
        EnvFilter::try_new(&value).map_err(|source| TelemetryError::Filter { value, source })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    let format = env::var("CONVENE_LOG_FORMAT").unwrap_or_default();
    match format.as_str() {
        "" | "text" => builder.try_init(),
        "json" => builder.json().flatten_event(true).try_init(),
        _ => return Err(TelemetryError::Format(format)),
    }
    .map_err(TelemetryError::LoggingTwice)
}

/// What was counted and timed since the start.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Makes the `metrics` macros of the whole process count into this.
    pub fn install() -> Result<Self, TelemetryError> {
        builder()?
            .install_recorder()
            .map(Self)
            .map_err(TelemetryError::Metrics)
    }

    /// Metrics into which nothing counts, for a router without a process of its own.
    pub fn detached() -> Result<Self, TelemetryError> {
        Ok(Self(builder()?.build_recorder().handle()))
    }

    /// The metrics in Prometheus's text format.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds samples into histograms until `stopping`; without it they pile up between scrapes.
    pub async fn keep_up(self, stopping: CancellationToken) {
        let mut ticks = tokio::time::interval(UPKEEP_EVERY);
        loop {
            tokio::select! {
                biased;
                () = stopping.cancelled() => return,
                _ = ticks.tick() => self.0.run_upkeep(),
            }
        }
    }
}

fn builder() -> Result<PrometheusBuilder, TelemetryError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS_BUCKETS)
        .and_then(|builder| builder.set_buckets(COUNT_BUCKETS))
        .map_err(TelemetryError::Metrics)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rendered_as_histograms_with_buckets() {
        let recorder = builder().unwrap().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            metrics::histogram!("convene_example_seconds").record(0.003);
        });
        let text = Metrics(handle).render();
        assert!(
            text.contains(r#"convene_example_seconds_bucket{le="0.005"} 1"#),
            "{text}"
        );
    }
}
