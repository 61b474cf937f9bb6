//! A Redis of its own for a test, free to be killed, paused and started again; and a cluster of three.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;

use super::resp::{self, Reply};
use super::until::{SOON, until};

/// How long a start may take.
const START_MAX: Duration = Duration::from_secs(20);
/// How often another port is tried when somebody else took the one that was free.
const PORTS_MAX: usize = 5;
/// Below the ports that outgoing connections get, so that a killed Redis finds its own still free.
/// The bus of a cluster is 10,000 above.
const PORTS: std::ops::Range<u16> = 12_000..22_000;
const BUS: u16 = 10_000;
/// All of them in a cluster.
const SLOTS: u16 = 16_384;
const MASTERS: u16 = 3;
/// After this long without an answer the others call a node dead.
const NODE_TIMEOUT_MS: &str = "1000";

/// A running server; ends with this value.
pub(crate) struct Redis {
    folder: TempDir,
    port: u16,
    password: Option<String>,
    /// What only this server is told.
    arguments: Vec<String>,
    server: Mutex<Option<Child>>,
}

impl Redis {
    /// Serves on a free port and keeps nothing.
    pub(crate) async fn start() -> Self {
        Self::start_with(None, &[]).await
    }

    /// One that wants a password.
    pub(crate) async fn start_with_password(password: &str) -> Self {
        Self::start_with(Some(password), &["--requirepass", password]).await
    }

    async fn start_with(password: Option<&str>, arguments: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("convene-redis-").tempdir();
        let mut redis = Self {
            folder: folder.expect("a temporary folder"),
            port: 0,
            password: password.map(str::to_owned),
            arguments: arguments.iter().map(|it| (*it).to_owned()).collect(),
            server: Mutex::new(None),
        };
        for _ in 0..PORTS_MAX {
            redis.port = free_port();
            if redis.serve().await {
                return redis;
            }
        }
        panic!("Redis does not start:\n{}", redis.log());
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The address as `REDIS_URL` takes it.
    pub(crate) fn url(&self) -> String {
        self.url_by(&self.address())
    }

    /// The same for who gets there by another way.
    pub(crate) fn url_by(&self, address: &str) -> String {
        match &self.password {
            None => format!("redis://{address}"),
            Some(password) => format!("redis://:{password}@{address}"),
        }
    }

    /// Ends the server as a power cut would; nothing it held is kept.
    pub(crate) fn kill9(&self) {
        let mut server = self.with_server(Option::take).expect("Redis is running");
        server.kill().expect("the process is ours");
        server.wait().expect("a child can be waited for");
    }

    /// Serves on the same port again, with nothing in it, after [`Self::kill9`].
    pub(crate) async fn start_again(&self) {
        assert!(self.serve().await, "Redis ended:\n{}", self.log());
    }

    /// Leaves everything that clients ask unanswered for this long; their connections stay.
    pub(crate) async fn pause(&self, span: Duration) {
        let ms = span.as_millis().to_string();
        self.command(&["CLIENT", "PAUSE", &ms, "ALL"]).await;
    }

    /// A command, which must succeed.
    pub(crate) async fn command<W: AsRef<[u8]>>(&self, words: &[W]) -> Reply {
        let answer = self.try_command(words).await;
        answer.unwrap_or_else(|error| panic!("Redis: {error}"))
    }

    async fn try_command<W: AsRef<[u8]>>(&self, words: &[W]) -> Result<Reply, String> {
        let answer = async {
            let mut connection = resp::Connection::open(&self.address()).await?;
            if let Some(password) = &self.password {
                connection.ask(&["AUTH", password]).await?;
            }
            connection.ask(words).await
        };
        let answer = tokio::time::timeout(SOON, answer).await;
        answer.map_err(|_| format!("no answer within {SOON:?}"))?
    }

    /// Starts the process and waits until it answers; false when it has ended instead.
    async fn serve(&self) -> bool {
        self.spawn();
        let deadline = Instant::now() + START_MAX;
        // Somebody else's Redis on this port would answer too.
        while self.try_command(&["PING"]).await != Ok(Reply::Text("PONG".to_owned()))
            || self.process_of_port().await != self.pid()
        {
            if self.has_ended() {
                return false;
            }
            assert!(
                Instant::now() < deadline,
                "Redis does not answer:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }

    async fn process_of_port(&self) -> Option<u32> {
        let Ok(Reply::Bytes(info)) = self.try_command(&["INFO", "server"]).await else {
            return None;
        };
        let info = String::from_utf8_lossy(&info).into_owned();
        let line = info.lines().find_map(|it| it.strip_prefix("process_id:"));
        line?.trim().parse().ok()
    }

    fn pid(&self) -> Option<u32> {
        self.with_server(|server| server.as_ref().map(Child::id))
    }

    fn has_ended(&self) -> bool {
        self.with_server(|server| {
            let server = server.as_mut().expect("it was started");
            server.try_wait().expect("a child can be asked").is_some()
        })
    }

    fn spawn(&self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .expect("a file for the log");
        // It ends with the thread that started it, whatever becomes of the test.
        let server = Command::new("setpriv")
            .args(["--pdeathsig=KILL", "--", "redis-server"])
            .args(["--port", &self.port.to_string()])
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(self.folder.path())
            .args(&self.arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run setpriv, which util-linux holds: {error}"));
        self.with_server(|place| *place = Some(server));
    }

    fn with_server<T>(&self, look: impl FnOnce(&mut Option<Child>) -> T) -> T {
        look(&mut self.server.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        if log.contains("failed to execute redis-server") {
            return "redis-server is missing: run `make test-tools`".to_owned();
        }
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(mut server) = self.with_server(Option::take) {
            server.kill().ok();
            server.wait().ok();
        }
    }
}

/// A port that nobody uses, and neither the one that would be its bus.
fn free_port() -> u16 {
    let is_free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    loop {
        let port = rand::random_range(PORTS);
        if is_free(port) && is_free(port + BUS) {
            return port;
        }
    }
}

/// Three masters that share the slots, without replicas.
pub(crate) struct RedisCluster {
    pub(crate) masters: Vec<Redis>,
}

impl RedisCluster {
    pub(crate) async fn start() -> Self {
        let arguments = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            NODE_TIMEOUT_MS,
        ];
        let mut masters = Vec::new();
        for number in 0..MASTERS {
            let master = Redis::start_with(None, &arguments).await;
            let epoch = (number + 1).to_string();
            master
                .command(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch])
                .await;
            let share = |number: u32| number * u32::from(SLOTS) / u32::from(MASTERS);
            let (first, next) = (share(number.into()), share(u32::from(number) + 1));
            let (first, last) = (first.to_string(), (next - 1).to_string());
            master
                .command(&["CLUSTER", "ADDSLOTSRANGE", &first, &last])
                .await;
            masters.push(master);
        }
        let port = masters[0].port.to_string();
        for master in &masters[1..] {
            master
                .command(&["CLUSTER", "MEET", "127.0.0.1", &port])
                .await;
        }
        let cluster = Self { masters };
        cluster.wait_until_well().await;
        cluster
    }

    /// Until every master knows all slots to be served.
    pub(crate) async fn wait_until_well(&self) {
        for master in &self.masters {
            until("the Redis Cluster is well", START_MAX, async || {
                let Reply::Bytes(info) = master.command(&["CLUSTER", "INFO"]).await else {
                    return None;
                };
                let info = String::from_utf8_lossy(&info).into_owned();
                let is = |line: &str| info.lines().any(|found| found.trim() == line);
                (is("cluster_state:ok") && is(&format!("cluster_known_nodes:{MASTERS}")))
                    .then_some(())
            })
            .await;
        }
    }

    /// The address as `REDIS_URL` takes it: one master, and the others as further ones to ask.
    pub(crate) fn url(&self) -> String {
        let addresses: Vec<String> = self.masters.iter().map(Redis::address).collect();
        format!(
            "redis-cluster://{}?node={}",
            addresses[0],
            addresses[1..].join("&node=")
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::super::resp::{Connection, Reply};
    use super::super::until::SOON;
    use super::{Redis, RedisCluster};

    fn text(text: &str) -> Reply {
        Reply::Text(text.to_owned())
    }

    #[tokio::test]
    async fn it_forgets_when_killed_and_answers_nobody_while_paused() {
        let redis = Redis::start_with_password("secret").await;
        assert_eq!(redis.command(&["SET", "key", "value"]).await, text("OK"));
        assert_eq!(
            redis.command(&["GET", "key"]).await,
            Reply::Bytes(b"value".to_vec())
        );
        let mut stranger = Connection::open(&redis.address()).await.unwrap();
        let refused = stranger.ask(&["GET", "key"]).await;
        assert!(refused.unwrap_err().starts_with("NOAUTH"));
        redis.kill9();
        assert!(redis.try_command(&["PING"]).await.is_err());
        redis.start_again().await;
        assert_eq!(redis.command(&["GET", "key"]).await, Reply::Nothing);
        let span = Duration::from_millis(300);
        let before = Instant::now();
        redis.pause(span).await;
        redis.command(&["PING"]).await;
        assert!(before.elapsed() >= span);
    }

    #[tokio::test]
    async fn a_message_is_heard_on_every_node_of_a_cluster() {
        let cluster = RedisCluster::start().await;
        let [first, second, third] = cluster.masters.as_slice() else {
            panic!("there are three")
        };
        let mut listener = Connection::open(&third.address()).await.unwrap();
        listener.ask(&["SUBSCRIBE", "channel"]).await.unwrap();
        first.command(&["PUBLISH", "channel", "heard"]).await;
        let heard = tokio::time::timeout(SOON, listener.read()).await.unwrap();
        let part = |text: &str| Reply::Bytes(text.as_bytes().to_vec());
        assert_eq!(
            heard,
            Ok(Reply::List(vec![
                part("message"),
                part("channel"),
                part("heard")
            ]))
        );
        second.kill9();
        second.start_again().await;
        cluster.wait_until_well().await;
    }
}
