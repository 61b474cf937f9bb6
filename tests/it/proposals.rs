//! Proposals: drafts that agents and people write, and decisions change by change.

mod deciding;
mod failures;
mod gating;
mod importing;
mod racing;
mod streaming;
mod telling;

use serde_json::{Value, json};

use crate::support::account::Account;
use crate::support::database::Database;
use crate::support::driver::{Client, Connect, Driver};
use crate::support::engine::Engine;
use crate::support::server::Server;
use crate::support::until::{SOON, until};

/// A plan with a member of each role, an agent, and a stock client of the editor.
struct Stage {
    server: Server,
    owner: Account,
    approver: Account,
    editor: Account,
    suggester: Account,
    agent: Account,
    plan: String,
    database: Database,
    driver: Driver,
    client: Client,
    #[expect(dead_code, reason = "the database ends with it")]
    engine: Engine,
}

impl Stage {
    async fn on(engine: Engine) -> Self {
        let server = Server::start(engine.options()).await;
        let database = match engine.url() {
            None => Database::Sqlite(server.data()),
            Some(url) => Database::Postgres(url.to_owned()),
        };
        let owner = Account::register(&server, "Olga").await;
        let plan = owner.create_plan(&server).await;
        let mut others = Vec::new();
        for (name, role) in [
            ("Anna", "approver"),
            ("Emil", "editor"),
            ("Sina", "suggester"),
        ] {
            let account = Account::register(&server, name).await;
            owner.set_role(&server, &plan, &account, role).await;
            others.push(account);
        }
        let agent = owner.create_agent(&server, &plan, "Scout").await;
        let driver = Driver::javascript().await;
        let connect = Connect::new(&server, "y-websocket-3.1", &plan, &others[1].token);
        let client = driver.join(connect).await;
        let [approver, editor, suggester] = others.try_into().expect("three accounts");
        let stage = Self {
            server,
            owner,
            approver,
            editor,
            suggester,
            agent,
            plan,
            database,
            driver,
            client,
            engine,
        };
        stage.begin().await;
        stage
    }

    async fn begin(&self) {
        self.edit(json!([
            { "op": "set", "path": ["meta", "name"], "to": "Days" },
            { "op": "add", "path": ["speakers", "sp_1"], "fields":
                { "name": "Ada", "kind": "cfp", "status": "idea", "bio": "She counts." } },
            { "op": "add", "path": ["rooms", "ro_1"], "fields": { "name": "Aula" } },
            { "op": "add", "path": ["sessions", "se_1"], "fields": {
                "title": "Kafka", "kind": "talk", "state": "draft", "minutes": 30,
                "abstract": "The venue costs 40000 and has a garden. It is near the station.",
                "people": { "sp_1": { "role": "speaker" } } } },
        ]))
        .await;
    }

    async fn call(&self, who: &Account, method: &str, mut params: Value) -> Value {
        params["plan"] = json!(self.plan);
        who.call(&self.server, method, params).await
    }

    async fn is_refused(&self, who: &Account, method: &str, mut params: Value) -> (String, String) {
        params["plan"] = json!(self.plan);
        who.is_refused(&self.server, method, params).await
    }

    /// The owner edits the plan.
    async fn edit(&self, ops: Value) -> i64 {
        let edited = self
            .call(&self.owner, "plan.edit", json!({ "ops": ops }))
            .await;
        edited["seq"].as_i64().expect("a row")
    }

    /// Opens a proposal, fills its draft and submits it.
    async fn proposes(&self, who: &Account, ops: Value) -> Value {
        let opened = self
            .call(who, "proposal.open", json!({ "title": "An idea" }))
            .await;
        let edit = json!({ "proposal": opened["id"], "ops": ops });
        self.call(who, "proposal.edit", edit).await;
        let submit = json!({ "proposal": opened["id"] });
        self.call(who, "proposal.submit", submit).await
    }

    async fn get(&self, proposal: &Value) -> Value {
        let asked = json!({ "proposal": proposal["id"] });
        self.call(&self.editor, "proposal.get", asked).await
    }

    /// Decides these changes as they are shown now.
    async fn decides(
        &self,
        who: &Account,
        verdict: &str,
        proposal: &Value,
        numbers: &[u32],
    ) -> Value {
        let decide = self.decision(verdict, proposal, numbers).await;
        self.call(who, "proposal.decide", decide).await
    }

    async fn decision(&self, verdict: &str, proposal: &Value, numbers: &[u32]) -> Value {
        let shown = self.get(proposal).await;
        let changes = shown["changes"].as_array().expect("changes").iter();
        let changes: Vec<Value> = changes
            .filter(|it| numbers.iter().any(|no| it["no"] == *no))
            .map(|it| json!({ "no": it["no"], "shown": it["shown"] }))
            .collect();
        json!({ "proposal": proposal["id"], "revision": shown["revision"], "verdict": verdict,
            "changes": changes })
    }

    /// How a stock client connects to the draft of a proposal.
    fn to_draft(&self, who: &Account, proposal: &Value) -> Connect {
        let draft = proposal["draft"].as_str().expect("an address");
        Connect::new(&self.server, "y-websocket-3.1", draft, &who.token)
    }

    /// The plan as plain data.
    async fn content(&self) -> Value {
        self.call(&self.owner, "plan.content", json!({})).await["roots"].clone()
    }

    /// Until the editor's stock client reads this.
    async fn client_reads(&self, pointer: &str, expected: &Value) {
        until("the client reads it", SOON, async || {
            let content = self
                .client
                .read(&json!({ "sessions": "map", "speakers": "map" }))
                .await;
            (content.pointer(pointer) == Some(expected)).then_some(())
        })
        .await;
    }
}

/// The number of the change at a path.
fn number(proposal: &Value, path: &[&str]) -> u32 {
    let changes = proposal["changes"].as_array().expect("changes").iter();
    let found = changes.filter(|it| it["path"] == json!(path));
    let no = found.map(|it| it["no"].as_u64()).next().flatten();
    u32::try_from(no.unwrap_or_else(|| panic!("no change at {path:?}: {proposal}"))).unwrap()
}

/// How far a change is, and how it stands.
fn change(proposal: &Value, no: u32) -> Value {
    let changes = proposal["changes"].as_array().expect("changes").iter();
    let mut found = changes.filter(|it| it["no"] == no);
    found.next().cloned().expect("a change with this number")
}
