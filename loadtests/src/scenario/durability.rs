//! The server is killed while people type: what was acknowledged, or seen by somebody else, must be
//! there when it is back.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::future::try_join_all;
use tokio::time::sleep;

use crate::crowd::{Crowd, Shape, count, marks, wide};
use crate::newcomer::{read, text_of};
use crate::place::Place;
use crate::report::Figures;
use crate::target::{Acks, Programs, Server, Target};
use crate::update::{self, EDIT_CHARS_MIN};

const SHAPE: Shape = Shape {
    rooms: 20,
    clients: 2,
    writers: 1,
    chars: EDIT_CHARS_MIN,
    keepers: 1,
};
const RATE: f64 = 20.0;
const KILLS: usize = 2;
const TYPED: Duration = Duration::from_secs(12);

/// What was promised and what was kept.
#[derive(Debug, Default)]
struct Losses {
    acked: usize,
    acked_gone: usize,
    seen: usize,
    seen_gone: usize,
    not_applied: u64,
}

impl Losses {
    /// Reads every room once more and counts what is gone.
    async fn count(&mut self, crowd: &Crowd, readers: &[Option<Place>], acks: Acks) -> Result<()> {
        let reading = crowd.rooms.iter().zip(readers).map(|(room, reader)| async {
            let reader = reader.as_ref().context("a reader")?;
            let [writer, watcher] = &room.clients[..] else {
                bail!("a writer and a watcher");
            };
            let acked = match acks {
                Acks::None => 0,
                Acks::Echo => writer.tally.echoed.load(Ordering::Relaxed),
                Acks::Status => writer.tally.acknowledged(),
            };
            let acked: BTreeSet<String> = (0..usize::try_from(acked)?)
                .map(|number| update::mark(room.first_writer, number))
                .collect();
            let seen = marks(&text_of(&watcher.tally.updates())?);
            let has_all = |text: &str| {
                let text = marks(text);
                acked.is_subset(&text) && seen.is_subset(&text)
            };
            let text = marks(&read(reader, &crowd.ledger, has_all).await?.text);
            Ok(Self {
                acked: acked.len(),
                acked_gone: acked.difference(&text).count(),
                seen: seen.len(),
                seen_gone: seen.difference(&text).count(),
                not_applied: writer.tally.not_applied.load(Ordering::Relaxed),
            })
        });
        for room in try_join_all(reading).await? {
            self.acked += room.acked;
            self.acked_gone += room.acked_gone;
            self.seen += room.seen;
            self.seen_gone += room.seen_gone;
            self.not_applied += room.not_applied;
        }
        Ok(())
    }
}

pub(super) async fn run(target: Target, programs: &Programs, figures: &mut Figures) -> Result<()> {
    let mut server = Server::start(target, programs).await?;
    let mut losses = Losses::default();
    for _ in 0..KILLS {
        // Rooms of its own: writers begin at their first edit.
        let places = server.rooms(SHAPE.rooms, SHAPE.clients + 1).await?;
        let (places, readers): (Vec<_>, Vec<_>) = places.into_iter().map(split_last).unzip();
        let crowd = Crowd::enter(&places, SHAPE, None).await?;
        let typing = crowd.load(&server, RATE, TYPED);
        let cut = async {
            sleep(TYPED.mul_f64(0.95)).await;
        };
        // The power goes while everybody types.
        tokio::select! {
            phase = typing => drop(phase?),
            () = cut => {}
        }
        server.kill().await?;
        // What had been written into the sockets is read.
        sleep(Duration::from_millis(300)).await;
        server.start_again().await?;
        losses.count(&crowd, &readers, target.acks()).await?;
    }
    if target.acks() != Acks::None {
        figures.set("acked", count(losses.acked));
        figures.set("acked_gone", count(losses.acked_gone));
    }
    figures.set("seen", count(losses.seen));
    figures.set("seen_gone", count(losses.seen_gone));
    figures.set("not_applied", wide(losses.not_applied));
    Ok(())
}

fn split_last(mut room: Vec<Place>) -> (Vec<Place>, Option<Place>) {
    let last = room.pop();
    (room, last)
}
