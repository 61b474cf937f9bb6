//! The agents of `examples/agents`: each drafts before people's eyes, answers a question, and is accepted.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::support::account::Account;
use crate::support::driver::{Connect, Driver};
use crate::support::process::{CONVENE, repository_file, signal, test_tool};
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, until};

/// Slow enough for a watcher on a busy machine to see words come one by one.
const STEP_MS: u32 = 100;
const REASON: &str = "For whom is “it”, and why?";

/// A running example, killed when dropped.
struct Agent {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Agent {
    fn start(mut command: Command, server: &Server, account: &Account, plan: &str) -> Self {
        let mut child = command
            .env("CONVENE_URL", server.ws_url())
            .env("CONVENE_TOKEN", &account.token)
            .env("CONVENE_PLAN", plan)
            .env("CONVENE_STEP_MS", STEP_MS.to_string())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
        let stdout = child.stdout.take().expect("it was asked for");
        let lines = BufReader::new(stdout).lines();
        Self { child, lines }
    }

    /// Its next line, which must be of this stage.
    async fn says(&mut self, stage: &str) -> Value {
        let line = timeout(SOON, self.lines.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("the agent was never {stage}"));
        let line = line.expect("its output can be read");
        let line = line.unwrap_or_else(|| panic!("the agent ended before it was {stage}"));
        let said: Value = serde_json::from_str(&line).expect("every line is JSON");
        assert_eq!(said["stage"], stage, "{said}");
        said
    }

    fn signal(&self, name: &str) {
        signal(self.child.id().expect("the agent runs"), name);
    }
}

/// A plan with an owner, an editor, and an agent that runs.
struct Stage {
    server: Server,
    owner: Account,
    editor: Account,
    account: Account,
    plan: String,
    driver: Driver,
    agent: Agent,
}

impl Stage {
    async fn with(example: Command) -> Self {
        let server = Server::start(Options::default()).await;
        let owner = Account::register(&server, "Olga").await;
        let editor = Account::register(&server, "Emil").await;
        let plan = owner.create_plan(&server).await;
        owner.set_role(&server, &plan, &editor, "editor").await;
        let account = owner.create_agent(&server, &plan, "Scout").await;
        let fields = |title: &str, words: &str| json!({ "title": title, "kind": "talk", "state": "draft", "minutes": 30, "abstract": words });
        let edit = json!({ "plan": plan, "ops": [
            { "op": "add", "path": ["sessions", "se_1"], "fields": fields("Opening", "Welcome.") },
            { "op": "add", "path": ["sessions", "se_2"], "fields": fields("Kafka “für” alle", "") },
            { "op": "add", "path": ["sessions", "se_3"], "fields": fields("Another", "") },
        ] });
        owner.call(&server, "plan.edit", edit).await;
        Self {
            // It is there first: the agent does not wait for it.
            driver: Driver::javascript().await,
            agent: Agent::start(example, &server, &account, &plan),
            server,
            owner,
            editor,
            account,
            plan,
        }
    }

    /// Watches the draft as its owner would, from before the first words on.
    async fn watches(&self, draft: &str) -> Vec<String> {
        let watcher = Connect::new(&self.server, "y-websocket-3.1", draft, &self.owner.token);
        let watcher = self.driver.join(watcher).await;
        self.agent.signal("CONT");
        until("the owner sees the agent", SOON, async || {
            let user = json!({ "id": self.account.user, "name": "Scout", "kind": "agent" });
            let wanted = json!({ "state": "drafting", "user": user });
            let everybody = watcher.presence().await;
            everybody.iter().any(|(_, it)| *it == wanted).then_some(())
        })
        .await;
        let mut seen = Vec::new();
        until("the owner sees the draft grow", SOON, async || {
            let read = watcher.read(&json!({ "sessions": "map" })).await;
            let words = read["sessions"]["se_2"]["abstract"].as_str()?.to_owned();
            if seen.last() != Some(&words) {
                seen.push(words);
            }
            (seen.len() > 3).then_some(())
        })
        .await;
        seen
    }

    /// The editor accepts the only change, which says this.
    async fn accepts(&self, mut decision: Value, words: &str) {
        let (server, editor) = (&self.server, &self.editor);
        let shown = editor.call(server, "proposal.get", decision.clone()).await;
        // It made nothing beside the words, and what it cites is there.
        let changes = shown["changes"].as_array().expect("changes");
        assert_eq!(changes.len(), 1, "{shown}");
        assert_eq!(changes[0]["path"], json!(["sessions", "se_2", "abstract"]));
        assert_eq!(changes[0]["after"], words);
        assert_eq!(shown["about"]["citations"][0]["verified"], true, "{shown}");
        decision["revision"] = json!(2);
        decision["verdict"] = json!("approve");
        decision["changes"] = json!([{ "no": changes[0]["no"], "shown": changes[0]["shown"] }]);
        editor.call(server, "proposal.decide", decision).await;
    }
}

async fn it_drafts_answers_and_is_accepted(example: Command) {
    let mut stage = Stage::with(example).await;
    let opened = stage.agent.says("opened").await;
    stage.agent.signal("STOP");
    let draft = opened["draft"].as_str().expect("an address");
    let seen = stage.watches(draft).await;
    let drafted = stage.agent.says("drafted").await;
    let first = drafted["text"].as_str().expect("words");
    assert!(seen.iter().all(|it| first.starts_with(it)), "{seen:?}");
    assert_eq!(stage.agent.says("submitted").await["revision"], 1);

    let which = json!({ "plan": stage.plan, "proposal": opened["proposal"] });
    let mut asked = which.clone();
    asked["revision"] = json!(1);
    asked["reason"] = json!(REASON);
    let request = "proposal.request_changes";
    stage.editor.call(&stage.server, request, asked).await;
    let decided = stage.agent.says("decided").await;
    assert_eq!(decided["status"], "changes_requested");
    assert_eq!(decided["reason"], REASON);
    let drafted = stage.agent.says("drafted").await;
    let second = drafted["text"].as_str().expect("words");
    assert!(second.starts_with(first) && second.contains(REASON));
    assert_eq!(stage.agent.says("submitted").await["revision"], 2);

    stage.accepts(which, second).await;
    assert_eq!(stage.agent.says("decided").await["status"], "approved");
    let ended = timeout(SOON, stage.agent.child.wait()).await;
    let ended = ended.expect("it ends").expect("it can be waited for");
    assert!(ended.success(), "{ended}");
    let token = &stage.editor.token;
    let reader = Connect::new(&stage.server, "hocuspocus-4.8", &stage.plan, token);
    let reader = stage.driver.join(reader).await;
    let read = reader.read(&json!({ "sessions": "map" })).await;
    assert_eq!(read["sessions"]["se_2"]["abstract"], second);
    assert_eq!(read["sessions"]["se_3"]["abstract"], "");
}

async fn succeeds(command: &mut Command, otherwise: &str) {
    let status = command.status().await.expect("it can be run");
    assert!(status.success(), "{otherwise}");
}

#[tokio::test]
async fn the_agent_in_python_drafts_answers_and_is_accepted() {
    let python = test_tool("python/bin/python");
    let mut imports = Command::new(&python);
    imports.args(["-c", "import pycrdt, websockets"]);
    succeeds(
        &mut imports,
        "the packages of tests/clients/requirements.txt are missing: run `make test-tools`",
    )
    .await;
    let mut example = Command::new(python);
    // No bytecode beside the source.
    example
        .arg("-B")
        .arg(repository_file("examples/agents/python/agent.py"));
    it_drafts_answers_and_is_accepted(example).await;
}

#[tokio::test]
async fn the_agent_in_typescript_drafts_answers_and_is_accepted() {
    let folder = repository_file("examples/agents/typescript");
    let compiler = folder.join("node_modules/typescript/bin/tsc");
    assert!(
        compiler.exists(),
        "{} is missing: run `make test-tools`",
        compiler.display()
    );
    let mut compile = Command::new("node");
    compile.arg(compiler).current_dir(&folder);
    succeeds(&mut compile, "agent.ts does not compile").await;
    let mut example = Command::new("node");
    example.arg(folder.join("build/agent.js"));
    it_drafts_answers_and_is_accepted(example).await;
}

#[tokio::test]
async fn the_agent_in_rust_drafts_answers_and_is_accepted() {
    let example = Path::new(CONVENE).with_file_name("examples").join("agent");
    assert!(
        example.exists(),
        "{} is missing: `make test` builds it, and so does `cargo build --release --example agent`",
        example.display()
    );
    it_drafts_answers_and_is_accepted(Command::new(example)).await;
}
