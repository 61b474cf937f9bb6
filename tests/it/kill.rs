//! The server is killed in the middle of writing: what was acknowledged, and what anybody else saw,
//! is there afterwards, although no client comes back with it.

use std::collections::BTreeSet;

use crate::support::account::Account;
use crate::support::crowd::{Crowd, Drivers, Scene, expect_none_lost, marks_in, roots_of_marks};
use crate::support::driver::{Client, Connect, Driver, PYCRDT};
use crate::support::engine::Engine;
use crate::support::rounds::{random_moment, rounds};
use crate::support::server::Server;
use crate::support::until::{SOON, until};

/// What must have been acknowledged and seen before the kill, so that a round proves something.
const MARKS_MIN: usize = 200;
const WRITE_EVERY_MS: u32 = 4;

/// Two people who may write one plan.
struct Stage {
    people: [Account; 2],
    plan: String,
    urls: [String; 1],
}

impl Stage {
    async fn on(server: &Server) -> Self {
        let people = [
            Account::register(server, "Olga").await,
            Account::register(server, "Emil").await,
        ];
        let plan = people[0].create_plan(server).await;
        people[0]
            .set_role(server, &plan, &people[1], "editor")
            .await;
        Self {
            people,
            plan,
            urls: [server.ws_url()],
        }
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            urls: &self.urls,
            people: &self.people,
            plan: &self.plan,
            every_ms: WRITE_EVERY_MS,
        }
    }

    /// Every mark in the plan, as clients read it that were never there before.
    async fn marks(&self) -> BTreeSet<String> {
        let (javascript, python) = tokio::join!(Driver::javascript(), Driver::python());
        let connect = |lib| Connect::at(&self.urls[0], lib, &self.plan, &self.people[0].token);
        let fresh: [Client; 3] = [
            javascript.join(connect("hocuspocus-4.8")).await,
            javascript.join(connect("y-websocket-3.1")).await,
            python.join(connect(PYCRDT)).await,
        ];
        let content = fresh[0].read(&roots_of_marks()).await;
        for other in &fresh[1..] {
            assert_eq!(
                other.read(&roots_of_marks()).await,
                content,
                "{} reads something else",
                other.lib
            );
        }
        let marks = marks_in(&content);
        fresh[0].append("after", "still writable").await;
        fresh[0].wait_saved().await;
        marks
    }
}

async fn nothing_is_lost_on(engine: Engine) {
    let mut server = Server::start(engine.options()).await;
    let stage = Stage::on(&server).await;
    let mut promised = BTreeSet::new();
    for _ in 0..rounds() {
        let drivers = Drivers::start().await;
        let crowd = Crowd::start(&drivers, &stage.scene()).await;
        crowd.goes_on(MARKS_MIN).await;
        tokio::time::sleep(random_moment()).await;
        server.kill9();
        drivers.kill9().await;
        server.start_again().await;
        promised.extend(crowd.promised());
        expect_none_lost(&promised, &stage.marks().await);
    }
}

/// The database dies under a server that goes on: what it had not committed is written again, once.
#[tokio::test]
async fn nothing_is_lost_or_doubled_when_postgres_is_killed() {
    let engine = Engine::postgres().await;
    let server = Server::start(engine.options()).await;
    let postgres = engine.server();
    let stage = Stage::on(&server).await;
    let drivers = Drivers::start().await;
    let crowd = Crowd::start(&drivers, &stage.scene()).await;
    for _ in 0..rounds() {
        tokio::time::sleep(random_moment()).await;
        postgres.kill9();
        postgres.restart().await;
        crowd.goes_on(MARKS_MIN / 4).await;
    }
    crowd.stop_writing().await;
    for client in crowd.writers() {
        client.wait_saved().await;
        assert_eq!(client.status().await.opens, 1, "{} reconnected", client.lib);
    }
    let sent = crowd.sent();
    assert_eq!(crowd.acked(), sent);
    until("the watchers see the last mark", SOON, async || {
        crowd.everybody_saw(&sent).then_some(())
    })
    .await;
    assert_eq!(stage.marks().await, sent);
}

#[tokio::test]
async fn nothing_acknowledged_or_seen_is_lost_on_sqlite() {
    nothing_is_lost_on(Engine::Sqlite).await;
}

#[tokio::test]
async fn nothing_acknowledged_or_seen_is_lost_on_postgres() {
    nothing_is_lost_on(Engine::postgres().await).await;
}
