//! Who may use a database at one time. An SQLite file has one server, which locks a file in the data
//! folder. A PostgreSQL has any number of servers; what rewrites plans, such as a restore, keeps all
//! of them out and is kept out by any.
//!
//! For PostgreSQL a session of its own holds an advisory lock. It is lost when PostgreSQL restarts and
//! not taken again, so this keeps out a restore that is begun by mistake, not one that begins while
//! the database was away.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{ConnectOptions, Connection};

use super::error::StorageError;

/// Names the lock among those of other programs in the database ("convene", as it happens).
const ADVISORY_KEY: i64 = 0x0063_6f6e_7665_6e65;
/// How long one waits for whoever is before it and may be about to end.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// With whom a database is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// With other servers, where the engine lets them.
    Servers,
    /// With nobody.
    Nobody,
}

/// Held while the database is used; given back when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _held: Held,
}

#[derive(Debug)]
enum Held {
    Folder {
        _file: File,
    },
    Postgres {
        // Never used again, which is what the mutex says to the compiler.
        _session: Box<Mutex<PgConnection>>,
    },
}

impl Lock {
    /// Makes the data folder if it is not there, and locks it.
    pub(super) fn folder(data: &Path) -> Result<Self, StorageError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data)
            .map_err(|error| StorageError::file(data, error))?;
        let path = data.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| StorageError::file(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                _held: Held::Folder { _file: file },
            }),
            Err(TryLockError::WouldBlock) => Err(StorageError::Locked(data.display().to_string())),
            Err(TryLockError::Error(error)) => Err(StorageError::file(&path, error)),
        }
    }

    /// Locks the database of `pool`, waiting a little for somebody who is about to end.
    pub(super) async fn postgres(pool: &PgPool, company: Company) -> Result<Self, StorageError> {
        let options = pool.connect_options().as_ref().clone().options([
            // PostgreSQL must notice in half a minute when this machine is gone, and may not cut
            // the session because it is idle.
            ("tcp_keepalives_idle", "10"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "4"),
            ("idle_session_timeout", "0"),
        ]);
        let mut session = options.connect().await?;
        let attempts = WAIT_MAX.as_millis() / LOOK_EVERY.as_millis();
        for _ in 0..=attempts {
            let (taken,): (bool,) = sqlx::query_as(match company {
                Company::Servers => "select pg_try_advisory_lock_shared($1)",
                Company::Nobody => "select pg_try_advisory_lock($1)",
            })
            .bind(ADVISORY_KEY)
            .fetch_one(&mut session)
            .await?;
            if taken {
                return Ok(Self {
                    _held: Held::Postgres {
                        _session: Box::new(Mutex::new(session)),
                    },
                });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        session.close().await.ok();
        Err(StorageError::Locked(
            "the database of DATABASE_URL".to_owned(),
        ))
    }
}
