//! A database that an earlier version wrote opens, and everything that is new works on it.

use std::path::Path;

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::support::driver::{Connect, Driver};
use crate::support::rest::Rest;
use crate::support::server::{Options, Server};

/// What the server with the first schema alone wrote: an account, a plan, four changes of it.
const FIRST: &str = include_str!("../data/first-schema.sql");
const PLAN: &str = "01a21603-7089-74a2-960f-06e394d5f32a";

async fn write_database(data: &Path) {
    for name in ["convene.db", "convene.db-wal", "convene.db-shm"] {
        // The last two are there only sometimes.
        std::fs::remove_file(data.join(name)).ok();
    }
    let options = SqliteConnectOptions::new()
        .filename(data.join("convene.db"))
        .create_if_missing(true)
        // The tables are in the order of their names.
        .foreign_keys(false);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(FIRST).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn what_an_earlier_version_wrote_opens_and_has_a_history() {
    let mut server = Server::start(Options::default()).await;
    assert!(server.terminate().await.success());
    write_database(&server.data()).await;
    server.start_again().await;
    let body = json!({ "email": "olga@example.org", "password": "correct horse battery" });
    let answer = Rest::new(&server).post("/api/v1/auth/login", &body).await;
    let token = answer.expect(200).field("access_token");
    let driver = Driver::javascript().await;
    let client = driver
        .join(Connect::new(&server, "hocuspocus-4.8", PLAN, &token))
        .await;
    let call = async |method: &str, mut params: serde_json::Value| {
        params["plan"] = json!(PLAN);
        let answer = client.call(method, params).await;
        assert_eq!(answer.get("error"), None, "{method}: {answer}");
        answer["result"].clone()
    };
    let content = call("plan.content", json!({})).await;
    assert_eq!(content["roots"]["meta"]["name"], "Old conference");
    assert_eq!(content["roots"]["sessions"]["se_1"]["minutes"], 33);
    let changes = call("history.diff", json!({ "from": 1 })).await;
    assert_eq!(changes["changes"][0]["before"], 30);
    assert_eq!(changes["changes"][0]["by"]["name"], "Olga");
    let back = json!({ "seq": 1, "root": "sessions", "id": "se_1", "field": "minutes" });
    assert_eq!(call("history.restore", back).await["seq"], 5);
    let session = call("entity.get", json!({ "root": "sessions", "id": "se_1" })).await;
    assert_eq!(session["entity"]["minutes"], 30);
    call("plan.update", json!({ "name": "From now on" })).await;
    // Nothing was written down before there was an audit.
    let audit = call("audit.verify", json!({})).await;
    assert_eq!((&audit["entries"], audit.get("broken")), (&json!(2), None));
    assert!(call("plan.squash", json!({})).await["seq"].as_i64() > Some(5));
}
