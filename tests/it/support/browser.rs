//! Scenarios of `tests/browser` in a real browser: one process of Node each, which may ask for the server to be killed
//! and started again.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use super::page::expect_page;
use super::process::{repository_file, signal};
use super::rest::Rest;
use super::server::Server;

/// How long a scenario may take, whatever it waits for.
const ENDS_WITHIN: Duration = Duration::from_mins(2);

/// How long a process may take to put its browser away.
const LEAVES_WITHIN: Duration = Duration::from_secs(10);

/// Plays `tests/browser/scenarios/<name>.mjs` against `server`. Fails with what the scenario says; pictures of its
/// pages are then in `target/tmp/browser/<name>`.
pub(crate) async fn play(server: &mut Server, name: &str) {
    let modules = repository_file("tests/browser/node_modules");
    assert!(
        modules.exists(),
        "{} is missing: run `make test-tools`",
        modules.display()
    );
    expect_page(&Rest::new(server)).await;
    let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("browser")
        .join(name);
    // What is there is of an earlier run.
    std::fs::remove_dir_all(&kept).ok();
    let mut player = start(&server.url(""), name, &kept);
    let all = serve(&mut player, server);
    let Ok(ended) = tokio::time::timeout(ENDS_WITHIN, all).await else {
        end(&mut player).await;
        panic!("{name} still ran after {ENDS_WITHIN:?}")
    };
    assert!(
        ended.success(),
        "{name} failed, as it says above; see {}",
        kept.display()
    );
}

fn start(url: &str, name: &str, kept: &Path) -> Child {
    Command::new("node")
        .arg(repository_file("tests/browser/run.mjs"))
        .arg(name)
        .env("CONVENE_URL", url)
        .env("KEPT", kept)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("node cannot be run: {error}"))
}

/// Does to the server what the scenario asks for, until it has ended.
async fn serve(player: &mut Child, server: &mut Server) -> ExitStatus {
    let mut stdin = player.stdin.take().expect("it was asked for");
    let stdout = player.stdout.take().expect("it was asked for");
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await.expect("its output can be read") {
        let asked: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        match asked["server"].as_str() {
            Some("kill9") => server.kill9(),
            Some("start") => server.start_again().await,
            _ => panic!("a scenario asks for {line}"),
        }
        let done = format!("{line}\n");
        stdin
            .write_all(done.as_bytes())
            .await
            .expect("the scenario waits for it");
    }
    player.wait().await.expect("a child can be waited for")
}

/// Ends a scenario that hangs, with its browser: in order if it can, otherwise each process by its id.
async fn end(player: &mut Child) {
    let Some(pid) = player.id() else { return };
    let started = descendants(pid);
    signal(pid, "TERM");
    if tokio::time::timeout(LEAVES_WITHIN, player.wait())
        .await
        .is_ok()
    {
        return;
    }
    player.kill().await.expect("the process is ours");
    for process in started {
        // Most of them have ended with those that started them.
        if Path::new(&format!("/proc/{process}/cmdline")).exists() {
            std::process::Command::new("kill")
                .args(["-KILL", &process.to_string()])
                .status()
                .expect("kill can be run");
        }
    }
}

/// Every process that `pid` has started, and those that they have.
fn descendants(pid: u32) -> Vec<u32> {
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(process) = found.get(next) {
        // One that has ended meanwhile has none.
        let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
        let children = children.unwrap_or_default();
        found.extend(
            children
                .split_whitespace()
                .filter_map(|pid| pid.parse::<u32>().ok()),
        );
        next += 1;
    }
    found.split_off(1)
}
