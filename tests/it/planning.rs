//! The plan by the control channel, beside stock clients that hold the same document.

mod concurrent;
mod files;
mod searching;

use serde_json::{Value, json};

use crate::support::account::Account;
use crate::support::driver::{Client, Connect, Driver};
use crate::support::engine::Engine;
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, until};

/// A plan, its owner, an editor, and two stock clients that hold it open, one of each dialect.
struct Stage {
    server: Server,
    owner: Account,
    editor: Account,
    plan: String,
    driver: Driver,
    clients: [Client; 2],
}

impl Stage {
    async fn on(options: Options) -> Self {
        let server = Server::start(options).await;
        let owner = Account::register(&server, "Olga").await;
        let editor = Account::register(&server, "Emil").await;
        let plan = owner.create_plan(&server).await;
        owner.set_role(&server, &plan, &editor, "editor").await;
        let driver = Driver::javascript().await;
        let join = |lib| Connect::new(&server, lib, &plan, &editor.token);
        let clients = [
            driver.join(join("hocuspocus-4.8")).await,
            driver.join(join("y-websocket-3.1")).await,
        ];
        Self {
            server,
            owner,
            editor,
            plan,
            driver,
            clients,
        }
    }

    async fn call(&self, method: &str, mut params: Value) -> Value {
        params["plan"] = json!(self.plan);
        self.owner.call(&self.server, method, params).await
    }

    async fn is_refused(&self, method: &str, mut params: Value) -> (String, String) {
        params["plan"] = json!(self.plan);
        self.owner.is_refused(&self.server, method, params).await
    }

    async fn edit(&self, ops: Value) {
        self.call("plan.edit", json!({ "ops": ops })).await;
    }

    /// Until every client reads this at `pointer` of the root, a map.
    async fn everybody_reads(&self, root: &str, pointer: &str, expected: &Value) {
        for client in &self.clients {
            until("the client reads it", SOON, async || {
                let content = client.read(&json!({ root: "map" })).await;
                (content[root].pointer(pointer) == Some(expected)).then_some(())
            })
            .await;
        }
    }

    async fn session(&self) -> Value {
        let asked = json!({ "root": "sessions", "id": "se_A" });
        self.call("entity.get", asked).await["entity"].clone()
    }

    async fn add_session(&self) {
        let fields = json!({
            "title": "Kafka", "kind": "talk", "state": "draft", "minutes": 30,
            "abstract": "About logs.", "people": { "sp_1": { "role": "speaker" } },
        });
        let add = json!({ "root": "sessions", "id": "se_A", "fields": fields });
        self.call("entity.add", add).await;
        self.everybody_reads("sessions", "/se_A/title", &json!("Kafka"))
            .await;
    }
}

/// A stock client sets a plain field of the session.
async fn sets(client: &Client, key: &str, value: Value) {
    let set = json!([{ "op": "map.set", "root": "sessions", "path": ["se_A"], "key": key, "value": value }]);
    client.edit(set).await;
    client.wait_saved().await;
}

#[tokio::test]
async fn what_is_made_by_the_control_channel_is_shared_types_to_stock_clients() {
    let stage = Stage::on(Options::default()).await;
    stage.add_session().await;
    stage
        .everybody_reads("sessions", "/se_A/abstract", &json!("About logs."))
        .await;
    // A stock client types into the text that the server made, and adds a person beside the first.
    let [first, second] = &stage.clients;
    first
        .edit(json!([
            { "op": "text.insert", "kind": "map", "root": "sessions", "path": ["se_A", "abstract"], "at": 5, "text": " big" },
            { "op": "map.set", "root": "sessions", "path": ["se_A", "people"], "key": "sp_2", "value": { "role": "host" } },
        ]))
        .await;
    first.wait_saved().await;
    sets(second, "minutes", json!(45)).await;
    let session = stage.session().await;
    assert_eq!(session["abstract"], "About big logs.");
    assert_eq!(session["minutes"], 45);
    assert_eq!(session["people"].as_object().unwrap().len(), 2);
    // The server changes the text where it differs, so that the client's own words stay.
    let set = json!({ "root": "sessions", "id": "se_A", "set": {
        "abstract": "About very big logs.", "people": { "sp_2": { "role": "host" } } } });
    stage.call("entity.update", set).await;
    stage
        .everybody_reads("sessions", "/se_A/abstract", &json!("About very big logs."))
        .await;
    stage
        .everybody_reads(
            "sessions",
            "/se_A/people",
            &json!({ "sp_2": { "role": "host" } }),
        )
        .await;
}

#[tokio::test]
async fn operations_are_performed_all_or_none_and_only_on_what_they_expect() {
    let stage = Stage::on(Options::default()).await;
    stage.add_session().await;
    let minutes = json!(["sessions", "se_A", "minutes"]);
    sets(&stage.clients[1], "minutes", json!(45)).await;
    let ops = json!([
        { "op": "set", "path": ["sessions", "se_A", "title"], "to": "Redis" },
        { "op": "set", "path": minutes, "from": 30, "to": 60 },
    ]);
    let refused = stage.is_refused("plan.edit", json!({ "ops": ops })).await;
    let expected = "operation 1: expects 30, but 45 is there now";
    assert_eq!(refused, ("conflict".to_owned(), expected.to_owned()));
    assert_eq!(stage.session().await["title"], "Kafka");
    for (ops, code, say) in [
        (
            json!([{ "op": "set", "path": minutes, "to": 3 }]),
            "invalid",
            "from 5 to 1440",
        ),
        (
            json!([{ "op": "archive", "path": ["sessions", "se_B"] }]),
            "not_found",
            "se_B",
        ),
        (
            json!([{ "op": "archive", "path": ["raffles", "x"] }]),
            "invalid",
            "no root raffles",
        ),
    ] {
        let (found, message) = stage.is_refused("plan.edit", json!({ "ops": ops })).await;
        assert_eq!(found, code);
        assert!(message.contains(say), "{message}");
    }
    // What is expected of other fields is looked at too, and a value that does not fit can be mended.
    let update = |expect: Value| json!({ "root": "sessions", "id": "se_A", "set": { "minutes": 45 }, "expect": expect });
    let wrong = json!({ "title": "Redis" });
    let (code, _) = stage.is_refused("entity.update", update(wrong)).await;
    assert_eq!(code, "conflict");
    sets(&stage.clients[1], "minutes", json!(3)).await;
    let right = json!({ "title": "Kafka", "abstract": "About logs.", "minutes": 3 });
    stage.call("entity.update", update(right)).await;
    // A repeat with the same key is answered and does nothing.
    let ops = json!([{ "op": "set", "path": minutes, "from": 45, "to": 50 }]);
    for _ in 0..2 {
        let edit = json!({ "ops": ops, "idempotency_key": "once" });
        stage.call("plan.edit", edit).await;
    }
    stage
        .everybody_reads("sessions", "/se_A/minutes", &json!(50))
        .await;
}

#[tokio::test]
async fn things_are_listed_filtered_sorted_and_paged() {
    let stage = Stage::on(Options::default()).await;
    let ops: Vec<Value> = (0..7)
        .map(|number| {
            let kind = if number % 2 == 0 { "talk" } else { "break" };
            json!({ "op": "add", "path": ["sessions", format!("se_{number}")], "fields": {
                "title": format!("Session {number}"), "kind": kind, "state": "draft",
                "minutes": 60 - number, "people": { "sp_1": {} } } })
        })
        .collect();
    stage.edit(json!(ops)).await;
    stage
        .edit(json!([{ "op": "archive", "path": ["sessions", "se_6"] }]))
        .await;
    let ids = |answer: &Value| -> Vec<String> {
        let entities = answer["entities"].as_array().unwrap();
        entities
            .iter()
            .map(|it| it["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let list = |more: Value| {
        let mut params = json!({ "root": "sessions" });
        params
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        stage.call("entity.list", params)
    };
    let all = list(json!({})).await;
    assert_eq!(ids(&all), ["se_0", "se_1", "se_2", "se_3", "se_4", "se_5"]);
    assert_eq!(ids(&list(json!({ "archived": "only" })).await), ["se_6"]);
    let talks =
        list(json!({ "filter": { "kind": "talk", "people": "sp_1" }, "sort": ["minutes"] })).await;
    assert_eq!(ids(&talks), ["se_4", "se_2", "se_0"]);
    let first = list(json!({ "limit": 4 })).await;
    assert_eq!(
        (first["total"].as_u64(), first["next"].as_str()),
        (Some(6), Some("se_3"))
    );
    let second = list(json!({ "limit": 4, "after": first["next"] })).await;
    assert_eq!(ids(&second), ["se_4", "se_5"]);
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn whoever_may_not_write_reads_and_whoever_is_no_member_sees_nothing() {
    let stage = Stage::on(Options::default()).await;
    stage.add_session().await;
    let viewer = Account::register(&stage.server, "Vera").await;
    let ops =
        json!({ "plan": stage.plan, "ops": [{ "op": "archive", "path": ["sessions", "se_A"] }] });
    let (code, _) = viewer
        .is_refused(&stage.server, "plan.edit", ops.clone())
        .await;
    assert_eq!(code, "not_found");
    stage
        .owner
        .set_role(&stage.server, &stage.plan, &viewer, "suggester")
        .await;
    let read = json!({ "plan": stage.plan });
    let content = viewer.call(&stage.server, "plan.content", read).await;
    assert_eq!(content["roots"]["sessions"]["se_A"]["title"], "Kafka");
    let (code, _) = viewer.is_refused(&stage.server, "plan.edit", ops).await;
    assert_eq!(code, "forbidden");
    assert_eq!(stage.session().await["archived"], false);
}

/// What is answered survives the server's end without a warning, and a page that was away brings its own.
async fn an_answered_change_survives_a_kill(engine: Engine) {
    let mut stage = Stage::on(engine.options()).await;
    stage.add_session().await;
    for minutes in [31, 32, 33] {
        let set = json!({ "root": "sessions", "id": "se_A", "set": { "minutes": minutes } });
        stage.call("entity.update", set).await;
    }
    stage.server.kill9();
    // Offline, on another field than the server's.
    let set = json!([{ "op": "map.set", "root": "sessions", "path": ["se_A"], "key": "title", "value": "Redis" }]);
    stage.clients[0].edit(set).await;
    stage.server.start_again().await;
    stage.clients[0].wait_for("saved", SOON * 2).await;
    let session = stage.session().await;
    assert_eq!(
        (&session["minutes"], &session["title"]),
        (&json!(33), &json!("Redis"))
    );
    // The next change by the same account, after the restart, under another client id.
    let set = json!({ "root": "sessions", "id": "se_A", "set": { "minutes": 34 } });
    stage.call("entity.update", set).await;
    stage
        .everybody_reads("sessions", "/se_A/minutes", &json!(34))
        .await;
    let connect = Connect::new(
        &stage.server,
        "hocuspocus-3.4",
        &stage.plan,
        &stage.editor.token,
    );
    let newcomer = stage.driver.join(connect).await;
    let content = newcomer.read(&json!({ "sessions": "map" })).await;
    assert_eq!(content["sessions"]["se_A"]["title"], "Redis");
}

#[tokio::test]
async fn an_answered_change_survives_a_kill_on_sqlite() {
    an_answered_change_survives_a_kill(Engine::Sqlite).await;
}

#[tokio::test]
async fn an_answered_change_survives_a_kill_on_postgres() {
    an_answered_change_survives_a_kill(Engine::postgres().await).await;
}

/// What happens when two people change the same thing at once, each on what they saw.
#[tokio::test]
async fn edits_at_the_same_time_merge_as_a_planner_expects() {
    let stage = Stage::on(Options::default()).await;
    stage.add_session().await;
    stage
        .edit(json!([
            { "op": "add", "path": ["rooms", "ro_A"], "fields": { "name": "A" } },
            { "op": "add", "path": ["rooms", "ro_B"], "fields": { "name": "B" } },
            { "op": "add", "path": ["speakers", "sp_1"], "fields": { "name": "Ada", "kind": "cfp", "status": "confirmed" } },
        ]))
        .await;
    stage
        .everybody_reads("rooms", "/ro_B/name", &json!("B"))
        .await;
    let [away, here] = &stage.clients;
    away.disconnect().await;
    let slot = |hour: u32, room: &str| json!({ "start": format!("2027-05-03T{hour}:00:00+02:00"), "room_id": room });
    let set = |root: &str, id: &str, key: &str, value: Value| json!({ "op": "map.set", "root": root, "path": [id], "key": key, "value": value });
    // One moves the session, writes of it and lengthens it; the other moves it too, writes, and archives its speaker.
    away.edit(json!([
        set("sessions", "se_A", "slot", slot(10, "ro_A")),
        set("sessions", "se_A", "minutes", json!(45)),
        { "op": "text.insert", "kind": "map", "root": "sessions", "path": ["se_A", "abstract"], "at": -1, "text": " Twice." },
        { "op": "map.set", "root": "sessions", "path": ["se_A", "people"], "key": "sp_2", "value": {} },
    ]))
    .await;
    here.edit(json!([
        set("sessions", "se_A", "slot", slot(14, "ro_B")),
        { "op": "text.insert", "kind": "map", "root": "sessions", "path": ["se_A", "abstract"], "at": 0, "text": "All " },
        set("speakers", "sp_1", "archived", json!(true)),
    ]))
    .await;
    here.wait_saved().await;
    away.reconnect().await;
    away.wait_saved().await;
    let session = stage.session().await;
    // One whole slot, never a room of one with the hour of the other.
    let slots = [slot(10, "ro_A"), slot(14, "ro_B")];
    assert!(slots.contains(&session["slot"]), "{}", session["slot"]);
    assert_eq!(session["minutes"], 45);
    assert_eq!(session["abstract"], "All About logs. Twice.");
    let people: Vec<&String> = session["people"].as_object().unwrap().keys().collect();
    assert_eq!(people, ["sp_1", "sp_2"]);
    let speaker = stage
        .call("entity.get", json!({ "root": "speakers", "id": "sp_1" }))
        .await;
    assert_eq!(speaker["entity"]["archived"], true);
    stage
        .everybody_reads("sessions", "/se_A/slot", &session["slot"])
        .await;
}

#[tokio::test]
async fn a_finding_is_solved_by_the_operations_it_comes_with() {
    let stage = Stage::on(Options::default()).await;
    stage.add_session().await;
    stage
        .edit(json!([
            { "op": "add", "path": ["speakers", "sp_1"], "fields": { "name": "Ada", "kind": "cfp", "status": "confirmed" } },
            { "op": "archive", "path": ["speakers", "sp_1"] },
        ]))
        .await;
    let found = async |rule: &str| {
        let answer = stage.call("plan.findings", json!({})).await;
        let findings = answer["findings"].as_array().unwrap().clone();
        findings.into_iter().find(|finding| finding["rule"] == rule)
    };
    let finding = found("ref.archived")
        .await
        .expect("a session of somebody who is archived");
    assert_eq!(finding["severity"], "block");
    stage.edit(finding["fixes"][0]["ops"].clone()).await;
    assert_eq!(found("ref.archived").await, None);
}
