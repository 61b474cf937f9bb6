//! The server is killed in the middle of writing: what was acknowledged, and what anybody else saw,
//! is there afterwards, although no client comes back with it.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::account::Account;
use crate::support::driver::{Client, Connect, Driver, PYCRDT};
use crate::support::engine::Engine;
use crate::support::notes::{Notes, marks_of};
use crate::support::server::Server;
use crate::support::until::{SOON, until};

/// How many times each server is killed when `CONVENE_SOAK_ROUNDS` does not say.
const ROUNDS: u32 = 2;
/// What must have been acknowledged and seen before the kill, so that a round proves something.
const MARKS_MIN: usize = 200;
/// The kill comes at a random moment within this.
const MOMENTS: Duration = Duration::from_millis(300);

const WRITERS: [&str; 4] = [
    "hocuspocus-4.8",
    "y-websocket-3.1",
    "hocuspocus-3.4",
    "y-websocket-3.1-rc",
];
const WATCHERS: [&str; 2] = ["hocuspocus-4.8", "y-websocket-3.1"];

fn rounds() -> u32 {
    std::env::var("CONVENE_SOAK_ROUNDS").map_or(ROUNDS, |rounds| {
        rounds
            .parse()
            .unwrap_or_else(|error| panic!("CONVENE_SOAK_ROUNDS={rounds}: {error}"))
    })
}

/// Moments that differ from run to run.
fn random_moment() -> Duration {
    let random = u128::from(RandomState::new().build_hasher().finish());
    Duration::from_micros(u64::try_from(random % MOMENTS.as_micros()).expect("a short time"))
}

/// Writers and watchers of one plan, and what they noted.
struct Crowd {
    writers: Driver,
    watchers: Driver,
    written: Vec<Notes>,
    watched: Vec<Notes>,
    /// Those who write.
    clients: Vec<Client>,
}

impl Crowd {
    async fn start(server: &Server, people: &[Account; 2], plan: &str, folder: &TempDir) -> Self {
        let (writers, watchers) = tokio::join!(Driver::javascript(), Driver::javascript());
        let mut crowd = Self {
            writers,
            watchers,
            written: Vec::new(),
            watched: Vec::new(),
            clients: Vec::new(),
        };
        for (number, lib) in WATCHERS.iter().enumerate() {
            let connect = Connect::new(server, lib, plan, &people[0].token);
            let client = crowd.watchers.join(connect).await;
            let notes = Notes::new(folder.path(), &format!("watcher-{number}"));
            client
                .tell("start_watcher", json!({ "file": notes.path() }))
                .await;
            crowd.watched.push(notes);
        }
        for (number, lib) in WRITERS.iter().enumerate() {
            let connect = Connect::new(server, lib, plan, &people[number % 2].token);
            let client = crowd.writers.join(connect).await;
            let notes = Notes::new(folder.path(), &format!("writer-{number}"));
            let prefix = format!("{}-{number}", folder.path().file_name().unwrap().display());
            let options = json!({ "every_ms": 4, "prefix": prefix, "file": notes.path() });
            client.tell("start_writer", options).await;
            crowd.written.push(notes);
            crowd.clients.push(client);
        }
        crowd
    }

    async fn is_busy(&self) {
        let enough = |notes: &Notes, what| notes.marks(what).len() >= MARKS_MIN;
        until("everybody writes and sees", SOON * 3, async || {
            let acked = self.written.iter().all(|notes| enough(notes, "acked"));
            let seen = self.watched.iter().all(|notes| enough(notes, "seen"));
            (acked && seen).then_some(())
        })
        .await;
    }

    /// Nobody brings back what the server lost.
    async fn kill9(&self) {
        tokio::join!(self.writers.kill9(), self.watchers.kill9());
    }
}

/// Every mark in the plan, as clients read it that were never there before. No mark is there twice.
async fn marks_in(server: &Server, account: &Account, plan: &str) -> BTreeSet<String> {
    let (javascript, python) = tokio::join!(Driver::javascript(), Driver::python());
    let roots = json!({ "marks": "array", "latest": "map", "log": "text" });
    let connect = |lib| Connect::new(server, lib, plan, &account.token);
    let fresh: [Client; 3] = [
        javascript.join(connect("hocuspocus-4.8")).await,
        javascript.join(connect("y-websocket-3.1")).await,
        python.join(connect(PYCRDT)).await,
    ];
    let content = fresh[0].read(&roots).await;
    for other in &fresh[1..] {
        assert_eq!(
            other.read(&roots).await,
            content,
            "{} reads something else",
            other.lib
        );
    }
    let list: Vec<Value> = content["marks"].as_array().expect("an array").clone();
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
    fresh[0].append("after", "still writable").await;
    fresh[0].wait_saved().await;
    marks
}

async fn nothing_is_lost_on(engine: Engine) {
    let mut server = Server::start(engine.options()).await;
    let people = [
        Account::register(&server, "Olga").await,
        Account::register(&server, "Emil").await,
    ];
    let plan = people[0].create_plan(&server).await;
    people[0]
        .set_role(&server, &plan, &people[1], "editor")
        .await;
    let mut promised = BTreeSet::new();
    for round in 1..=rounds() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let crowd = Crowd::start(&server, &people, &plan, &folder).await;
        crowd.is_busy().await;
        tokio::time::sleep(random_moment()).await;
        server.kill9();
        crowd.kill9().await;
        server.start_again().await;
        let acked = marks_of(&crowd.written, "acked");
        let seen = marks_of(&crowd.watched, "seen");
        let sent = marks_of(&crowd.written, "sent");
        eprintln!(
            "round {round}: {} sent, {} acked, {} seen",
            sent.len(),
            acked.len(),
            seen.len()
        );
        promised.extend(acked);
        promised.extend(seen);
        let found = marks_in(&server, &people[0], &plan).await;
        let lost: Vec<&String> = promised.difference(&found).collect();
        assert!(
            lost.is_empty(),
            "round {round} lost {} marks: {lost:?}",
            lost.len()
        );
    }
}

/// The database dies under a server that goes on: what it had not committed is written again, once.
#[tokio::test]
async fn nothing_is_lost_or_doubled_when_postgres_is_killed() {
    let engine = Engine::postgres().await;
    let server = Server::start(engine.options()).await;
    let postgres = engine.server();
    let people = [
        Account::register(&server, "Olga").await,
        Account::register(&server, "Emil").await,
    ];
    let plan = people[0].create_plan(&server).await;
    people[0]
        .set_role(&server, &plan, &people[1], "editor")
        .await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let crowd = Crowd::start(&server, &people, &plan, &folder).await;
    for _ in 0..rounds() {
        let acked = marks_of(&crowd.written, "acked").len();
        tokio::time::sleep(random_moment()).await;
        postgres.kill9();
        postgres.restart().await;
        until("writing goes on", SOON * 3, async || {
            (marks_of(&crowd.written, "acked").len() > acked + MARKS_MIN).then_some(())
        })
        .await;
    }
    for client in &crowd.clients {
        client.tell("stop_writer", json!({})).await;
        client.wait_saved().await;
        assert_eq!(client.status().await.opens, 1, "{} reconnected", client.lib);
    }
    let sent = marks_of(&crowd.written, "sent");
    assert_eq!(marks_of(&crowd.written, "acked"), sent);
    until("the watchers see the last mark", SOON, async || {
        crowd
            .watched
            .iter()
            .all(|notes| notes.marks("seen") == sent)
            .then_some(())
    })
    .await;
    assert_eq!(marks_in(&server, &people[0], &plan).await, sent);
}

#[tokio::test]
async fn nothing_acknowledged_or_seen_is_lost_on_sqlite() {
    nothing_is_lost_on(Engine::Sqlite).await;
}

#[tokio::test]
async fn nothing_acknowledged_or_seen_is_lost_on_postgres() {
    nothing_is_lost_on(Engine::postgres().await).await;
}
