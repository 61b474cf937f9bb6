//! A long text is written, edit by edit, and read again by a server that has just started.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep, timeout};

use super::trace::{self, Trace};
use crate::client::{Client, Habits, Keeps};
use crate::crowd::{count, wide};
use crate::ledger::Ledger;
use crate::newcomer::{Reading, read, text_of};
use crate::report::Figures;
use crate::target::{Acks, Programs, Server, Target};
use crate::update::EDIT_CHARS_MIN;
use crate::usage;

/// Edits that are under way at one time where a server acknowledges them.
const WINDOW: u64 = 1_000;
/// How long a server may take to take them all.
const WRITE_MAX: Duration = Duration::from_secs(30);
/// A reader to whom nothing came for so long may have everything.
const QUIET: Duration = Duration::from_secs(3);
/// How long servers that save later get to begin with it, to go on, and to end.
const SETTLE: Duration = Duration::from_secs(12);
const SETTLE_STILL: Duration = Duration::from_secs(4);
const SETTLE_MAX: Duration = Duration::from_secs(40);

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
    let writing = write_all(&writer, &reader, (target, &trace));
    // What a server took until its time was up is no speed: it may have put off the most of it.
    if let Ok(took) = timeout(WRITE_MAX, writing).await {
        let written = count(trace.updates.len());
        figures.set("written_per_second", written / took?.as_secs_f64());
    }
    let not_applied = writer.tally.not_applied.load(Ordering::Relaxed);
    figures.set("not_applied", wide(not_applied));
    drop((writer, reader));
    let bytes = wide(settle(server.data()).await);
    figures.set("disk_bytes_per_edit", bytes / count(trace.updates.len()));
    server.restart().await?;
    let Reading { text, took } = read(newcomer, &ledger, |text| text == trace.text).await?;
    let is_same = text == trace.text;
    // How fast a part of it is opened says nothing about all of it.
    if is_same {
        figures.set("open_ms", took.as_secs_f64() * 1_000.0);
    }
    figures.set("complete", if is_same { 1.0 } else { 0.0 });
    figures.set("texts_different", if is_same { 0.0 } else { 1.0 });
    Ok(())
}

/// Waits until a server's data do not grow any more, and says how many bytes they take.
async fn settle(data: &Path) -> u64 {
    let start = Instant::now();
    let (mut bytes, mut since) = (0, start);
    while start.elapsed() < SETTLE_MAX
        && (start.elapsed() < SETTLE || since.elapsed() < SETTLE_STILL)
    {
        sleep(Duration::from_millis(200)).await;
        let now = usage::disk_bytes(data);
        if now != bytes {
            (bytes, since) = (now, Instant::now());
        }
    }
    bytes
}

/// Sends everything and waits until the server has taken it: by its acknowledgements, or else until
/// a reader has it all.
async fn write_all(
    writer: &Client,
    reader: &Client,
    (target, trace): (Target, &Trace),
) -> Result<Duration> {
    let start = Instant::now();
    let has_statuses = target.acks() == Acks::Status;
    let mut sent = 0;
    for update in &trace.updates {
        while has_statuses && sent >= writer.tally.acknowledged() + WINDOW {
            sleep(Duration::from_millis(1)).await;
        }
        writer.send(writer.place.update(update)).await?;
        sent += 1;
    }
    while has_statuses && writer.tally.acknowledged() < sent {
        sleep(Duration::from_millis(2)).await;
    }
    if has_statuses {
        return Ok(start.elapsed());
    }
    let (mut seen, mut since, mut is_read) = (0, start, false);
    loop {
        let now = reader.tally.kept();
        if now != seen {
            (seen, since, is_read) = (now, Instant::now(), false);
        } else if !is_read && since.elapsed() > QUIET {
            // A server may also be quiet because it is busy.
            if text_of(&reader.tally.updates())? == trace.text {
                return Ok(since - start);
            }
            is_read = true;
        }
        sleep(Duration::from_millis(5)).await;
    }
}
