//! What stock clients of an agent, its plan's owner and a suggester may do in a plan and in a draft of it.

use std::time::Duration;

use serde_json::json;

use super::Stage;
use crate::support::driver::{Client, Connect};
use crate::support::engine::Engine;
use crate::support::raw::{RawSocket, Received};
use crate::support::until::{SOON, until};

/// Access is compared every half second; a busy machine adds to it.
const FELT_WITHIN: Duration = Duration::from_millis(1_300);

const Y_WEBSOCKET: &str = "y-websocket-3.1";
const HOCUSPOCUS: &str = "hocuspocus-4.8";

async fn has_scope(client: &Client, scope: &str, within: Duration) {
    until("the client has its new scope", within, async || {
        (client.status().await.scope.as_deref() == Some(scope)).then_some(())
    })
    .await;
}

/// The sentence with which a Hocuspocus client's edit was refused.
async fn refused(client: &Client) -> String {
    until("the edit is refused", SOON, async || {
        client.status().await.denied.last().cloned()
    })
    .await
}

impl Stage {
    async fn an_agents_edits_of_a_plan_are_refused_answered_and_audited(&self) {
        let owner = self.join(HOCUSPOCUS, &self.plan, &self.owner).await;
        owner.append("text", "by a person").await;
        owner.wait_saved().await;
        let agent = self.join(HOCUSPOCUS, &self.plan, &self.agent).await;
        agent.wait_text("text", "by a person").await;
        has_scope(&agent, "readonly", SOON).await;
        agent.append("text", " and a program").await;
        let say = refused(&agent).await;
        assert!(say.contains("an agent does not edit a plan"), "{say}");
        assert_eq!(agent.status().await.not_applied, 1);
        agent.tell("destroy", json!({})).await;

        let agent = self.join(Y_WEBSOCKET, &self.plan, &self.agent).await;
        agent.wait_text("text", "by a person").await;
        agent.append("text", " and a program").await;
        until("the socket is closed", SOON, async || {
            let closes = agent.status().await.closes;
            closes
                .iter()
                .any(|close| close.code == Some(4403))
                .then_some(())
        })
        .await;
        agent.tell("destroy", json!({})).await;

        assert_eq!(owner.text("text").await, "by a person");
        let entries = until("the audit knows", SOON, async || {
            let entries = self.audit("edit.refused").await;
            (!entries.is_empty()).then_some(entries)
        })
        .await;
        // The second one within a minute is not told.
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0]["actor"]["id"], self.agent.user.as_str());
        assert_eq!(entries[0]["detail"]["code"], "forbidden");
        owner.tell("destroy", json!({})).await;
    }

    async fn a_draft_is_written_by_its_author_and_watched_by_everybody(&self) {
        let (draft, address) = self.open_draft(&self.agent).await;
        let agent = self.join(HOCUSPOCUS, &address, &self.agent).await;
        let owner = self.join(Y_WEBSOCKET, &address, &self.owner).await;
        let suggester = self.join(HOCUSPOCUS, &address, &self.suggester).await;
        has_scope(&agent, "read-write", SOON).await;
        has_scope(&suggester, "readonly", SOON).await;
        // It begins with what the plan holds.
        let base = agent.text("text").await;
        let one = format!("{base}one ");
        agent.append("text", "one ").await;
        for watching in [&owner, &suggester] {
            watching.wait_text("text", &one).await;
        }
        agent.wait_saved().await;
        let two = format!("{one}two ");
        owner.append("text", "two ").await;
        for watching in [&agent, &suggester] {
            watching.wait_text("text", &two).await;
        }

        // Everybody sees what the agent is.
        agent
            .set_presence(json!({ "user": { "name": "A person", "kind": "person" } }))
            .await;
        let id = agent.status().await.client_id;
        let seen = until("the agent is seen", SOON, async || {
            let everybody = owner.presence().await;
            let found = everybody.into_iter().find(|(one, _)| *one == id);
            found.map(|(_, state)| state["user"].clone())
        })
        .await;
        assert_eq!(
            seen,
            json!({ "id": self.agent.user, "name": "Scout", "kind": "agent" })
        );

        suggester.append("text", "three").await;
        let say = refused(&suggester).await;
        assert!(say.contains("you may read this draft"), "{say}");
        let entry = until("the plan's audit knows", SOON, async || {
            let entries = self.audit("edit.refused").await;
            entries
                .into_iter()
                .find(|it| it["actor"]["id"] == self.suggester.user.as_str())
        })
        .await;
        assert_eq!(entry["detail"]["draft"], draft.as_str());
        let reset = suggester.status().await.stateless;
        let reset = reset.iter().find(|it| it["method"] == "document.reset");
        assert_eq!(reset.unwrap()["params"]["plan"], address.as_str());
        assert_eq!(owner.text("text").await, two);

        // Once all is said about it nobody writes, and everybody reads on.
        let withdraw = json!({ "plan": self.plan, "proposal": draft });
        let agent_asks = self.agent.call(&self.server, "proposal.withdraw", withdraw);
        agent_asks.await;
        has_scope(&agent, "readonly", FELT_WITHIN).await;
        agent.append("text", "late").await;
        refused(&agent).await;
        assert_eq!(owner.text("text").await, two);
        assert_eq!(owner.status().await.opens, 1);
        for client in [agent, owner, suggester] {
            client.tell("destroy", json!({})).await;
        }
        let plan = self.join(HOCUSPOCUS, &self.plan, &self.owner).await;
        assert_eq!(plan.text("text").await, "by a person", "a draft is apart");
        plan.tell("destroy", json!({})).await;
    }

    async fn a_draft_comes_back_from_the_database(&self) {
        let (_, address) = self.open_draft(&self.suggester).await;
        let first = self.join(Y_WEBSOCKET, &address, &self.suggester).await;
        first.append("text", "kept").await;
        first.wait_saved().await;
        first.tell("destroy", json!({})).await;
        until("rooms without sessions are gone", SOON, async || {
            (self.server.count("convene_rooms").await == 0).then_some(())
        })
        .await;
        let again = self.join(HOCUSPOCUS, &address, &self.agent).await;
        until("it is as it was", SOON, async || {
            again.text("text").await.ends_with("kept").then_some(())
        })
        .await;
        has_scope(&again, "readonly", SOON).await;
        // Both dialects and the control channel speak of the same document.
        let params = json!({ "plan": address, "roots": { "text": "text" } });
        let answer = again.call("document.watch_hash", params).await;
        assert_eq!(answer["result"], json!({}), "{answer}");
        again.tell("destroy", json!({})).await;
    }

    async fn a_draft_ends_with_its_plan(&self) {
        let (_, address) = self.open_draft(&self.agent).await;
        let mut socket = RawSocket::ywebsocket(&self.server, &address, &self.agent.token).await;
        socket.send(&[0, 0, 1, 0]).await;
        socket
            .frame("a sync step 2", |frame| frame.starts_with(&[0, 1]))
            .await;
        let params = json!({ "plan": self.plan });
        self.owner.call(&self.server, "plan.delete", params).await;
        assert_eq!(socket.closed(FELT_WITHIN).await, 4404);
        let mut late = RawSocket::ywebsocket(&self.server, &address, &self.owner.token).await;
        assert_eq!(late.closed(SOON).await, 4404);
    }

    async fn everything(&self) {
        self.an_agents_edits_of_a_plan_are_refused_answered_and_audited()
            .await;
        self.a_draft_is_written_by_its_author_and_watched_by_everybody()
            .await;
        self.a_draft_comes_back_from_the_database().await;
        self.a_draft_ends_with_its_plan().await;
    }
}

#[tokio::test]
async fn an_agent_reads_a_plan_and_writes_its_draft_on_sqlite() {
    let options = Engine::Sqlite.options().set("CONVENE_ROOM_IDLE_SECONDS", 1);
    Stage::with(Engine::Sqlite, options)
        .await
        .everything()
        .await;
}

#[tokio::test]
async fn an_agent_reads_a_plan_and_writes_its_draft_on_postgres() {
    let engine = Engine::postgres().await;
    let options = engine.options().set("CONVENE_ROOM_IDLE_SECONDS", 1);
    Stage::with(engine, options).await.everything().await;
}

#[tokio::test]
async fn a_draft_has_one_address() {
    let stage = Stage::new().await;
    let (draft, address) = stage.open_draft(&stage.owner).await;
    let other = stage.owner.create_plan(&stage.server).await;
    for wrong in [
        draft.clone(),
        format!("{other}~{draft}"),
        format!("{}~", stage.plan),
        format!("{}~{}", stage.plan, stage.plan),
        format!("{}~{other}", stage.plan),
        format!("{draft}~{draft}"),
        format!("{draft}~{}", stage.plan),
        format!("{address}~{draft}"),
    ] {
        let mut socket = RawSocket::ywebsocket(&stage.server, &wrong, &stage.owner.token).await;
        let Some(Received::Closed(code, say)) = socket.next(SOON).await else {
            panic!("{wrong} was opened")
        };
        assert_eq!(code, 4404, "{wrong}");
        assert!(say.starts_with("there is no such plan"), "{wrong}: {say}");
        let connect = Connect::new(&stage.server, HOCUSPOCUS, &wrong, &stage.owner.token);
        let client = stage.driver.connect(connect).await;
        let say = refused(&client).await;
        assert!(say.starts_with("there is no such plan"), "{wrong}: {say}");
        client.tell("destroy", json!({})).await;
    }
    stage.join(HOCUSPOCUS, &address, &stage.owner).await;
    stage.join(Y_WEBSOCKET, &address, &stage.owner).await;
}
