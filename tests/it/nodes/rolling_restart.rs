//! The nodes are restarted one after another behind a balancer while people write: nobody has to do
//! anything, and nothing is lost.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::REPAIRED_WITHIN;
use crate::support::balancer::Balancer;
use crate::support::cluster::{Cluster, Readers, Reading};
use crate::support::crowd::{Crowd, Drivers, Scene, expect_none_lost, marks_in, roots_of_marks};
use crate::support::driver::Close;
use crate::support::raw::RawSocket;
use crate::support::redis::Redis;
use crate::support::rounds::{is_soaking, rounds};
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, until};

/// Ten times as fast as people type; in many rounds as fast as they do, or clients that read tens of
/// thousands of marks again and again are what is slow.
fn write_every_ms() -> u32 {
    if is_soaking() { 100 } else { 10 }
}

const LEAVE_SECONDS: u64 = 2;
/// By when a node that was asked to stop says so.
const SAID_WITHIN: Duration = Duration::from_millis(500);
/// What each client has acknowledged, or sees, while its node is leaving.
const MARKS_MIN: usize = 3;
const HEALTH: &str = "/api/v1/health/";

async fn health(node: &Server) -> Option<u16> {
    let answer = reqwest::get(node.url(HEALTH)).await.ok()?;
    Some(answer.status().as_u16())
}

/// The node says that it leaves and serves everybody as before, also who comes yet.
async fn serves_while_it_leaves(node: &Server, crowd: &Crowd, come: (&str, &str)) {
    let opened = crowd.sockets_opened().await;
    node.ask_to_stop();
    until("the node says that it leaves", SAID_WITHIN, async || {
        (health(node).await == Some(503)).then_some(())
    })
    .await;
    let said = Instant::now();
    crowd.goes_on(MARKS_MIN).await;
    drop(RawSocket::hocuspocus(node, come.0, come.1).await);
    assert_eq!(
        crowd.sockets_opened().await,
        opened,
        "somebody had to go at once"
    );
    let took = said.elapsed();
    assert!(
        took < Duration::from_secs(LEAVE_SECONDS),
        "this machine is too slow to tell: {took:?}"
    );
    assert_eq!(health(node).await, Some(503));
}

#[tokio::test]
async fn a_rolling_restart_loses_nothing_and_everybody_comes_back() {
    let options = Options::default().set("CONVENE_LEAVE_SECONDS", LEAVE_SECONDS);
    let mut cluster = Cluster::with(options, 2, Some(Redis::start().await)).await;
    let (people, plan) = cluster.two_people().await;
    let balancers = cluster.balancers().await;
    let urls: Vec<String> = balancers.iter().map(Balancer::ws_url).collect();
    let drivers = Drivers::start().await;
    let readers = Readers::start().await;
    let scene = Scene {
        urls: &urls,
        people: &people,
        plan: &plan,
        every_ms: write_every_ms(),
    };
    let crowd = Crowd::start(&drivers, &scene).await;
    for _ in 0..rounds() {
        for number in 0..cluster.nodes.len() {
            crowd.goes_on(MARKS_MIN).await;
            let node = &mut cluster.nodes[number];
            serves_while_it_leaves(node, &crowd, (&plan, &people[0].token)).await;
            assert!(node.stopped().await.success());
            node.start_again().await;
            crowd.goes_on(MARKS_MIN).await;
        }
    }
    crowd.stop_writing().await;
    for client in crowd.writers() {
        client.wait_for("saved", SOON).await;
    }
    let sent = crowd.sent();
    let reading = Reading {
        readers: &readers,
        plan: &plan,
        account: &people[0],
        roots: roots_of_marks(),
        by: Instant::now() + REPAIRED_WITHIN,
    };
    let is_whole = |content: &Value| {
        let marks = content["marks"].as_array();
        marks.is_some_and(|marks| marks.len() == sent.len())
    };
    let content = cluster.converged(&reading, &crowd.clients, is_whole).await;
    assert_eq!(marks_in(&content), sent);
    expect_none_lost(&crowd.promised(), &sent);
    for client in &crowd.clients {
        let status = client.status().await;
        let is_passing = |close: &Close| close.code == Some(1012);
        assert!(
            status.closes.iter().all(is_passing),
            "{}: {:?}",
            client.lib,
            status.closes
        );
        assert_eq!(status.denied, Vec::<String>::new(), "{}", client.lib);
    }
}
