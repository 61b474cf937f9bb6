//! Somebody writes and leaves while Redis is away, and the room leaves memory: what was written is there
//! on every node, because it never depended on a message.

use std::time::Duration;

use serde_json::json;

use crate::support::account::Account;
use crate::support::cluster::Cluster;
use crate::support::driver::{Connect, Driver};
use crate::support::redis::Redis;
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, until};

const IDLE_SECONDS: u64 = 1;
const LIBS: [&str; 2] = ["hocuspocus-4.8", "y-websocket-3.1"];

/// Somebody who was never there before.
struct Reader<'a> {
    driver: &'a Driver,
    account: &'a Account,
    plan: &'a str,
    expected: &'a str,
}

impl Reader<'_> {
    async fn finds_everything_on(&self, nodes: &[Server]) {
        for node in nodes {
            for lib in LIBS {
                let connect = Connect::new(node, lib, self.plan, &self.account.token);
                let client = self.driver.join(connect).await;
                client.wait_text("text", self.expected).await;
                client.tell("destroy", json!({})).await;
            }
        }
    }
}

#[tokio::test]
async fn what_was_written_while_redis_was_away_is_there_after_the_room_has_left_memory() {
    let options = Options::default().set("CONVENE_ROOM_IDLE_SECONDS", IDLE_SECONDS);
    let mut cluster = Cluster::with(options, 2, Some(Redis::start().await)).await;
    let (people, plan) = cluster.two_people().await;
    let driver = Driver::javascript().await;
    cluster.redis().kill9();
    let mut expected = String::new();
    for number in [0, 1, 0] {
        let connect = |lib| Connect::new(&cluster.nodes[number], lib, &plan, &people[0].token);
        for lib in LIBS {
            let client = driver.join(connect(lib)).await;
            client.wait_text("text", &expected).await;
            let word = format!("{lib} on {number}. ");
            client.append("text", &word).await;
            client.wait_saved().await;
            expected.push_str(&word);
            client.disconnect().await;
        }
        until(
            "the room leaves memory",
            SOON + Duration::from_secs(IDLE_SECONDS),
            async || (cluster.nodes[number].count("convene_rooms").await == 0).then_some(()),
        )
        .await;
    }
    let reader = Reader {
        driver: &driver,
        account: &people[1],
        plan: &plan,
        expected: &expected,
    };
    reader.finds_everything_on(&cluster.nodes).await;
    // Nothing is left of what the first node knew, nor of what Redis did.
    cluster.nodes[0].kill9();
    cluster.redis().start_again().await;
    cluster.nodes[0].start_again().await;
    reader.finds_everything_on(&cluster.nodes).await;
}
