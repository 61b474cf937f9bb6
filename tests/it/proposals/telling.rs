//! Who follows a plan is told of its proposals.

use std::time::Duration;

use super::*;
use crate::support::raw::RawSocket;

/// Reads notifications until one of this method fits.
async fn told(socket: &mut RawSocket, method: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let read = async {
        loop {
            let said: Value = serde_json::from_str(&socket.text().await).expect("JSON");
            if said["method"] == method && fits(&said["params"]) {
                return said["params"].clone();
            }
        }
    };
    let wait = tokio::time::timeout(Duration::from_secs(10), read).await;
    wait.unwrap_or_else(|_| panic!("{method} was not told"))
}

#[tokio::test]
async fn who_follows_a_plan_hears_of_states_classes_gates_and_growing_drafts() {
    let stage = Stage::on(Engine::Sqlite).await;
    let url = format!("{}?token={}", stage.server.ws_url(), stage.editor.token);
    let mut socket = RawSocket::open(&url).await;
    let follow = json!({ "jsonrpc": "2.0", "id": 1, "method": "events.subscribe",
        "params": { "plans": [stage.plan] } });
    socket.send_text(&follow.to_string()).await;
    socket.text().await;
    let opened = stage
        .call(&stage.agent, "proposal.open", json!({ "title": "An idea" }))
        .await;
    let said = told(&mut socket, "proposal.changed", |_| true).await;
    assert_eq!(
        (&said["proposal"]["id"], &said["proposal"]["status"]),
        (&opened["id"], &json!("drafting"))
    );
    let watch = json!({ "jsonrpc": "2.0", "id": 2, "method": "proposal.watch",
        "params": { "plan": stage.plan, "proposals": [opened["id"]] } });
    socket.send_text(&watch.to_string()).await;
    let ops = json!([{ "op": "set", "path": ["sessions", "se_1", "minutes"], "to": 45 },
        { "op": "set", "path": ["speakers", "sp_1", "status"], "to": "confirmed" }]);
    let edit = json!({ "proposal": opened["id"], "ops": ops });
    // It may not be watched yet when it grows for the first time.
    stage.call(&stage.agent, "proposal.edit", edit).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let more = json!([{ "op": "set", "path": ["sessions", "se_1", "lang"], "to": "en" }]);
    let edit = json!({ "proposal": opened["id"], "ops": more });
    stage.call(&stage.agent, "proposal.edit", edit).await;
    let said = told(&mut socket, "proposal.progress", |it| {
        it["roots"] == json!(["sessions"])
    })
    .await;
    assert_eq!(
        (&said["proposal"], &said["by"]),
        (&opened["id"], &json!([stage.agent.user]))
    );
    let submit = json!({ "proposal": opened["id"] });
    let proposal = stage.call(&stage.agent, "proposal.submit", submit).await;
    told(&mut socket, "proposal.changed", |it| {
        it["proposal"]["status"] == "submitted"
    })
    .await;
    told(&mut socket, "gate.changed", |_| true).await;
    stage
        .edit(json!([{ "op": "set", "path": ["sessions", "se_1", "minutes"], "to": 60 }]))
        .await;
    let said = told(&mut socket, "proposal.classes", |_| true).await;
    let no = number(&proposal, &["sessions", "se_1", "minutes"]);
    assert_eq!(
        (&said["classes"][0]["no"], &said["classes"][0]["class"]),
        (&json!(no), &json!("conflict")),
        "{said}"
    );
    let reason = json!({ "proposal": proposal["id"], "revision": 1, "reason": "An hour is right" });
    stage
        .call(&stage.editor, "proposal.request_changes", reason)
        .await;
    let said = told(&mut socket, "proposal.changed", |it| {
        it["proposal"]["status"] == "changes_requested"
    })
    .await;
    assert_eq!(said["proposal"]["reason"], "An hour is right");
}
