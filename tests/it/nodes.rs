//! Several nodes serve the same plans: everybody holds the same, whatever fails, and what is decided
//! on one node is felt on every other.

mod access;
mod agents;
mod busy_plans;
mod faults;
mod foreign_messages;
mod idle_rooms;
mod logins;
mod meeting;
mod presence;
mod redis_cluster;
mod rolling_restart;
mod start_up;

use std::time::Duration;

use serde_json::json;

use crate::support::account::Account;
use crate::support::cluster::Cluster;
use crate::support::driver::{Client, Connect, Driver};
use crate::support::until::until;

/// Nodes hear of each other within a second, also without Redis; a busy machine adds to it.
const HEARD_WITHIN: Duration = Duration::from_millis(1_300);
/// By when every replica is the same again once what had failed is repaired.
const REPAIRED_WITHIN: Duration = Duration::from_secs(3);

/// Two clients of one plan, each on a node of its own.
struct Pair {
    first: Client,
    second: Client,
}

impl Pair {
    /// Joins `plan` on the first two nodes, with a client of each dialect.
    async fn join(cluster: &Cluster, driver: &Driver, people: &[Account; 2], plan: &str) -> Self {
        let [one, two, ..] = cluster.nodes.as_slice() else {
            panic!("there are two nodes")
        };
        let first = Connect::new(one, "hocuspocus-4.8", plan, &people[0].token);
        let second = Connect::new(two, "y-websocket-3.1", plan, &people[1].token);
        Self {
            first: driver.join(first).await,
            second: driver.join(second).await,
        }
    }

    /// What either writes is soon read by the other.
    async fn hear_each_other(&self, word: &str) {
        for (from, to) in [(&self.first, &self.second), (&self.second, &self.first)] {
            let text = format!("{word} by {} ", from.lib);
            from.append("text", &text).await;
            until(
                "the other node has heard of an edit",
                HEARD_WITHIN,
                async || to.text("text").await.contains(&text).then_some(()),
            )
            .await;
        }
    }

    /// The same a few times: not only by chance at once.
    async fn keep_hearing_each_other(&self, word: &str) {
        const TIMES: usize = 4;
        for time in 0..TIMES {
            self.hear_each_other(&format!("{word} {time}")).await;
        }
    }

    async fn nobody_reconnected(&self) {
        for client in [&self.first, &self.second] {
            let status = client.status().await;
            assert_eq!(status.opens, 1, "{}: {:?}", client.lib, status.closes);
            assert_eq!(status.not_applied, 0, "{}", client.lib);
        }
    }

    async fn leave(self) {
        for client in [&self.first, &self.second] {
            client.tell("destroy", json!({})).await;
        }
    }
}
