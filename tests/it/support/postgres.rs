//! A PostgreSQL server of its own for a test: real, durable, and free to be killed or frozen.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

/// PostgreSQL refuses to run as root; this is the account that Debian calls `nobody`.
const NOBODY: u32 = 65_534;
/// How long a start may take: a recovery after a kill on a slow disk included.
const START_MAX: Duration = Duration::from_mins(1);
/// How long it may take until a killed server is gone.
const END_MAX: Duration = Duration::from_secs(20);

/// A running server; ends with this value.
pub(crate) struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    server: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl Postgres {
    /// Makes an empty cluster and serves it on a free port.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("convene-postgres-")
            .tempdir()
            .unwrap();
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let programs = programs(folder.path());
        make_cluster(&programs, &folder.path().join("data"));
        let postgres = Self {
            folder,
            programs,
            port: free_port(),
            server: Mutex::new(None),
            databases: AtomicU32::new(0),
        };
        postgres.serve().await;
        postgres
    }

    /// The address of the database that is always there.
    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Makes an empty database and answers its address.
    pub(crate) async fn new_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&self.url()).await.unwrap();
        let create = format!("create database {name}");
        sqlx::query(AssertSqlSafe(create))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        self.url_of(&name)
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// How many transactions of the database at `url` were ended because they waited for each other,
    /// as far as sessions that have ended or were idle for a while have told.
    pub(crate) async fn deadlocks(&self, url: &str) -> i64 {
        let mut connection = PgConnection::connect(url).await.unwrap();
        let count = "select deadlocks from pg_stat_database where datname = current_database()";
        sqlx::query_scalar(count)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    /// The process that starts all others.
    pub(crate) fn pid(&self) -> u32 {
        self.with_server(|server| server.as_ref().expect("PostgreSQL is not running").id())
    }

    /// Kills every process of the server at once, as a power failure would.
    pub(crate) fn kill9(&self) {
        let all = self.processes();
        signal("KILL", &all);
        let server = self.with_server(Option::take);
        server.expect("PostgreSQL is not running").wait().unwrap();
        // The others keep the memory that a new server needs until they are gone.
        wait_until("killed processes are gone", END_MAX, || {
            all.iter().all(|pid| !is_alive(*pid))
        });
    }

    /// Ends the server in order, as for an upgrade: connections are cut, everything is written.
    pub(crate) fn stop(&self) {
        let server = self.with_server(Option::take);
        let mut server = server.expect("PostgreSQL is not running");
        signal("INT", &[server.id()]);
        wait_until("PostgreSQL has stopped", END_MAX, || {
            server.try_wait().unwrap().is_some()
        });
    }

    /// Serves the same data on the same port again, after [`Self::kill9`], after [`Self::stop`], or
    /// stopping it first.
    pub(crate) async fn restart(&self) {
        if self.with_server(|server| server.is_some()) {
            self.stop();
        }
        self.serve().await;
    }

    /// Stops every process where it is: connections stay open and nobody answers.
    pub(crate) fn freeze(&self) {
        // The first one alone first, so that it starts no other meanwhile.
        signal("STOP", &[self.pid()]);
        signal("STOP", &self.processes());
    }

    /// Lets a frozen server go on.
    pub(crate) fn thaw(&self) {
        signal("CONT", &self.processes());
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://convene@127.0.0.1:{}/{database}", self.port)
    }

    fn with_server<T>(&self, look: impl FnOnce(&mut Option<Child>) -> T) -> T {
        look(&mut self.server.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Every process of the server, the first one last.
    fn processes(&self) -> Vec<u32> {
        let first = self.pid();
        let mut all = children(first);
        all.push(first);
        all
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    async fn serve(&self) {
        let deadline = Instant::now() + START_MAX;
        self.spawn();
        loop {
            if let Ok(connection) = PgConnection::connect(&self.url()).await {
                connection.close().await.ok();
                return;
            }
            let ended = self.with_server(|server| server.as_mut()?.try_wait().unwrap());
            assert!(
                ended.is_none(),
                "PostgreSQL ended ({ended:?}):\n{}",
                self.log_end()
            );
            assert!(
                Instant::now() < deadline,
                "PostgreSQL does not answer:\n{}",
                self.log_end()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn spawn(&self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        let mut command = as_somebody(&self.programs, "postgres");
        command.arg("-D").arg(self.folder.path().join("data"));
        for setting in [
            &format!("port={}", self.port),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=on",
            "synchronous_commit=on",
            // After a kill a start syncs everything there is, which takes seconds file by file.
            "recovery_init_sync_method=syncfs",
            "shared_buffers=32MB",
            "max_connections=200",
            "log_min_messages=warning",
        ] {
            command.arg("-c").arg(setting);
        }
        let server = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start PostgreSQL: {error}"));
        self.with_server(|place| *place = Some(server));
    }

    fn log_end(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the end of PostgreSQL's log ---\n{}", self.log_end());
        }
        if let Some(mut server) = self.with_server(Option::take) {
            let mut all = children(server.id());
            all.push(server.id());
            signal("KILL", &all);
            server.wait().ok();
        }
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Where the programs are that `scripts/setup-tests.sh` unpacked.
fn programs(folder: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
        PathBuf::from,
    );
    let unpacked = target.join("test-tools/postgres");
    assert!(
        unpacked.join("libs").exists(),
        "{} is missing: run `make test`, or scripts/setup-tests.sh once",
        unpacked.display()
    );
    let closed = |folder: &Path| fs::metadata(folder).is_ok_and(|found| found.mode() & 0o001 == 0);
    if is_root() && unpacked.ancestors().any(closed) {
        // In root's home, say, where nobody else reaches them.
        let copy = folder.join("programs");
        let copied = Command::new("cp")
            .arg("-r")
            .arg(&unpacked)
            .arg(&copy)
            .status()
            .unwrap();
        assert!(copied.success(), "cannot copy {}", unpacked.display());
        return copy;
    }
    unpacked
}

/// A command that runs the program `name` as somebody other than root, and ends it with this thread.
fn as_somebody(programs: &Path, name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=QUIT");
    if is_root() {
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

fn make_cluster(programs: &Path, data: &Path) {
    let made = as_somebody(programs, "initdb")
        .arg("-D")
        .arg(data)
        .args([
            "--username=convene",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
        ])
        // Only the empty cluster is unsynced; the server runs with fsync on.
        .args(["--no-sync", "--no-instructions"])
        .output()
        .unwrap_or_else(|error| panic!("cannot run setpriv, which util-linux holds: {error}"));
    assert!(
        made.status.success(),
        "initdb failed:\n{}{}",
        String::from_utf8_lossy(&made.stdout),
        String::from_utf8_lossy(&made.stderr)
    );
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// The processes that `parent` started.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let its_parent: u32 = fields(&stat)?.nth(1)?.parse().ok()?;
        (its_parent == parent).then_some(pid)
    });
    processes.collect()
}

/// What stands after the process's name, which is in brackets and may hold anything: state, parent.
fn fields(stat: &str) -> Option<impl Iterator<Item = &str>> {
    stat.rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace())
}

/// Whether the process holds anything: one that is dead may wait long until its parent looks.
pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    fields(&stat)
        .and_then(|mut fields| fields.next())
        .is_some_and(|state| state != "Z")
}

/// Sends a signal to processes; one that is gone already is none of our business.
fn signal(name: &str, pids: &[u32]) {
    let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
    let script = format!("kill -s {name} {} 2>/dev/null || true", pids.join(" "));
    assert!(
        Command::new("sh")
            .arg("-c")
            .arg(script)
            .status()
            .unwrap()
            .success()
    );
}

fn wait_until(what: &str, at_most: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + at_most;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_kill_and_a_freeze() {
    let postgres = Postgres::start().await;
    let url = postgres.new_database().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::query("create table facts (fact text)")
        .execute(&mut connection)
        .await
        .unwrap();
    postgres.kill9();
    assert!(PgConnection::connect(&url).await.is_err());
    postgres.restart().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    postgres.freeze();
    let look = sqlx::query("select * from facts").fetch_all(&mut connection);
    let frozen = tokio::time::timeout(Duration::from_millis(300), look).await;
    assert!(frozen.is_err());
    postgres.thaw();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::query("select * from facts")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    postgres.restart().await;
    PgConnection::connect(&url).await.unwrap();
}
