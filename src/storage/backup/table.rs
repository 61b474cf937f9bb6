//! The rows of a backup, in a form that both engines share.

use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

/// What a column holds, where the engines' own types differ.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// `uuid` in PostgreSQL, 16 bytes in SQLite.
    Id,
    Bytes,
    Text,
    Integer,
}

/// One table; a column that the target numbers itself is left out.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Kind)],
}

/// One field of a row; its kind is known also when it is null.
#[derive(Debug)]
pub(super) enum Value {
    Id(Option<Uuid>),
    Bytes(Option<Vec<u8>>),
    Text(Option<String>),
    Integer(Option<i64>),
}

impl Value {
    fn with_bytes<T>(&self, look: impl FnOnce(Option<&[u8]>) -> T) -> T {
        match self {
            Self::Id(id) => look(id.as_ref().map(|id| id.as_bytes().as_slice())),
            Self::Bytes(bytes) => look(bytes.as_deref()),
            Self::Text(text) => look(text.as_deref().map(str::as_bytes)),
            Self::Integer(None) => look(None),
            Self::Integer(Some(number)) => look(Some(&number.to_be_bytes())),
        }
    }

    /// About how much memory it takes.
    fn size(&self) -> usize {
        self.with_bytes(|bytes| bytes.map_or(1, <[u8]>::len))
    }
}

/// Reads rows of either engine.
pub(super) trait ReadRow {
    /// The row's fields, in the order of the table's columns.
    fn read(&self, table: &Table) -> Result<Vec<Value>, sqlx::Error>;
}

macro_rules! read_row {
    ($($row:ty),*) => {$(
        impl ReadRow for $row {
            fn read(&self, table: &Table) -> Result<Vec<Value>, sqlx::Error> {
                let fields = table.columns.iter().enumerate();
                fields
                    .map(|(at, (_, kind))| {
                        Ok(match kind {
                            Kind::Id => Value::Id(self.try_get(at)?),
                            Kind::Bytes => Value::Bytes(self.try_get(at)?),
                            Kind::Text => Value::Text(self.try_get(at)?),
                            Kind::Integer => Value::Integer(self.try_get(at)?),
                        })
                    })
                    .collect()
            }
        }
    )*};
}

read_row!(SqliteRow, PgRow);

impl Table {
    fn column_list(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// The query for all rows, in whatever order is quickest.
    pub(super) fn select(&self) -> String {
        format!("select {} from {}", self.column_list(), self.name)
    }

    /// The query for all rows of a backup, in the order in which they were written.
    pub(super) fn select_as_written(&self) -> String {
        format!("{} order by rowid", self.select())
    }

    /// The statement that inserts `rows` rows at once.
    pub(super) fn insert(&self, rows: usize) -> String {
        let width = self.columns.len();
        let tuples: Vec<String> = (0..rows)
            .map(|row| {
                let places: Vec<String> = (1..=width)
                    .map(|column| format!("${}", row * width + column))
                    .collect();
                format!("({})", places.join(", "))
            })
            .collect();
        format!(
            "insert into {} ({}) values {}",
            self.name,
            self.column_list(),
            tuples.join(", ")
        )
    }
}

/// Rows on their way into a table: enough at once to save round trips, few enough for any machine.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) rows: Vec<Vec<Value>>,
    bytes: usize,
}

/// Rows of one insert. SQLite looks for each parameter among all of them, so that the time of a row
/// grows with the number of rows.
const BATCH_ROWS_MAX: usize = 16;
/// Bytes of one insert. One row may be larger and then goes alone.
const BATCH_BYTES_MAX: usize = 1 << 20;

impl Batch {
    pub(super) fn push(&mut self, row: Vec<Value>) {
        self.bytes = self.bytes.saturating_add(row.iter().map(Value::size).sum());
        self.rows.push(row);
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= BATCH_ROWS_MAX || self.bytes >= BATCH_BYTES_MAX
    }

    /// The rows so far; the batch is empty then.
    pub(super) fn take(&mut self) -> Vec<Vec<Value>> {
        self.bytes = 0;
        std::mem::take(&mut self.rows)
    }
}

/// Inserts `$rows` into `$table` in one statement, on a connection of either engine.
macro_rules! insert_rows {
    ($connection:expr, $table:expr, $rows:expr) => {{
        let rows: Vec<Vec<Value>> = $rows;
        if !rows.is_empty() {
            let mut query = sqlx::query(sqlx::AssertSqlSafe($table.insert(rows.len())));
            for value in rows.into_iter().flatten() {
                query = match value {
                    Value::Id(id) => query.bind(id),
                    Value::Bytes(bytes) => query.bind(bytes),
                    Value::Text(text) => query.bind(text),
                    Value::Integer(number) => query.bind(number),
                };
            }
            query.execute($connection).await?;
        }
    }};
}

pub(super) use insert_rows;

/// Counts rows and hashes them in order: what a backup says about each of its tables.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) rows: i64,
    digest: Sha256,
}

impl Tally {
    pub(super) fn add(&mut self, row: &[Value]) {
        self.rows = self.rows.saturating_add(1);
        for value in row {
            value.with_bytes(|bytes| match bytes {
                None => self.digest.update([0]),
                Some(bytes) => {
                    self.digest.update([1]);
                    self.digest.update((bytes.len() as u64).to_be_bytes());
                    self.digest.update(bytes);
                }
            });
        }
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        self.digest.clone().finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_only_join_to_the_same_bytes_have_different_digests() {
        let digest = |row: &[Value]| {
            let mut tally = Tally::default();
            tally.add(row);
            tally.digest()
        };
        let text = |text: &str| Value::Text(Some(text.to_owned()));
        assert_ne!(
            digest(&[text("ab"), text("c")]),
            digest(&[text("a"), text("bc")])
        );
        assert_ne!(digest(&[text("")]), digest(&[Value::Text(None)]));
    }
}
