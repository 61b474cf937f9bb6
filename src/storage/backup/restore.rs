//! Reads a backup into an empty database, all of it or nothing: the whole file is verified first, and
//! everything is written in one transaction.
//!
//! What a restored database must not do is carry on as if nothing had happened: clients have seen
//! more than it holds, and tokens have been used that it thinks are good. So every plan begins a
//! new epoch, and every sign-in is over.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use uuid::Uuid;

use super::table::{Batch, ReadRow, Table, Tally, Value, insert_rows};
use super::tables::{JOURNAL, TABLES};
use super::{APPLICATION_ID, Contents};
use crate::clock::Timestamp;
use crate::ids::{AppendId, PlanId};
use crate::storage::database::{SQLITE_MIGRATIONS, Storage, newest_version, write_tx};
use crate::storage::error::StorageError;
use crate::storage::journal::Origin;

/// A backup that was read.
#[derive(Debug, Clone)]
pub struct RestoreReport {
    /// Which one.
    pub file: PathBuf,
    /// How much was in it.
    pub contents: Contents,
}

impl fmt::Display for RestoreReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "restored {} from {}; every plan begins a new epoch, and everybody signs in again",
            self.contents,
            self.file.display()
        )
    }
}

impl Storage {
    /// Reads the backup `file` into this database, which must be empty, in one transaction. Every
    /// plan begins a new epoch, whose first row is what `marker` makes of plan and epoch.
    ///
    /// Epochs are numbered by the time of the restore (in microseconds) rather than one up: the
    /// same backup may be restored twice, and whoever synced after the first time must be told to
    /// start anew after the second.
    pub async fn restore(
        &self,
        file: &Path,
        marker: impl Fn(PlanId, i64) -> Bytes,
    ) -> Result<RestoreReport, StorageError> {
        let mut backup = Backup::open(file).await?;
        let contents = backup.verify().await?;
        let now = self.now();
        write_tx!(self, tx => {
            for table in &TABLES {
                let look =
                    format!("select count(*) from (select 1 from {} limit 1) as found", table.name);
                let (found,): (i64,) =
                    sqlx::query_as(AssertSqlSafe(look)).fetch_one(&mut *tx).await?;
                if found > 0 {
                    return Err(not_empty(table.name));
                }
            }
            for table in &TABLES {
                let mut batch = Batch::default();
                let mut rows = backup.rows(table);
                while let Some(row) = rows.try_next().await? {
                    batch.push(row);
                    if batch.is_full() {
                        insert_rows!(&mut *tx, table, batch.take());
                    }
                }
                drop(rows);
                insert_rows!(&mut *tx, table, batch.take());
            }
            sqlx::query("update families set revoked_at = $1 where revoked_at is null")
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
            let begun: Vec<(Uuid, i64, i64)> = sqlx::query_as(
                "update plans
                 set epoch = case when epoch < $1 then $1 else epoch + 1 end,
                     head = head + 1
                 returning id, epoch, head",
            )
            .bind(now.as_micros())
            .fetch_all(&mut *tx)
            .await?;
            let mut batch = Batch::default();
            for (plan, epoch, head) in begun {
                let append = AppendId::generate(&self.clock);
                let update = marker(PlanId::from_uuid(plan), epoch);
                batch.push(marker_row((plan, epoch, head), append, &update, now));
                if batch.is_full() {
                    insert_rows!(&mut *tx, JOURNAL, batch.take());
                }
            }
            insert_rows!(&mut *tx, JOURNAL, batch.take());
        });
        Ok(RestoreReport {
            file: file.to_owned(),
            contents,
        })
    }
}

/// The first row of a plan's new epoch, in the order of the journal's columns.
fn marker_row(
    (plan, epoch, seq): (Uuid, i64, i64),
    append: AppendId,
    update: &Bytes,
    now: Timestamp,
) -> Vec<Value> {
    vec![
        Value::Id(Some(plan)),
        Value::Integer(Some(seq)),
        Value::Integer(Some(epoch)),
        Value::Id(Some(append.as_uuid())),
        Value::Bytes(Some(update.to_vec())),
        Value::Id(None),
        Value::Text(Some(Origin::Epoch.kind().to_owned())),
        Value::Text(None),
        Value::Integer(Some(now.as_micros())),
    ]
}

/// A backup being read.
struct Backup<'a> {
    file: &'a Path,
    connection: SqliteConnection,
}

impl<'a> Backup<'a> {
    /// Opens `file` and checks that it is a backup of this version.
    async fn open(file: &'a Path) -> Result<Self, StorageError> {
        // SQLite's own words for a missing file are about a database.
        File::open(file).map_err(|error| StorageError::file(file, error))?;
        let look = async {
            let mut connection = SqliteConnectOptions::new()
                .filename(file)
                // Nothing is written beside it: it may be on a disk that cannot be written.
                .read_only(true)
                .immutable(true)
                .disable_statement_logging()
                .connect()
                .await?;
            let (application_id,): (i32,) = sqlx::query_as("pragma application_id")
                .fetch_one(&mut connection)
                .await?;
            Ok((connection, application_id))
        };
        let (mut connection, application_id) = look
            .await
            .map_err(|error: sqlx::Error| damaged(file, &error))?;
        if application_id != APPLICATION_ID {
            return Err(StorageError::Unfit(format!(
                "{} is not a backup: `convene backup` makes one",
                file.display()
            )));
        }
        let (version,): (Option<i64>,) =
            sqlx::query_as("select max(version) from _sqlx_migrations where success")
                .fetch_one(&mut connection)
                .await
                .map_err(|error| damaged(file, &error))?;
        if version != newest_version(&SQLITE_MIGRATIONS) {
            return Err(StorageError::Unfit(format!(
                "{} was made by another version of convene: restore it with that version, then \
                 start this one on the restored database",
                file.display()
            )));
        }
        Ok(Self { file, connection })
    }

    /// The rows of `table`, in the order in which they were written.
    fn rows<'b>(
        &'b mut self,
        table: &'static Table,
    ) -> impl Stream<Item = Result<Vec<Value>, StorageError>> + Unpin + use<'b> {
        let file = self.file.to_owned();
        sqlx::query(AssertSqlSafe(table.select_as_written()))
            .fetch(&mut self.connection)
            .map(move |row| {
                row.and_then(|row| row.read(table))
                    .map_err(|error| damaged(&file, &error))
            })
    }

    /// Reads everything once and compares it with what was written: the database would complain of
    /// a damaged row in words of its own, and only of some.
    async fn verify(&mut self) -> Result<Contents, StorageError> {
        let mut contents = Contents::default();
        for table in &TABLES {
            let mut tally = Tally::default();
            let mut rows = self.rows(table);
            while let Some(row) = rows.try_next().await? {
                tally.add(&row);
            }
            drop(rows);
            let written: Option<(i64, Vec<u8>)> =
                sqlx::query_as("select rows, sha256 from backup_contents where table_name = $1")
                    .bind(table.name)
                    .fetch_optional(&mut self.connection)
                    .await
                    .map_err(|error| damaged(self.file, &error))?;
            if written != Some((tally.rows, tally.digest().to_vec())) {
                let what = format_args!("its {} are not those that were written", table.name);
                return Err(damaged(self.file, &what));
            }
            contents.count(table, tally.rows);
        }
        Ok(contents)
    }
}

fn damaged(file: &Path, what: &dyn fmt::Display) -> StorageError {
    StorageError::corrupt(format_args!(
        "{}: {what}; nothing was restored, use another backup",
        file.display()
    ))
}

fn not_empty(table: &str) -> StorageError {
    StorageError::Unfit(format!(
        "the database is not empty, it has {table}: a backup is only read into an empty one, so \
         that nothing is overwritten"
    ))
}
