//! Clients that come back while they write: their first changes build on what was lost with the
//! connection before, and come earlier than that does.

use std::time::Duration;

use serde_json::Value;

use crate::support::account::Account;
use crate::support::crowd::{Crowd, Drivers, Scene, marks_in, roots_of_marks};
use crate::support::cut::Cut;
use crate::support::driver::{Close, Connect};
use crate::support::raw::{RawSocket, Received, addressed, hex};
use crate::support::rounds::rounds;
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, until};

/// Much faster than people type: far more changes than may be turned away in a minute come early.
const WRITE_EVERY_MS: u32 = 5;
/// How long what is sent is held, to be lost then.
const HELD: Duration = Duration::from_millis(300);
/// How long connecting takes: the providers try again about every second.
const CONNECTING: Duration = Duration::from_secs(3);
const MARKS_MIN: usize = 20;

/// Letters of one client, each behind the one before: the first, the second and the sixth.
const FIRST: &str = "01 01 07 00 04 01 01 74 01 61 00";
const SECOND: &str = "01 01 07 01 84 07 00 01 62 00";
const LATER: &str = "01 01 07 05 84 07 04 01 66 00";
const NOTHING: &str = "00 00";

#[tokio::test]
async fn whoever_writes_while_the_network_fails_is_saved_by_one_new_connection() {
    let server = Server::start(Options::default()).await;
    let people = [
        Account::register(&server, "Olga").await,
        Account::register(&server, "Emil").await,
    ];
    let plan = people[0].create_plan(&server).await;
    people[0]
        .set_role(&server, &plan, &people[1], "editor")
        .await;
    let network = Cut::to(server.address()).await;
    let drivers = Drivers::start().await;
    let urls = [server.ws_url().replace(server.address(), network.address())];
    let scene = Scene {
        urls: &urls,
        people: &people,
        plan: &plan,
        every_ms: WRITE_EVERY_MS,
    };
    let crowd = Crowd::start(&drivers, &scene).await;
    for _ in 0..rounds() {
        crowd.goes_on(MARKS_MIN).await;
        network.freeze();
        tokio::time::sleep(HELD).await;
        network.cut();
        // Whoever connects now is kept waiting, and writes on.
        network.freeze();
        tokio::time::sleep(CONNECTING).await;
        network.mend();
    }
    crowd.goes_on(MARKS_MIN).await;
    crowd.stop_writing().await;
    for client in crowd.writers() {
        client.wait_for("saved", SOON).await;
    }
    until(
        "everything that was sent is acknowledged",
        SOON,
        async || (crowd.acked() == crowd.sent()).then_some(()),
    )
    .await;
    for client in &crowd.clients {
        let status = client.status().await;
        let is_network = |close: &Close| close.code != Some(1013);
        assert!(
            status.closes.iter().all(is_network) && status.not_applied == 0,
            "{}: {:?}, {} not applied",
            client.lib,
            status.closes,
            status.not_applied
        );
    }
    let connect = Connect::new(&server, "y-websocket-3.1", &plan, &people[0].token);
    let newcomer = drivers.newcomer(connect).await;
    let content: Value = newcomer.read(&roots_of_marks()).await;
    assert_eq!(marks_in(&content), crowd.sent());
}

/// What a Hocuspocus session is told of its own updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Step1,
    Step2,
    Applied,
    NotApplied,
}

/// A client that says what it likes.
struct Teller {
    socket: RawSocket,
    plan: String,
}

impl Teller {
    async fn says(&mut self, message: &[u8]) {
        self.socket.send(&addressed(&self.plan, message)).await;
    }

    /// The next word; what is about others is passed over.
    async fn hears(&mut self) -> Word {
        loop {
            match self.socket.next(SOON).await {
                Some(Received::Binary(frame)) => {
                    let is = |message| frame.starts_with(&addressed(&self.plan, message));
                    let word = [
                        (Word::Step1, is(&[0, 0])),
                        (Word::Step2, is(&[0, 1])),
                        (Word::Applied, is(&[8, 1])),
                        (Word::NotApplied, is(&[8, 0])),
                    ];
                    if let Some((word, _)) = word.iter().find(|(_, is_it)| *is_it) {
                        return *word;
                    }
                }
                Some(Received::Text(_)) => {}
                other => panic!("there came {other:?}"),
            }
        }
    }
}

/// A step 2 (kind 1) or an update (kind 2).
fn sync_message(kind: u8, update: &str) -> Vec<u8> {
    let update = hex(update);
    let length = u8::try_from(update.len()).expect("it is short");
    [&[0, kind, length], update.as_slice()].concat()
}

#[tokio::test]
async fn what_is_missing_is_asked_for_and_each_change_has_one_status_in_order() {
    let server = Server::start(Options::default().set("CONVENE_REJECTS_PER_MINUTE", 2)).await;
    let owner = Account::register(&server, "Olga").await;
    let plan = owner.create_plan(&server).await;
    let socket = RawSocket::hocuspocus(&server, &plan, &owner.token).await;
    let mut teller = Teller { socket, plan };
    teller.says(&hex("00 00 01 00")).await;
    assert_eq!(teller.hears().await, Word::Step1);
    assert_eq!(teller.hears().await, Word::Step2);
    // The answer to that step 1 is on its way: it is not asked for again.
    teller.says(&sync_message(2, SECOND)).await;
    teller.says(&sync_message(1, FIRST)).await;
    for _ in 0..2 {
        assert_eq!(teller.hears().await, Word::Applied);
    }
    // What nobody has: asked for, not taken, and not for ever.
    for _ in 0..2 {
        teller.says(&sync_message(2, LATER)).await;
        assert_eq!(teller.hears().await, Word::Step1);
        teller.says(&sync_message(1, NOTHING)).await;
        assert_eq!(teller.hears().await, Word::NotApplied);
        assert_eq!(teller.hears().await, Word::Applied);
    }
    teller.says(&sync_message(2, LATER)).await;
    assert_eq!(teller.hears().await, Word::Step1);
    teller.says(&sync_message(1, NOTHING)).await;
    assert_eq!(teller.socket.closed(SOON).await, 1013);
}

#[tokio::test]
async fn a_y_websocket_client_is_asked_for_what_is_missing_and_not_for_ever() {
    let server = Server::start(Options::default().set("CONVENE_REJECTS_PER_MINUTE", 2)).await;
    let owner = Account::register(&server, "Olga").await;
    let plan = owner.create_plan(&server).await;
    let mut socket = RawSocket::ywebsocket(&server, &plan, &owner.token).await;
    socket.send(&hex("00 00 01 00")).await;
    socket
        .frame("a step 2", |frame| frame.starts_with(&[0, 1]))
        .await;
    socket.send(&sync_message(1, NOTHING)).await;
    for _ in 0..3 {
        socket.send(&sync_message(2, LATER)).await;
        socket
            .frame("a step 1", |frame| frame.starts_with(&[0, 0]))
            .await;
        socket.send(&sync_message(1, NOTHING)).await;
    }
    assert_eq!(socket.closed(SOON).await, 4529);
}
