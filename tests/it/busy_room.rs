//! What rooms and sockets do from time to time, they also do while they are never quiet.

use std::time::Duration;

use serde_json::json;

use crate::support::account::Account;
use crate::support::raw::{RawSocket, Received, addressed, var_bytes};
use crate::support::server::{Options, Server};
use crate::support::until::SOON;

/// Shorter than what a room waits when it has nothing to do.
const BETWEEN: Duration = Duration::from_millis(50);
/// Ten seconds' worth: a hash is due after one.
const TIMES: usize = 200;

/// "Who is here?", which an empty room has no answer to.
const QUERY_AWARENESS: &[u8] = &[3];
const STATELESS: u8 = 5;

#[tokio::test]
async fn content_hashes_come_while_somebody_never_pauses() {
    let server = Server::start(Options::default().set("CONVENE_HASH_SECONDS", 1)).await;
    let owner = Account::register(&server, "Olga").await;
    let plan = owner.create_plan(&server).await;
    let mut socket = RawSocket::hocuspocus(&server, &plan, &owner.token).await;
    let watch = json!({
        "jsonrpc": "2.0", "id": 1, "method": "document.watch_hash",
        "params": { "plan": plan, "roots": { "t": "text" } },
    });
    let request = [vec![STATELESS], var_bytes(watch.to_string())].concat();
    socket.send(&addressed(&plan, &request)).await;
    for _ in 0..TIMES {
        socket.send(&addressed(&plan, QUERY_AWARENESS)).await;
        let is_hash = |frame: &[u8]| String::from_utf8_lossy(frame).contains("document.hash");
        match socket.next(BETWEEN).await {
            Some(Received::Binary(frame)) if is_hash(&frame) => return,
            Some(Received::Closed(code, say)) => panic!("closed with {code}: {say}"),
            Some(Received::Binary(_) | Received::Text(_)) | None => {}
        }
    }
    panic!("no hash came within {TIMES} questions");
}

#[tokio::test]
async fn a_fresh_token_is_asked_for_while_somebody_never_pauses() {
    let server = Server::start(Options::default().set("CONVENE_ACCESS_TOKEN_SECONDS", 4)).await;
    let owner = Account::register(&server, "Olga").await;
    let plan = owner.create_plan(&server).await;
    let mut socket = RawSocket::hocuspocus(&server, &plan, &owner.token).await;
    let question = addressed(&plan, &[2, 0]);
    let asked = async {
        loop {
            socket.send(&addressed(&plan, QUERY_AWARENESS)).await;
            match socket.next(Duration::from_millis(1)).await {
                Some(Received::Binary(frame)) if frame == question => return,
                Some(Received::Closed(code, say)) => panic!("closed with {code}: {say}"),
                Some(Received::Binary(_) | Received::Text(_)) | None => {}
            }
        }
    };
    // In the last quarter of its life, and before it ends.
    let asked = tokio::time::timeout(Duration::from_secs(4), asked).await;
    asked.expect("the server asks before the token ends");
    socket.send(&addressed(&plan, QUERY_AWARENESS)).await;
    assert_eq!(socket.next(SOON / 10).await, None);
}
