//! Agents and drafts: who reads, who writes, who is refused, and when it ends.

mod drafts;
mod methods;
mod tokens;

use serde_json::{Value, json};

use crate::support::account::Account;
use crate::support::database::Database;
use crate::support::driver::{Client, Connect, Driver};
use crate::support::engine::Engine;
use crate::support::server::{Options, Server};

/// A plan with an owner, a suggester and an agent.
struct Stage {
    server: Server,
    database: Database,
    owner: Account,
    suggester: Account,
    agent: Account,
    plan: String,
    driver: Driver,
    #[expect(dead_code, reason = "the database ends with it")]
    engine: Engine,
}

impl Stage {
    async fn new() -> Self {
        Self::with(Engine::Sqlite, Options::default()).await
    }

    async fn with(engine: Engine, options: Options) -> Self {
        let server = Server::start(options).await;
        let database = match engine.url() {
            None => Database::Sqlite(server.data()),
            Some(url) => Database::Postgres(url.to_owned()),
        };
        let owner = Account::register(&server, "Olga").await;
        let suggester = Account::register(&server, "Sue").await;
        let plan = owner.create_plan(&server).await;
        owner
            .set_role(&server, &plan, &suggester, "suggester")
            .await;
        Self {
            agent: owner.create_agent(&server, &plan, "Scout").await,
            database,
            owner,
            suggester,
            plan,
            driver: Driver::javascript().await,
            engine,
            server,
        }
    }

    /// A client with a document open, in sync.
    async fn join(&self, lib: &str, document: &str, account: &Account) -> Client {
        self.driver
            .join(Connect::new(&self.server, lib, document, &account.token))
            .await
    }

    /// Opens a draft of the plan; gives back its id and its address.
    async fn open_draft(&self, author: &Account) -> (String, String) {
        let draft = author.open_draft(&self.server, &self.plan).await;
        let address = format!("{}~{draft}", self.plan);
        (draft, address)
    }

    /// The entries of the plan's audit with this verb, the newest first.
    async fn audit(&self, verb: &str) -> Vec<Value> {
        let params = json!({ "plan": self.plan });
        let answer = self.owner.call(&self.server, "audit.list", params).await;
        let entries = answer["entries"].as_array().unwrap().iter();
        entries.filter(|it| it["verb"] == verb).cloned().collect()
    }
}
