//! The published Yjs clients, each kind in a process of its own that is told what to do line by line.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use super::process::{repository_file, test_tool};
use super::server::Server;
use super::until::SOON;

/// The JavaScript clients by the names of `tests/clients/package.json`.
pub(crate) const Y_WEBSOCKETS: [&str; 4] = [
    "y-websocket-2.1",
    "y-websocket-3.0",
    "y-websocket-3.1",
    "y-websocket-3.1-rc",
];
pub(crate) const HOCUSPOCUSES: [&str; 2] = ["hocuspocus-3.4", "hocuspocus-4.8"];
/// The name of the client in Python.
pub(crate) const PYCRDT: &str = "pycrdt";

/// How much longer an answer may take than what was asked for.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// A process that holds clients; killed when dropped.
#[derive(Clone)]
pub(crate) struct Driver(Arc<Mutex<Process>>);

struct Process {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    next_id: u64,
}

/// One client of a driver.
#[derive(Clone)]
pub(crate) struct Client {
    driver: Driver,
    name: String,
    pub(crate) lib: String,
}

/// How a client is to connect.
#[derive(Clone)]
pub(crate) struct Connect(Map<String, Value>);

/// What a client says of itself.
#[derive(Debug, Deserialize)]
pub(crate) struct Status {
    pub(crate) client_id: u64,
    pub(crate) opens: u32,
    pub(crate) closes: Vec<Close>,
    pub(crate) text_frames: u32,
    pub(crate) synced: bool,
    #[serde(default)]
    pub(crate) saved: bool,
    /// Hocuspocus: what the provider counts.
    pub(crate) unsynced_changes: Option<u32>,
    /// y-websocket's release candidate: what it shows.
    pub(crate) green: Option<bool>,
    pub(crate) scope: Option<String>,
    #[serde(default)]
    pub(crate) denied: Vec<String>,
    #[serde(default)]
    pub(crate) not_applied: u32,
    #[serde(default)]
    pub(crate) tokens_asked: u32,
    #[serde(default)]
    pub(crate) stateless: Vec<Value>,
    #[serde(default)]
    pub(crate) gave_up: bool,
}

/// How one of a client's sockets ended.
#[derive(Debug, Deserialize)]
pub(crate) struct Close {
    pub(crate) code: Option<u16>,
}

impl Driver {
    /// A process for the clients in JavaScript.
    pub(crate) async fn javascript() -> Self {
        let modules = repository_file("tests/clients/node_modules");
        assert!(
            modules.exists(),
            "{} is missing: run `make test-tools`",
            modules.display()
        );
        let script = repository_file("tests/clients/driver.mjs");
        Self::start(PathBuf::from("node"), &[&script]).await
    }

    /// A process for pycrdt.
    pub(crate) async fn python() -> Self {
        let script = repository_file("tests/clients/pycrdt_driver.py");
        // No bytecode beside the sources.
        Self::start(
            test_tool("python/bin/python"),
            &[&PathBuf::from("-B"), &script],
        )
        .await
    }

    async fn start(program: PathBuf, arguments: &[&PathBuf]) -> Self {
        let mut child = Command::new(&program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be run: {error}", program.display()));
        let stdin = child.stdin.take().expect("it was asked for");
        let stdout = child.stdout.take().expect("it was asked for");
        let lines = BufReader::new(stdout).lines();
        let mut process = Process {
            child,
            stdin,
            lines,
            next_id: 1,
        };
        let ready = process.line(SOON).await;
        assert_eq!(ready["event"], "ready");
        Self(Arc::new(Mutex::new(process)))
    }

    /// Adds a client, which begins to connect.
    pub(crate) async fn connect(&self, connect: Connect) -> Client {
        static CLIENTS: AtomicU64 = AtomicU64::new(1);
        let lib = connect.0["lib"]
            .as_str()
            .expect("every client has a library")
            .to_owned();
        let name = format!("{lib} #{}", CLIENTS.fetch_add(1, Ordering::Relaxed));
        let client = Client {
            driver: self.clone(),
            name,
            lib,
        };
        client.tell("connect", Value::Object(connect.0)).await;
        client
    }

    /// Adds a client and waits until it is in sync.
    pub(crate) async fn join(&self, connect: Connect) -> Client {
        let client = self.connect(connect).await;
        client.wait_synced().await;
        client
    }

    /// Ends the process and all its clients without a word.
    pub(crate) async fn kill9(&self) {
        let mut process = self.0.lock().await;
        process.child.kill().await.expect("the process is ours");
    }
}

impl Process {
    async fn line(&mut self, within: Duration) -> Value {
        let line = tokio::time::timeout(within, self.lines.next_line()).await;
        let line = line
            .expect("the driver answers in time")
            .expect("its output can be read");
        let line = line.expect("the driver is alive");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    async fn call(&mut self, command: &mut Map<String, Value>, within: Duration) -> Value {
        let id = self.next_id;
        self.next_id += 1;
        command.insert("id".to_owned(), id.into());
        let line = format!("{}\n", Value::Object(command.clone()));
        self.stdin
            .write_all(line.as_bytes())
            .await
            .expect("the driver is alive");
        loop {
            let mut answer = self.line(within).await;
            assert_ne!(
                answer["event"], "fault",
                "a client failed inside: {}",
                answer["say"]
            );
            if answer["id"] == id {
                let error = answer.get("error").and_then(Value::as_str);
                assert!(
                    error.is_none(),
                    "{}: {}",
                    command["do"],
                    error.unwrap_or_default()
                );
                return answer["ok"].take();
            }
        }
    }
}

impl Connect {
    /// A client of `lib` on `plan`, with its token where the dialect carries it by itself.
    pub(crate) fn new(server: &Server, lib: &str, plan: &str, token: &str) -> Self {
        Self::at(&server.ws_url(), lib, plan, token)
    }

    /// The same by the address of the sockets, behind which there may be any server.
    pub(crate) fn at(url: &str, lib: &str, plan: &str, token: &str) -> Self {
        let connect = Self(Map::new());
        connect
            .with("lib", lib)
            .with("url", url)
            .with("plan", plan)
            .with("token", token)
    }

    /// Any option of `tests/clients/lib/{ywebsocket,hocuspocus}.mjs`.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }
}

impl Client {
    async fn ask(&self, command: &str, options: Value, within: Duration) -> Value {
        let Value::Object(mut line) = options else {
            panic!("{options} is not an object")
        };
        line.insert("do".to_owned(), command.into());
        line.insert("client".to_owned(), self.name.clone().into());
        self.driver
            .0
            .lock()
            .await
            .call(&mut line, within + ANSWER_WITHIN)
            .await
    }

    /// A command that takes no time, with whatever it answers.
    pub(crate) async fn tell(&self, command: &str, options: Value) -> Value {
        self.ask(command, options, Duration::ZERO).await
    }

    /// Performs edits in one transaction; see `tests/clients/lib/content.mjs`.
    pub(crate) async fn edit(&self, ops: Value) {
        self.tell("edit", json!({ "ops": ops })).await;
    }

    /// Types at the end of the text `root`.
    pub(crate) async fn append(&self, root: &str, text: &str) {
        self.edit(json!([{ "op": "text.insert", "root": root, "text": text }]))
            .await;
    }

    /// The content of `roots`, which maps names to kinds.
    pub(crate) async fn read(&self, roots: &Value) -> Value {
        self.tell("read", json!({ "roots": roots })).await
    }

    /// The text `root`.
    pub(crate) async fn text(&self, root: &str) -> String {
        let content = self.read(&json!({ root: "text" })).await;
        content[root].as_str().expect("a text").to_owned()
    }

    pub(crate) async fn status(&self) -> Status {
        let status = self.tell("status", json!({})).await;
        serde_json::from_value(status).expect("the status has these fields")
    }

    pub(crate) async fn wait_synced(&self) {
        self.wait_for("synced", SOON).await;
    }

    /// Until the server has said that every own edit is committed.
    pub(crate) async fn wait_saved(&self) {
        self.wait_for("saved", SOON).await;
    }

    pub(crate) async fn wait_for(&self, state: &str, within: Duration) {
        let ms = u64::try_from(within.as_millis()).expect("a short time");
        self.ask("wait", json!({ "state": state, "ms": ms }), within)
            .await;
    }

    /// Until the client holds exactly `content`.
    pub(crate) async fn wait_content(&self, roots: &Value, content: &Value) {
        let ms = u64::try_from(SOON.as_millis()).expect("a short time");
        let options = json!({ "roots": roots, "content": content, "ms": ms });
        self.ask("wait", options, SOON).await;
    }

    pub(crate) async fn wait_text(&self, root: &str, text: &str) {
        self.wait_content(&json!({ root: "text" }), &json!({ root: text }))
            .await;
    }

    pub(crate) async fn disconnect(&self) {
        self.tell("disconnect", json!({})).await;
    }

    pub(crate) async fn reconnect(&self) {
        self.tell("reconnect", json!({})).await;
    }

    /// Goes on with an empty replica, as a page does after a refusal.
    pub(crate) async fn reload(&self) {
        self.tell("reload", json!({})).await;
        self.wait_synced().await;
    }

    pub(crate) async fn set_token(&self, token: &str) {
        self.tell("set_token", json!({ "token": token })).await;
    }

    pub(crate) async fn set_presence(&self, state: Value) {
        self.tell("set_presence", json!({ "state": state })).await;
    }

    /// Everybody the client sees, by client id.
    pub(crate) async fn presence(&self) -> Vec<(u64, Value)> {
        let states = self.tell("presence", json!({})).await;
        let states = states.as_array().expect("a list").iter();
        states
            .map(|one| {
                (
                    one["client_id"].as_u64().expect("an id"),
                    one["state"].clone(),
                )
            })
            .collect()
    }

    /// A control request in a stateless message; gives back the whole answer.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let options = json!({ "method": method, "params": params, "ms": 10_000 });
        self.ask("call", options, SOON).await
    }
}
