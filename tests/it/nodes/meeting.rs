//! Clients of both dialects and of Python on every node edit one plan, and one more node joins.

use serde_json::Value;
use tokio::time::Instant;

use super::REPAIRED_WITHIN;
use crate::meeting::{one_of_each, roots};
use crate::support::account::Account;
use crate::support::cluster::{Cluster, Readers, Reading};
use crate::support::driver::{Client, Connect, PYCRDT};
use crate::support::redis::Redis;
use crate::support::server::{Options, Server};
use crate::support::until::SOON;

const LIBS: [&str; 3] = ["hocuspocus-4.8", "y-websocket-3.1", PYCRDT];

struct Meeting {
    cluster: Cluster,
    people: [Account; 2],
    plan: String,
    readers: Readers,
    clients: Vec<Client>,
}

impl Meeting {
    async fn of_two_nodes() -> Self {
        let cluster = Cluster::start(2, Some(Redis::start().await)).await;
        let (people, plan) = cluster.two_people().await;
        let mut meeting = Self {
            cluster,
            people,
            plan,
            readers: Readers::start().await,
            clients: Vec::new(),
        };
        for number in 0..2 {
            meeting.everyone_joins_on(number).await;
        }
        meeting
    }

    async fn everyone_joins_on(&mut self, number: usize) {
        let node: &Server = &self.cluster.nodes[number];
        for (at, lib) in LIBS.iter().enumerate() {
            let account = &self.people[(number + at) % 2];
            let driver = if *lib == PYCRDT {
                &self.readers.python
            } else {
                &self.readers.javascript
            };
            let connect = Connect::new(node, lib, &self.plan, &account.token);
            self.clients.push(driver.join(connect).await);
        }
    }

    /// Every client writes one word of every kind, and every node has all of them.
    async fn everyone_writes(&self, word: &str) -> Value {
        for (number, client) in self.clients.iter().enumerate() {
            client.edit(one_of_each(&format!("{word}{number}"))).await;
        }
        let reading = Reading {
            readers: &self.readers,
            plan: &self.plan,
            account: &self.people[0],
            roots: roots(),
            by: Instant::now() + REPAIRED_WITHIN,
        };
        let everyone = self.clients.len();
        let complete = |content: &Value| {
            let text = content["text"].as_str().unwrap_or_default();
            (0..everyone).all(|number| text.contains(&format!("{word}{number} ")))
        };
        self.cluster
            .converged(&reading, &self.clients, complete)
            .await
    }

    async fn nothing_was_wrong(&self) {
        for client in &self.clients {
            if client.lib != PYCRDT {
                client.wait_for("saved", SOON).await;
            }
            let status = client.status().await;
            assert_eq!(status.opens, 1, "{}: {:?}", client.lib, status.closes);
            assert_eq!(status.not_applied, 0, "{}", client.lib);
        }
        for node in &self.cluster.nodes {
            assert_eq!(node.count("convene_relay_connected").await, 1);
            assert_eq!(node.count("convene_relay_dropped_total").await, 0);
        }
    }
}

#[tokio::test]
async fn stock_clients_of_two_and_of_three_nodes_hold_the_same() {
    let mut meeting = Meeting::of_two_nodes().await;
    meeting.everyone_writes("two").await;
    meeting.cluster.add_node(Options::default()).await;
    meeting.everyone_joins_on(2).await;
    let content = meeting.everyone_writes("three").await;
    let pages = content["page"].as_array().expect("a fragment").len();
    assert_eq!(pages, LIBS.len() * (2 + 3));
    meeting.nothing_was_wrong().await;
}
