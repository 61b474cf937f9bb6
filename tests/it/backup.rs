//! Backups from the command line: beside a running server, into an empty database, and what clients
//! are told that have seen more than was restored.

use std::path::Path;

use crate::support::account::Account;
use crate::support::driver::{Client, Connect, Driver};
use crate::support::operator::Operator;
use crate::support::postgres::Postgres;
use crate::support::rest::Rest;
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, until};

/// A dialect each; the client of the first one gives up after a refusal, that of the other waits.
const LIBS: [&str; 2] = ["y-websocket-3.1", "hocuspocus-4.8"];

/// A server with a plan that clients of both dialects have written into.
struct Scene {
    server: Server,
    owner: Account,
    plan: String,
    driver: Driver,
    clients: Vec<Client>,
}

impl Scene {
    async fn open(options: Options) -> Self {
        let server = Server::start(options).await;
        let owner = Account::register(&server, "Olga").await;
        let plan = owner.create_plan(&server).await;
        let driver = Driver::javascript().await;
        let token = owner.token.clone();
        let mut scene = Self {
            server,
            owner,
            plan,
            driver,
            clients: Vec::new(),
        };
        scene.clients = scene.join_anew(&token).await;
        scene
    }

    /// The first client types, and everybody has it.
    async fn write(&self, word: &str, whole: &str) {
        self.clients[0].append("text", word).await;
        self.clients[0].wait_saved().await;
        for client in &self.clients {
            client.wait_text("text", whole).await;
        }
    }

    /// Ends the server, which is as good as losing it.
    async fn end(&mut self) {
        for client in &self.clients {
            client.disconnect().await;
        }
        assert!(self.server.terminate().await.success());
    }

    /// Clients with an empty replica, as after reloading a page.
    async fn join_anew(&self, token: &str) -> Vec<Client> {
        let mut clients = Vec::new();
        for lib in LIBS {
            let connect = Connect::new(&self.server, lib, &self.plan, token);
            clients.push(self.driver.join(connect).await);
        }
        clients
    }

    /// Every client comes back with what it has seen, is refused, and goes on with what there is.
    async fn everybody_starts_anew(&self, before: &str, whole: &str) {
        let owner = self.owner.login(&self.server).await;
        for client in &self.clients {
            assert_eq!(client.text("text").await, format!("{before}lost"));
            client.set_token(&owner.token).await;
            client.reconnect().await;
            until("the client is told to start anew", SOON, async || {
                let status = client.status().await;
                let reset = status
                    .stateless
                    .iter()
                    .any(|it| it["method"] == "document.reset");
                let closed = status.closes.iter().any(|close| close.code == Some(4422));
                (reset && !status.denied.is_empty() || closed).then_some(())
            })
            .await;
            client.disconnect().await;
        }
        let anew = self.join_anew(&owner.token).await;
        for client in &anew {
            client.wait_text("text", before).await;
        }
        anew[0].append("text", "after").await;
        for client in &anew {
            client.wait_text("text", whole).await;
        }
    }
}

/// Removes the embedded database, as a lost disk would; the secret key stays.
fn lose_database(data: &Path) {
    for name in ["convene.db", "convene.db-wal", "convene.db-shm"] {
        // The last two are there only sometimes.
        std::fs::remove_file(data.join(name)).ok();
    }
    assert!(!data.join("convene.db").exists());
}

#[tokio::test]
async fn whoever_has_seen_more_than_was_restored_starts_anew() {
    let mut scene = Scene::open(Options::default()).await;
    scene.write("kept ", "kept ").await;
    let data = scene.server.data();
    let operator = Operator {
        data: &data,
        url: None,
    };
    let said = operator.must(&["backup", "backup.db"], "");
    assert!(
        said.contains("backup.db holds 1 accounts, 1 plans"),
        "{said}"
    );
    scene.write("lost", "kept lost").await;
    scene.end().await;
    lose_database(&data);
    let said = operator.must(&["restore", "backup.db"], "");
    assert!(said.contains("restored 1 accounts, 1 plans"), "{said}");
    scene.server.start_again().await;
    let rest = Rest::new(&scene.server);
    let me = rest.get_as(&scene.owner.token, "/api/v1/auth/me").await;
    me.expect_refusal(401, "unauthenticated");
    scene.everybody_starts_anew("kept ", "kept after").await;
}

#[tokio::test]
async fn whoever_synced_between_two_restores_of_one_backup_starts_anew() {
    let mut scene = Scene::open(Options::default()).await;
    scene.write("kept ", "kept ").await;
    let data = scene.server.data();
    let operator = Operator {
        data: &data,
        url: None,
    };
    operator.must(&["backup", "backup.db"], "");
    scene.end().await;
    lose_database(&data);
    operator.must(&["restore", "backup.db"], "");
    scene.server.start_again().await;
    let owner = scene.owner.login(&scene.server).await;
    scene.clients = scene.join_anew(&owner.token).await;
    scene.write("lost", "kept lost").await;
    scene.end().await;
    lose_database(&data);
    operator.must(&["restore", "backup.db"], "");
    scene.server.start_again().await;
    scene.everybody_starts_anew("kept ", "kept after").await;
}

#[tokio::test]
async fn an_embedded_database_moves_to_postgres() {
    let mut scene = Scene::open(Options::default()).await;
    scene.write("kept ", "kept ").await;
    let data = scene.server.data();
    Operator {
        data: &data,
        url: None,
    }
    .must(&["backup", "backup.db"], "");
    scene.end().await;
    let postgres = Postgres::start().await;
    let url = postgres.new_database().await;
    Operator {
        data: &data,
        url: Some(&url),
    }
    .must(&["restore", "backup.db"], "");
    let server = Server::start(Options::default().postgres(&url)).await;
    let owner = scene.owner.login(&server).await;
    let connect = Connect::new(&server, "hocuspocus-4.8", &scene.plan, &owner.token);
    let client = scene.driver.join(connect).await;
    client.wait_text("text", "kept ").await;
    client.append("text", "and more").await;
    client.wait_saved().await;
    // And back again, beside the running server.
    Operator {
        data: &data,
        url: Some(&url),
    }
    .must(&["backup", "back.db"], "");
    lose_database(&data);
    Operator {
        data: &data,
        url: None,
    }
    .must(&["restore", "back.db"], "");
    scene.server.start_again().await;
    let owner = scene.owner.login(&scene.server).await;
    let connect = Connect::new(&scene.server, "hocuspocus-4.8", &scene.plan, &owner.token);
    let client = scene.driver.join(connect).await;
    client.wait_text("text", "kept and more").await;
}

#[tokio::test]
async fn the_commands_say_why_they_do_nothing() {
    let mut server = Server::start(Options::default()).await;
    Account::register(&server, "Olga").await;
    let data = server.data();
    let operator = Operator {
        data: &data,
        url: None,
    };
    operator.must(&["backup", "backup.db"], "");
    let why = operator.must_fail(&["backup", "backup.db"]);
    assert!(why.contains("exists already"), "{why}");
    let why = operator.must_fail(&["restore", "backup.db"]);
    assert!(why.contains("another convene is using"), "{why}");
    server.terminate().await;
    let why = operator.must_fail(&["restore", "backup.db"]);
    assert!(why.contains("not empty"), "{why}");
    let why = operator.must_fail(&["restore", "nothing.db"]);
    assert!(
        why.contains("nothing.db") && why.contains("No such file"),
        "{why}"
    );
    let empty = tempfile::tempdir().unwrap();
    let nowhere = Operator {
        data: empty.path(),
        url: None,
    };
    let why = nowhere.must_fail(&["backup", "backup.db"]);
    assert!(why.contains("there is no database"), "{why}");
    let why = nowhere.must_fail(&["user", "invite"]);
    assert!(why.contains("there is no database"), "{why}");
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0);
}
