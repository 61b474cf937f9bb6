//! One client of a busy room stops reading for half a minute: what that costs the server and the
//! others, and whether it ends with the same text.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::sleep;

use crate::crowd::{Crowd, Shape, wide};
use crate::report::{Figures, millis};
use crate::target::{Programs, Server, Target};

/// 400 edits of 256 characters a second: 3 MB in half a minute, thrice what may wait for a socket.
const SHAPE: Shape = Shape {
    rooms: 1,
    clients: 41,
    writers: 20,
    chars: 256,
    keepers: 5,
};
const RATE: f64 = 20.0;
const PAUSE: Duration = Duration::from_secs(30);
const BESIDE: Duration = Duration::from_secs(10);
/// A small receive buffer, so that not reading is felt at once.
const BUFFER: u32 = 4 << 10;

pub(super) async fn run(target: Target, programs: &Programs, figures: &mut Figures) -> Result<()> {
    let mut server = Server::start(target, programs).await?;
    let places = server.rooms(SHAPE.rooms, SHAPE.clients).await?;
    let crowd = Crowd::enter(&places, SHAPE, Some(BUFFER)).await?;
    let room = crowd.rooms.first().context("a room")?;
    let slow = room.clients.last().context("a slow reader")?;
    crowd.load(&server, RATE, Duration::from_secs(3)).await?;
    let before = crowd.load(&server, RATE, BESIDE).await?;
    let memory_before = server.usage()?.resident_kib;
    slow.sleep(PAUSE).await?;
    let during = crowd.load(&server, RATE, PAUSE.mul_f64(0.95)).await?;
    let memory_during = server.usage()?.resident_kib;
    sleep(Duration::from_secs(3)).await;
    let after = crowd.load(&server, RATE, BESIDE).await?;
    sleep(Duration::from_secs(2)).await;
    let p99 = |phase: &crate::crowd::Phase| millis(&phase.times.seen, 0.99);
    figures.set("before_p99_ms", p99(&before));
    figures.set("during_p99_ms", p99(&during));
    figures.set("after_p99_ms", p99(&after));
    figures.set(
        "during_to_beside",
        p99(&during) / f64::midpoint(p99(&before), p99(&after)),
    );
    figures.set(
        "grown_kib",
        wide(memory_during.saturating_sub(memory_before)),
    );
    let was_closed = slow.tally.closed.load(std::sync::atomic::Ordering::Relaxed);
    figures.set("slow_reader_closed", if was_closed { 1.0 } else { 0.0 });
    figures.set("not_applied", wide(crowd.not_applied()));
    crowd.check().await?.figures(figures);
    Ok(())
}
