//! A node, Redis, PostgreSQL or a way between them fails while people write on both nodes: nothing
//! acknowledged or seen is lost, and all replicas are soon the same once it is repaired.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use super::REPAIRED_WITHIN;
use crate::support::account::Account;
use crate::support::balancer::Balancer;
use crate::support::cluster::{Cluster, Readers, Reading};
use crate::support::crowd::{Crowd, Drivers, Scene, expect_none_lost, marks_in, roots_of_marks};
use crate::support::redis::Redis;
use crate::support::rounds::{random_moment, rounds};

const WRITE_EVERY_MS: u32 = 10;
/// What each client must have had acknowledged, or seen, before a fault, and while Redis is away.
const MARKS_MIN: usize = 20;
/// How long something is away at least.
const AWAY: Duration = Duration::from_millis(700);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    NodeKilled(usize),
    RedisKilled,
    RedisPaused,
    RedisCutOff(usize),
    RedisSilent(usize),
    PostgresRestarted,
    PostgresKilled,
    PostgresCutOff(usize),
}

struct Stage {
    cluster: Cluster,
    /// One for the clients of each node, so that nobody stays outside when it is killed.
    _balancers: Vec<Balancer>,
    urls: Vec<String>,
    people: [Account; 2],
    drivers: Drivers,
    readers: Readers,
}

impl Stage {
    async fn start() -> Self {
        Self::with(Some(Redis::start().await)).await
    }

    async fn with(redis: Option<Redis>) -> Self {
        let cluster = Cluster::start(2, redis).await;
        let balancers = cluster.balancers().await;
        let (people, _) = cluster.two_people().await;
        Self {
            urls: balancers.iter().map(Balancer::ws_url).collect(),
            _balancers: balancers,
            cluster,
            people,
            drivers: Drivers::start().await,
            readers: Readers::start().await,
        }
    }

    async fn crowd(&self, plan: &str) -> Crowd {
        let scene = Scene {
            urls: &self.urls,
            people: &self.people,
            plan,
            every_ms: WRITE_EVERY_MS,
        };
        let crowd = Crowd::start(&self.drivers, &scene).await;
        crowd.goes_on(MARKS_MIN).await;
        sleep(random_moment()).await;
        crowd
    }

    /// Lets `fault` happen and repairs it; gives back when it was repaired.
    async fn happens(&mut self, fault: Fault, crowd: &Crowd) -> Instant {
        let back = Instant::now() + AWAY;
        match fault {
            Fault::NodeKilled(number) => {
                self.cluster.nodes[number].kill9();
                sleep_until(back).await;
                self.cluster.nodes[number].start_again().await;
            }
            Fault::RedisKilled => {
                self.cluster.redis().kill9();
                crowd.goes_on(MARKS_MIN).await;
                sleep_until(back).await;
                self.cluster.redis().start_again().await;
            }
            Fault::RedisPaused => {
                self.cluster.redis().pause(AWAY * 2).await;
                crowd.goes_on(MARKS_MIN).await;
                sleep_until(back + AWAY).await;
            }
            Fault::RedisCutOff(number) => {
                self.cluster.redis_cuts[number].cut();
                crowd.goes_on(MARKS_MIN).await;
                sleep_until(back).await;
                self.cluster.redis_cuts[number].mend();
            }
            Fault::RedisSilent(number) => {
                self.cluster.redis_cuts[number].freeze();
                crowd.goes_on(MARKS_MIN).await;
                sleep_until(back).await;
                self.cluster.redis_cuts[number].mend();
            }
            Fault::PostgresRestarted => self.cluster.postgres.restart().await,
            Fault::PostgresKilled => {
                self.cluster.postgres.kill9();
                self.cluster.postgres.restart().await;
            }
            Fault::PostgresCutOff(number) => {
                self.cluster.postgres_cuts[number].cut();
                sleep_until(back).await;
                self.cluster.postgres_cuts[number].mend();
            }
        }
        Instant::now()
    }

    /// People write into a plan of their own, `fault` happens, and in the end everybody has everything.
    async fn survives(&mut self, fault: Fault) {
        eprintln!("{fault:?}");
        let plan = self.cluster.new_plan(&self.people).await;
        let crowd = self.crowd(&plan).await;
        let repaired = self.happens(fault, &crowd).await;
        crowd.stop_writing().await;
        let sent = crowd.sent();
        let reading = self.reading(&plan, repaired + REPAIRED_WITHIN);
        let is_whole = |content: &Value| {
            let marks = content["marks"].as_array();
            marks.is_some_and(|marks| marks.len() == sent.len())
        };
        let content = self
            .cluster
            .converged(&reading, &crowd.clients, is_whole)
            .await;
        let found = marks_in(&content);
        assert_eq!(found, sent, "nobody has lost an edit of its own");
        expect_none_lost(&crowd.promised(), &found);
        if !matches!(fault, Fault::NodeKilled(_)) {
            let opened = crowd.sockets_opened().await;
            assert_eq!(
                opened,
                vec![1; opened.len()],
                "{fault:?}: somebody reconnected"
            );
        }
        for client in &crowd.clients {
            let status = client.status().await;
            assert_eq!(status.denied, Vec::<String>::new(), "{}", client.lib);
            assert!(!status.gave_up, "{}: {:?}", client.lib, status.closes);
        }
        crowd.leave().await;
    }

    /// The node and all clients end at once, so that only the nodes can have what was promised.
    async fn keeps_what_nobody_brings_back(&mut self, number: usize) {
        let plan = self.cluster.new_plan(&self.people).await;
        let crowd = self.crowd(&plan).await;
        self.cluster.nodes[number].kill9();
        self.drivers.kill9().await;
        let promised = crowd.promised();
        self.cluster.nodes[number].start_again().await;
        let reading = self.reading(&plan, Instant::now() + REPAIRED_WITHIN);
        let content = self.cluster.read(&reading).await;
        expect_none_lost(&promised, &marks_in(&content));
        self.drivers = Drivers::start().await;
    }

    fn reading<'a>(&'a self, plan: &'a str, by: Instant) -> Reading<'a> {
        Reading {
            readers: &self.readers,
            plan,
            account: &self.people[0],
            roots: roots_of_marks(),
            by,
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_when_a_node_is_killed() {
    let mut stage = Stage::start().await;
    for round in 0..rounds() {
        let number = usize::from(round % 2 == 1);
        stage.survives(Fault::NodeKilled(number)).await;
        stage.keeps_what_nobody_brings_back(number).await;
    }
}

/// Whoever moves to the other node has seen what that node has not heard of yet.
#[tokio::test]
async fn nothing_is_lost_when_a_node_is_killed_and_there_is_no_redis() {
    let mut stage = Stage::with(None).await;
    for round in 0..rounds() {
        let number = usize::from(round % 2 == 1);
        stage.survives(Fault::NodeKilled(number)).await;
    }
}

#[tokio::test]
async fn nobody_notices_when_redis_is_killed_paused_or_cut_off() {
    let mut stage = Stage::start().await;
    for round in 0..rounds() {
        let number = usize::from(round % 2 == 1);
        for fault in [
            Fault::RedisKilled,
            Fault::RedisPaused,
            Fault::RedisCutOff(number),
            Fault::RedisSilent(number),
        ] {
            stage.survives(fault).await;
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_when_postgres_restarts_or_is_cut_off() {
    let mut stage = Stage::start().await;
    for round in 0..rounds() {
        let number = usize::from(round % 2 == 1);
        for fault in [
            Fault::PostgresRestarted,
            Fault::PostgresKilled,
            Fault::PostgresCutOff(number),
        ] {
            stage.survives(fault).await;
        }
    }
}
