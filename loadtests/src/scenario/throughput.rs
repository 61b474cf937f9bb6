//! The most updates a second that all arrive, found by typing faster until some come too late.

use std::time::Duration;

use anyhow::Result;

use crate::client::Times;
use crate::crowd::{Crowd, Shape, count, wide};
use crate::report::{Figures, millis};
use crate::target::{Programs, Server, Target};

/// Deliveries a second of the first step.
const START: f64 = 40_000.0;
/// No step is so slow that a writer hardly types in it.
const RATE_MIN: f64 = 10.0;
/// The longest ramp doubles this often.
const STEPS_MAX: usize = 12;
/// Steps between the last speed that went well and the first that did not.
const REFINEMENTS: usize = 3;
const STEP: Duration = Duration::from_millis(1_500);
/// A step counts when so much of it has arrived half a second after its end...
const IN_TIME_MIN: f64 = 0.99;
/// ...and hardly anything took longer than this.
const P99_MAX_MS: f64 = 500.0;

/// The best step so far.
struct Best {
    rate: f64,
    delivered_per_second: f64,
    frames_per_second: f64,
    server_cores: f64,
    own_cores: f64,
    times: Option<Times>,
}

pub(super) async fn run(
    target: Target,
    programs: &Programs,
    shape: Shape,
    figures: &mut Figures,
) -> Result<()> {
    let mut server = Server::start(target, programs).await?;
    let crowd = Crowd::gather(&mut server, shape).await?;
    let receivers = count(shape.rooms * shape.writers * (shape.clients - 1));
    let mut best = Best {
        rate: 0.0,
        delivered_per_second: 0.0,
        frames_per_second: 0.0,
        server_cores: 0.0,
        own_cores: 0.0,
        times: None,
    };
    let mut rate = (START / receivers).max(RATE_MIN);
    let mut failed = f64::INFINITY;
    for _ in 0..STEPS_MAX {
        if !step(&server, &crowd, rate, &mut best).await? {
            failed = rate;
            break;
        }
        rate *= 2.0;
    }
    for _ in 0..REFINEMENTS {
        if failed.is_infinite() || best.rate == 0.0 {
            break;
        }
        let middle = (best.rate * failed).sqrt();
        if !step(&server, &crowd, middle, &mut best).await? {
            failed = middle;
        }
    }
    figures.set("delivered_per_second", best.delivered_per_second);
    figures.set("frames_per_second", best.frames_per_second);
    figures.set("server_cpu_percent", best.server_cores * 100.0);
    figures.set("own_cpu_percent", best.own_cores * 100.0);
    figures.set("not_applied", wide(crowd.not_applied()));
    if let Some(times) = &best.times {
        figures.latency("seen", &times.seen);
    }
    if target.keeps_documents() {
        crowd.check().await?.figures(figures);
    }
    Ok(())
}

/// Types at `rate`; whether everything arrived in time.
async fn step(server: &Server, crowd: &Crowd, rate: f64, best: &mut Best) -> Result<bool> {
    let phase = crowd.load(server, rate, STEP).await?;
    let took = phase.took;
    let (expected, in_time) = (wide(phase.expected), wide(phase.in_time));
    let frames = wide(phase.frames);
    let per_second = |number: f64| number / took.as_secs_f64();
    // A generator that cannot send as fast as it should has found its own limit.
    let wanted = rate * count(crowd.shape.rooms * crowd.shape.writers);
    let sent = per_second(expected) / count(crowd.shape.clients - 1);
    let went_well = in_time >= expected * IN_TIME_MIN
        && millis(&phase.times.seen, 0.99) <= P99_MAX_MS
        && sent >= wanted * 0.9;
    if went_well {
        *best = Best {
            rate,
            delivered_per_second: per_second(expected),
            frames_per_second: per_second(frames),
            server_cores: phase.server_cores,
            own_cores: phase.own_cores,
            times: Some(phase.times),
        };
    }
    Ok(went_well)
}
