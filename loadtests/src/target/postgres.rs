//! A PostgreSQL server of its own for a cluster, durable as it comes.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Signal, geteuid};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::process::{self, Process};

/// PostgreSQL refuses to run as root; this is the account that Debian calls `nobody`.
const NOBODY: u32 = 65_534;
/// It listens before it lets anybody in.
const READY_MAX: Duration = Duration::from_secs(30);
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// A running server.
#[derive(Debug)]
pub(super) struct Postgres {
    process: Process,
    port: u16,
    _folder: TempDir,
}

impl Postgres {
    /// Makes an empty cluster of databases with the programs below `unpacked` and serves it on a free port.
    pub(super) async fn start(unpacked: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("loadtests-postgres-")
            .tempdir()?;
        if geteuid().is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
        }
        let programs = reachable(unpacked, folder.path()).await?;
        let data = folder.path().join("data");
        let mut initdb = as_somebody(&programs, "initdb");
        initdb.arg("-D").arg(&data).args([
            "--username=convene",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-instructions",
        ]);
        run(initdb).await?;
        let port = process::free_port()?;
        let mut postgres = as_somebody(&programs, "postgres");
        postgres.arg("-D").arg(&data);
        for setting in [
            format!("port={port}").as_str(),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            // Its defaults, in so many words: the figures depend on them.
            "fsync=on",
            "synchronous_commit=on",
        ] {
            postgres.arg("-c").arg(setting);
        }
        let postgres = Self {
            process: Process::start(postgres, port).await?,
            port,
            _folder: folder,
        };
        postgres.wait_ready(&programs).await?;
        Ok(postgres)
    }

    /// The address of its only database.
    pub(super) fn url(&self) -> String {
        format!("postgres://convene@127.0.0.1:{}/postgres", self.port)
    }

    /// The process that started all others.
    pub(super) fn pid(&self) -> Result<u32> {
        self.process.pid()
    }

    async fn wait_ready(&self, programs: &Path) -> Result<()> {
        let start = Instant::now();
        loop {
            let mut ask = program(programs, "pg_isready");
            ask.args(["--quiet", "--host=127.0.0.1", "--username=convene"])
                .args(["--dbname=postgres", &format!("--port={}", self.port)]);
            if ask.status().await?.success() {
                return Ok(());
            }
            if start.elapsed() > READY_MAX {
                bail!("PostgreSQL is not ready after {READY_MAX:?}");
            }
            sleep(ASK_AGAIN).await;
        }
    }
}

/// A kill would leave shared memory behind.
impl Drop for Postgres {
    fn drop(&mut self) {
        self.process.end_now(Signal::QUIT);
    }
}

/// The programs where `nobody` may run them: a copy in `folder` when they are in root's home, say.
async fn reachable(unpacked: &Path, folder: &Path) -> Result<PathBuf> {
    let missing = || {
        format!(
            "{} is missing; `make bench` sets everything up",
            unpacked.display()
        )
    };
    let unpacked = unpacked.canonicalize().with_context(missing)?;
    let is_closed =
        |folder: &Path| fs::metadata(folder).is_ok_and(|found| found.mode() & 0o001 == 0);
    if !geteuid().is_root() || !unpacked.ancestors().any(is_closed) {
        return Ok(unpacked);
    }
    let copy = folder.join("programs");
    let mut command = Command::new("cp");
    command.arg("-r").arg(&unpacked).arg(&copy);
    run(command).await?;
    Ok(copy)
}

fn program(programs: &Path, name: &str) -> Command {
    let mut command = Command::new(programs.join("bin").join(name));
    command.env("LD_LIBRARY_PATH", programs.join("libs"));
    command
}

/// Runs the program `name` as somebody other than root, and ends it with this thread.
fn as_somebody(programs: &Path, name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=QUIT");
    if geteuid().is_root() {
        command
            .args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")])
            .arg("--clear-groups");
    }
    command
        .arg("--")
        .arg(programs.join("bin").join(name))
        .env("LD_LIBRARY_PATH", programs.join("libs"))
        .current_dir("/");
    command
}

/// Waits until a command has ended well.
async fn run(mut command: Command) -> Result<()> {
    let name = command.as_std().get_program().to_owned();
    let output = command
        .output()
        .await
        .with_context(|| format!("{} cannot be started", name.display()))?;
    if !output.status.success() {
        bail!(
            "{command:?} failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
