//! Opens the database, keeps its connections, and runs one body of queries on either engine.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use super::error::StorageError;
use super::lock::{Company, Lock};
use crate::clock::{Clock, Timestamp};
use crate::config::DatabaseConfig;

pub(super) static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
pub(super) static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// The embedded database, in the data folder.
const SQLITE_FILE: &str = "convene.db";
/// How long a query waits for a free connection, or for another writer of the SQLite file.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How long the health check waits: a balancer asks every few seconds.
const CHECK_MAX: Duration = Duration::from_secs(2);
/// Readers of the SQLite file: loads of rooms and account look-ups; more would only share two disks.
const SQLITE_READERS: u32 = 4;
/// Connections to PostgreSQL of one node; its own default allows 100 for all nodes together.
const POSTGRES_CONNECTIONS: u32 = 16;
/// Changes beside the journal that may wait for a connection at one time: the journal stands in the same
/// line, and nobody is acknowledged while it waits.
const CHANGES_AT_ONCE: usize = 4;
/// The WAL is cut back to this many bytes after a checkpoint.
const SQLITE_WAL_BYTES: &str = "67108864";

/// The database, as everybody above sees it. Cheap to clone; all clones share the connections.
#[derive(Clone, Debug)]
pub struct Storage {
    pub(super) database: Database,
    pub(super) clock: Clock,
    /// The journal's own connection to PostgreSQL, which needs no test before each use.
    pub(super) journal_connection: Arc<Mutex<Option<PgConnection>>>,
    /// Where changes wait before they wait for a connection.
    changes: Arc<Semaphore>,
    /// Held as long as any clone lives, so that a second server cannot serve the same database.
    _lock: Option<Arc<Lock>>,
}

/// The connections to one of the two engines.
#[derive(Clone, Debug)]
pub(super) enum Database {
    Sqlite {
        /// Exactly one connection: SQLite has one writer, and waiting in line for it is fair.
        writer: SqlitePool,
        /// Connections that cannot write.
        reader: SqlitePool,
    },
    Postgres(PgPool),
}

/// Runs `$body` once, on a reading connection of either engine.
macro_rules! read {
    ($storage:expr, $connection:ident => $body:expr) => {
        match &$storage.database {
            $crate::storage::database::Database::Sqlite { reader, .. } => {
                let $connection = reader;
                $body
            }
            $crate::storage::database::Database::Postgres(pool) => {
                let $connection = pool;
                $body
            }
        }
    };
}

/// Runs `$body` in a transaction that sees one moment of the database.
macro_rules! read_tx {
    ($storage:expr, $tx:ident => $body:expr) => {
        match &$storage.database {
            $crate::storage::database::Database::Sqlite { reader, .. } => {
                let mut $tx = reader.begin().await?;
                $body
            }
            $crate::storage::database::Database::Postgres(pool) => {
                let mut $tx = pool
                    .begin_with("begin isolation level repeatable read, read only")
                    .await?;
                $body
            }
        }
    };
}

/// Runs `$body` in a writing transaction and commits it. A body that returns from the function
/// before its end rolls back.
macro_rules! write_tx {
    ($storage:expr, $tx:ident => $body:expr) => {{
        let turn = $storage.turn().await?;
        let answer = match &$storage.database {
            $crate::storage::database::Database::Sqlite { writer, .. } => {
                let mut $tx = writer.begin_with("begin immediate").await?;
                let answer = $body;
                $tx.commit().await?;
                answer
            }
            $crate::storage::database::Database::Postgres(pool) => {
                let mut $tx = pool.begin().await?;
                let answer = $body;
                $tx.commit().await?;
                answer
            }
        };
        drop(turn);
        answer
    }};
}

pub(super) use {read, read_tx, write_tx};

impl Storage {
    /// Opens the database, which keeps those out who are no `company` until the last clone is gone,
    /// and brings its schema up to date. For SQLite the data folder is made (mode 0700).
    pub async fn open(
        database: &DatabaseConfig,
        data: &Path,
        company: Company,
        clock: Clock,
    ) -> Result<Self, StorageError> {
        let (database, lock) = match database {
            DatabaseConfig::Sqlite => {
                let lock = Lock::folder(data)?;
                let writer = sqlite_writer(sqlite_options(data).create_if_missing(true)).await?;
                SQLITE_MIGRATIONS.run(&writer).await.map_err(migration)?;
                let reader = sqlite_reader(sqlite_options(data)).await?;
                (Database::Sqlite { writer, reader }, lock)
            }
            DatabaseConfig::Postgres(url) => {
                let pool = postgres(postgres_options(url)?).await?;
                let lock = Lock::postgres(&pool, company).await?;
                POSTGRES_MIGRATIONS.run(&pool).await.map_err(migration)?;
                (Database::Postgres(pool), lock)
            }
        };
        Ok(Self {
            database,
            clock,
            journal_connection: Arc::default(),
            changes: Arc::new(Semaphore::new(CHANGES_AT_ONCE)),
            _lock: Some(Arc::new(lock)),
        })
    }

    /// Opens the database beside a server that may be using it: nothing is locked, made or
    /// migrated, and writes wait their turn. For backups and the commands of an operator.
    pub async fn open_beside(
        database: &DatabaseConfig,
        data: &Path,
        clock: Clock,
    ) -> Result<Self, StorageError> {
        let (database, newest) = match database {
            DatabaseConfig::Sqlite => {
                if !data.join(SQLITE_FILE).exists() {
                    return Err(StorageError::Unfit(format!(
                        "there is no database in {}: set CONVENE_DATA to the server's folder",
                        data.display()
                    )));
                }
                let writer = sqlite_writer(sqlite_options(data)).await?;
                // A backup reads a whole table at once, which is no slow statement to warn of.
                let options = sqlite_options(data).disable_statement_logging();
                let reader = sqlite_reader(options).await?;
                (Database::Sqlite { writer, reader }, &SQLITE_MIGRATIONS)
            }
            DatabaseConfig::Postgres(url) => (
                Database::Postgres(
                    postgres(postgres_options(url)?.disable_statement_logging()).await?,
                ),
                &POSTGRES_MIGRATIONS,
            ),
        };
        let storage = Self {
            database,
            clock,
            journal_connection: Arc::default(),
            changes: Arc::new(Semaphore::new(CHANGES_AT_ONCE)),
            _lock: None,
        };
        if storage.schema_version().await? == newest_version(newest) {
            Ok(storage)
        } else {
            Err(StorageError::Unfit(
                "the database was last used by another version of convene: start this version's \
                 server on it once, or use that version"
                    .to_owned(),
            ))
        }
    }

    async fn schema_version(&self) -> Result<Option<i64>, StorageError> {
        let look = async {
            let (version,): (Option<i64>,) = read!(self, db => {
                sqlx::query_as("select max(version) from _sqlx_migrations where success")
                    .fetch_one(db)
                    .await?
            });
            Ok(version)
        };
        match look.await {
            // No such table: no server has ever used this database.
            Err(StorageError::Query(_)) => Ok(None),
            version => version,
        }
    }

    /// Whether the database answers within two seconds. Writes nothing.
    pub async fn check(&self) -> Result<(), StorageError> {
        let look = async {
            read!(self, db => {
                sqlx::query_as("select head from plans limit 1")
                    .fetch_optional(db)
                    .await
                    .map(|_: Option<(i64,)>| ())?;
            });
            Ok(())
        };
        tokio::time::timeout(CHECK_MAX, look)
            .await
            .unwrap_or_else(|_| Err(StorageError::timed_out("no answer within two seconds")))
    }

    /// Waits until a change may wait for a connection.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>, StorageError> {
        match tokio::time::timeout(WAIT_MAX, self.changes.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(StorageError::timed_out(
                "too much is being changed at the moment",
            )),
        }
    }

    /// Waits for running queries and closes every connection.
    pub async fn close(&self) {
        match &self.database {
            Database::Sqlite { writer, reader } => {
                reader.close().await;
                writer.close().await;
            }
            Database::Postgres(pool) => {
                self.journal_connection.lock().await.take();
                pool.close().await;
            }
        }
    }

    /// Whether other servers may be using the same database.
    pub const fn is_shared(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }

    /// The engine's name, for logs and health answers.
    pub const fn engine(&self) -> &'static str {
        match self.database {
            Database::Sqlite { .. } => "sqlite",
            Database::Postgres(_) => "postgres",
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn sqlite_options(data: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(data.join(SQLITE_FILE))
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode anything less may lose commits that were acknowledged when the power fails.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(WAIT_MAX)
        .pragma("journal_size_limit", SQLITE_WAL_BYTES)
}

async fn sqlite_writer(options: SqliteConnectOptions) -> Result<SqlitePool, StorageError> {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .acquire_timeout(WAIT_MAX)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // When the disk is full SQLite rolls back by itself. The driver does not notice, believes
        // the transaction open for good, and would never begin another on this connection.
        .before_acquire(|connection, _| {
            let is_usable = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_usable) })
        })
        .connect_with(options)
        .await?;
    Ok(pool)
}

async fn sqlite_reader(options: SqliteConnectOptions) -> Result<SqlitePool, StorageError> {
    let options = options.pragma("query_only", "on");
    let pool = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(WAIT_MAX)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    Ok(pool)
}

fn postgres_options(url: &SecretString) -> Result<PgConnectOptions, StorageError> {
    let options = PgConnectOptions::from_str(url.expose_secret())
        .map_err(|error| StorageError::Unfit(format!("DATABASE_URL cannot be read: {error}")))?;
    Ok(options.application_name("convene").options([
        ("statement_timeout", "30s"),
        // A node that hangs in the middle of a transaction must not hold locks for ever.
        ("idle_in_transaction_session_timeout", "60s"),
    ]))
}

async fn postgres(options: PgConnectOptions) -> Result<PgPool, StorageError> {
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(WAIT_MAX)
        .after_connect(|connection, _| {
            Box::pin(async move {
                let (level,): (String,) = sqlx::query_as("show synchronous_commit")
                    .fetch_one(&mut *connection)
                    .await?;
                // An acknowledgement means committed; weaker defaults would make it a guess.
                if level != "on" && level != "remote_apply" {
                    sqlx::query("set synchronous_commit = on")
                        .execute(&mut *connection)
                        .await?;
                }
                Ok(())
            })
        })
        .connect_with(options)
        .await?;
    let (version, fsync): (i32, String) = sqlx::query_as(
        "select current_setting('server_version_num')::int4, current_setting('fsync')",
    )
    .fetch_one(&pool)
    .await?;
    if version < 150_000 {
        return Err(StorageError::Unfit(format!(
            "PostgreSQL {} is too old: convene needs 15 or newer",
            version / 10_000
        )));
    }
    if fsync != "on" {
        tracing::warn!(
            "PostgreSQL runs with fsync off: a crash of its machine can lose edits that were acknowledged"
        );
    }
    Ok(pool)
}

/// The version of the schema that this program knows.
pub(super) fn newest_version(migrations: &Migrator) -> Option<i64> {
    migrations.iter().map(|migration| migration.version).max()
}

fn migration(error: MigrateError) -> StorageError {
    let why = format!("the schema cannot be brought up to date: {error}");
    if let MigrateError::VersionMissing(version) = error {
        return StorageError::Unfit(format!(
            "the database holds migration {version}, which this version of convene does not know: \
             use the version that was last used with it"
        ));
    }
    if let MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) = error {
        return error.into();
    }
    StorageError::Unfit(why)
}
