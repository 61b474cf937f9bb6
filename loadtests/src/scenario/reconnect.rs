//! Everybody loses the connection at once and comes back at once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep};

use crate::client::{Client, Habits};
use crate::crowd::{Crowd, Shape, count, wide};
use crate::report::Figures;
use crate::target::{Programs, Server, Target};
use crate::update::EDIT_CHARS_MIN;

const SHAPE: Shape = Shape {
    rooms: 100,
    clients: 10,
    writers: 1,
    chars: EDIT_CHARS_MIN,
    keepers: 1,
};
/// How much each document holds.
const WRITTEN: Duration = Duration::from_secs(3);
const RATE: f64 = 20.0;

pub(super) async fn run(target: Target, programs: &Programs, figures: &mut Figures) -> Result<()> {
    let mut server = Server::start(target, programs).await?;
    let crowd = Crowd::gather(&mut server, SHAPE).await?;
    crowd.load(&server, RATE, WRITTEN).await?;
    figures.set("not_applied", wide(crowd.not_applied()));
    let Crowd { rooms, ledger, .. } = crowd;
    let mut places = Vec::new();
    for room in rooms {
        for client in room.clients {
            places.push(client.place.clone());
            drop(client);
        }
    }
    sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    let ledger = Arc::clone(&ledger);
    let coming = places
        .iter()
        .map(|place| Client::join(place, Habits::default(), &ledger));
    let clients = try_join_all(coming).await?;
    figures.set("all_synced_s", start.elapsed().as_secs_f64());
    figures.set("clients", count(clients.len()));
    Ok(())
}
