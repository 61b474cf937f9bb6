//! Told by the system calls: an edit is on the disk before anybody hears that it is saved, and
//! before anybody else sees it.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::{Child, Command};

use crate::support::account::Account;
use crate::support::driver::{Connect, Driver};
use crate::support::engine::Engine;
use crate::support::process::{children, signal};
use crate::support::server::Server;
use crate::support::until::{SOON, until};

const MARK: &str = "a-mark-that-is-nowhere-else";
/// Writes of a database page are longer than what strace shows by itself.
const SHOWN_BYTES: &str = "20000";

/// strace, attached to processes.
struct Trace {
    child: Child,
    output: PathBuf,
    /// Keeps the files.
    _folder: tempfile::TempDir,
}

impl Trace {
    async fn of(pids: &[u32]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let output = folder.path().join("calls");
        let errors = folder.path().join("errors");
        let mut command = Command::new("strace");
        command
            .args(["-f", "-yy", "-s", SHOWN_BYTES, "-o"])
            .arg(&output);
        command.args([
            "-e",
            "trace=pwrite64,pwritev,write,writev,sendto,sendmsg,fsync,fdatasync",
        ]);
        for pid in pids {
            command.args(["-p", &pid.to_string()]);
        }
        let log = fs::File::create(&errors).expect("a file for what strace says");
        let child = command
            .stdin(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn();
        let child = child.unwrap_or_else(|error| panic!("strace cannot be run: {error}"));
        let trace = Self {
            child,
            output,
            _folder: folder,
        };
        until("strace is attached to every process", SOON, async || {
            let said = fs::read_to_string(&errors).unwrap_or_default();
            assert!(
                !said.contains("Operation not permitted"),
                "strace may not attach: {said}"
            );
            let attached = |pid: &u32| said.contains(&format!("Process {pid} attached"));
            pids.iter().all(attached).then_some(())
        })
        .await;
        trace
    }

    /// Lets go of the processes; gives back the calls in order.
    async fn end(mut self) -> Vec<Call> {
        let pid = self.child.id().expect("strace runs");
        signal(pid, "INT");
        self.child.wait().await.expect("strace ends");
        let text = fs::read_to_string(&self.output).expect("strace wrote");
        calls(&text)
    }
}

/// One system call: where in the trace it began and ended.
#[derive(Debug)]
struct Call {
    text: String,
    began: usize,
    ended: usize,
}

/// Puts the two halves of calls together that another thread's came between.
fn calls(text: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: Vec<(String, usize)> = Vec::new();
    for (line, text) in text.lines().enumerate() {
        let Some((thread, text)) = text.split_once(' ') else {
            continue;
        };
        let text = text.trim_start();
        if let Some((beginning, _)) = text.split_once(" <unfinished ...>") {
            open.push((thread.to_owned(), calls.len()));
            calls.push(Call {
                text: beginning.to_owned(),
                began: line,
                ended: usize::MAX,
            });
        } else if text.starts_with("<... ") {
            let Some(at) = open.iter().rposition(|(one, _)| one == thread) else {
                continue;
            };
            let (_, index) = open.remove(at);
            calls[index].ended = line;
            calls[index].text.push_str(text);
        } else {
            calls.push(Call {
                text: text.to_owned(),
                began: line,
                ended: line,
            });
        }
    }
    calls
}

/// Checks the order: the log of the database is written, then synced, then the edit is shown.
fn expect_synced_before_shown(calls: &[Call], log: &str, shown: impl Fn(&str) -> bool) {
    let is_write = |call: &&Call| call.text.starts_with("pwrite") || call.text.starts_with("write");
    let written = calls
        .iter()
        .find(|call| is_write(call) && call.text.contains(log) && call.text.contains(MARK))
        .unwrap_or_else(|| panic!("nobody wrote the mark to {log}"));
    let synced = calls
        .iter()
        .find(|call| {
            let is_sync = call.text.starts_with("fdatasync(") || call.text.starts_with("fsync(");
            is_sync && call.text.contains(log) && call.began > written.ended
        })
        .unwrap_or_else(|| panic!("nobody synced {log} after the write"));
    assert!(
        synced.text.ends_with("= 0"),
        "the sync failed: {}",
        synced.text
    );
    let first = calls
        .iter()
        .find(|call| call.text.starts_with(['s', 'w']) && shown(&call.text))
        .expect("somebody was shown the edit");
    assert!(
        first.began > synced.ended,
        "shown in line {} before the sync ended in line {}: {}",
        first.began,
        synced.ended,
        &first.text[..first.text.len().min(300)]
    );
}

async fn an_edit_is_synced_first(engine: &Engine, log: &str) {
    let server = Server::start(engine.options()).await;
    let owner = Account::register(&server, "Olga").await;
    let plan = owner.create_plan(&server).await;
    let driver = Driver::javascript().await;
    let connect = |lib| Connect::new(&server, lib, &plan, &owner.token);
    let hocuspocus = driver.join(connect("hocuspocus-4.8")).await;
    let ywebsocket = driver.join(connect("y-websocket-3.1")).await;
    hocuspocus.append("text", "warm").await;
    hocuspocus.wait_saved().await;
    ywebsocket.wait_text("text", "warm").await;

    let mut pids = vec![server.pid()];
    if let Engine::Postgres { server, .. } = engine {
        pids.push(server.pid());
        pids.extend(children(server.pid()));
    }
    let trace = Trace::of(&pids).await;
    hocuspocus.append("text", MARK).await;
    hocuspocus.wait_saved().await;
    ywebsocket.wait_text("text", &format!("warm{MARK}")).await;
    let calls = trace.end().await;

    let from_server = format!("[{}->", server.url("").trim_start_matches("http://"));
    // The first byte of an acknowledgement's message is 8, of the update's 0: both follow the plan.
    let acknowledged = format!(r"{plan}\10\1");
    expect_synced_before_shown(&calls, log, |text| {
        text.contains(&from_server) && (text.contains(&acknowledged) || text.contains(MARK))
    });
    let acks = calls
        .iter()
        .filter(|call| call.text.contains(&acknowledged))
        .count();
    assert_eq!(acks, 1, "one edit has one acknowledgement");
}

#[tokio::test]
async fn an_edit_is_synced_to_the_sqlite_file_before_it_is_acknowledged() {
    an_edit_is_synced_first(&Engine::Sqlite, "convene.db-wal").await;
}

#[tokio::test]
async fn an_edit_is_synced_by_postgres_before_it_is_acknowledged() {
    an_edit_is_synced_first(&Engine::postgres().await, "/pg_wal/").await;
}
