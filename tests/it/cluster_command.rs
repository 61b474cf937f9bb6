//! `scripts/cluster.sh`: several nodes behind HAProxy, and that nothing is left when they are gone.

use std::fs::{self, File, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::postgres::is_alive;
use crate::support::process::{CONVENE, children, repository_file, signal};
use crate::support::raw::RawSocket;
use crate::support::until::{SOON, until};

/// How long it may take until everything answers, PostgreSQL's first start included.
const STARTS_WITHIN: Duration = Duration::from_mins(1);
/// How long it may take until everything has ended.
const ENDS_WITHIN: Duration = Duration::from_mins(1);

/// A running cluster; brought down when dropped.
struct Cluster {
    folder: TempDir,
    script: Child,
}

/// One of its parts, as the script prints it.
#[derive(Debug)]
struct Part {
    name: String,
    pid: u32,
    /// `127.0.0.1` and a port.
    address: String,
}

impl Cluster {
    /// Runs the script in a folder of its own and waits until it says that it serves.
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // The account that runs PostgreSQL passes through it.
        let mode = Permissions::from_mode(0o711);
        fs::set_permissions(folder.path(), mode).expect("the folder is ours");
        let printed = File::create(folder.path().join("printed")).expect("a file");
        let mut command = Command::new(repository_file("scripts/cluster.sh"));
        // The developer's own settings are not the test's.
        command.env_clear();
        for name in ["PATH", "HOME", "CARGO_TARGET_DIR"] {
            if let Ok(value) = std::env::var(name) {
                command.env(name, value);
            }
        }
        let script = command
            .env("TMPDIR", folder.path())
            .env("CONVENE_BINARY", CONVENE)
            .env("CONVENE_LEAVE_SECONDS", "0")
            .env("CONVENE_DRAIN_SECONDS", "1")
            .stdin(Stdio::null())
            .stdout(printed.try_clone().expect("a second handle"))
            .stderr(printed)
            .spawn()
            .expect("the script starts");
        let mut cluster = Self { folder, script };
        until("the cluster serves", STARTS_WITHIN, async || {
            let ended = cluster.script.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "it ended: {ended:?}");
            cluster.said("brings everything down").then_some(())
        })
        .await;
        cluster
    }

    fn printed(&self) -> String {
        fs::read_to_string(self.folder.path().join("printed")).expect("the file is ours")
    }

    fn said(&self, what: &str) -> bool {
        self.printed().contains(what)
    }

    fn parts(&self) -> Vec<Part> {
        let printed = self.printed();
        let parts = printed.lines().filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [name, "pid", pid, url] = words.as_slice() else {
                return None;
            };
            let start = url.find("127.0.0.1")?;
            let address = url[start..].split('/').next()?;
            Some(Part {
                name: (*name).to_owned(),
                pid: pid.parse().ok()?,
                address: address.to_owned(),
            })
        });
        parts.collect()
    }

    fn part(&self, name: &str) -> Part {
        let parts = self.parts();
        let found = parts.into_iter().find(|part| part.name == name);
        found.unwrap_or_else(|| panic!("no {name} in:\n{}", self.printed()))
    }

    /// Every process of it but the script.
    fn processes(&self) -> Vec<u32> {
        let mut all = children(self.script.id());
        let mut looked_at = 0;
        while let Some(pid) = all.get(looked_at).copied() {
            all.extend(children(pid));
            looked_at += 1;
        }
        all
    }

    async fn end(&mut self) -> ExitStatus {
        until("the script has ended", ENDS_WITHIN, async || {
            self.script.try_wait().expect("a child can be asked")
        })
        .await
    }

    /// Checks that of `processes`, of the ports and of the folder nothing is left.
    fn expect_nothing_left(&self, processes: &[u32]) {
        let left: Vec<u32> = processes
            .iter()
            .copied()
            .filter(|pid| is_alive(*pid))
            .collect();
        assert!(left.is_empty(), "{left:?} are left:\n{}", self.printed());
        for part in self.parts() {
            let answers = TcpStream::connect(&part.address).is_ok();
            assert!(!answers, "the port is still served: {part:?}");
        }
        let files: Vec<String> = fs::read_dir(self.folder.path())
            .expect("the folder is ours")
            .map(|entry| entry.unwrap().file_name().display().to_string())
            .collect();
        assert_eq!(files, ["printed"], "files are left");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what the script printed ---\n{}", self.printed());
        }
        if self.script.try_wait().is_ok_and(|ended| ended.is_none()) {
            // The kernel ends the parts of a script that was killed.
            self.script.kill().ok();
            self.script.wait().ok();
        }
    }
}

async fn sockets_of(node: &Part) -> u32 {
    let url = format!("http://{}/metrics", node.address);
    let answer = reqwest::get(url).await.expect("the node answers");
    let metrics = answer.text().await.expect("the metrics are text");
    let count = metrics
        .lines()
        .find_map(|line| line.strip_prefix("convene_sockets "));
    count.map_or(0, |count| count.parse().expect("a whole number"))
}

async fn register(address: &str) -> String {
    let body = json!({ "email": "ada@example.org", "password": "correct horse", "name": "Ada" });
    let url = format!("http://{address}/api/v1/auth/register");
    let answer = Client::new().post(url).json(&body).send().await;
    let answer: Value = answer
        .expect("the balancer answers")
        .json()
        .await
        .expect("JSON");
    let token = answer["access_token"].as_str();
    token.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test]
async fn people_reach_every_node_through_the_balancer_and_ctrl_c_leaves_nothing() {
    let mut cluster = Cluster::start().await;
    let balancer = cluster.part("haproxy").address;
    let token = register(&balancer).await;
    let mut sockets = Vec::new();
    for _ in 0..2 {
        let url = format!("ws://{balancer}/ws?token={token}");
        let mut socket = RawSocket::open(&url).await;
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "plan.list", "params": {} });
        socket.send_text(&request.to_string()).await;
        let answer: Value = serde_json::from_str(&socket.text().await).expect("JSON");
        assert!(answer.get("result").is_some(), "{answer}");
        sockets.push(socket);
    }
    for name in ["node-1", "node-2"] {
        assert_eq!(sockets_of(&cluster.part(name)).await, 1, "{name}");
    }
    let metrics = reqwest::get(format!("http://{balancer}/metrics")).await;
    assert_eq!(metrics.expect("the balancer answers").status(), 404);

    let processes = cluster.processes();
    signal(cluster.script.id(), "INT");
    for socket in &mut sockets {
        // From its node: the balancer alone would end the connection without a word.
        assert_eq!(socket.closed(SOON).await, 1012);
    }
    assert_eq!(cluster.end().await.code(), Some(0));
    cluster.expect_nothing_left(&processes);
}

#[tokio::test]
async fn the_balancer_writes_no_token_into_its_log() {
    let cluster = Cluster::start().await;
    let balancer = cluster.part("haproxy").address;
    let token = register(&balancer).await;
    drop(RawSocket::open(&format!("ws://{balancer}/ws?token={token}")).await);
    let log = until("the socket is logged", SOON, async || {
        let folders = fs::read_dir(cluster.folder.path()).expect("the folder is ours");
        let logs = folders.filter_map(|entry| {
            let log = entry.ok()?.path().join("haproxy.log");
            fs::read_to_string(log).ok()
        });
        logs.into_iter().find(|log| log.contains("GET /ws\n"))
    })
    .await;
    assert!(!log.contains("token"), "{log}");
}

#[tokio::test]
async fn a_part_that_dies_is_named_and_takes_the_others_with_it() {
    for name in ["redis", "node-2", "postgres"] {
        let mut cluster = Cluster::start().await;
        let processes = cluster.processes();
        let part = cluster.part(name);
        signal(part.pid, "KILL");
        assert_eq!(cluster.end().await.code(), Some(1));
        let says = format!("{name} (pid {}) has died", part.pid);
        assert!(cluster.said(&says), "{}", cluster.printed());
        cluster.expect_nothing_left(&processes);
    }
}

#[test]
fn haproxy_takes_the_configuration_of_the_containers() {
    let file = repository_file("deploy/haproxy.cfg");
    let path = std::env::var("PATH").unwrap_or_default();
    let checked = Command::new("haproxy")
        // Where Debian keeps it; not every account looks there.
        .env("PATH", format!("{path}:/usr/sbin"))
        .args(["-c", "-f"])
        .arg(&file)
        .output()
        .unwrap_or_else(|error| panic!("haproxy: {error}: run `make test-tools`"));
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
    assert!(!said.contains("WARNING"), "{said}");
}
