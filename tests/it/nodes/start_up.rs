//! A `REDIS_URL` that cannot work is said at the start; a Redis that dies later stops nobody.

use std::time::Duration;

use serde_json::json;

use crate::support::account::Account;
use crate::support::cluster::Cluster;
use crate::support::driver::{Connect, Driver};
use crate::support::postgres::Postgres;
use crate::support::redis::Redis;
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, until};

/// A wrong address is said by then.
const SAID_WITHIN: Duration = Duration::from_secs(10);

/// Checks that the server says, in one line, what is wrong with its `REDIS_URL`.
async fn is_refused(options: Options, url: &str) {
    let said = Server::fails_to_start(options.set("REDIS_URL", url), SAID_WITHIN).await;
    let line = said.lines().find(|line| line.contains("REDIS_URL"));
    let line = line.unwrap_or_else(|| panic!("{url}: nothing about REDIS_URL in {said}"));
    eprintln!("{url}: {line}");
    assert!(
        !said.contains("wrong-secret"),
        "{url}: a password is logged"
    );
}

#[tokio::test]
async fn a_wrong_redis_url_stops_the_start_with_a_sentence() {
    let (postgres, redis) = tokio::join!(
        Postgres::start(),
        Redis::start_with_password("right-secret")
    );
    let address = redis.address();
    let gone = Redis::start().await;
    let nobody = gone.address();
    drop(gone);
    for url in [
        "no address".to_owned(),
        format!("http://{address}"),
        format!("redis://{nobody}"),
        format!("redis-cluster://{nobody}"),
        format!("redis://{address}"),
        format!("redis://:wrong-secret@{address}"),
    ] {
        // Each on a database of its own: none waits for another.
        let database = postgres.new_database().await;
        is_refused(Options::default().postgres(&database), &url).await;
    }
    is_refused(Options::default(), &redis.url()).await;
    let database = postgres.new_database().await;
    let options = Options::default().postgres(&database);
    let right = Server::start(options.set("REDIS_URL", redis.url().as_str())).await;
    assert_eq!(right.count("convene_relay_connected").await, 1);
}

#[tokio::test]
async fn a_redis_that_dies_later_stops_nobody_and_is_told_by_the_metrics() {
    let mut cluster = Cluster::start(1, Some(Redis::start().await)).await;
    let tells = async |cluster: &Cluster, connected: u64| {
        until("the metrics tell", SOON, async || {
            let told = cluster.nodes[0].count("convene_relay_connected").await;
            (told == connected).then_some(())
        })
        .await;
    };
    let (people, plan) = cluster.two_people().await;
    let driver = Driver::javascript().await;
    let connect = Connect::new(&cluster.nodes[0], "hocuspocus-4.8", &plan, &people[0].token);
    let client = driver.join(connect).await;
    tells(&cluster, 1).await;
    cluster.redis().kill9();
    tells(&cluster, 0).await;
    client.append("text", "without Redis").await;
    client.wait_saved().await;
    Account::register(&cluster.nodes[0], "Nora").await;
    let health = reqwest::get(cluster.nodes[0].url("/api/v1/health/")).await;
    assert!(health.expect("it answers").status().is_success());
    cluster.redis().start_again().await;
    tells(&cluster, 1).await;
    // Also one that nobody reaches in order does not hold up the end.
    cluster.redis_cuts[0].freeze();
    assert!(cluster.nodes[0].terminate().await.success());
    client.tell("destroy", json!({})).await;
}
