//! What changes who may do what, done on one node, is felt by sessions on the other within a second:
//! with Redis, once it has died, and without any.

use std::time::Duration;

use serde_json::json;

use super::{HEARD_WITHIN, Pair};
use crate::support::account::Account;
use crate::support::cluster::Cluster;
use crate::support::driver::{Connect, Driver};
use crate::support::raw::RawSocket;
use crate::support::redis::Redis;
use crate::support::rest::Rest;
use crate::support::server::Server;
use crate::support::until::{SOON, until};

/// From a replica that holds nothing.
const SYNC_STEP_1: &[u8] = &[0, 0, 1, 0];
/// How the answer to it begins.
const SYNC_STEP_2: &[u8] = &[0, 1];
const SESSIONS: &str = "/api/v1/auth/sessions";

/// Decisions are made on `here`, and felt on `there`.
struct Stage<'a> {
    here: &'a Server,
    there: &'a Server,
    people: &'a [Account; 2],
    driver: &'a Driver,
}

impl Stage<'_> {
    fn owner(&self) -> &Account {
        &self.people[0]
    }

    fn editor(&self) -> &Account {
        &self.people[1]
    }

    async fn roles_are_felt(&self, plan: &str) {
        let connect = Connect::new(self.there, "hocuspocus-4.8", plan, &self.editor().token);
        let provider = self.driver.join(connect).await;
        let mut raw = opened(self.there, plan, self.editor()).await;
        for (role, scope) in [
            ("viewer", "readonly"),
            ("editor", "read-write"),
            ("viewer", "readonly"),
        ] {
            self.owner()
                .set_role(self.here, plan, self.editor(), role)
                .await;
            until("the provider has its new role", HEARD_WITHIN, async || {
                (provider.status().await.scope.as_deref() == Some(scope)).then_some(())
            })
            .await;
        }
        let params = json!({ "plan": plan, "user": self.editor().user });
        self.owner().call(self.here, "member.remove", params).await;
        assert_eq!(raw.closed(HEARD_WITHIN).await, 4403);
        until("the provider is denied", HEARD_WITHIN, async || {
            (!provider.status().await.denied.is_empty()).then_some(())
        })
        .await;
        provider.tell("destroy", json!({})).await;
    }

    async fn a_deletion_is_felt(&self, plan: &str) {
        let mut ywebsocket = opened(self.there, plan, self.editor()).await;
        let mut hocuspocus = RawSocket::hocuspocus(self.there, plan, &self.editor().token).await;
        let params = json!({ "plan": plan });
        self.owner().call(self.here, "plan.delete", params).await;
        let (one, other) = tokio::join!(
            ywebsocket.closed(HEARD_WITHIN),
            hocuspocus.closed(HEARD_WITHIN)
        );
        assert_eq!((one, other), (4404, 4404));
        let mut late = RawSocket::ywebsocket(self.there, plan, &self.owner().token).await;
        assert_eq!(late.closed(SOON).await, 4404);
    }

    async fn the_end_of_a_sign_in_is_felt(&self, plan: &str) {
        let stays = Connect::new(self.there, "y-websocket-3.1", plan, &self.editor().token);
        let stays = self.driver.join(stays).await;
        // Made on either node, ended on one, felt on the other.
        let (first, second) = tokio::join!(
            self.editor().login(self.here),
            self.editor().login(self.there)
        );
        let mut signed_out = opened(self.there, plan, &first).await;
        let mut revoked = RawSocket::hocuspocus(self.there, plan, &second.token).await;
        first.logout(self.here).await;
        assert_eq!(signed_out.closed(HEARD_WITHIN).await, 4401);
        let path = format!("{SESSIONS}/{}", self.sign_in_of(&second).await);
        let rest = Rest::new(self.here);
        rest.delete_as(&self.editor().token, &path)
            .await
            .expect(204);
        assert_eq!(revoked.closed(HEARD_WITHIN).await, 4401);
        for ended in [&first, &second] {
            let mut socket = RawSocket::ywebsocket(self.there, plan, &ended.token).await;
            assert_eq!(socket.closed(SOON).await, 4401);
        }
        stays.append("text", "still here").await;
        stays.wait_saved().await;
        assert_eq!(stays.status().await.opens, 1);
        stays.tell("destroy", json!({})).await;
    }

    /// What names a sign-in in the list.
    async fn sign_in_of(&self, account: &Account) -> String {
        let answer = Rest::new(self.here).get_as(&account.token, SESSIONS).await;
        let body = answer.expect(200).json();
        let sessions = body["sessions"].as_array().expect("a list").iter();
        let current = sessions.clone().find(|session| session["current"] == true);
        let id = current.expect("the one that asks is listed")["id"].as_str();
        id.expect("an id").to_owned()
    }
}

/// A socket of the y-websocket dialect that has been answered, so that the plan is open on it.
async fn opened(node: &Server, plan: &str, account: &Account) -> RawSocket {
    let mut socket = RawSocket::ywebsocket(node, plan, &account.token).await;
    socket.send(SYNC_STEP_1).await;
    let is_answer = |frame: &[u8]| frame.starts_with(SYNC_STEP_2);
    socket.frame("a sync step 2", is_answer).await;
    socket
}

async fn everything_is_felt(cluster: &Cluster, driver: &Driver, people: &[Account; 2]) {
    let plans = [
        cluster.new_plan(people).await,
        cluster.new_plan(people).await,
        cluster.new_plan(people).await,
    ];
    let pair = Pair::join(cluster, driver, people, &plans[0]).await;
    pair.keep_hearing_each_other("edit").await;
    pair.nobody_reconnected().await;
    pair.leave().await;
    let stage = Stage {
        here: &cluster.nodes[0],
        there: &cluster.nodes[1],
        people,
        driver,
    };
    stage.roles_are_felt(&plans[0]).await;
    stage.a_deletion_is_felt(&plans[1]).await;
    stage.the_end_of_a_sign_in_is_felt(&plans[2]).await;
}

#[tokio::test]
async fn decisions_are_felt_on_every_node_with_redis_and_once_it_has_died() {
    let cluster = Cluster::start(2, Some(Redis::start().await)).await;
    let (people, _) = cluster.two_people().await;
    let driver = Driver::javascript().await;
    everything_is_felt(&cluster, &driver, &people).await;
    cluster.redis().kill9();
    everything_is_felt(&cluster, &driver, &people).await;
    // One that answers nobody is worse than a dead one.
    cluster.redis().start_again().await;
    until("the nodes have found Redis again", SOON, async || {
        for node in &cluster.nodes {
            if node.count("convene_relay_connected").await == 0 {
                return None;
            }
        }
        Some(())
    })
    .await;
    cluster.redis().pause(Duration::from_mins(1)).await;
    everything_is_felt(&cluster, &driver, &people).await;
}

#[tokio::test]
async fn decisions_are_felt_on_every_node_without_redis() {
    let cluster = Cluster::start(2, None).await;
    let (people, _) = cluster.two_people().await;
    let driver = Driver::javascript().await;
    everything_is_felt(&cluster, &driver, &people).await;
}
