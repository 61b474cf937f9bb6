//! Who is there is seen on every node, and who is gone, however it went, is not.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::account::Account;
use crate::support::balancer::Balancer;
use crate::support::cluster::Cluster;
use crate::support::driver::{Client, Connect, Driver};
use crate::support::raw::{RawSocket, var_bytes, var_uint};
use crate::support::redis::Redis;
use crate::support::until::{SOON, stays, until};

/// By when half of what is shown on one node is seen on the other.
const SEEN_WITHIN: Duration = Duration::from_millis(200);
/// By when everything is, and nobody who left is any more; a busy machine takes its time.
const SURELY_WITHIN: Duration = Duration::from_secs(1);
/// By when nobody of a dead node is seen any more.
const DEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long what is right must stay so: longer than a dead node is remembered.
const FOR_GOOD: Duration = Duration::from_secs(4);
const SHOWN: u32 = 9;

struct Stage {
    cluster: Cluster,
    people: [Account; 2],
    plan: String,
    driver: Driver,
}

impl Stage {
    async fn start() -> Self {
        let cluster = Cluster::start(2, Some(Redis::start().await)).await;
        let (people, plan) = cluster.two_people().await;
        Self {
            cluster,
            people,
            plan,
            driver: Driver::javascript().await,
        }
    }

    async fn join(&self, node: usize, lib: &str, person: usize) -> Client {
        let url = self.cluster.nodes[node].ws_url();
        self.join_at(&url, lib, person).await
    }

    async fn join_at(&self, url: &str, lib: &str, person: usize) -> Client {
        let connect = Connect::at(url, lib, &self.plan, &self.people[person].token);
        let client = self.driver.join(connect).await;
        client.set_presence(json!({ "cursor": 0 })).await;
        client
    }
}

/// What `watcher` sees of the client with this id.
async fn seen_of(watcher: &Client, id: u64) -> Option<Value> {
    let seen = watcher.presence().await;
    seen.into_iter()
        .find(|(other, _)| *other == id)
        .map(|(_, state)| state)
}

/// Everybody that `watcher` sees, by client id.
async fn seen_by(watcher: &Client) -> Vec<u64> {
    let mut seen: Vec<u64> = watcher
        .presence()
        .await
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    seen.sort_unstable();
    seen
}

async fn id_of(client: &Client) -> u64 {
    client.status().await.client_id
}

async fn ids_of(clients: &[&Client]) -> Vec<u64> {
    let mut ids = Vec::new();
    for client in clients {
        ids.push(id_of(client).await);
    }
    ids.sort_unstable();
    ids
}

/// Waits until each of `watchers` sees exactly `clients`.
async fn exactly(watchers: &[&Client], clients: &[&Client], within: Duration) {
    let ids = ids_of(clients).await;
    let deadline = Instant::now() + within;
    for watcher in watchers {
        let left = deadline.saturating_duration_since(Instant::now());
        let what = format!("{} sees exactly those who are there", watcher.lib);
        until(&what, left, async || {
            (seen_by(watcher).await == ids).then_some(())
        })
        .await;
    }
}

/// The same, which must stay so.
async fn exactly_for_good(watchers: &[&Client], clients: &[&Client], span: Duration) {
    let ids = ids_of(clients).await;
    stays(
        "everybody sees exactly those who are there",
        span,
        async || {
            for watcher in watchers {
                if seen_by(watcher).await != ids {
                    return false;
                }
            }
            true
        },
    )
    .await;
}

/// How long it takes until `to` sees what `from` shows.
async fn time_to_see(from: &Client, to: &Client, account: &Account, cursor: u32) -> Duration {
    let id = id_of(from).await;
    let before = Instant::now();
    let shown = json!({ "user": { "name": "Mallory", "color": "#aa00aa" }, "cursor": cursor });
    from.set_presence(shown).await;
    let seen = until(
        "presence is seen on the other node",
        SURELY_WITHIN,
        async || {
            let state = seen_of(to, id).await?;
            (state["cursor"] == cursor).then_some(state)
        },
    )
    .await;
    let took = before.elapsed();
    assert_eq!(seen["user"]["name"], account.name.as_str());
    assert_eq!(seen["user"]["id"], account.user.as_str());
    assert_eq!(seen["user"]["color"], "#aa00aa");
    took
}

#[tokio::test]
async fn who_shows_something_leaves_or_moves_is_seen_to_on_every_node() {
    let stage = Stage::start().await;
    let one = stage.join(0, "hocuspocus-4.8", 0).await;
    let two = stage.join(1, "y-websocket-3.1", 1).await;
    exactly(&[&one, &two], &[&one, &two], SURELY_WITHIN).await;
    let mut took = Vec::new();
    for cursor in 1..=SHOWN {
        took.push(time_to_see(&one, &two, &stage.people[0], cursor).await);
        took.push(time_to_see(&two, &one, &stage.people[1], cursor).await);
    }
    took.sort_unstable();
    eprintln!("seen after {took:?}");
    assert!(took[took.len() / 2] < SEEN_WITHIN, "{took:?}");

    let leaver = stage.join(0, "y-websocket-3.1", 1).await;
    exactly(&[&one, &two], &[&one, &two, &leaver], SURELY_WITHIN).await;
    leaver.disconnect().await;
    exactly(&[&one, &two], &[&one, &two], SURELY_WITHIN).await;
    leaver.reconnect().await;
    exactly(&[&one, &two], &[&one, &two, &leaver], SURELY_WITHIN * 2).await;
    leaver.tell("destroy", json!({})).await;

    somebody_moves(&stage, &one, &two).await;
    a_session_that_ends_late_takes_nobody_away(&stage, &one, &two).await;
}

/// The same replica comes back to another node, with the same client id.
async fn somebody_moves(stage: &Stage, one: &Client, two: &Client) {
    for lib in ["y-websocket-3.1", "hocuspocus-4.8"] {
        let door = Balancer::to(&stage.cluster.nodes, 0).await;
        let mover = stage.join_at(&door.ws_url(), lib, 0).await;
        exactly(&[one, two], &[one, two, &mover], SURELY_WITHIN).await;
        door.prefer(&stage.cluster.nodes[1]).await;
        mover.tell("cut", json!({})).await;
        until("it is connected again", SOON, async || {
            let status = mover.status().await;
            (status.opens == 2 && status.synced).then_some(())
        })
        .await;
        // What it sees itself is its library's business: that forgets everybody when a socket ends, and
        // takes nobody back who has not moved since.
        let everybody = [one, two, &mover];
        exactly(&[one, two], &everybody, SURELY_WITHIN).await;
        exactly_for_good(&[one, two], &everybody, SURELY_WITHIN * 2).await;
        mover.set_presence(json!({ "cursor": 77 })).await;
        let id = id_of(&mover).await;
        for watcher in [one, two] {
            until(
                "what it shows on the new node is seen",
                SURELY_WITHIN,
                async || (seen_of(watcher, id).await?["cursor"] == 77).then_some(()),
            )
            .await;
        }
        mover.tell("destroy", json!({})).await;
        exactly(&[one, two], &[one, two], SURELY_WITHIN).await;
    }
}

/// A client whose old node has not noticed yet that it went to the other one.
async fn a_session_that_ends_late_takes_nobody_away(stage: &Stage, one: &Client, two: &Client) {
    const ID: u64 = 4_242_424_242;
    let token = &stage.people[0].token;
    let [first, second] = stage.cluster.nodes.as_slice() else {
        panic!("there are two nodes")
    };
    let sees = async |watcher: &Client, cursor: u32| {
        until("it is seen where it is", SURELY_WITHIN, async || {
            (seen_of(watcher, ID).await?["cursor"] == cursor).then_some(())
        })
        .await;
    };
    let mut old = RawSocket::ywebsocket(first, &stage.plan, token).await;
    old.send(&awareness(ID, 1, &json!({ "cursor": 1 }))).await;
    sees(two, 1).await;
    let mut new = RawSocket::ywebsocket(second, &stage.plan, token).await;
    new.send(&awareness(ID, 2, &json!({ "cursor": 2 }))).await;
    sees(one, 2).await;
    drop(old);
    stays("it is seen on both nodes", SURELY_WITHIN, async || {
        for watcher in [one, two] {
            if seen_of(watcher, ID).await.is_none() {
                return false;
            }
        }
        true
    })
    .await;
    drop(new);
    exactly(&[one, two], &[one, two], SURELY_WITHIN).await;
}

/// The y-websocket message that announces one client.
fn awareness(id: u64, clock: u64, state: &Value) -> Vec<u8> {
    let entry = [
        var_uint(1),
        var_uint(id),
        var_uint(clock),
        var_bytes(state.to_string()),
    ];
    [vec![1], var_bytes(entry.concat())].concat()
}

#[tokio::test]
async fn nobody_of_a_dead_node_or_from_before_a_redis_restart_is_seen() {
    let mut stage = Stage::start().await;
    let gone = [
        stage.join(0, "hocuspocus-4.8", 0).await,
        stage.join(0, "y-websocket-3.1", 0).await,
    ];
    let one = stage.join(1, "hocuspocus-4.8", 1).await;
    let two = stage.join(1, "y-websocket-3.1", 1).await;
    let stay = [&one, &two];
    let everybody = [&one, &two, &gone[0], &gone[1]];
    exactly(&everybody, &everybody, SURELY_WITHIN).await;
    stage.cluster.nodes[0].kill9();
    for client in &gone {
        // Without a word: nobody is there to hear it.
        client.tell("destroy", json!({})).await;
    }
    exactly(&stay, &stay, DEAD_WITHIN).await;
    stage.cluster.nodes[0].start_again().await;
    let three = stage.join(0, "y-websocket-3.1", 0).await;
    let everybody = [&one, &two, &three];
    exactly(&everybody, &everybody, SURELY_WITHIN).await;
    exactly_for_good(&everybody, &everybody, FOR_GOOD).await;

    // A node that is killed and back before anybody misses it.
    stage.cluster.nodes[0].kill9();
    three.tell("destroy", json!({})).await;
    stage.cluster.nodes[0].start_again().await;
    exactly(&stay, &stay, DEAD_WITHIN).await;

    let four = stage.join(0, "hocuspocus-4.8", 0).await;
    let everybody = [&one, &two, &four];
    exactly(&everybody, &everybody, SURELY_WITHIN).await;
    stage.cluster.redis().kill9();
    two.tell("destroy", json!({})).await;
    four.set_presence(json!({ "cursor": 99 })).await;
    stage.cluster.redis().start_again().await;
    let everybody = [&one, &four];
    exactly(&everybody, &everybody, DEAD_WITHIN).await;
    let id = id_of(&four).await;
    until(
        "what was shown meanwhile is seen",
        DEAD_WITHIN,
        async || (seen_of(&one, id).await?["cursor"] == 99).then_some(()),
    )
    .await;
    exactly_for_good(&everybody, &everybody, SURELY_WITHIN).await;
}
