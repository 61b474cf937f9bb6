//! A long text is written, edit by edit, and read again by a server that has just started.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

use super::trace;
use crate::client::{Client, Habits, Keeps};
use crate::crowd::{count, text_of};
use crate::ledger::Ledger;
use crate::report::Figures;
use crate::target::{Acks, Programs, Server, Target};
use crate::update::EDIT_CHARS_MIN;
use crate::usage;

/// Edits that are under way at one time where a server acknowledges them.
const WINDOW: u64 = 1_000;
/// How long a server may take to take them all.
const WRITE_MAX: Duration = Duration::from_mins(3);
/// How long servers that save later get to do so.
const SETTLE: Duration = Duration::from_secs(12);

pub(super) async fn run(target: Target, programs: &Programs, figures: &mut Figures) -> Result<()> {
    let trace = trace::make()?;
    let mut server = Server::start(target, programs).await?;
    let ledger = Arc::new(Ledger::new(1, 1, EDIT_CHARS_MIN));
    let places = server.rooms(1, 3).await?;
    let Some([writer, reader, newcomer]) = places.first().and_then(|room| room.first_chunk())
    else {
        bail!("three places were asked for");
    };
    let keeps = Habits {
        keeps: Keeps::Updates,
        ..Habits::default()
    };
    let writer = Client::join(writer, Habits::default(), &ledger).await?;
    let reader = Client::join(reader, keeps, &ledger).await?;
    let start = Instant::now();
    for (sent, update) in (0_u64..).zip(&trace.updates) {
        while target.acks() == Acks::Status && sent >= writer.tally.acknowledged() + WINDOW {
            patience(start)?;
            sleep(Duration::from_millis(1)).await;
        }
        writer.send(writer.place.update(update)).await?;
    }
    let all = trace.updates.len() as u64;
    let written = wait_written(&writer, &reader, (target, all), start).await?;
    figures.set("edits", count(trace.updates.len()));
    figures.set(
        "written_per_second",
        count(trace.updates.len()) / written.as_secs_f64(),
    );
    drop((writer, reader));
    sleep(SETTLE).await;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a disk has less than 2^52 bytes"
    )]
    let bytes = usage::disk_bytes(server.data()) as f64;
    figures.set("disk_bytes_per_edit", bytes / count(trace.updates.len()));
    server.restart().await?;
    let start = Instant::now();
    let newcomer = Client::join(newcomer, keeps, &ledger).await?;
    let mut text = text_of(&newcomer.tally.updates())?;
    let mut took = start.elapsed();
    // Some servers answer before they have read everything, and send the rest later.
    while text != trace.text && start.elapsed() < Duration::from_secs(5) {
        sleep(Duration::from_millis(5)).await;
        text = text_of(&newcomer.tally.updates())?;
        took = start.elapsed();
    }
    figures.set("open_ms", took.as_secs_f64() * 1_000.0);
    figures.set("complete", if text == trace.text { 1.0 } else { 0.0 });
    Ok(())
}

/// Waits until the server has taken everything: by its acknowledgements, or else until nothing more
/// arrives at a reader.
async fn wait_written(
    writer: &Client,
    reader: &Client,
    (target, all): (Target, u64),
    start: Instant,
) -> Result<Duration> {
    if target.acks() == Acks::Status {
        while writer.tally.acknowledged() < all {
            patience(start)?;
            sleep(Duration::from_millis(2)).await;
        }
        return Ok(start.elapsed());
    }
    let (mut seen, mut since) = (0, start);
    loop {
        let now = reader.tally.frames.load(Ordering::Relaxed);
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        if since.elapsed() > Duration::from_secs(3) {
            return Ok(since - start);
        }
        patience(start)?;
        sleep(Duration::from_millis(5)).await;
    }
}

fn patience(start: Instant) -> Result<()> {
    if start.elapsed() > WRITE_MAX {
        bail!("not everything was written in {WRITE_MAX:?}");
    }
    Ok(())
}
