//! Rooms full of clients, some of whom type, and whether everybody ends with the same text.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep};

use crate::client::{Client, Habits, Keeps, Times};
use crate::ledger::Ledger;
use crate::newcomer::{read, text_of};
use crate::place::Place;
use crate::report::Figures;
use crate::target::Server;
use crate::update;
use crate::usage;

/// How many edits one writer may send in a run.
const EDITS_MAX: usize = 1 << 15;
/// How long a phase waits for what is still on its way.
const DRAIN_MAX: Duration = Duration::from_secs(8);
/// A typist's clock: several edits are sent at once when more are due.
const BEAT: Duration = Duration::from_millis(1);

/// How many rooms of how many clients, and who types what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) rooms: usize,
    /// In each room.
    pub(crate) clients: usize,
    /// Of the clients in each room, the first so many.
    pub(crate) writers: usize,
    /// Characters of an edit.
    pub(crate) chars: usize,
    /// Clients of each room that keep everything for the comparison at the end.
    pub(crate) keepers: usize,
}

/// One room.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) clients: Vec<Client>,
    /// The number of its first writer.
    pub(crate) first_writer: usize,
}

/// Everybody.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) shape: Shape,
    pub(crate) rooms: Vec<Room>,
    pub(crate) ledger: Arc<Ledger>,
}

/// What was seen in a stretch of typing.
#[derive(Debug)]
pub(crate) struct Phase {
    pub(crate) times: Times,
    /// Edits that should have reached somebody else, each counted once a receiver.
    pub(crate) expected: u64,
    /// Those that had when the typing ended and half a second had passed.
    pub(crate) in_time: u64,
    pub(crate) delivered: u64,
    pub(crate) frames: u64,
    pub(crate) took: Duration,
    /// Processor time while typing, as a share of one core.
    pub(crate) server_cores: f64,
    /// That of what the nodes of a cluster share.
    pub(crate) shared_cores: f64,
    pub(crate) own_cores: f64,
}

impl Crowd {
    /// Opens everything; the first client of a room is there before the others come.
    pub(crate) async fn gather(server: &mut Server, shape: Shape) -> Result<Self> {
        let places = server.rooms(shape.rooms, shape.clients).await?;
        Self::enter(&places, shape, None).await
    }

    /// Opens rooms that exist; the last client of each gets a receive buffer of that size.
    pub(crate) async fn enter(
        places: &[Vec<Place>],
        shape: Shape,
        last_buffer: Option<u32>,
    ) -> Result<Self> {
        let writers = places.iter().flat_map(|room| {
            let writers = room.iter().take(shape.writers);
            writers.map(|place| place.node)
        });
        let ledger = Arc::new(Ledger::of_writers(writers, EDITS_MAX, shape.chars));
        let mut rooms = Vec::with_capacity(places.len());
        for (room, places) in places.iter().enumerate() {
            let first_writer = room * shape.writers;
            let habits = |client: usize| Habits {
                writer: (client < shape.writers).then_some(first_writer + client),
                keeps: if client + shape.keepers >= shape.clients {
                    Keeps::Updates
                } else {
                    Keeps::Nothing
                },
                receive_buffer: last_buffer.filter(|_| client + 1 == shape.clients),
            };
            let mut clients = Vec::with_capacity(places.len());
            let (first, others) = places.split_first().context("a room has a client")?;
            clients.push(Client::join(first, habits(0), &ledger).await?);
            for some in others.chunks(20) {
                let from = clients.len();
                let joining = some
                    .iter()
                    .enumerate()
                    .map(|(at, place)| Client::join(place, habits(from + at), &ledger));
                clients.extend(try_join_all(joining).await?);
            }
            rooms.push(Room {
                clients,
                first_writer,
            });
        }
        Ok(Self {
            shape,
            rooms,
            ledger,
        })
    }

    pub(crate) fn clients(&self) -> impl Iterator<Item = &Client> {
        self.rooms.iter().flat_map(|room| &room.clients)
    }

    /// Every writer types `rate` edits a second for `duration`; then what is on its way arrives.
    pub(crate) async fn load(
        &self,
        server: &Server,
        rate: f64,
        duration: Duration,
    ) -> Result<Phase> {
        self.take_times()?;
        let (before, frames_before) = (self.delivered(), self.frames());
        let sent_before = self.sent();
        let (server_before, own_before) = (server.usage()?, usage::own()?);
        let shared_before = server.shared_processor()?;
        let start = Instant::now();
        try_join_all(self.rooms.iter().flat_map(|room| {
            (0..self.shape.writers)
                .map(move |writer| self.type_steadily(room, writer, rate, duration))
        }))
        .await?;
        let took = start.elapsed();
        let server_cores = server.usage()?.cores_since(server_before, took);
        let shared = server.shared_processor()?.saturating_sub(shared_before);
        let own_cores = usage::own()?.cores_since(own_before, took);
        let others = (self.shape.clients - 1) as u64;
        let expected = (self.sent() - sent_before) * others;
        self.wait_delivered(before + expected, Duration::from_millis(500))
            .await;
        let in_time = self.delivered() - before;
        self.wait_delivered(before + expected, DRAIN_MAX).await;
        Ok(Phase {
            times: self.take_times()?,
            expected,
            in_time,
            delivered: self.delivered() - before,
            frames: self.frames() - frames_before,
            took,
            server_cores,
            shared_cores: shared.as_secs_f64() / took.as_secs_f64(),
            own_cores,
        })
    }

    async fn type_steadily(
        &self,
        room: &Room,
        writer: usize,
        rate: f64,
        duration: Duration,
    ) -> Result<()> {
        let client = room.clients.get(writer).context("a writer")?;
        let number = room.first_writer + writer;
        // Nobody presses a key at the same moment as all others.
        let pause = Duration::from_secs_f64(1.0 / rate);
        sleep(pause.mul_f64(rand::random::<f64>())).await;
        let start = Instant::now();
        let mut sent = 0_u32;
        while start.elapsed() < duration {
            let due = (start.elapsed().as_secs_f64() * rate).floor();
            while f64::from(sent) <= due {
                self.type_once(client, number).await?;
                sent += 1;
            }
            let next = start + pause.mul_f64(f64::from(sent));
            tokio::time::sleep_until(next.max(Instant::now() + BEAT)).await;
        }
        Ok(())
    }

    /// Sends the next edit of a writer.
    pub(crate) async fn type_once(&self, client: &Client, writer: usize) -> Result<()> {
        let edit = self
            .ledger
            .send(writer)
            .with_context(|| format!("writer {writer} has sent all it may"))?;
        let update = update::edit(writer, edit, self.ledger.chars());
        client.send(client.place.update(&update)).await
    }

    async fn wait_delivered(&self, wanted: u64, within: Duration) {
        let deadline = Instant::now() + within;
        while self.delivered() < wanted && Instant::now() < deadline {
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn delivered(&self) -> u64 {
        self.clients()
            .map(|client| client.tally.delivered.load(Ordering::Relaxed))
            .sum()
    }

    fn frames(&self) -> u64 {
        self.clients()
            .map(|client| client.tally.frames.load(Ordering::Relaxed))
            .sum()
    }

    /// Edits that their writers were told are not taken, where a server says so.
    pub(crate) fn not_applied(&self) -> u64 {
        self.clients()
            .map(|client| client.tally.not_applied.load(Ordering::Relaxed))
            .sum()
    }

    /// Edits sent so far by everybody.
    pub(crate) fn sent(&self) -> u64 {
        (0..self.shape.rooms * self.shape.writers)
            .map(|writer| self.ledger.sent(writer) as u64)
            .sum()
    }

    pub(crate) fn take_times(&self) -> Result<Times> {
        let mut all = Times::new()?;
        for client in self.clients() {
            client.tally.take_times(&mut all)?;
        }
        Ok(all)
    }

    /// Opens every room once more and counts the edits that are missing there, or at a client that
    /// kept what it got. All of them must have the same text.
    pub(crate) async fn check(&self) -> Result<Check> {
        let newcomers = try_join_all(self.rooms.iter().map(|room| async {
            let first = room.clients.first().context("a client")?;
            read(&first.place, &self.ledger, |text| {
                self.missing(room, text) == 0
            })
            .await
        }))
        .await?;
        let mut check = Check::default();
        for (room, newcomer) in self.rooms.iter().zip(newcomers) {
            let mut texts = vec![newcomer.text];
            let keepers = room.clients.iter().rev().take(self.shape.keepers);
            for keeper in keepers {
                texts.push(text_of(&keeper.tally.updates())?);
            }
            for text in &texts {
                check.missing += self.missing(room, text);
            }
            check.compared += texts.len();
            check.different += texts
                .windows(2)
                .filter(|pair| pair.first() != pair.last())
                .count();
        }
        Ok(check)
    }

    /// How many edits of this room's writers are not in `text`.
    fn missing(&self, room: &Room, text: &str) -> usize {
        let marks = marks(text);
        (0..self.shape.writers)
            .map(|writer| room.first_writer + writer)
            .map(|writer| {
                (0..self.ledger.sent(writer))
                    .filter(|number| !marks.contains(&update::mark(writer, *number)))
                    .count()
            })
            .sum()
    }
}

/// The outcome of a comparison.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Check {
    /// Texts that were compared.
    pub(crate) compared: usize,
    pub(crate) different: usize,
    /// Edits that are not where they should be.
    pub(crate) missing: usize,
}

impl Check {
    pub(crate) fn figures(self, into: &mut Figures) {
        into.set("texts_compared", count(self.compared));
        into.set("texts_different", count(self.different));
        into.set("edits_missing", count(self.missing));
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts here are below 2^52")]
pub(crate) fn count(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts here are below 2^52")]
pub(crate) fn wide(number: u64) -> f64 {
    number as f64
}

/// The edits in a text.
pub(crate) fn marks(text: &str) -> BTreeSet<String> {
    text.split([' ', '.'])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
