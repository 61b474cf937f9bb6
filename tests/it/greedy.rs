//! Clients that take more than their share, or what is somebody else's: others notice nothing.

use std::time::Duration;

use crate::support::account::Account;
use crate::support::raw::{
    RawSocket, Received, addressed, hocuspocus_token, update_message, var_bytes, var_uint,
};
use crate::support::server::{Options, Server};
use crate::support::until::SOON;

const QUIET: Duration = Duration::from_secs(2);
const STEP_1: [u8; 4] = [0, 0, 1, 0];
const STEP_2: [u8; 2] = [0, 1];
const UPDATE: [u8; 2] = [0, 2];

/// `client` begins the text `t` with this.
fn typed(client: u64, text: &str) -> Vec<u8> {
    let mut update = [vec![1, 1], var_uint(client), vec![0, 4, 1, 1, b't']].concat();
    update.extend(var_bytes(text));
    update.push(0);
    update_message(&update)
}

fn announcement(client: u64) -> Vec<u8> {
    let entry = [vec![1], var_uint(client), vec![1], var_bytes("{}")].concat();
    [vec![1], var_bytes(entry)].concat()
}

#[tokio::test]
async fn a_document_that_is_asked_for_64_times_at_once_is_sent_a_few_times() {
    let server = Server::start(Options::default()).await;
    let owner = Account::register(&server, "Olga").await;
    let plan = owner.create_plan(&server).await;
    let mut writer = RawSocket::hocuspocus(&server, &plan, &owner.token).await;
    let long = "long ".repeat(600_000);
    writer.send(&addressed(&plan, &typed(7, &long))).await;
    let applied = addressed(&plan, &[8, 1]);
    writer.frame("a status", |frame| frame == applied).await;
    let mut greedy = RawSocket::ywebsocket(&server, &plan, &owner.token).await;
    greedy.send(&STEP_1.repeat(64)).await;
    let mut documents = 0;
    loop {
        match greedy.next(QUIET).await {
            Some(Received::Binary(frame)) => {
                documents += usize::from(frame.starts_with(&STEP_2) && frame.len() > long.len());
            }
            Some(Received::Text(_)) => {}
            Some(Received::Closed(code, say)) => panic!("closed with {code}: {say}"),
            None => break,
        }
    }
    // As often as the socket drained meanwhile, which on a busy machine is more than twice.
    assert!((1..=16).contains(&documents), "{documents} documents");
    // And it is sent what happens from then on.
    writer.send(&addressed(&plan, &typed(8, "after"))).await;
    let is_update = |frame: &[u8]| frame.starts_with(&UPDATE);
    greedy.frame("an update", is_update).await;
}

#[tokio::test]
async fn one_account_cannot_keep_others_out_of_a_plan() {
    let limits = Options::default()
        .set("CONVENE_SESSIONS_PER_PLAN_MAX", 5)
        .set("CONVENE_SESSIONS_PER_USER_MAX", 3);
    let server = Server::start(limits).await;
    let owner = Account::register(&server, "Olga").await;
    let guest = Account::register(&server, "Gus").await;
    let plan = owner.create_plan(&server).await;
    owner.set_role(&server, &plan, &guest, "viewer").await;
    let mut greedy = RawSocket::open(&server.ws_url()).await;
    for number in 0..5 {
        let address = format!("{plan}\0{number}");
        greedy.send(&hocuspocus_token(&address, &guest.token)).await;
    }
    let mut opened = 0;
    while let Some(received) = greedy.next(QUIET).await {
        match received {
            // Authenticated, behind an address of which all but the last byte are alike.
            Received::Binary(frame)
                if frame.get(plan.len() + 3..plan.len() + 5) == Some(&[2, 2][..]) =>
            {
                opened += 1;
            }
            Received::Binary(_) | Received::Text(_) => {}
            Received::Closed(code, say) => panic!("closed with {code}: {say}"),
        }
    }
    assert_eq!(opened, 3);
    RawSocket::hocuspocus(&server, &plan, &owner.token).await;
}

/// What somebody else wrote with the id would be taken for what its owner is about to send: it would be
/// acknowledged and lost.
#[tokio::test]
async fn a_client_id_that_is_shown_cannot_be_written_with_by_others() {
    let server = Server::start(Options::default()).await;
    let ada = Account::register(&server, "Ada").await;
    let eve = Account::register(&server, "Eve").await;
    let plan = ada.create_plan(&server).await;
    ada.set_role(&server, &plan, &eve, "editor").await;
    let mut first = RawSocket::hocuspocus(&server, &plan, &ada.token).await;
    let mut other = RawSocket::ywebsocket(&server, &plan, &eve.token).await;
    other.send(&STEP_1).await;
    let is_step_2 = |frame: &[u8]| frame.starts_with(&STEP_2);
    other.frame("a document", is_step_2).await;
    first.send(&addressed(&plan, &announcement(4_711))).await;
    other
        .frame("presence", |frame| frame.starts_with(&[1]))
        .await;
    // All the clocks there are, as collected.
    let all = [
        vec![1, 1],
        var_uint(4_711),
        vec![0, 0],
        var_uint((1 << 31) - 2),
        vec![0],
    ];
    other.send(&update_message(&all.concat())).await;
    assert_eq!(other.closed(SOON).await, 4422);
    first.send(&addressed(&plan, &typed(4_711, "mine"))).await;
    let applied = addressed(&plan, &[8, 1]);
    first.frame("a status", |frame| frame == applied).await;
    let mut reader = RawSocket::ywebsocket(&server, &plan, &ada.token).await;
    reader.send(&STEP_1).await;
    let document = reader.frame("a document", is_step_2).await;
    assert!(document.windows(4).any(|bytes| bytes == b"mine"));
}
