//! What two people make of one thing at once, and what is found in it: one row a test. Where a value can be
//! only one, everybody has the same; what should not be so is kept and found.

use serde_json::{Value, json};

use super::{Stage, sets};
use crate::support::server::Options;

fn set(root: &str, id: &str, key: &str, value: &Value) -> Value {
    json!({ "op": "map.set", "root": root, "path": [id], "key": key, "value": value })
}

fn add(root: &str, id: &str, fields: &Value) -> Value {
    json!({ "op": "map.set", "root": root, "key": id, "value": { "$map": fields } })
}

fn slot(hour: u32, room: &str) -> Value {
    json!({ "start": format!("2027-05-03T{hour}:00:00+02:00"), "room_id": room })
}

impl Stage {
    /// A plan with an event, a room, a speaker and a session, which both clients have.
    async fn with_a_programme() -> Self {
        let stage = Self::on(Options::default()).await;
        stage.add_session().await;
        stage
            .edit(json!([
                { "op": "set", "path": ["meta", "tz"], "to": "Europe/Berlin" },
                { "op": "set", "path": ["meta", "dates"], "to": { "start": "2027-05-03", "end": "2027-05-04" } },
                { "op": "add", "path": ["rooms", "ro_A"], "fields": { "name": "A" } },
                { "op": "add", "path": ["speakers", "sp_1"], "fields": { "name": "Ada", "kind": "cfp", "status": "confirmed" } },
                { "op": "set", "path": ["sessions", "se_A", "slot"], "to": slot(10, "ro_A") },
            ]))
            .await;
        stage
            .everybody_reads("sessions", "/se_A/slot", &slot(10, "ro_A"))
            .await;
        stage
    }

    /// One edits while away, the other meanwhile; then both have both.
    async fn at_once(&self, away: Value, here: Value) {
        let [first, second] = &self.clients;
        first.disconnect().await;
        first.edit(away).await;
        second.edit(here).await;
        second.wait_saved().await;
        first.reconnect().await;
        first.wait_saved().await;
        let content = self.call("plan.content", json!({})).await;
        for root in ["meta", "sessions", "speakers", "rooms"] {
            let expected = &content["roots"][root];
            for (id, _) in expected.as_object().into_iter().flatten() {
                let id = id.replace('/', "~1");
                let value = expected.pointer(&format!("/{id}")).unwrap();
                self.everybody_reads(root, &format!("/{id}"), value).await;
            }
        }
    }

    /// The findings of a rule, by key.
    async fn found(&self, rule: &str) -> Vec<Value> {
        let answer = self.call("plan.findings", json!({})).await;
        let findings = answer["findings"].as_array().unwrap().iter();
        findings.filter(|it| it["rule"] == rule).cloned().collect()
    }
}

#[tokio::test]
async fn somebody_is_archived_while_somebody_assigns_them() {
    let stage = Stage::with_a_programme().await;
    let other = json!({ "title": "Redis", "kind": "talk", "state": "draft", "minutes": 30, "people": { "$map": { "sp_1": {} } } });
    stage
        .at_once(
            json!([add("sessions", "se_B", &other)]),
            json!([set("speakers", "sp_1", "archived", &json!(true))]),
        )
        .await;
    let found = stage.found("ref.archived").await;
    let keys: Vec<&str> = found.iter().map(|it| it["key"].as_str().unwrap()).collect();
    let expected = [
        "ref.archived|sessions|se_A|people|sp_1",
        "ref.archived|sessions|se_B|people|sp_1",
    ];
    assert_eq!(keys, expected);
    assert_eq!(found[0]["severity"], "block");
    assert!(
        found[0]["fixes"].as_array().unwrap().len() >= 2,
        "{}",
        found[0]
    );
}

#[tokio::test]
async fn two_put_two_sessions_into_one_room_at_one_time() {
    let stage = Stage::with_a_programme().await;
    let other = json!({ "title": "Redis", "kind": "talk", "state": "draft", "minutes": 30, "slot": slot(14, "ro_A") });
    stage
        .at_once(
            json!([add("sessions", "se_B", &other)]),
            json!([set("sessions", "se_A", "slot", &slot(14, "ro_A"))]),
        )
        .await;
    let found = stage.found("agenda.room_overlap").await;
    assert_eq!(found.len(), 1, "{found:?}");
    let refs: Vec<&str> = found[0]["refs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert!(refs.contains(&"se_A") && refs.contains(&"se_B"), "{refs:?}");
}

#[tokio::test]
async fn two_add_the_same_person() {
    let stage = Stage::with_a_programme().await;
    let person = |name: &str| json!({ "name": name, "kind": "cfp", "status": "idea" });
    stage
        .at_once(
            json!([add("speakers", "sp_2", &person("Grace Hopper"))]),
            json!([add("speakers", "sp_3", &person("grace  hopper"))]),
        )
        .await;
    let found = stage.found("dup.person").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["key"], "dup.person|sp_2|sp_3");
}

#[tokio::test]
async fn two_set_one_value_to_what_excludes_the_other() {
    let stage = Stage::with_a_programme().await;
    stage
        .at_once(
            json!([set("speakers", "sp_1", "status", &json!("confirmed"))]),
            json!([set("speakers", "sp_1", "status", &json!("declined"))]),
        )
        .await;
    let asked = json!({ "root": "speakers", "id": "sp_1" });
    let status = stage.call("entity.get", asked).await["entity"]["status"].clone();
    assert!(
        ["confirmed", "declined"].contains(&status.as_str().unwrap()),
        "{status}"
    );
    // Both are in the history, whoever won.
    let rows = stage.call("history.list", json!({})).await;
    assert!(rows["versions"][0]["last"].as_i64() == Some(4), "{rows}");
}

#[tokio::test]
async fn two_put_different_things_at_one_place_of_a_list() {
    let stage = Stage::with_a_programme().await;
    let room = |name: &str, rank: &str| json!({ "name": name, "rank": rank });
    stage
        .at_once(
            json!([add("rooms", "ro_C", &room("C", "b"))]),
            json!([add("rooms", "ro_B", &room("B", "b"))]),
        )
        .await;
    let listed = stage.call("entity.list", json!({ "root": "rooms" })).await;
    let ids: Vec<&str> = listed["entities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    let place = |id: &str| ids.iter().position(|it| *it == id).unwrap();
    assert_eq!(ids.len(), 3, "none twice, none lost: {ids:?}");
    assert!(
        place("ro_B") < place("ro_C"),
        "by id where the rank is the same: {ids:?}"
    );
}

#[tokio::test]
async fn the_event_is_moved_while_somebody_moves_a_session() {
    let stage = Stage::with_a_programme().await;
    let dates = json!({ "start": "2027-05-17", "end": "2027-05-18" });
    stage
        .at_once(
            json!([set("sessions", "se_A", "slot", &slot(11, "ro_A"))]),
            json!([{ "op": "map.set", "root": "meta", "key": "dates", "value": dates }]),
        )
        .await;
    let found = stage.found("agenda.out_of_range").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        stage.session().await["slot"],
        slot(11, "ro_A"),
        "nothing moves by itself"
    );
}

#[tokio::test]
async fn somebody_comes_back_after_long() {
    let stage = Stage::with_a_programme().await;
    let [away, here] = &stage.clients;
    away.disconnect().await;
    for number in 0..40 {
        away.edit(json!([{ "op": "text.insert", "kind": "map", "root": "sessions", "path": ["se_A", "abstract"], "at": -1, "text": format!(" {number}") }]))
            .await;
        sets(here, "minutes", json!(20 + number)).await;
    }
    here.edit(json!([{ "op": "text.insert", "kind": "map", "root": "sessions", "path": ["se_A", "abstract"], "at": 0, "text": "First. " }]))
        .await;
    here.wait_saved().await;
    away.reconnect().await;
    away.wait_saved().await;
    let session = stage.session().await;
    let text = session["abstract"].as_str().unwrap();
    assert!(
        text.starts_with("First. About logs. 0 1 2") && text.ends_with(" 39"),
        "{text}"
    );
    assert_eq!(session["minutes"], 59);
}
