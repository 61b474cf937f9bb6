//! Any SQL on the database of a server, as somebody would run it who may write there.

use std::path::PathBuf;

use convene::clock::Clock;
use convene::ids::ProposalId;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use uuid::Uuid;

/// Where a server keeps what it has.
pub(crate) enum Database {
    /// The folder with the embedded file.
    Sqlite(PathBuf),
    /// Its address.
    Postgres(String),
}

impl Database {
    /// Runs one statement, or several.
    pub(crate) async fn run(&self, sql: String) {
        let sql = AssertSqlSafe(sql);
        match self {
            Self::Sqlite(folder) => {
                let options = SqliteConnectOptions::new().filename(folder.join("convene.db"));
                let mut connection = options.connect().await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// How many rows a query for a number says.
    pub(crate) async fn number(&self, sql: String) -> i64 {
        let sql = AssertSqlSafe(sql);
        match self {
            Self::Sqlite(folder) => {
                let options = SqliteConnectOptions::new().filename(folder.join("convene.db"));
                let mut connection = options.connect().await.unwrap();
                let found = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
                connection.close().await.unwrap();
                found.unwrap()
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                let found = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
                connection.close().await.unwrap();
                found.unwrap()
            }
        }
    }

    /// Every update and snapshot that is kept of a plan, one after the other.
    pub(crate) async fn bytes_of(&self, plan: &str) -> Vec<u8> {
        let id = self.id(plan);
        let sql = AssertSqlSafe(format!(
            "select update_bytes from journal where plan_id = {id}
             union all
             select state_bytes from snapshots where plan_id = {id}"
        ));
        let rows: Vec<Vec<u8>> = match self {
            Self::Sqlite(folder) => {
                let options = SqliteConnectOptions::new().filename(folder.join("convene.db"));
                let mut connection = options.connect().await.unwrap();
                let found = sqlx::query_scalar(sql).fetch_all(&mut connection).await;
                connection.close().await.unwrap();
                found.unwrap()
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                let found = sqlx::query_scalar(sql).fetch_all(&mut connection).await;
                connection.close().await.unwrap();
                found.unwrap()
            }
        };
        rows.concat()
    }

    /// An id as it is written in SQL.
    pub(crate) fn id(&self, id: &str) -> String {
        let id: Uuid = id.parse().expect("an id");
        match self {
            Self::Sqlite(_) => format!("x'{}'", id.simple()),
            Self::Postgres(_) => format!("'{id}'::uuid"),
        }
    }

    /// Opens a draft of `plan` by `author`, with nothing in it; gives back its id.
    pub(crate) async fn open_draft(&self, plan: &str, author: &str) -> String {
        let draft = ProposalId::generate(&Clock::system()).to_string();
        let (id, plan, author) = (self.id(&draft), self.id(plan), self.id(author));
        let sql = format!(
            "insert into plans (id, name, created_by, created_at, updated_at, draft_of)
             values ({id}, 'A draft', {author}, 1, 1, {plan});
             insert into proposals
                 (id, plan_id, author, title, rationale, about, status, base_seq, base_epoch, base,
                     touched, created_at, updated_at, expires_at)
             values ({id}, {plan}, {author}, 'A title', '', '{{}}', 'drafting', 0, 1, '{{}}', 0,
                 1, 1, 9)"
        );
        self.run(sql).await;
        draft
    }

    /// What has become of a proposal, told to whom it concerns.
    pub(crate) async fn set_status(&self, draft: &str, status: &str) {
        let id = self.id(draft);
        let sql = format!(
            "update proposals set status = '{status}', version = version + 1 where id = {id};
             update plans set access_version = access_version + 1 where id = {id}"
        );
        self.run(sql).await;
    }
}
