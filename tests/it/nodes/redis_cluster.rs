//! Nodes that speak over a Redis Cluster, of which one master dies.

use super::Pair;
use crate::support::cluster::Cluster;
use crate::support::driver::Driver;
use crate::support::redis::RedisCluster;
use crate::support::rounds::rounds;
use crate::support::server::Options;
use crate::support::until::{SOON, until};

/// Each belongs to some master, so that some belong to the dead one.
const PLANS_AFTER: usize = 4;

#[tokio::test]
async fn nodes_hear_of_each_other_over_a_redis_cluster_and_when_a_master_dies() {
    let redis = RedisCluster::start().await;
    let options = Options::default().set("REDIS_URL", redis.url().as_str());
    let cluster = Cluster::with(options, 2, None).await;
    let (people, plan) = cluster.two_people().await;
    let driver = Driver::javascript().await;
    let pair = Pair::join(&cluster, &driver, &people, &plan).await;
    for node in &cluster.nodes {
        assert_eq!(node.count("convene_relay_connected").await, 1);
    }
    pair.keep_hearing_each_other("before").await;
    for round in 0..rounds() {
        // The one that the address begins with comes first.
        let dead = &redis.masters[round as usize % redis.masters.len()];
        dead.kill9();
        pair.keep_hearing_each_other("without it").await;
        for _ in 0..PLANS_AFTER {
            let plan = cluster.new_plan(&people).await;
            let pair = Pair::join(&cluster, &driver, &people, &plan).await;
            pair.hear_each_other("new").await;
            pair.leave().await;
        }
        dead.start_again().await;
        redis.wait_until_well().await;
        until("the nodes have found the cluster again", SOON, async || {
            for node in &cluster.nodes {
                if node.count("convene_relay_connected").await == 0 {
                    return None;
                }
            }
            Some(())
        })
        .await;
        pair.hear_each_other("with it again").await;
    }
    pair.nobody_reconnected().await;
}
