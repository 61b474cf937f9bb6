//! Writers and watchers of one plan, what they noted, and which of it the plan holds.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::account::Account;
use super::driver::{Client, Connect, Driver};
use super::notes::{Notes, marks_of};
use super::until::{SOON, until};

const WRITERS: [&str; 4] = [
    "hocuspocus-4.8",
    "y-websocket-3.1",
    "hocuspocus-3.4",
    "y-websocket-3.1-rc",
];
const WATCHERS: [&str; 2] = ["hocuspocus-4.8", "y-websocket-3.1"];

/// Who writes where.
pub(crate) struct Scene<'a> {
    /// The addresses that clients connect to, in turn.
    pub(crate) urls: &'a [String],
    /// Two accounts that may write.
    pub(crate) people: &'a [Account; 2],
    pub(crate) plan: &'a str,
    /// How often each of them writes.
    pub(crate) every_ms: u32,
}

/// The processes that hold a crowd. They outlive it, unless they are killed.
#[derive(Clone)]
pub(crate) struct Drivers {
    writers: Driver,
    watchers: Driver,
}

impl Drivers {
    pub(crate) async fn start() -> Self {
        let (writers, watchers) = tokio::join!(Driver::javascript(), Driver::javascript());
        Self { writers, watchers }
    }

    /// Somebody who was not there before.
    pub(crate) async fn newcomer(&self, connect: Connect) -> Client {
        self.watchers.join(connect).await
    }

    /// Nobody brings back what the server lost.
    pub(crate) async fn kill9(&self) {
        tokio::join!(self.writers.kill9(), self.watchers.kill9());
    }
}

/// The clients, and what they noted.
pub(crate) struct Crowd {
    /// Those who write first.
    pub(crate) clients: Vec<Client>,
    written: Vec<Notes>,
    watched: Vec<Notes>,
    /// Keeps the files.
    _folder: TempDir,
}

impl Crowd {
    /// Everybody joins and begins.
    pub(crate) async fn start(drivers: &Drivers, scene: &Scene<'_>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let name = folder.path().file_name().expect("it has a name").display();
        let (mut written, mut watched) = (Vec::new(), Vec::new());
        let (mut writers, mut watchers) = (Vec::new(), Vec::new());
        for (number, lib) in WATCHERS.iter().enumerate() {
            let client = drivers.watchers.join(scene.connect(lib, number, 0)).await;
            let notes = Notes::new(folder.path(), &format!("watcher-{number}"));
            client
                .tell("start_watcher", json!({ "file": notes.path() }))
                .await;
            watched.push(notes);
            watchers.push(client);
        }
        for (number, lib) in WRITERS.iter().enumerate() {
            // Of two places each gets both dialects and both people.
            let place = number + number / scene.urls.len();
            let client = drivers
                .writers
                .join(scene.connect(lib, place, number))
                .await;
            let notes = Notes::new(folder.path(), &format!("writer-{number}"));
            let prefix = format!("{name}-{number}");
            let every = scene.every_ms;
            let options = json!({ "every_ms": every, "prefix": prefix, "file": notes.path() });
            client.tell("start_writer", options).await;
            written.push(notes);
            writers.push(client);
        }
        Self {
            clients: writers.into_iter().chain(watchers).collect(),
            written,
            watched,
            _folder: folder,
        }
    }

    /// Those who write.
    pub(crate) fn writers(&self) -> &[Client] {
        &self.clients[..self.written.len()]
    }

    /// Until every writer has had `marks` more acknowledged than now, and every watcher seen as many.
    pub(crate) async fn goes_on(&self, marks: usize) {
        let counts = |notes: &[Notes], what| -> Vec<usize> {
            notes.iter().map(|it| it.marks(what).len()).collect()
        };
        let (acked, seen) = (
            counts(&self.written, "acked"),
            counts(&self.watched, "seen"),
        );
        let more = |now: Vec<usize>, before: &[usize]| {
            let mut pairs = now.iter().zip(before);
            pairs.all(|(now, before)| *now >= before + marks)
        };
        until("everybody writes and sees", SOON * 3, async || {
            let acked = more(counts(&self.written, "acked"), &acked);
            (acked && more(counts(&self.watched, "seen"), &seen)).then_some(())
        })
        .await;
    }

    /// Nobody writes any more; everybody stays.
    pub(crate) async fn stop_writing(&self) {
        for client in self.writers() {
            client.tell("stop_writer", json!({})).await;
        }
    }

    /// Everybody leaves the plan.
    pub(crate) async fn leave(self) {
        for client in &self.clients {
            client.tell("destroy", json!({})).await;
        }
    }

    /// How often each client opened a socket.
    pub(crate) async fn sockets_opened(&self) -> Vec<u32> {
        let mut opened = Vec::new();
        for client in &self.clients {
            opened.push(client.status().await.opens);
        }
        opened
    }

    pub(crate) fn sent(&self) -> BTreeSet<String> {
        marks_of(&self.written, "sent")
    }

    pub(crate) fn acked(&self) -> BTreeSet<String> {
        marks_of(&self.written, "acked")
    }

    /// What any watcher saw.
    pub(crate) fn seen(&self) -> BTreeSet<String> {
        marks_of(&self.watched, "seen")
    }

    /// Whether every watcher saw exactly these.
    pub(crate) fn everybody_saw(&self, marks: &BTreeSet<String>) -> bool {
        self.watched
            .iter()
            .all(|notes| notes.marks("seen") == *marks)
    }

    /// Marks that must never be gone: acknowledged, or seen by anybody.
    pub(crate) fn promised(&self) -> BTreeSet<String> {
        let (sent, acked, seen) = (self.sent(), self.acked(), self.seen());
        eprintln!(
            "{} sent, {} acked, {} seen",
            sent.len(),
            acked.len(),
            seen.len()
        );
        acked.into_iter().chain(seen).collect()
    }
}

impl Scene<'_> {
    fn connect(&self, lib: &str, place: usize, person: usize) -> Connect {
        let url = &self.urls[place % self.urls.len()];
        let token = &self.people[person % 2].token;
        Connect::at(url, lib, self.plan, token)
    }
}

/// The roots that marks are in.
pub(crate) fn roots_of_marks() -> Value {
    json!({ "marks": "array", "latest": "map", "log": "text" })
}

/// Every mark in the content of these roots. No mark is there twice, or in part.
pub(crate) fn marks_in(content: &Value) -> BTreeSet<String> {
    let list = content["marks"].as_array().expect("an array");
    let marks: BTreeSet<String> = list
        .iter()
        .map(|mark| mark.as_str().expect("marks are texts").to_owned())
        .collect();
    assert_eq!(marks.len(), list.len(), "a mark is there twice");
    // One transaction wrote all three: a part of it without the rest would be a torn update.
    let log: Vec<&str> = content["log"]
        .as_str()
        .expect("a text")
        .split_whitespace()
        .collect();
    assert_eq!(log.len(), marks.len());
    assert!(log.iter().all(|mark| marks.contains(*mark)));
    marks
}

/// Fails when a promised mark was not found.
pub(crate) fn expect_none_lost(promised: &BTreeSet<String>, found: &BTreeSet<String>) {
    let lost: Vec<&String> = promised.difference(found).collect();
    assert!(lost.is_empty(), "{} marks are lost: {lost:?}", lost.len());
}
