//! What the nodes of a cluster share: Redis and PostgreSQL.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;
use tokio::process::Command;

use super::Programs;
use super::postgres::Postgres;
use super::process::{self, Process};
use crate::usage;

/// Signs the tokens of all nodes of this server.
const SECRET_KEY: &str = "a key for the nodes of a load test";

/// Running services of one cluster.
#[derive(Debug)]
pub(super) struct Shared {
    redis: Process,
    redis_port: u16,
    postgres: Postgres,
    _folder: TempDir,
}

impl Shared {
    /// Starts both, empty.
    pub(super) async fn start(programs: &Programs) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("loadtests-redis-")
            .tempdir()?;
        let redis_port = process::free_port()?;
        let mut redis = Command::new(&programs.redis);
        redis
            .args(["--bind", "127.0.0.1", "--port", &redis_port.to_string()])
            // Messages and short-lived keys: nothing of them is worth a file.
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(folder.path());
        let redis = Process::start(redis, redis_port).await?;
        let postgres = Postgres::start(&programs.postgres).await?;
        Ok(Self {
            redis,
            redis_port,
            postgres,
            _folder: folder,
        })
    }

    /// What every node is told of it.
    pub(super) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let redis = format!("redis://127.0.0.1:{}", self.redis_port);
        vec![
            ("REDIS_URL", redis.into()),
            ("DATABASE_URL", self.postgres.url().into()),
            ("SECRET_KEY", SECRET_KEY.into()),
        ]
    }

    /// Processor time of all of it.
    pub(super) fn processor(&self) -> Result<Duration> {
        Ok(usage::family(self.redis.pid()?)? + usage::family(self.postgres.pid()?)?)
    }
}
