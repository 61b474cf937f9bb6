//! Finding things by their words, in all plans that an account may read.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::Stage;
use super::files::programme;
use crate::support::account::Account;
use crate::support::cluster::Cluster;
use crate::support::driver::{Connect, Driver};
use crate::support::engine::Engine;
use crate::support::operator::Operator;
use crate::support::server::{Options, Server};
use crate::support::until::until;

/// How late the index may be.
const FOUND_WITHIN: Duration = Duration::from_secs(3);

async fn search(server: &Server, who: &Account, text: &str) -> Value {
    let params = json!({ "text": text, "limit": 50 });
    who.call(server, "search.query", params).await
}

fn ids(answer: &Value) -> Vec<&str> {
    let hits = answer["hits"].as_array().unwrap();
    hits.iter().map(|hit| hit["id"].as_str().unwrap()).collect()
}

/// Waits until just these are found.
async fn finds(server: &Server, who: &Account, text: &str, expected: &[&str]) -> Value {
    until(
        &format!("{text} finds {expected:?}"),
        FOUND_WITHIN,
        async || {
            let answer = search(server, who, text).await;
            (ids(&answer) == expected).then_some(answer)
        },
    )
    .await
}

impl Stage {
    async fn types(&self, at: i64, text: &str) {
        let [first, _] = &self.clients;
        first
            .edit(
                json!([{ "op": "text.insert", "kind": "map", "root": "sessions",
                "path": ["se_A", "abstract"], "at": at, "text": text }]),
            )
            .await;
        first.wait_saved().await;
    }

    async fn is_not_behind(&self) {
        until("the index is up to date", FOUND_WITHIN, async || {
            let answer = search(&self.server, &self.owner, "anything").await;
            (answer["behind"] == json!([])).then_some(())
        })
        .await;
    }
}

async fn what_is_typed_is_found(engine: Engine) {
    let mut stage = Stage::on(engine.options()).await;
    let stranger = Account::register(&stage.server, "Stefan").await;
    stage.add_session().await;
    stage.types(-1, " Über Żółć & Cafés im Łódź.").await;
    let answer = finds(&stage.server, &stage.editor, "zolc cafes", &["se_A"]).await;
    let hit = &answer["hits"][0];
    assert_eq!(
        hit,
        &json!({
            "plan": stage.plan, "plan_name": "A plan", "root": "sessions", "id": "se_A", "archived": false,
            "title": [{ "text": "Kafka", "hit": false }],
            "excerpt": [
                { "text": "About logs. Über ", "hit": false }, { "text": "Żółć", "hit": true },
                { "text": " & ", "hit": false }, { "text": "Cafés", "hit": true },
                { "text": " im Łódź.\nspeaker", "hit": false },
            ],
        })
    );
    assert_eq!(
        ids(&search(&stage.server, &stranger, "kafka").await),
        [""; 0]
    );
    // What was overwritten is found no more.
    let set = json!({ "root": "sessions", "id": "se_A", "set": { "abstract": "About rivers." } });
    stage.call("entity.update", set).await;
    finds(&stage.server, &stage.owner, "rivers", &["se_A"]).await;
    assert_eq!(
        ids(&search(&stage.server, &stage.owner, "cafes").await),
        [""; 0]
    );
    // A zero byte, which PostgreSQL cannot keep, ends a word and nothing else.
    stage.types(-1, " one\u{0}two").await;
    finds(&stage.server, &stage.owner, "\"one two\"", &["se_A"]).await;
    // What was typed just before the server dies is found after it.
    stage.types(-1, " Zebras.").await;
    stage.server.kill9();
    stage.server.start_again().await;
    finds(&stage.server, &stage.owner, "zebras", &["se_A"]).await;
    // Who leaves finds nothing.
    let remove = json!({ "user": stage.editor.user });
    stage.call("member.remove", remove).await;
    assert_eq!(
        ids(&search(&stage.server, &stage.editor, "zebras").await),
        [""; 0]
    );
    let (code, _) = stage
        .editor
        .is_refused(
            &stage.server,
            "search.query",
            json!({ "text": "zebras", "plan": stage.plan }),
        )
        .await;
    assert_eq!(code, "not_found");
}

#[tokio::test]
async fn what_is_typed_is_found_on_sqlite() {
    what_is_typed_is_found(Engine::Sqlite).await;
}

#[tokio::test]
async fn what_is_typed_is_found_on_postgres() {
    what_is_typed_is_found(Engine::postgres().await).await;
}

#[tokio::test]
async fn what_is_put_away_is_found_only_on_demand_and_last() {
    let stage = Stage::on(Options::default()).await;
    stage.add_session().await;
    let add = json!({ "root": "sessions", "id": "se_B", "fields": {
        "title": "Kafka again", "kind": "talk", "state": "draft", "minutes": 30 } });
    stage.call("entity.add", add).await;
    let away = json!({ "root": "sessions", "id": "se_A" });
    stage.call("entity.archive", away).await;
    finds(&stage.server, &stage.owner, "kafka", &["se_B"]).await;
    for (archived, expected) in [("with", vec!["se_B", "se_A"]), ("only", vec!["se_A"])] {
        let asked = json!({ "text": "kafka", "archived": archived });
        assert_eq!(ids(&stage.call("search.query", asked).await), expected);
    }
    let one = json!({ "text": "kafka", "archived": "with", "limit": 1 });
    assert_eq!(ids(&stage.call("search.query", one).await), ["se_B"]);
    for (params, say) in [
        (json!({ "text": "*" }), "at least one letter or digit"),
        (json!({ "text": "a", "limit": 0 }), "limit: 1 to 50"),
        (
            json!({ "text": "a ".repeat(600) }),
            "at most 1000 characters",
        ),
    ] {
        let (code, message) = stage.is_refused("search.query", params).await;
        assert_eq!(code, "invalid");
        assert!(message.contains(say), "{message}");
    }
    // What changes no words is written nowhere.
    stage.is_not_behind().await;
    let before = stage.server.count("convene_search_indexed_total").await;
    let set = json!({ "root": "sessions", "id": "se_B", "set": { "minutes": 45 } });
    stage.call("entity.update", set).await;
    stage.is_not_behind().await;
    let after = stage.server.count("convene_search_indexed_total").await;
    assert_eq!(before, after);
}

/// A real programme: how long it takes, and that it takes no longer than people wait.
async fn a_real_programme_is_found(engine: Engine) {
    let told = "info,sqlx=warn,convene::search=debug";
    let stage = Stage::on(engine.options().set("CONVENE_LOG", told)).await;
    let upload = stage.upload(&programme()).await;
    stage.import(&upload, "frab_xml", "apply").await;
    let began = Instant::now();
    stage.is_not_behind().await;
    let indexed = began.elapsed();
    let answer = search(&stage.server, &stage.owner, "rust").await;
    assert_eq!(ids(&answer).len(), 50);
    let mut times = Vec::new();
    for text in [
        "rust",
        "postgresql",
        "\"open source\"",
        "linux kernel",
        "s",
        "the",
        "zzz",
    ] {
        for _ in 0..20 {
            let began = Instant::now();
            search(&stage.server, &stage.owner, text).await;
            times.push(began.elapsed());
        }
    }
    times.sort_unstable();
    let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    // One edit: from its answer to its being found.
    let id = answer["hits"][0]["id"].as_str().unwrap();
    let root = answer["hits"][0]["root"].as_str().unwrap();
    let field = if root == "sessions" { "title" } else { "name" };
    let set = json!({ "root": root, "id": id, "set": { field: "Quokkas" } });
    stage.call("entity.update", set).await;
    let began = Instant::now();
    finds(&stage.server, &stage.owner, "quokkas", &[id]).await;
    let edited = began.elapsed();
    eprintln!(
        "1,910 things are searchable after {indexed:?}; a query with its socket takes p50 {p50:?}, p99 {p99:?}; \
         an edit is found after {edited:?}"
    );
    let log = std::fs::read_to_string(stage.server.data().with_file_name("log")).unwrap();
    for line in log.lines().filter(|line| line.contains("was indexed")) {
        eprintln!("{line}");
    }
    assert!(p50 < Duration::from_millis(100), "{p50:?}");
}

#[tokio::test]
async fn a_real_programme_is_found_on_sqlite() {
    a_real_programme_is_found(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_real_programme_is_found_on_postgres() {
    a_real_programme_is_found(Engine::postgres().await).await;
}

#[tokio::test]
async fn the_index_of_a_restored_database_is_made_again() {
    let mut stage = Stage::on(Options::default()).await;
    stage.add_session().await;
    finds(&stage.server, &stage.owner, "kafka", &["se_A"]).await;
    let data = stage.server.data();
    let operator = Operator {
        data: &data,
        url: None,
    };
    operator.must(&["backup", "backup.db"], "");
    for client in &stage.clients {
        client.disconnect().await;
    }
    assert!(stage.server.terminate().await.success());
    for name in ["convene.db", "convene.db-wal", "convene.db-shm"] {
        // The last two are there only sometimes.
        std::fs::remove_file(data.join(name)).ok();
    }
    operator.must(&["restore", "backup.db"], "");
    stage.server.start_again().await;
    let owner = stage.owner.login(&stage.server).await;
    // Nobody opens the plan.
    finds(&stage.server, &owner, "kafka", &["se_A"]).await;
}

#[tokio::test]
async fn what_is_written_at_one_node_is_found_at_the_other() {
    let cluster = Cluster::start(2, None).await;
    let (people, plan) = cluster.two_people().await;
    let driver = Driver::javascript().await;
    let [one, two] = cluster.nodes.as_slice() else {
        panic!("there are two nodes")
    };
    let connect = Connect::new(one, "hocuspocus-4.8", &plan, &people[0].token);
    let client = driver.join(connect).await;
    for word in ["Apples", "Oranges"] {
        let set = json!([{ "op": "map.set", "root": "rooms", "path": ["ro_1"], "key": "name", "value": word }]);
        if word == "Apples" {
            let add =
                json!({ "plan": plan, "root": "rooms", "id": "ro_1", "fields": { "name": word } });
            people[0].call(one, "entity.add", add).await;
        } else {
            client.edit(set).await;
            client.wait_saved().await;
        }
        finds(two, &people[1], word, &["ro_1"]).await;
    }
    // With the plan open at both nodes, each entry is written once.
    let connect = Connect::new(two, "y-websocket-3.1", &plan, &people[1].token);
    let other = driver.join(connect).await;
    other
        .edit(json!([{ "op": "map.set", "root": "rooms", "path": ["ro_1"], "key": "name", "value": "Pears" }]))
        .await;
    other.wait_saved().await;
    for node in [one, two] {
        finds(node, &people[0], "pears", &["ro_1"]).await;
        assert_eq!(ids(&search(node, &people[0], "oranges").await), [""; 0]);
    }
}
