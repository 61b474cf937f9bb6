//! People come and go all day: the server's memory must not grow with how many have.

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

const ROOMS: usize = 50;
const CLIENTS: usize = 4;
const OPENS: usize = 10_000;
const AT_ONCE: usize = 20;
/// Opens before the memory is read for the first time: caches are warm then.
const WARM: usize = 2_000;
const REST: Duration = Duration::from_secs(3);

pub(super) async fn run(target: Target, programs: &Programs, figures: &mut Figures) -> Result<()> {
    let mut server = Server::start(target, programs).await?;
    let places = server.rooms(ROOMS, CLIENTS).await?;
    let ledger = Arc::new(Ledger::new(1, 1, EDIT_CHARS_MIN));
    let order = || places.iter().flatten().cycle();
    let open_and_close = |number: usize| {
        let opening = order().take(number).map(|place| async {
            let client = Client::join(place, Habits::default(), &ledger).await?;
            drop(client);
            anyhow::Ok(())
        });
        stream::iter(opening)
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
    };
    open_and_close(WARM).await?;
    sleep(REST).await;
    let before = server.usage()?;
    let start = Instant::now();
    open_and_close(OPENS - WARM).await?;
    let took = start.elapsed();
    sleep(REST).await;
    let after = server.usage()?;
    let grown = wide(after.resident_kib) - wide(before.resident_kib);
    figures.set("grown_kib", grown);
    figures.set("resident_kib", wide(after.resident_kib));
    figures.set("opens_per_second", count(OPENS - WARM) / took.as_secs_f64());
    Ok(())
}
