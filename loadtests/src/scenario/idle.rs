//! Connections that do nothing: how fast they come, and what each costs.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, sleep};

use crate::client::{Client, Habits};
use crate::crowd::{count, wide};
use crate::ledger::Ledger;
use crate::report::Figures;
use crate::target::{Programs, Server, Target};
use crate::update::EDIT_CHARS_MIN;

const ROOMS: usize = 200;
const CLIENTS: usize = 10;
/// Connections that are being opened at one time.
const AT_ONCE: usize = 64;
/// How long servers get to come to rest before their memory is read.
const REST: Duration = Duration::from_secs(2);

pub(super) async fn run(target: Target, programs: &Programs, figures: &mut Figures) -> Result<()> {
    let mut server = Server::start(target, programs).await?;
    let places = server.rooms(ROOMS, CLIENTS).await?;
    let ledger = Arc::new(Ledger::new(1, 1, EDIT_CHARS_MIN));
    // A first visitor of some other document pays for what is made once.
    sleep(REST).await;
    let before = server.usage()?;
    let start = Instant::now();
    // One of each document after the other, as people come.
    let order =
        (0..CLIENTS).flat_map(|client| places.iter().filter_map(move |room| room.get(client)));
    let clients: Vec<Client> = stream::iter(order)
        .map(|place| Client::join(place, Habits::default(), &ledger))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let took = start.elapsed();
    sleep(REST).await;
    let after = server.usage()?;
    let grown = wide(after.resident_kib.saturating_sub(before.resident_kib));
    figures.set("kib_per_connection", grown / count(clients.len()));
    figures.set("connect_all_s", took.as_secs_f64());
    Ok(())
}
