//! People typing at people's speed: how long until others see it, and what that costs.

use std::time::Duration;

use anyhow::Result;

use crate::crowd::{Crowd, Shape, wide};
use crate::disk;
use crate::report::Figures;
use crate::target::{Acks, Programs, Server, Target};

/// Edits a second of one writer: fast typing, an edit a key.
const RATE: f64 = 20.0;
const WARM_UP: Duration = Duration::from_secs(1);

pub(super) async fn run(
    target: Target,
    programs: &Programs,
    shape: Shape,
    measured: Duration,
    figures: &mut Figures,
) -> Result<()> {
    let mut server = Server::start(target, programs).await?;
    let crowd = Crowd::gather(&mut server, shape).await?;
    if target.acks_what_is_kept() {
        figures.latency("page", &disk::keep_pages(server.data()).await?);
    }
    crowd.load(&server, RATE, WARM_UP).await?;
    let phase = crowd.load(&server, RATE, measured).await?;
    figures.latency("seen", &phase.times.seen);
    if target.acks() != Acks::None {
        figures.latency("ack", &phase.times.acked);
    }
    figures.set("server_cpu_percent", phase.server_cores * 100.0);
    let micros = phase.server_cores * phase.took.as_secs_f64() * 1e6;
    figures.set("cpu_us_per_delivery", micros / wide(phase.delivered));
    if target.nodes() > 1 {
        figures.latency("across", &phase.times.across);
        figures.set("shared_cpu_percent", phase.shared_cores * 100.0);
    }
    figures.set("own_cpu_percent", phase.own_cores * 100.0);
    figures.set(
        "undelivered",
        wide(phase.expected.saturating_sub(phase.delivered)),
    );
    figures.set("frames", wide(phase.frames));
    figures.set("not_applied", wide(crowd.not_applied()));
    let usage = server.usage()?;
    figures.set("server_kib", wide(usage.resident_kib));
    figures.set("server_peak_kib", wide(usage.peak_kib));
    if target.keeps_documents() {
        crowd.check().await?.figures(figures);
    }
    Ok(())
}
