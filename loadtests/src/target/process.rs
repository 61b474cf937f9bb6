//! A server's process: started, waited for, ended.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// A server on a slow machine must answer within this, and end within it when asked to.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long everything may stand still for the end of one.
const END_NOW_MAX: Duration = Duration::from_secs(5);
const ASK_AGAIN: Duration = Duration::from_millis(20);
/// What is shown of a server that ends by itself.
const LAST_LINES: usize = 10;

/// A running server; it is killed when this goes.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// What it says, outside of its data, whose size is measured.
    log: NamedTempFile,
}

impl Process {
    /// Runs `command`, which serves on `port`, and waits until somebody listens there.
    pub(super) async fn start(mut command: Command, port: u16) -> Result<Self> {
        let program = command.as_std().get_program().to_owned();
        let log = NamedTempFile::with_prefix("loadtests-log-")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.reopen()?)
            .stderr(log.reopen()?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| {
                format!(
                    "{} cannot be started; `make bench` sets everything up",
                    program.display()
                )
            })?;
        let mut process = Self { child, log };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .is_err()
        {
            if let Some(status) = process.child.try_wait()? {
                bail!(
                    "{} ended with {status}:\n{}",
                    program.display(),
                    process.last_words()?
                );
            }
            if start.elapsed() > PATIENCE {
                bail!("{} does not listen on port {port}", program.display());
            }
            sleep(ASK_AGAIN).await;
        }
        Ok(process)
    }

    /// Its process id; an error once it has ended.
    pub(super) fn pid(&self) -> Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// Asks it to end and waits until it has; it may save what it holds.
    pub(super) async fn terminate(&mut self) -> Result<()> {
        let pid = i32::try_from(self.pid()?)?;
        kill_process(Pid::from_raw(pid).context("a process id")?, Signal::TERM)?;
        timeout(PATIENCE, self.child.wait())
            .await
            .context("the server does not end")??;
        Ok(())
    }

    /// Ends it without a word.
    pub(super) async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Ends it by `signal` and waits for that where nothing can be awaited; one that does not end is
    /// killed when this goes.
    pub(super) fn end_now(&mut self, signal: Signal) {
        let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) else {
            return;
        };
        let asked = Pid::from_raw(pid).is_some_and(|pid| kill_process(pid, signal).is_ok());
        let start = Instant::now();
        while asked && start.elapsed() < END_NOW_MAX && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(ASK_AGAIN);
        }
    }

    fn last_words(&self) -> Result<String> {
        let said = std::io::read_to_string(File::open(self.log.path())?)?;
        let before = said.lines().count().saturating_sub(LAST_LINES);
        let last: Vec<&str> = said.lines().skip(before).collect();
        Ok(last.join("\n"))
    }
}

/// A port that nobody listens on now.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
