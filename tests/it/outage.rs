//! The database goes away, stalls, or its disk is full: nothing is acknowledged or shown meanwhile,
//! and everything is saved afterwards without anybody reconnecting.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::account::Account;
use crate::support::driver::{Client, Connect, Driver};
use crate::support::engine::Engine;
use crate::support::process::test_tool;
use crate::support::raw::{RawSocket, Received, addressed, hocuspocus_token};
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, stays, until};

/// How long the database is away.
const AWAY: Duration = Duration::from_secs(4);
/// Longer than the server waits for a lock or a connection by itself.
const STALLED: Duration = Duration::from_secs(10);
/// By when everything is saved once the database is back.
const BACK_WITHIN: Duration = Duration::from_secs(30);

const LIBS: [&str; 4] = [
    "hocuspocus-4.8",
    "y-websocket-3.1",
    "hocuspocus-3.4",
    "y-websocket-3.1-rc",
];

/// Clients of both dialects in one plan.
struct Team {
    server: Server,
    owner: Account,
    plan: String,
    driver: Driver,
    clients: Vec<Client>,
}

impl Team {
    async fn on(options: Options) -> Self {
        let server = Server::start(options).await;
        let owner = Account::register(&server, "Olga").await;
        let plan = owner.create_plan(&server).await;
        let driver = Driver::javascript().await;
        let mut clients = Vec::new();
        for lib in LIBS {
            let connect = Connect::new(&server, lib, &plan, &owner.token);
            clients.push(driver.join(connect).await);
        }
        let team = Self {
            server,
            owner,
            plan,
            driver,
            clients,
        };
        team.everybody_writes("before").await;
        team.everything_is_saved("before").await;
        team
    }

    /// Each in a text of its own, so that none waits for another's edit.
    async fn everybody_writes(&self, word: &str) {
        for (number, client) in self.clients.iter().enumerate() {
            client
                .append(&format!("text{number}"), &format!("{word} "))
                .await;
        }
    }

    /// What was written meanwhile is neither acknowledged nor shown to anybody else.
    async fn nothing_is_saved_for(&self, span: Duration, word: &str) {
        stays("nothing is acknowledged or shown", span, async || {
            for (number, client) in self.clients.iter().enumerate() {
                if client.status().await.saved {
                    return false;
                }
                let other = &self.clients[(number + 1) % self.clients.len()];
                if other.text(&format!("text{number}")).await.contains(word) {
                    return false;
                }
            }
            true
        })
        .await;
    }

    async fn everything_is_saved(&self, word: &str) {
        for client in &self.clients {
            client.wait_for("saved", BACK_WITHIN).await;
        }
        for number in 0..self.clients.len() {
            for other in &self.clients {
                until("everybody sees what was written", SOON, async || {
                    other
                        .text(&format!("text{number}"))
                        .await
                        .contains(word)
                        .then_some(())
                })
                .await;
            }
        }
    }

    async fn nobody_reconnected(&self) {
        for client in &self.clients {
            let status = client.status().await;
            assert_eq!(
                status.opens, 1,
                "{} reconnected: {:?}",
                client.lib, status.closes
            );
            assert_eq!(status.not_applied, 0, "{} was refused", client.lib);
        }
    }

    /// Presence does not need the database.
    async fn presence_goes_on(&self, cursor: u32) {
        self.clients[0]
            .set_presence(json!({ "cursor": cursor }))
            .await;
        for client in &self.clients[1..] {
            until("presence is seen", SOON, async || {
                let seen = client.presence().await;
                seen.iter()
                    .any(|(_, state)| state["cursor"] == cursor)
                    .then_some(())
            })
            .await;
        }
    }

    /// What nobody who is here holds is read by somebody who was not.
    async fn a_newcomer_reads(&self, word: &str) {
        let connect = Connect::new(
            &self.server,
            "y-websocket-3.1",
            &self.plan,
            &self.owner.token,
        );
        let newcomer = self.driver.join(connect).await;
        for number in 0..self.clients.len() {
            let text = newcomer.text(&format!("text{number}")).await;
            assert!(text.contains(word), "text{number} is {text:?}");
        }
    }
}

#[tokio::test]
async fn edits_wait_while_postgres_is_down() {
    let engine = Engine::postgres().await;
    let team = Team::on(engine.options()).await;
    let postgres = engine.server();
    postgres.kill9();
    team.everybody_writes("during").await;
    team.presence_goes_on(7).await;
    team.nothing_is_saved_for(AWAY, "during").await;
    postgres.restart().await;
    team.everything_is_saved("during").await;
    team.nobody_reconnected().await;
    team.a_newcomer_reads("during").await;
}

#[tokio::test]
async fn edits_wait_while_postgres_stalls() {
    let engine = Engine::postgres().await;
    let team = Team::on(engine.options()).await;
    let postgres = engine.server();
    postgres.freeze();
    team.everybody_writes("during").await;
    team.presence_goes_on(7).await;
    team.nothing_is_saved_for(STALLED, "during").await;
    postgres.thaw();
    team.everything_is_saved("during").await;
    team.nobody_reconnected().await;
    team.a_newcomer_reads("during").await;
}

#[tokio::test]
async fn who_comes_while_the_database_is_down_gets_in_when_it_is_back() {
    let engine = Engine::postgres().await;
    let team = Team::on(engine.options()).await;
    let postgres = engine.server();
    postgres.kill9();
    let mut newcomers = Vec::new();
    for lib in LIBS {
        let connect = Connect::new(&team.server, lib, &team.plan, &team.owner.token);
        let newcomer = team.driver.connect(connect).await;
        newcomer
            .append("new", "written before the first sync ")
            .await;
        newcomers.push(newcomer);
    }
    stays("nobody gets in", AWAY, async || {
        for newcomer in &newcomers {
            if newcomer.status().await.synced {
                return false;
            }
        }
        true
    })
    .await;
    postgres.restart().await;
    for newcomer in &newcomers {
        newcomer.wait_for("saved", BACK_WITHIN).await;
        let status = newcomer.status().await;
        assert_eq!(
            status.denied,
            Vec::<String>::new(),
            "{} was sent away",
            newcomer.lib
        );
        assert!(!status.gave_up, "{} gave up", newcomer.lib);
    }
    team.nobody_reconnected().await;
}

#[tokio::test]
async fn a_token_that_waits_is_looked_at_again_however_busy_its_socket_is() {
    let engine = Engine::postgres().await;
    let server = Server::start(engine.options()).await;
    let owner = Account::register(&server, "Olga").await;
    let (open, waiting) = (
        owner.create_plan(&server).await,
        owner.create_plan(&server).await,
    );
    let mut socket = RawSocket::hocuspocus(&server, &open, &owner.token).await;
    let postgres = engine.server();
    postgres.kill9();
    socket.send(&hocuspocus_token(&waiting, &owner.token)).await;
    postgres.restart().await;
    let is_let_in = async {
        loop {
            // Shorter than what a token waits.
            socket.send(&addressed(&open, &[3])).await;
            match socket.next(Duration::from_millis(100)).await {
                Some(Received::Binary(frame))
                    if frame.starts_with(&addressed(&waiting, &[2, 2])) =>
                {
                    return;
                }
                Some(Received::Closed(code, say)) => panic!("closed with {code}: {say}"),
                Some(Received::Binary(_) | Received::Text(_)) | None => {}
            }
        }
    };
    let let_in = tokio::time::timeout(BACK_WITHIN, is_let_in).await;
    let_in.expect("the document is opened once the database is back");
}

#[tokio::test]
async fn a_restart_in_order_loses_nothing_and_everybody_comes_back() {
    let mut team = Team::on(Options::default()).await;
    team.everybody_writes("last").await;
    assert!(team.server.terminate().await.success());
    team.everybody_writes("during").await;
    team.server.start_again().await;
    for word in ["last", "during"] {
        team.everything_is_saved(word).await;
    }
    for client in &team.clients {
        let status = client.status().await;
        // The next attempts find nobody and end without a code of the server.
        assert_eq!(status.closes[0].code, Some(1012), "{}", client.lib);
        assert_eq!((status.opens, status.not_applied), (2, 0), "{}", client.lib);
    }
    team.a_newcomer_reads("during").await;
}

/// Another process that holds SQLite's write lock until it is told to let go.
struct Lock(Child);

impl Lock {
    async fn on(file: PathBuf) -> Self {
        const HOLD: &str = "import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
connection.execute('begin immediate')
print('locked', flush=True)
sys.stdin.readline()
connection.execute('rollback')";
        let mut child = Command::new(test_tool("python/bin/python"))
            .args(["-c", HOLD])
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Python can be run");
        let mut lines = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
        let locked = lines.next_line().await.expect("it says something");
        assert_eq!(locked.as_deref(), Some("locked"));
        Self(child)
    }

    async fn release(mut self) {
        let mut stdin = self.0.stdin.take().expect("it was asked for");
        stdin.write_all(b"\n").await.expect("the process lives");
        assert!(self.0.wait().await.expect("it ends").success());
    }
}

#[tokio::test]
async fn edits_wait_while_another_process_locks_the_sqlite_file() {
    let team = Team::on(Options::default()).await;
    let lock = Lock::on(database_file(&team.server)).await;
    team.everybody_writes("during").await;
    team.presence_goes_on(7).await;
    team.nothing_is_saved_for(STALLED, "during").await;
    lock.release().await;
    team.everything_is_saved("during").await;
    team.nobody_reconnected().await;
    team.a_newcomer_reads("during").await;
}

fn database_file(server: &Server) -> PathBuf {
    let files = std::fs::read_dir(server.data()).expect("the data folder is there");
    let mut files = files.map(|file| file.expect("it can be read").path());
    files
        .find(|path| path.extension().is_some_and(|extension| extension == "db"))
        .expect("there is a database file")
}

#[tokio::test]
async fn edits_wait_while_the_disk_is_full() {
    // The data folder becomes a small disk that only the server and its children see.
    const SMALL_DISK: &str = "mount -t tmpfs -o size=24m convene \"$CONVENE_DATA\" && exec \"$0\"";
    let unshare = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        SMALL_DISK,
    ];
    let team = Team::on(Options::default().wrapped(unshare)).await;
    let inside = format!(
        "/proc/{}/root{}",
        team.server.pid(),
        team.server.data().display()
    );
    let filler = PathBuf::from(inside).join("filler");
    fill(&filler);
    // More than what the database has set aside.
    let large = "during ".repeat(80_000);
    team.everybody_writes(&large).await;
    team.nothing_is_saved_for(AWAY, "during").await;
    team.presence_goes_on(7).await;
    std::fs::remove_file(&filler).expect("the filler is there");
    team.everything_is_saved("during").await;
    team.nobody_reconnected().await;
    team.a_newcomer_reads("during").await;
}

/// Writes until nothing more fits.
fn fill(file: &PathBuf) {
    use std::io::Write;
    let mut filler = std::fs::File::create(file).expect("the disk is not full yet");
    for size in [1 << 16, 1 << 12, 1 << 6, 1] {
        while filler.write_all(&vec![0; size]).is_ok() {}
    }
}
