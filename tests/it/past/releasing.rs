//! Published versions, what somebody has to send because of them, and who is told of what happens.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::Stage;
use crate::support::account::Account;
use crate::support::raw::{RawSocket, Received};
use crate::support::server::Options;

fn slot(hour: u8) -> Value {
    json!({ "start": format!("2027-05-03T{hour:02}:00:00+02:00"), "room_id": "ro_1" })
}

async fn programme(stage: &Stage) {
    let session = json!({
        "title": "Kafka", "kind": "talk", "state": "confirmed", "minutes": 30, "slot": slot(10),
        "people": { "sp_1": { "role": "speaker" } },
    });
    stage.add_speaker().await;
    stage
        .edit_as(0, json!([
            { "op": "set", "path": ["meta", "name"], "to": "Spring" },
            { "op": "set", "path": ["meta", "tz"], "to": "Europe/Berlin" },
            { "op": "set", "path": ["meta", "dates"], "to": { "start": "2027-05-03", "end": "2027-05-04" } },
            { "op": "add", "path": ["rooms", "ro_1"], "fields": { "name": "Main hall" } },
            { "op": "set", "path": ["speakers", "sp_1", "status"], "to": "confirmed" },
            { "op": "add", "path": ["sessions", "se_1"], "fields": session },
        ]))
        .await;
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one story from its beginning to its end"
)]
async fn a_release_is_frozen_says_what_moved_and_drafts_letters() {
    let stage = Stage::on(Options::default()).await;
    programme(&stage).await;
    let preview = stage.call("release.preview", json!({})).await;
    let empty = json!({ "number": 1, "changelog": [], "recipients": [] });
    assert_eq!(preview, empty, "a first release says something");
    let first = stage
        .call("release.publish", json!({ "name": "First schedule" }))
        .await;
    assert_eq!(
        (&first["number"], &first["changelog"], &first["drafts"]),
        (&json!(1), &json!([]), &json!(0))
    );
    let move_it = json!([{ "op": "set", "path": ["sessions", "se_1", "slot"], "to": slot(15) }]);
    stage.edit_as(1, move_it).await;
    let frozen = stage.call("release.get", json!({})).await;
    assert_eq!(
        frozen["content"]["plan"]["sessions"]["se_1"]["slot"],
        slot(10)
    );
    let preview = stage.call_as(1, "release.preview", json!({})).await;
    assert_eq!(
        (&preview["number"], &preview["recipients"][0]["name"]),
        (&json!(2), &json!("Ada"))
    );
    let second = json!({ "name": "Second schedule", "note": "After the rooms were booked" });
    let second = stage.call("release.publish", second).await;
    assert_eq!(
        (&second["number"], &second["drafts"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        preview["changelog"], second["changelog"],
        "it was said otherwise"
    );
    let line = &second["changelog"][0];
    assert_eq!(
        (&line["kind"], &line["id"]),
        (&json!("moved"), &json!("se_1")),
        "{second}"
    );
    let outbox = stage.call("outbox.list", json!({})).await;
    assert_eq!(outbox["total"], 1);
    let draft = &outbox["messages"][0];
    assert_eq!(draft["to"]["name"], "Ada");
    assert!(draft["body"].as_str().unwrap().contains("Kafka"), "{draft}");
    // An editor needs the word of an approver or owner for these words.
    let mark = json!({ "id": draft["id"] });
    let (code, _) = stage.is_refused(1, "outbox.mark_sent", mark.clone()).await;
    assert_eq!(code, "forbidden");
    let ask = json!({ "subject": { "kind": "outreach", "letters": [draft["id"]] } });
    let gate = stage.call_as(1, "gate.request", ask).await;
    let approve = json!({ "gate": gate["id"], "shown": gate["shown"] });
    stage.call("gate.approve", approve).await;
    let sent = stage.call_as(1, "outbox.mark_sent", mark).await;
    assert_eq!(sent["sent_by"]["name"], "Emil");
    assert_eq!(stage.call("outbox.list", json!({})).await["total"], 0);
    let again = stage
        .call("outbox.mark_sent", json!({ "id": draft["id"] }))
        .await;
    assert_eq!(again["sent_by"]["name"], "Emil", "who did so first stays");
    let listed = stage.call("release.list", json!({})).await;
    assert_eq!(listed["releases"][0]["note"], "After the rooms were booked");
    assert_eq!(
        stage
            .is_refused(1, "release.publish", json!({ "name": "Mine" }))
            .await
            .0,
        "forbidden"
    );
    assert_eq!(
        stage
            .is_refused(0, "release.get", json!({ "number": 3 }))
            .await
            .0,
        "not_found"
    );
}

/// Somebody who follows plans on a socket of its own.
struct Follower(RawSocket);

impl Follower {
    async fn of(stage: &Stage, account: &Account) -> Self {
        let url = format!("{}?token={}", stage.server.ws_url(), account.token);
        let mut socket = RawSocket::open(&url).await;
        let params = json!({ "plans": [stage.plan] });
        let request =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "events.subscribe", "params": params });
        socket.send_text(&request.to_string()).await;
        let answer: Value = serde_json::from_str(&socket.text().await).unwrap();
        assert_eq!(answer["result"], json!({}), "{answer}");
        Self(socket)
    }

    /// The next notification of this method; others before it are skipped.
    async fn hears(&mut self, method: &str) -> Value {
        let until = Instant::now() + Duration::from_secs(3);
        while Instant::now() < until {
            if let Some(Received::Text(text)) = self.0.next(Duration::from_millis(500)).await {
                let told: Value = serde_json::from_str(&text).unwrap();
                if told["method"] == method {
                    return told["params"].clone();
                }
            }
        }
        panic!("no {method} within 3 s");
    }
}

#[tokio::test]
async fn who_follows_a_plan_is_told_what_happens_until_the_membership_ends() {
    let stage = Stage::on(Options::default()).await;
    programme(&stage).await;
    let mut follower = Follower::of(&stage, &stage.people[2]).await;
    let archive = json!([{ "op": "archive", "path": ["speakers", "sp_1"] }]);
    let seq = stage.edit_as(1, archive).await;
    let changed = follower.hears("plan.changed").await;
    assert_eq!(changed["roots"], json!(["speakers"]));
    assert_eq!(changed["by"], json!([stage.people[1].user]));
    assert_eq!(changed["seq"], seq);
    let found = follower.hears("finding.changed").await;
    let keys: Vec<&str> = found["opened"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["key"].as_str().unwrap())
        .collect();
    assert!(
        keys.contains(&"ref.archived|sessions|se_1|people|sp_1"),
        "{found}"
    );
    stage
        .edit_as(
            1,
            json!([{ "op": "restore", "path": ["speakers", "sp_1"] }]),
        )
        .await;
    let found = follower.hears("finding.changed").await;
    assert!(
        found["cleared"]
            .as_array()
            .unwrap()
            .contains(&json!("ref.archived|sessions|se_1|people|sp_1"))
    );
    stage.call("plan.duplicate", json!({})).await;
    let viewer = Account::register(&stage.server, "Vera").await;
    stage.people[0]
        .set_role(&stage.server, &stage.plan, &viewer, "viewer")
        .await;
    follower.hears("plan.members").await;
    // Whoever is taken out is told so within a second, and hears nothing more.
    let began = Instant::now();
    stage
        .call("member.remove", json!({ "user": stage.people[2].user }))
        .await;
    let told = follower.hears("member.changed").await;
    assert_eq!(told["role"], Value::Null);
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    stage
        .edit_as(
            1,
            json!([{ "op": "archive", "path": ["speakers", "sp_1"] }]),
        )
        .await;
    assert!(follower.0.next(Duration::from_secs(1)).await.is_none());
    // The document's own session is refused just as fast.
    let status = stage.clients[2].status().await;
    let mut told = status.stateless.iter();
    assert!(
        told.any(|it| it["method"] == "document.reset" || it["method"] == "member.changed"),
        "{:?}",
        status.stateless
    );
    let refused = stage.is_refused(2, "plan.content", json!({})).await;
    assert_eq!(refused.0, "not_found");
}
