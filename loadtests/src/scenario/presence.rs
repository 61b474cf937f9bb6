//! Cursors that move: how long until others see them, and what that costs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result};
use convene_protocol::awareness;
use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::crowd::{Crowd, Shape, count, wide};
use crate::report::Figures;
use crate::target::{Programs, Server, Target};
use crate::update::{EDIT_CHARS_MIN, FIRST_CLIENT};
use crate::usage;

const SHAPE: Shape = Shape {
    rooms: 1,
    clients: 100,
    writers: 20,
    chars: EDIT_CHARS_MIN,
    keepers: 0,
};
const PAUSE: Duration = Duration::from_millis(100);
const MEASURED: Duration = Duration::from_secs(10);

pub(super) async fn run(target: Target, programs: &Programs, figures: &mut Figures) -> Result<()> {
    let mut server = Server::start(target, programs).await?;
    let crowd = Crowd::gather(&mut server, SHAPE).await?;
    let (server_before, own_before) = (server.usage()?, usage::own()?);
    let start = Instant::now();
    let room = crowd.rooms.first().context("a room")?;
    let moving = room
        .clients
        .iter()
        .take(SHAPE.writers)
        .enumerate()
        .map(|(writer, client)| move_cursor(&crowd, client, writer));
    let moves: usize = try_join_all(moving).await?.into_iter().sum();
    let took = start.elapsed();
    let server_cores = server.usage()?.cores_since(server_before, took);
    let own_cores = usage::own()?.cores_since(own_before, took);
    sleep(Duration::from_secs(1)).await;
    figures.latency("seen", &crowd.take_times()?.seen);
    figures.set("server_cpu_percent", server_cores * 100.0);
    figures.set("own_cpu_percent", own_cores * 100.0);
    let tallies = || crowd.clients().map(|client| &client.tally);
    let seen: u64 = tallies()
        .map(|it| it.presence.load(Ordering::Relaxed))
        .sum();
    let frames: u64 = tallies().map(|it| it.frames.load(Ordering::Relaxed)).sum();
    let expected = moves * (SHAPE.clients - 1);
    figures.set("seen_percent", wide(seen) / count(expected) * 100.0);
    figures.set("frames_per_second", wide(frames) / took.as_secs_f64());
    Ok(())
}

async fn move_cursor(crowd: &Crowd, client: &Client, writer: usize) -> Result<usize> {
    sleep(PAUSE.mul_f64(rand::random::<f64>())).await;
    let end = Instant::now() + MEASURED;
    let mut moves = 0;
    while Instant::now() < end {
        let at = crowd
            .ledger
            .send(writer)
            .context("more moves than expected")?;
        let state = format!(
            "{{\"user\":{{\"name\":\"Writer {writer}\",\"color\":\"#30bced\"}},\"cursor\":{{\"at\":{at}}}}}"
        );
        let entry = (FIRST_CLIENT + writer as u64, at as u64 + 1, Some(&*state));
        let update = awareness::encode([entry]);
        client.send(client.place.awareness(&update)).await?;
        moves += 1;
        sleep(PAUSE).await;
    }
    Ok(moves)
}
