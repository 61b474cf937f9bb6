//! What a plan was: its versions, differences in meaning, bringing things back, beginning anew, and who did
//! what to it.

mod releasing;
mod replaying;
mod squashing;

use serde_json::{Value, json};

use crate::support::account::Account;
use crate::support::driver::{Client, Connect, Driver};
use crate::support::engine::Engine;
use crate::support::operator::Operator;
use crate::support::server::{Options, Server};

/// A plan with an owner, two editors, and a stock client of each of the three.
struct Stage {
    server: Server,
    people: [Account; 3],
    plan: String,
    driver: Driver,
    clients: [Client; 3],
}

impl Stage {
    async fn on(options: Options) -> Self {
        let server = Server::start(options).await;
        let people = [
            Account::register(&server, "Olga").await,
            Account::register(&server, "Emil").await,
            Account::register(&server, "Ines").await,
        ];
        let plan = people[0].create_plan(&server).await;
        for editor in &people[1..] {
            people[0].set_role(&server, &plan, editor, "editor").await;
        }
        let driver = Driver::javascript().await;
        let join = |lib, number: usize| Connect::new(&server, lib, &plan, &people[number].token);
        let clients = [
            driver.join(join("hocuspocus-4.8", 0)).await,
            driver.join(join("y-websocket-3.1", 1)).await,
            driver.join(join("hocuspocus-3.4", 2)).await,
        ];
        Self {
            server,
            people,
            plan,
            driver,
            clients,
        }
    }

    async fn call_as(&self, number: usize, method: &str, mut params: Value) -> Value {
        params["plan"] = json!(self.plan);
        self.people[number].call(&self.server, method, params).await
    }

    async fn call(&self, method: &str, params: Value) -> Value {
        self.call_as(0, method, params).await
    }

    async fn is_refused(&self, number: usize, method: &str, mut params: Value) -> (String, String) {
        params["plan"] = json!(self.plan);
        self.people[number]
            .is_refused(&self.server, method, params)
            .await
    }

    /// Performs operations; the change they became.
    async fn edit_as(&self, number: usize, ops: Value) -> i64 {
        let edited = self
            .call_as(number, "plan.edit", json!({ "ops": ops }))
            .await;
        edited["seq"].as_i64().expect("a change")
    }

    async fn add_speaker(&self) -> i64 {
        let fields = json!({ "name": "Ada", "kind": "cfp", "status": "idea", "bio": "Counts." });
        self.edit_as(
            0,
            json!([{ "op": "add", "path": ["speakers", "sp_1"], "fields": fields }]),
        )
        .await
    }

    async fn speaker(&self) -> Value {
        let asked = json!({ "root": "speakers", "id": "sp_1" });
        self.call("entity.get", asked).await["entity"].clone()
    }
}

fn set(key: &str, to: &Value) -> Value {
    json!([{ "op": "set", "path": ["speakers", "sp_1", key], "to": to }])
}

/// What changes say, without who and when.
fn said(changes: &Value) -> Vec<&str> {
    let changes = changes["changes"].as_array().unwrap().iter();
    changes.map(|it| it["say"].as_str().unwrap()).collect()
}

async fn differences_say_who_wrote_what_and_fields_come_back(engine: Engine) {
    let stage = Stage::on(engine.options()).await;
    let made = stage.add_speaker().await;
    stage.edit_as(1, set("org", &json!("Analytical"))).await;
    let status = stage.edit_as(2, set("status", &json!("confirmed"))).await;
    // A stock client types, which is nobody's operation.
    let type_in = json!([{ "op": "text.insert", "kind": "map", "root": "speakers", "path": ["sp_1", "bio"], "at": -1, "text": " Writes." }]);
    stage.clients[1].edit(type_in).await;
    stage.clients[1].wait_saved().await;
    let answer = stage.call("history.diff", json!({ "from": made })).await;
    let by = |field: &str| {
        let changes = answer["changes"].as_array().unwrap();
        let change = changes.iter().find(|it| it["field"] == field).unwrap();
        (
            change["by"]["name"].as_str().unwrap().to_owned(),
            change["seq"].as_i64().unwrap(),
        )
    };
    assert_eq!(answer["total"], 3, "{answer}");
    assert_eq!(by("org").0, "Emil");
    assert_eq!(by("status"), ("Ines".to_owned(), status));
    assert_eq!(by("bio").0, "Emil");
    assert!(
        said(&answer).iter().any(|it| it.contains("Analytical")),
        "{answer}"
    );
    // One field comes back as a change of its own, and can be undone.
    let back = json!({ "seq": made, "root": "speakers", "id": "sp_1", "field": "org" });
    let restored = stage.call("history.restore", back).await;
    assert_eq!(
        (&restored["changes"], &restored["kept"]),
        (&json!(1), &json!([]))
    );
    assert_eq!(stage.speaker().await["org"], Value::Null);
    assert_eq!(stage.speaker().await["status"], "confirmed");
    let undo = json!({ "seq": restored["seq"] });
    assert_eq!(stage.call("history.undo", undo.clone()).await["changes"], 1);
    assert_eq!(stage.speaker().await["org"], "Analytical");
    // What somebody has changed since stays, and it is said why.
    stage.edit_as(1, set("org", &json!("Engine"))).await;
    let again = stage.call("history.undo", undo).await;
    assert_eq!(again["changes"], 0);
    assert_eq!(again["kept"][0]["path"], json!(["speakers", "sp_1", "org"]));
    // The whole plan as it was before the speaker was there: nothing is deleted.
    stage
        .call("history.restore", json!({ "seq": made - 1 }))
        .await;
    assert_eq!(stage.speaker().await["archived"], true);
    let (code, _) = stage
        .is_refused(0, "history.diff", json!({ "from": 3, "to": 1 }))
        .await;
    assert_eq!(code, "invalid");
}

#[tokio::test]
async fn differences_say_who_wrote_what_and_fields_come_back_on_sqlite() {
    differences_say_who_wrote_what_and_fields_come_back(Engine::Sqlite).await;
}

#[tokio::test]
async fn differences_say_who_wrote_what_and_fields_come_back_on_postgres() {
    differences_say_who_wrote_what_and_fields_come_back(Engine::postgres().await).await;
}

#[tokio::test]
async fn versions_are_sittings_imports_and_named_points() {
    let stage = Stage::on(Options::default()).await;
    let made = stage.add_speaker().await;
    stage.edit_as(1, set("org", &json!("A"))).await;
    let name = json!({ "seq": made, "name": "Before Emil" });
    assert_eq!(stage.call("history.name", name).await["seq"], made);
    let copied = stage.call("history.list", json!({})).await;
    let versions = copied["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 2, "{copied}");
    assert_eq!(versions[1]["name"], "Before Emil");
    assert_eq!(versions[0]["by"][0]["name"], "Emil");
    assert_eq!(versions[0]["source"], "control");
    let first = stage.call("history.list", json!({ "limit": 1 })).await;
    assert_eq!(first["versions"].as_array().unwrap().len(), 1);
    let rest = json!({ "before": first["next"] });
    assert_eq!(
        stage.call("history.list", rest).await["versions"][0],
        versions[1]
    );
    let copy = stage
        .call("plan.duplicate", json!({ "name": "Copy" }))
        .await;
    let asked = json!({ "plan": copy["id"] });
    let owner = &stage.people[0];
    let of_copy = owner
        .call(&stage.server, "history.list", asked.clone())
        .await;
    assert_eq!(of_copy["versions"][0]["source"], "import");
    let content = owner.call(&stage.server, "plan.content", asked).await;
    let original = stage.call("plan.content", json!({})).await;
    assert_eq!(content, original, "a copy holds the same");
}

async fn a_plan_is_renamed_put_away_and_given_out(stage: &Stage) {
    let server = &stage.server;
    stage
        .call("plan.update", json!({ "name": "Renamed" }))
        .await;
    stage.call("plan.archive", json!({})).await;
    let owner = &stage.people[0];
    let listed = owner.call(server, "plan.list", json!({})).await;
    assert_eq!(listed["plans"], json!([]), "put away");
    let listed = owner
        .call(server, "plan.list", json!({ "archived": "only" }))
        .await;
    assert_eq!(listed["plans"][0]["name"], "Renamed");
    stage.call("plan.restore", json!({})).await;
    stage
        .call("plan.export", json!({ "format": "plan_json" }))
        .await;
    let (refused, _) = stage
        .is_refused(1, "plan.update", json!({ "name": "Mine" }))
        .await;
    assert_eq!(refused, "forbidden");
}

async fn the_audit_tells_what_was_done_and_verifies(engine: Engine) {
    let stage = Stage::on(engine.options()).await;
    let server = &stage.server;
    let viewer = Account::register(server, "Vera").await;
    let invited = stage
        .call("member.invite", json!({ "role": "viewer" }))
        .await;
    let code = json!({ "code": invited["code"] });
    let joined = viewer.call(server, "member.accept", code.clone()).await;
    assert_eq!(joined["role"], "viewer");
    let other = Account::register(server, "Otto").await;
    let (refused, _) = other.is_refused(server, "member.accept", code).await;
    assert_eq!(refused, "not_found", "a code is good once");
    let only = json!({ "role": "editor", "email": "somebody@example.org" });
    let invited = stage.call("member.invite", only).await;
    let code = json!({ "code": invited["code"] });
    let (refused, _) = other.is_refused(server, "member.accept", code).await;
    assert_eq!(refused, "not_found", "a code for somebody else");
    a_plan_is_renamed_put_away_and_given_out(&stage).await;
    let seen = viewer
        .call(server, "audit.list", json!({ "plan": stage.plan }))
        .await;
    let entries = seen["entries"].as_array().unwrap();
    let verbs: Vec<&str> = entries
        .iter()
        .map(|it| it["verb"].as_str().unwrap())
        .collect();
    let expected = [
        "plan.export",
        "plan.restore",
        "plan.archive",
        "plan.update",
        "member.invite",
        "member.accept",
        "member.invite",
        "member.set_role",
        "member.set_role",
        "plan.create",
    ];
    assert_eq!(verbs, expected);
    assert_eq!(entries[5]["actor"]["name"], "Vera");
    let verified = stage.call("audit.verify", json!({})).await;
    assert_eq!(verified["entries"], 10);
    assert_eq!(verified["hash"], entries[0]["hash"]);
    assert_eq!(verified.get("broken"), None);
    let data = server.data();
    let operator = Operator {
        data: &data,
        url: engine.url(),
    };
    let said = operator.must(&["audit", "verify"], "");
    assert!(said.contains("15 entries are what was written"), "{said}");
}

#[tokio::test]
async fn the_audit_tells_what_was_done_and_verifies_on_sqlite() {
    the_audit_tells_what_was_done_and_verifies(Engine::Sqlite).await;
}

#[tokio::test]
async fn the_audit_tells_what_was_done_and_verifies_on_postgres() {
    the_audit_tells_what_was_done_and_verifies(Engine::postgres().await).await;
}

#[tokio::test]
async fn a_finding_is_put_aside_with_a_reason_and_taken_up_again() {
    let stage = Stage::on(Options::default()).await;
    stage.add_speaker().await;
    let fields = json!({ "title": "Kafka", "kind": "talk", "state": "draft", "minutes": 30, "people": { "sp_1": {} } });
    stage
        .edit_as(
            0,
            json!([
                { "op": "add", "path": ["sessions", "se_1"], "fields": fields },
                { "op": "archive", "path": ["speakers", "sp_1"] },
            ]),
        )
        .await;
    let key = "ref.archived|sessions|se_1|people|sp_1";
    let found = async || stage.call("plan.findings", json!({})).await;
    let is_open = |answer: &Value| {
        let findings = answer["findings"].as_array().unwrap();
        findings.iter().any(|it| it["key"] == key)
    };
    assert!(is_open(&found().await));
    let aside = json!({ "key": key, "reason": "She may come after all" });
    // It blocks, so an editor may not.
    let (code, _) = stage.is_refused(1, "finding.dismiss", aside.clone()).await;
    assert_eq!(code, "forbidden");
    stage.call("finding.dismiss", aside).await;
    let answer = found().await;
    assert!(!is_open(&answer));
    assert_eq!(answer["dismissed"][0]["reason"], "She may come after all");
    assert_eq!(answer["dismissed"][0]["by"]["name"], "Olga");
    let nothing = json!({ "key": "ref.missing|x", "reason": "?" });
    assert_eq!(
        stage.is_refused(0, "finding.dismiss", nothing).await.0,
        "not_found"
    );
    let late = json!({ "key": key, "reason": "?", "until": "2020-01-01T00:00:00Z" });
    assert_eq!(
        stage.is_refused(0, "finding.dismiss", late).await.0,
        "invalid"
    );
    stage.call("finding.reopen", json!({ "key": key })).await;
    assert!(is_open(&found().await));
}

#[tokio::test]
async fn an_invitation_is_good_as_long_as_who_made_it_is_an_owner() {
    let stage = Stage::on(Options::default()).await;
    let [olga, emil, ines] = &stage.people;
    olga.set_role(&stage.server, &stage.plan, emil, "owner")
        .await;
    let invited = stage
        .call_as(1, "member.invite", json!({ "role": "owner" }))
        .await;
    let remove = json!({ "user": emil.user });
    stage.call("member.remove", remove).await;
    let code = json!({ "code": invited["code"] });
    for somebody in [emil, ines] {
        let (refused, _) = somebody
            .is_refused(&stage.server, "member.accept", code.clone())
            .await;
        assert_eq!(refused, "not_found");
    }
}
