//! Backups: everything in one file, written while the server runs.
//!
//! A backup is an SQLite database with the schema of `migrations/sqlite`, whichever engine it came
//! from, so that it can be read into either and looked into with `sqlite3`. One table more,
//! `backup_contents`, says how many rows each table has and the SHA-256 of them. The rows are read
//! in one transaction, so the file shows one moment. The full-text index is left out: a restored
//! database has none, so its server makes it again. SQLite's WAL cannot be cut back while it is
//! being written; PostgreSQL cannot vacuum what was deleted meanwhile; nobody waits for it.
//!
//! The file holds what the database holds: passwords as hashes, tokens as hashes, content in the
//! clear. It is made for its owner's eyes only (mode 0600). The key that signs access tokens is not
//! in it.
//!
//! Reading it back is in `restore.rs`.

mod restore;
mod table;
mod tables;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use super::database::{Database, SQLITE_MIGRATIONS, Storage};
use super::error::StorageError;
use table::{Batch, ReadRow, Table, Tally, Value, insert_rows};
use tables::TABLES;

/// Marks an SQLite file as a backup ("cnvb"); SQLite keeps it in the header for such use.
const APPLICATION_ID: i32 = 0x636e_7662;

/// How much a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contents {
    /// Accounts, also locked ones.
    pub accounts: i64,
    /// Plans, also deleted ones.
    pub plans: i64,
    /// Journal rows of all plans.
    pub updates: i64,
    /// Rows of all tables.
    pub rows: i64,
}

impl Contents {
    fn count(&mut self, table: &Table, rows: i64) {
        self.rows = self.rows.saturating_add(rows);
        match table.name {
            "users" => self.accounts = rows,
            "plans" => self.plans = rows,
            "journal" => self.updates = rows,
            _ => {}
        }
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            accounts,
            plans,
            updates,
            rows,
        } = self;
        write!(
            f,
            "{accounts} accounts, {plans} plans and {updates} updates ({rows} rows in all)"
        )
    }
}

/// A backup that was written.
#[derive(Debug, Clone)]
pub struct BackupReport {
    /// Where.
    pub file: PathBuf,
    /// How much is in it.
    pub contents: Contents,
}

impl fmt::Display for BackupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} holds {}", self.file.display(), self.contents)
    }
}

/// Copies every table, as `$tx` sees it, into `$copy`.
macro_rules! copy_tables {
    ($tx:ident, $copy:ident) => {
        for table in &TABLES {
            let mut rows = sqlx::query(AssertSqlSafe(table.select())).fetch(&mut *$tx);
            while let Some(row) = rows.try_next().await? {
                $copy.push(table, row.read(table)?).await?;
            }
            drop(rows);
            $copy.finish(table).await?;
        }
    };
}

impl Storage {
    /// Writes everything to `file`, which must not exist. It appears under its name only when it is
    /// complete and on the disk.
    pub async fn backup(&self, file: &Path) -> Result<BackupReport, StorageError> {
        refuse_existing(file)?;
        let draft = Draft::create(file)?;
        let mut copy = Copy::into(&draft.path).await?;
        match &self.database {
            Database::Sqlite { reader, .. } => {
                let mut tx = reader.begin().await?;
                copy_tables!(tx, copy);
            }
            Database::Postgres(pool) => {
                let mut tx = pool
                    .begin_with("begin isolation level repeatable read, read only")
                    .await?;
                // One statement reads a whole table and waits for the file's disk meanwhile.
                sqlx::query("set local statement_timeout = 0")
                    .execute(&mut *tx)
                    .await?;
                sqlx::query("set local idle_in_transaction_session_timeout = 0")
                    .execute(&mut *tx)
                    .await?;
                copy_tables!(tx, copy);
            }
        }
        let contents = copy.close().await?;
        draft.publish(file)?;
        Ok(BackupReport {
            file: file.to_owned(),
            contents,
        })
    }
}

fn refuse_existing(file: &Path) -> Result<(), StorageError> {
    match file.symlink_metadata() {
        Ok(_) => Err(StorageError::Unfit(format!(
            "{} exists already and is not overwritten: name another file",
            file.display()
        ))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StorageError::file(file, error)),
    }
}

/// A file under a temporary name beside its final one; removed unless it was published.
struct Draft {
    path: PathBuf,
    published: bool,
}

impl Draft {
    fn create(file: &Path) -> Result<Self, StorageError> {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        let path = file.with_file_name(name);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| StorageError::file(&path, error))?;
        Ok(Self {
            path,
            published: false,
        })
    }

    fn publish(mut self, file: &Path) -> Result<(), StorageError> {
        let publish = || {
            File::open(&self.path)?.sync_all()?;
            std::fs::rename(&self.path, file)?;
            // The new name is in the folder, which has to reach the disk as well.
            let folder = file
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
        };
        refuse_existing(file)?;
        publish().map_err(|error| StorageError::file(file, error))?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            // What failed before is what is told; a file that stays says `.partial`.
            std::fs::remove_file(&self.path).ok();
        }
    }
}

/// A backup being written.
struct Copy {
    connection: SqliteConnection,
    path: PathBuf,
    batch: Batch,
    tally: Tally,
    contents: Contents,
}

impl Copy {
    async fn into(path: &Path) -> Result<Self, StorageError> {
        let begin = async {
            let mut connection = SqliteConnectOptions::new()
                .filename(path)
                // Half a file is thrown away, and the whole one is synced once at the end.
                .journal_mode(SqliteJournalMode::Off)
                .synchronous(SqliteSynchronous::Off)
                .foreign_keys(false)
                .disable_statement_logging()
                .connect()
                .await?;
            SQLITE_MIGRATIONS.run(&mut connection).await?;
            sqlx::query(
                "create table backup_contents (
                     table_name text not null primary key,
                     rows integer not null,
                     sha256 blob not null
                 ) strict",
            )
            .execute(&mut connection)
            .await?;
            sqlx::query("begin").execute(&mut connection).await?;
            Ok(connection)
        };
        Ok(Self {
            connection: begin
                .await
                .map_err(|error: sqlx::Error| unwritable(path, error))?,
            path: path.to_owned(),
            batch: Batch::default(),
            tally: Tally::default(),
            contents: Contents::default(),
        })
    }

    async fn push(&mut self, table: &Table, row: Vec<Value>) -> Result<(), StorageError> {
        self.tally.add(&row);
        self.batch.push(row);
        if self.batch.is_full() {
            self.write_batch(table)
                .await
                .map_err(|error| unwritable(&self.path, error))?;
        }
        Ok(())
    }

    async fn write_batch(&mut self, table: &Table) -> Result<(), sqlx::Error> {
        insert_rows!(&mut self.connection, table, self.batch.take());
        Ok(())
    }

    /// Ends `table` and writes down what it holds.
    async fn finish(&mut self, table: &Table) -> Result<(), StorageError> {
        let tally = std::mem::take(&mut self.tally);
        self.contents.count(table, tally.rows);
        let finish = async {
            self.write_batch(table).await?;
            sqlx::query(
                "insert into backup_contents (table_name, rows, sha256) values ($1, $2, $3)",
            )
            .bind(table.name)
            .bind(tally.rows)
            .bind(tally.digest().as_slice())
            .execute(&mut self.connection)
            .await
        };
        finish
            .await
            .map_err(|error| unwritable(&self.path, error))?;
        Ok(())
    }

    async fn close(mut self) -> Result<Contents, StorageError> {
        let close = async {
            sqlx::query("commit").execute(&mut self.connection).await?;
            let mark = format!("pragma application_id = {APPLICATION_ID}");
            sqlx::query(AssertSqlSafe(mark))
                .execute(&mut self.connection)
                .await?;
            self.connection.close().await
        };
        close.await.map_err(|error| unwritable(&self.path, error))?;
        Ok(self.contents)
    }
}

fn unwritable(path: &Path, error: sqlx::Error) -> StorageError {
    StorageError::file(path, std::io::Error::other(error))
}
