//! What does not belong on the channels of the nodes is counted and dropped, and disturbs nobody.

use std::time::Duration;

use super::Pair;
use crate::support::cluster::Cluster;
use crate::support::driver::Driver;
use crate::support::redis::Redis;
use crate::support::resp::{Connection, Reply};
use crate::support::until::{SOON, until};

/// The channels of nodes that have no prefix of their own.
const CHANNELS: &str = "convene:*";
const GARBAGE: usize = 30;
const GARBAGE_BYTES_MAX: usize = 400;
/// How long it is quiet when no more messages of the nodes come.
const QUIET: Duration = Duration::from_millis(300);

/// A message that was heard: its channel and its bytes.
type Message = (Vec<u8>, Vec<u8>);

/// Hears everything the nodes say to each other.
struct Listener(Connection);

impl Listener {
    async fn on(redis: &Redis) -> Self {
        let mut connection = Connection::open(&redis.address())
            .await
            .expect("it listens");
        let subscribed = connection.ask(&["PSUBSCRIBE", CHANNELS]).await;
        subscribed.expect("channels can be heard");
        Self(connection)
    }

    /// What was said until it is quiet for a while; presence and signs of life apart nobody speaks then.
    async fn heard(&mut self) -> Vec<Message> {
        let mut heard = Vec::new();
        let end = tokio::time::Instant::now() + SOON;
        while let Ok(reply) = tokio::time::timeout(QUIET, self.0.read()).await {
            let mut parts = reply.expect("the connection lives").list();
            let (bytes, channel) = (parts.pop(), parts.pop());
            heard.push((channel.expect("a channel"), bytes.expect("a message")));
            if tokio::time::Instant::now() > end {
                break;
            }
        }
        heard
    }
}

async fn publish(redis: &Redis, channel: &[u8], bytes: &[u8]) {
    let heard_by = redis.command(&[b"PUBLISH", channel, bytes]).await;
    assert!(matches!(heard_by, Reply::Integer(_)));
}

/// The channels that name `plan`.
async fn channels_of(redis: &Redis, plan: &str) -> Vec<Vec<u8>> {
    let channels = redis.command(&["PUBSUB", "CHANNELS", CHANNELS]).await;
    let mut channels = channels.list();
    channels.retain(|channel| String::from_utf8_lossy(channel).contains(plan));
    channels
}

async fn dropped(cluster: &Cluster) -> Vec<u64> {
    let mut dropped = Vec::new();
    for node in &cluster.nodes {
        dropped.push(node.count("convene_relay_dropped_total").await);
    }
    dropped
}

#[tokio::test]
async fn garbage_and_messages_of_another_plan_are_dropped_and_disturb_nobody() {
    let cluster = Cluster::start(2, Some(Redis::start().await)).await;
    let redis = cluster.redis();
    let (people, plan) = cluster.two_people().await;
    let other = cluster.new_plan(&people).await;
    let driver = Driver::javascript().await;
    let pair = Pair::join(&cluster, &driver, &people, &plan).await;
    let elsewhere = Pair::join(&cluster, &driver, &people, &other).await;
    let mut listener = Listener::on(redis).await;
    // One edit more than here, so that one of them would be the next one here.
    pair.hear_each_other("before").await;
    elsewhere.hear_each_other("elsewhere").await;
    elsewhere.first.append("text", "once more").await;
    elsewhere.first.wait_saved().await;
    let heard = listener.heard().await;
    let foreign: Vec<&Message> = heard
        .iter()
        .filter(|(channel, _)| String::from_utf8_lossy(channel).contains(&other))
        .collect();
    assert!(foreign.len() > 1, "the nodes speak about {other}");

    let channels = channels_of(redis, &plan).await;
    assert!(!channels.is_empty(), "the nodes hear of {plan}");
    let before = dropped(&cluster).await;
    for channel in &channels {
        for _ in 0..GARBAGE {
            let length = rand::random_range(0..GARBAGE_BYTES_MAX);
            let garbage: Vec<u8> = (0..length).map(|_| rand::random()).collect();
            publish(redis, channel, &garbage).await;
        }
        for (_, envelope) in &foreign {
            publish(redis, channel, envelope).await;
            publish(redis, channel, &envelope[..envelope.len() / 2]).await;
        }
    }
    until("every node has counted the garbage", SOON, async || {
        let now = dropped(&cluster).await;
        let mut more = now.iter().zip(&before).map(|(now, before)| now - before);
        more.all(|more| more >= GARBAGE as u64).then_some(())
    })
    .await;
    pair.hear_each_other("after").await;
    elsewhere.hear_each_other("after").await;
    for pair in [&pair, &elsewhere] {
        pair.nobody_reconnected().await;
        let (first, second) = (&pair.first, &pair.second);
        assert_eq!(first.text("text").await, second.text("text").await);
    }
    assert!(!pair.first.text("text").await.contains("elsewhere"));
}
