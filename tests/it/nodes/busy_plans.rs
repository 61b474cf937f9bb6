//! Both nodes write the same fifty plans at once: PostgreSQL never has to break a deadlock, and nothing
//! is lost.

use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::support::account::Account;
use crate::support::cluster::Cluster;
use crate::support::converge::converge;
use crate::support::crowd::{marks_in, roots_of_marks};
use crate::support::driver::{Client, Connect, Driver};
use crate::support::notes::{Notes, marks_of};
use crate::support::redis::Redis;
use crate::support::rounds::is_soaking;

const PLANS: usize = 50;
/// How often each of the four writers of a plan writes: together 800 edits a second.
const WRITE_EVERY_MS: u32 = 250;
const SPAN: Duration = Duration::from_secs(8);
const SOAK_SPAN: Duration = Duration::from_mins(1);

/// The writers of one plan, and what they noted.
#[derive(Default)]
struct Writers {
    clients: Vec<Client>,
    notes: Vec<Notes>,
}

/// Four sockets, each with all plans on it: one of each person on each node.
async fn everybody_joins(
    cluster: &Cluster,
    people: &[Account; 2],
    plans: &[String],
    folder: &TempDir,
) -> Vec<Writers> {
    let mut writers: Vec<Writers> = plans.iter().map(|_| Writers::default()).collect();
    for (at, node) in cluster.nodes.iter().enumerate() {
        let driver = Driver::javascript().await;
        for account in people {
            let socket = format!("{at}-{}", account.name);
            for (number, plan) in plans.iter().enumerate() {
                let connect = Connect::new(node, "hocuspocus-4.8", plan, &account.token);
                let client = driver
                    .connect(connect.with("socket", socket.as_str()))
                    .await;
                let notes = Notes::new(folder.path(), &format!("{number}-{socket}"));
                writers[number].clients.push(client);
                writers[number].notes.push(notes);
            }
        }
    }
    for client in writers.iter().flat_map(|it| &it.clients) {
        client.wait_synced().await;
    }
    writers
}

impl Writers {
    async fn begin(&self) {
        for (number, (client, notes)) in self.clients.iter().zip(&self.notes).enumerate() {
            let prefix = number.to_string();
            let options =
                json!({ "every_ms": WRITE_EVERY_MS, "prefix": prefix, "file": notes.path() });
            client.tell("start_writer", options).await;
        }
    }

    async fn end(&self) {
        for client in &self.clients {
            client.tell("stop_writer", json!({})).await;
        }
    }

    /// Every edit of the plan is acknowledged and with everybody.
    async fn have_everything(&self) -> usize {
        for client in &self.clients {
            client.wait_saved().await;
        }
        let sent = marks_of(&self.notes, "sent");
        let content = converge(&self.clients, &roots_of_marks(), |content| {
            content["marks"]
                .as_array()
                .is_some_and(|marks| marks.len() == sent.len())
        })
        .await;
        assert_eq!(marks_in(&content), sent);
        assert_eq!(marks_of(&self.notes, "acked"), sent);
        for client in &self.clients {
            let status = client.status().await;
            assert_eq!(status.opens, 1, "{}: {:?}", client.lib, status.closes);
        }
        sent.len()
    }
}

#[tokio::test]
async fn two_nodes_that_write_the_same_plans_never_deadlock() {
    let cluster = Cluster::start(2, Some(Redis::start().await)).await;
    let (people, first) = cluster.two_people().await;
    let mut plans = vec![first];
    while plans.len() < PLANS {
        plans.push(cluster.new_plan(&people).await);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let everybody = everybody_joins(&cluster, &people, &plans, &folder).await;
    for writers in &everybody {
        writers.begin().await;
    }
    let span = if is_soaking() { SOAK_SPAN } else { SPAN };
    tokio::time::sleep(span).await;
    for writers in &everybody {
        writers.end().await;
    }
    let mut marks = 0;
    for writers in &everybody {
        marks += writers.have_everything().await;
    }
    eprintln!("{marks} edits");
    for node in &cluster.nodes {
        assert_eq!(node.count("convene_journal_failures_total").await, 0);
    }
    let Cluster {
        nodes,
        postgres,
        url,
        ..
    } = cluster;
    // What a session counted is told when it ends.
    drop(nodes);
    assert_eq!(postgres.deadlocks(&url).await, 0);
}
