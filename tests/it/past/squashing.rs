//! A plan that has grown by being edited begins anew, and everybody goes on with it.

use convene::document::epoch_start;
use serde_json::{Value, json};
use yrs::{Doc, Map, MapPrelim, ReadTxn, Transact, WriteTxn};

use super::Stage;
use crate::support::driver::{Client, Connect};
use crate::support::engine::Engine;
use crate::support::raw::{RawSocket, addressed, update_message};
use crate::support::server::Options;
use crate::support::until::{SOON, until};

const OVERWRITES: u32 = 100_000;
/// Edits of one update.
const AT_ONCE: u32 = 1_000;

/// Two fields in turn, so that no two overwrites of one lie beside each other.
async fn overwrite(stage: &Stage) {
    let owner = &stage.people[0];
    let mut socket = RawSocket::hocuspocus(&stage.server, &stage.plan, &owner.token).await;
    let doc = Doc::with_client_id(4_711);
    let mut known = doc.transact().state_vector();
    for turn in 0..OVERWRITES / AT_ONCE {
        {
            let mut txn = doc.transact_mut();
            let rooms = txn.get_or_insert_map("rooms");
            let room = match rooms.get(&txn, "ro_1") {
                Some(yrs::Out::YMap(room)) => room,
                _ => rooms.insert(&mut txn, "ro_1", MapPrelim::default()),
            };
            for number in 0..AT_ONCE {
                let key = if number % 2 == 0 { "name" } else { "venue_id" };
                room.insert(&mut txn, key, format!("{turn}/{number}"));
            }
        }
        let update = doc.transact().encode_diff_v1(&known);
        known = doc.transact().state_vector();
        socket
            .send(&addressed(&stage.plan, &update_message(&update)))
            .await;
        let applied = addressed(&stage.plan, &[8, 1]);
        socket.frame("a status", |frame| frame == applied).await;
    }
}

async fn everybody_is_told_to_begin_anew(stage: &Stage) {
    // Every open client is told to begin anew, and nothing of its old replica comes back.
    for client in &stage.clients {
        until("the client is told to start anew", SOON, async || {
            let status = client.status().await;
            let mut told = status.stateless.iter();
            let reset = told.any(|it| it["method"] == "document.reset");
            let closed = status.closes.iter().any(|close| close.code == Some(4422));
            (reset || closed).then_some(())
        })
        .await;
        client.disconnect().await;
        client.reconnect().await;
        client.disconnect().await;
    }
}

async fn what_is_no_plan_s_is_not_lost(stage: &Stage, client: &Client) {
    // An editor may not, and neither does anybody lose what is no plan's.
    assert_eq!(
        stage.is_refused(1, "plan.squash", json!({})).await.0,
        "forbidden"
    );
    client.reconnect().await;
    client.append("notes", "a root of another program").await;
    client.wait_saved().await;
    let (code, say) = stage.is_refused(0, "plan.squash", json!({})).await;
    assert_eq!(code, "unprocessable");
    assert!(say.contains("notes"), "{say}");
}

async fn a_plan_that_has_grown_begins_anew_and_everybody_goes_on(engine: Engine) {
    let mut stage = Stage::on(engine.options()).await;
    stage.add_speaker().await;
    until("the first client has the speaker", SOON, async || {
        let read = stage.clients[0].read(&json!({ "speakers": "map" })).await;
        read["speakers"].get("sp_1").map(|_| ())
    })
    .await;
    let bold = json!([{ "op": "text.insert", "kind": "map", "root": "speakers", "path": ["sp_1", "bio"], "at": -1, "text": " Loud.", "attributes": { "bold": true } }]);
    stage.clients[0].edit(bold).await;
    stage.clients[0].wait_saved().await;
    overwrite(&stage).await;
    let before = stage.call("plan.content", json!({})).await;
    let head =
        stage.call("history.list", json!({ "limit": 1 })).await["versions"][0]["last"].clone();
    let squashed = stage.call("plan.squash", json!({})).await;
    let bytes = |name: &str| squashed[name].as_u64().unwrap();
    println!(
        "squashed {} bytes to {}",
        bytes("bytes_before"),
        bytes("bytes_after")
    );
    assert!(
        bytes("bytes_after") * 100 < bytes("bytes_before"),
        "{squashed}"
    );
    assert_eq!(stage.call("plan.content", json!({})).await, before);
    everybody_is_told_to_begin_anew(&stage).await;
    assert_eq!(stage.call("plan.content", json!({})).await, before);
    // A page that is loaded again goes on, formats and all.
    let connect = Connect::new(
        &stage.server,
        "hocuspocus-4.8",
        &stage.plan,
        &stage.people[1].token,
    );
    let anew = stage.driver.join(connect).await;
    let read = anew
        .read(&json!({ "speakers": "map", "rooms": "map" }))
        .await;
    assert_eq!(
        read["rooms"]["ro_1"]["name"],
        before["roots"]["rooms"]["ro_1"]["name"]
    );
    let set = json!([{ "op": "map.set", "root": "speakers", "path": ["sp_1"], "key": "org", "value": "New" }]);
    anew.edit(set).await;
    anew.wait_saved().await;
    stage.server.kill9();
    stage.server.start_again().await;
    assert_eq!(stage.speaker().await["org"], "New");
    assert_eq!(stage.speaker().await["bio"], "Counts. Loud.");
    // The history before is there, and so is who wrote what.
    let across = json!({ "from": 1, "root": "speakers" });
    let answer = stage.call("history.diff", across).await;
    let org = answer["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["field"] == "org");
    assert_eq!(org.unwrap()["by"]["name"], "Emil");
    let only_squashed = json!({ "from": head, "to": squashed["seq"] });
    assert_eq!(stage.call("history.diff", only_squashed).await["total"], 0);
    what_is_no_plan_s_is_not_lost(&stage, &anew).await;
}

#[tokio::test]
async fn a_plan_that_has_grown_begins_anew_and_everybody_goes_on_with_sqlite() {
    a_plan_that_has_grown_begins_anew_and_everybody_goes_on(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_plan_that_has_grown_begins_anew_and_everybody_goes_on_with_postgres() {
    a_plan_that_has_grown_begins_anew_and_everybody_goes_on(Engine::postgres().await).await;
}

#[tokio::test]
async fn a_squashed_plan_that_is_squashed_again_holds_the_same() {
    let stage = Stage::on(Options::default()).await;
    stage.add_speaker().await;
    let before = stage.call("plan.content", json!({})).await;
    for _ in 0..2 {
        let answer: Value = stage.call("plan.squash", json!({})).await;
        assert!(answer["seq"].as_i64().unwrap() > 1);
    }
    assert_eq!(stage.call("plan.content", json!({})).await, before);
}

#[tokio::test]
async fn who_was_away_while_a_plan_was_squashed_again_begins_anew() {
    let stage = Stage::on(Options::default()).await;
    stage.add_speaker().await;
    stage.call("plan.squash", json!({})).await;
    // Of all that is in the plan this page knows one client: the one that marks the first squash.
    let connect = Connect::new(
        &stage.server,
        "hocuspocus-4.8",
        &stage.plan,
        &stage.people[1].token,
    );
    let away = stage.driver.join(connect).await;
    away.disconnect().await;
    let archive = json!([{ "op": "archive", "path": ["speakers", "sp_1"] }]);
    stage.edit_as(0, archive).await;
    stage.call("plan.squash", json!({})).await;
    let before = stage.call("plan.content", json!({})).await;
    away.reconnect().await;
    until("the page is told to begin anew", SOON, async || {
        let status = away.status().await;
        let mut told = status.stateless.iter();
        told.any(|it| it["method"] == "document.reset")
            .then_some(())
    })
    .await;
    assert_eq!(stage.call("plan.content", json!({})).await, before);
}

#[tokio::test]
async fn nobody_can_take_the_mark_of_the_next_line_in_advance() {
    let stage = Stage::on(Options::default()).await;
    stage.add_speaker().await;
    let token = &stage.people[1].token;
    let mut socket = RawSocket::hocuspocus(&stage.server, &stage.plan, token).await;
    let mark = epoch_start(stage.plan.parse().unwrap(), 2);
    let message = addressed(&stage.plan, &update_message(&mark));
    socket.send(&message).await;
    let applied = addressed(&stage.plan, &[8, 1]);
    socket.frame("a status", |frame| frame == applied).await;
    let before = stage.call("plan.content", json!({})).await;
    stage.call("plan.squash", json!({})).await;
    everybody_is_told_to_begin_anew(&stage).await;
    assert_eq!(stage.call("plan.content", json!({})).await, before);
}
