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

/// The next 26 letters of one client, each behind the one before: the first, and a later one.
const FIRST: &str = "01 01 07 00 04 01 01 74 01 61 00";
const SECOND: &str = "01 01 07 01 84 07 00 01 62 00";
const NOTHING: &str = "00 01 02 00 00";

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
    let rounds = rounds();
    for _ in 0..rounds {
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

/// What a session is sent next that is about its own updates.
async fn next_word(socket: &mut RawSocket, words: &[&[u8]]) -> usize {
    loop {
        match socket.next(SOON).await {
            Some(Received::Binary(frame)) => {
                let word = words.iter().position(|word| frame.starts_with(word));
                if let Some(word) = word {
                    return word;
                }
            }
            Some(Received::Text(_)) => {}
            other => panic!("there came {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_missing_is_asked_for_and_each_change_has_one_status_in_order() {
    let server = Server::start(Options::default().set("CONVENE_REJECTS_PER_MINUTE", 2)).await;
    let owner = Account::register(&server, "Olga").await;
    let plan = owner.create_plan(&server).await;
    let mut socket = RawSocket::hocuspocus(&server, &plan, &owner.token).await;
    let say = |bytes: &str| addressed(&plan, &hex(bytes));
    let update = |kind: u8, update: &str| {
        let bytes = hex(update);
        let length = u8::try_from(bytes.len()).unwrap();
        addressed(&plan, &[&[0, kind, length], bytes.as_slice()].concat())
    };
    let (step1, step2) = (addressed(&plan, &[0, 0]), addressed(&plan, &[0, 1]));
    let (applied, not_applied) = (addressed(&plan, &[8, 1]), addressed(&plan, &[8, 0]));
    let words: [&[u8]; 4] = [&step1, &step2, &applied, &not_applied];
    const STEP1: usize = 0;
    const APPLIED: usize = 2;
    const NOT_APPLIED: usize = 3;

    socket.send(&say("00 00 01 00")).await;
    assert_eq!(next_word(&mut socket, &words).await, STEP1);
    socket
        .frame("a step 2", |frame| frame.starts_with(&step2))
        .await;
    // The answer to the step 1 is on its way: it is not asked for again.
    socket.send(&update(2, SECOND)).await;
    socket.send(&update(1, FIRST)).await;
    for _ in 0..2 {
        let word = next_word(&mut socket, &words).await;
        // The answer holds the first letter only, so that the second one builds on it.
        assert_eq!(word, APPLIED);
    }
    // What nobody has: asked for, not taken, and not for ever.
    let third_without_second = "01 01 07 05 84 07 04 01 66 00";
    for _ in 0..2 {
        socket.send(&update(2, third_without_second)).await;
        assert_eq!(next_word(&mut socket, &words).await, STEP1);
        socket.send(&say(NOTHING)).await;
        assert_eq!(next_word(&mut socket, &words).await, NOT_APPLIED);
        assert_eq!(next_word(&mut socket, &words).await, APPLIED);
    }
    socket.send(&update(2, third_without_second)).await;
    assert_eq!(next_word(&mut socket, &words).await, STEP1);
    socket.send(&say(NOTHING)).await;
    assert_eq!(socket.closed(SOON).await, 1013);

    let mut socket = RawSocket::ywebsocket(&server, &plan, &owner.token).await;
    socket.send(&hex("00 00 01 00")).await;
    socket
        .frame("a step 2", |frame| frame.starts_with(&[0, 1]))
        .await;
    socket.send(&hex(NOTHING)).await;
    for _ in 0..3 {
        let bytes = hex(third_without_second);
        let length = u8::try_from(bytes.len()).unwrap();
        socket
            .send(&[&[0, 2, length], bytes.as_slice()].concat())
            .await;
        socket
            .frame("a step 1", |frame| frame.starts_with(&[0, 0]))
            .await;
        socket.send(&hex(NOTHING)).await;
    }
    assert_eq!(socket.closed(SOON).await, 4529);
}
