//! What is decided on one node about agents and drafts is felt on another, without Redis.

use serde_json::json;

use super::HEARD_WITHIN;
use crate::support::cluster::Cluster;
use crate::support::driver::{Connect, Driver};
use crate::support::raw::RawSocket;
use crate::support::until::{SOON, until};

#[tokio::test]
async fn the_end_of_a_role_and_of_an_agent_are_felt_in_drafts_on_every_node() {
    let cluster = Cluster::start(2, None).await;
    let ([owner, editor], plan) = cluster.two_people().await;
    let (here, there) = (&cluster.nodes[0], &cluster.nodes[1]);
    let agent = owner.create_agent(here, &plan, "Scout").await;
    let draft = agent.open_draft(here, &plan).await;
    let address = format!("{plan}~{draft}");
    let driver = Driver::javascript().await;
    let join = async |lib, account: &crate::support::account::Account| {
        let connect = Connect::new(there, lib, &address, &account.token);
        driver.join(connect).await
    };
    let watching = join("hocuspocus-4.8", &editor).await;
    let drafting = join("hocuspocus-3.4", &agent).await;
    let elsewhere = Connect::new(here, "y-websocket-3.1", &address, &owner.token);
    let elsewhere = driver.join(elsewhere).await;
    drafting.append("text", "by an agent").await;
    for client in [&watching, &elsewhere] {
        client.wait_text("text", "by an agent").await;
    }

    let has_scope = async |client: &crate::support::driver::Client, scope: &str| {
        until("the new role is felt", HEARD_WITHIN, async || {
            (client.status().await.scope.as_deref() == Some(scope)).then_some(())
        })
        .await;
    };
    owner.set_role(here, &plan, &editor, "viewer").await;
    has_scope(&watching, "readonly").await;
    owner.set_role(here, &plan, &editor, "approver").await;
    has_scope(&watching, "read-write").await;
    has_scope(&drafting, "read-write").await;

    let mut sockets = Vec::new();
    for node in [here, there] {
        for document in [&plan, &address] {
            let mut socket = RawSocket::ywebsocket(node, document, &agent.token).await;
            socket.send(&[0, 0, 1, 0]).await;
            socket
                .frame("a sync step 2", |frame| frame.starts_with(&[0, 1]))
                .await;
            sockets.push(socket);
        }
    }
    let params = json!({ "plan": plan, "agent": agent.user });
    owner.call(here, "agent.revoke", params).await;
    // Whichever is found first: that it is a member no more, or that its sign-in has ended.
    let closed = sockets.iter_mut().map(|socket| socket.closed(HEARD_WITHIN));
    for code in futures_util::future::join_all(closed).await {
        assert!([4401, 4403].contains(&code), "{code}");
    }
    until("the provider is denied", HEARD_WITHIN, async || {
        (!drafting.status().await.denied.is_empty()).then_some(())
    })
    .await;
    for node in [here, there] {
        let mut late = RawSocket::ywebsocket(node, &plan, &agent.token).await;
        assert_eq!(late.closed(SOON).await, 4401);
    }
    // What it wrote stays to be read, and nobody goes on with it.
    has_scope(&watching, "readonly").await;
    assert_eq!(elsewhere.text("text").await, "by an agent");
}
