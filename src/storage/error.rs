//! What can go wrong in storage, sorted by what the caller can do about it.

use sqlx::error::{DatabaseError, ErrorKind};

/// Why storage could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database cannot be reached, is busy, or its disk is full: trying again later may work.
    /// Whether a commit that failed this way took effect is unknown.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What the database or a backup holds is not what was written.
    #[error("what is stored is damaged: {0}")]
    Corrupt(String),
    /// Another process uses the data folder.
    #[error("another convene is using {0}")]
    Locked(String),
    /// The database, or the schema in it, does not fit this program.
    #[error("{0}")]
    Unfit(String),
    /// A rule of the schema was broken; names the constraint where the engine tells it.
    #[error("the database refused to break {0}")]
    Constraint(String),
    /// A file or folder could not be read or written.
    #[error("cannot use {path}")]
    File {
        /// The file or folder.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A query that this engine does not take: a mistake in this program.
    #[error("a query failed")]
    Query(#[source] sqlx::Error),
}

impl StorageError {
    /// Whether trying the same again later may work.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    pub(super) fn timed_out(what: &'static str) -> Self {
        Self::Unavailable(what.into())
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "what `map_err` hands over is a value"
    )]
    pub(super) fn corrupt(what: impl ToString) -> Self {
        Self::Corrupt(what.to_string())
    }

    pub(super) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File {
            path: path.display().to_string(),
            source,
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what the driver adds is a mistake of this program until it is sorted in"
)]
impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(answer) = &error {
            return match blame(answer.as_ref()) {
                Blame::Passing => Self::Unavailable(error.into()),
                Blame::Damage => Self::Corrupt(answer.message().to_owned()),
                Blame::Rule => Self::Constraint(
                    answer
                        .constraint()
                        .map_or_else(|| answer.message().to_owned(), ToOwned::to_owned),
                ),
                Blame::Program => Self::Query(error),
            };
        }
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable(error.into()),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Corrupt(error.to_string())
            }
            other => Self::Query(other),
        }
    }
}

enum Blame {
    Passing,
    Damage,
    Rule,
    Program,
}

fn blame(answer: &dyn DatabaseError) -> Blame {
    if !matches!(answer.kind(), ErrorKind::Other) {
        return Blame::Rule;
    }
    let code = answer.code().unwrap_or_default();
    if answer
        .try_downcast_ref::<sqlx::sqlite::SqliteError>()
        .is_some()
    {
        // The low byte of an extended result code is the primary one (sqlite.org/rescode.html).
        match code.parse::<i64>().map_or(-1, |code| code & 0xff) {
            // interrupt, busy, locked, out of memory, read-only, input/output, full, cannot open
            4..=10 | 13 | 14 => Blame::Passing,
            // corrupt, not a database
            11 | 26 => Blame::Damage,
            _ => Blame::Program,
        }
    } else {
        match code.get(..2).unwrap_or_default() {
            // Connection, rolled back (deadlock), resources, wrong state (a lock or a cancelled
            // statement), operator, system, and a standby that does not write.
            "08" | "40" | "53" | "55" | "57" | "58" => Blame::Passing,
            "25" if code == "25006" => Blame::Passing,
            "XX" if code == "XX001" || code == "XX002" => Blame::Damage,
            _ => Blame::Program,
        }
    }
}
