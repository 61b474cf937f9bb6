//! A real convene server on a free port, with its data in a folder of its own.

use std::fmt::Display;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::str::FromStr;
use std::time::Duration;

use tempfile::TempDir;

use super::process::{CONVENE, signal};
use super::until::until;

/// How long a server may take to answer: it loads nothing before it listens.
const STARTS_WITHIN: Duration = Duration::from_secs(20);
/// How long one may take to end: it closes its sockets in waves.
const ENDS_WITHIN: Duration = Duration::from_secs(40);
/// How much of the log a failing test prints.
const LOG_LINES: usize = 60;

/// How a server is started. Settings are those of `.env.example`.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    settings: Vec<(String, String)>,
    /// What runs the server, in front of its path: `unshare …`.
    wrapper: Vec<String>,
}

impl Default for Options {
    /// On SQLite, with logins that are not throttled: tests sign in as fast as they can.
    fn default() -> Self {
        let options = Self {
            settings: Vec::new(),
            wrapper: Vec::new(),
        };
        options
            .set("CONVENE_LOGINS_PER_ACCOUNT_PER_MINUTE", 100_000)
            .set("CONVENE_LOGINS_PER_ADDRESS_PER_MINUTE", 100_000)
            .set("CONVENE_DRAIN_SECONDS", 1)
            .set("CONVENE_LOG", "info,sqlx=warn")
    }
}

impl Options {
    pub(crate) fn set(mut self, name: &str, value: impl Display + Copy) -> Self {
        self.settings.push((name.to_owned(), value.to_string()));
        self
    }

    /// On PostgreSQL.
    pub(crate) fn postgres(self, url: &str) -> Self {
        self.set("DATABASE_URL", url)
            .set("SECRET_KEY", "0123456789abcdef0123456789abcdef")
    }

    /// Run by another program, which must end by executing the arguments it was given.
    pub(crate) fn wrapped<const N: usize>(mut self, wrapper: [&str; N]) -> Self {
        self.wrapper = wrapper.map(str::to_owned).to_vec();
        self
    }
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    folder: TempDir,
    options: Options,
    child: Child,
    address: String,
}

impl Server {
    /// Starts a server and waits until it answers.
    pub(crate) async fn start(options: Options) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("data")).expect("a folder for the data");
        let child = spawn(&options, folder.path(), "127.0.0.1:0");
        let mut server = Self {
            folder,
            options,
            child,
            address: String::new(),
        };
        server.wait_until_ready().await;
        server
    }

    /// Tries to start a server that must not start; gives back what it said, once it has ended.
    pub(crate) async fn fails_to_start(options: Options, within: Duration) -> String {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("data")).expect("a folder for the data");
        let mut child = spawn(&options, folder.path(), "127.0.0.1:0");
        let deadline = tokio::time::Instant::now() + within;
        let ended = loop {
            if let Some(ended) = child.try_wait().expect("a child can be asked") {
                break ended;
            }
            if tokio::time::Instant::now() > deadline {
                child.kill().ok();
                child.wait().ok();
                panic!("a server that must not start still ran after {within:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(!ended.success(), "it ended as if all were well");
        fs::read_to_string(folder.path().join("log")).expect("it said something")
    }

    /// Starts again on the same data and address, after the server has ended.
    pub(crate) async fn start_again(&mut self) {
        self.child = spawn(&self.options, self.folder.path(), &self.address);
        self.wait_until_ready().await;
    }

    async fn wait_until_ready(&mut self) {
        let printed = self.folder.path().join("printed");
        let address = until("the server prints its address", STARTS_WITHIN, async || {
            self.expect_alive();
            let text = fs::read_to_string(&printed).unwrap_or_default();
            let rest = text.split_once("listening on http://")?.1;
            rest.split_once('\n').map(|(address, _)| address.to_owned())
        })
        .await;
        self.address = address;
        until("the server is healthy", STARTS_WITHIN, async || {
            self.expect_alive();
            let answer = reqwest::get(self.url("/api/v1/health/")).await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    fn expect_alive(&mut self) {
        let ended = self.child.try_wait().expect("a child can be asked");
        assert!(ended.is_none(), "the server ended: {ended:?}");
    }

    /// Ends the server as a power cut would.
    pub(crate) fn kill9(&mut self) {
        // The error means that it has ended already.
        self.child.kill().ok();
        self.child.wait().expect("a child can be waited for");
    }

    /// Asks the server to stop and waits until it has.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.ask_to_stop();
        self.stopped().await
    }

    pub(crate) fn ask_to_stop(&self) {
        signal(self.pid(), "TERM");
    }

    /// Waits until the server has ended, after [`Self::ask_to_stop`].
    pub(crate) async fn stopped(&mut self) -> ExitStatus {
        until("the server has stopped", ENDS_WITHIN, async || {
            self.child.try_wait().expect("a child can be asked")
        })
        .await
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `host:port`, the same after each start.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// An HTTP address of this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The address of its sockets, as a provider takes it.
    pub(crate) fn ws_url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    /// The value of one metric, summed over its labels; 0 while it has not been counted.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        self.values::<f64>(name).await.into_iter().sum()
    }

    /// The same of a metric that counts whole things.
    pub(crate) async fn count(&self, name: &str) -> u64 {
        self.values::<u64>(name).await.into_iter().sum()
    }

    async fn values<T: FromStr>(&self, name: &str) -> Vec<T> {
        let answer = reqwest::get(self.url("/metrics"))
            .await
            .expect("the metrics answer");
        let text = answer.text().await.expect("the metrics are text");
        text.lines()
            .filter_map(|line| line.strip_prefix(name))
            .filter(|rest| rest.starts_with(['{', ' ']))
            .filter_map(|rest| rest.rsplit_once(' ')?.1.parse().ok())
            .collect()
    }

    /// The folder with the database.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Everything that it has said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn print_log(&self) {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(LOG_LINES)..];
        eprintln!("--- the end of the server's log ---\n{}", tail.join("\n"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.print_log();
        }
        self.kill9();
    }
}

fn spawn(options: &Options, folder: &Path, listen: &str) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"));
    let printed = File::create(folder.join("printed")).expect("a file for what is printed");
    let mut command = match options.wrapper.split_first() {
        None => Command::new(CONVENE),
        Some((program, arguments)) => {
            let mut command = Command::new(program);
            command.args(arguments).arg(CONVENE);
            command
        }
    };
    // The developer's own settings are not the test's.
    command.env_clear();
    for name in ["PATH", "HOME", "LD_LIBRARY_PATH"] {
        if let Ok(value) = std::env::var(name) {
            command.env(name, value);
        }
    }
    command
        .env("CONVENE_DATA", folder.join("data"))
        .envs(options.settings.iter().map(|(name, value)| (name, value)))
        .env("CONVENE_LISTEN", listen)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(printed)
        .stderr(log.expect("a file for the log"))
        .spawn()
        .unwrap_or_else(|error| panic!("the server cannot be started: {error}"))
}
