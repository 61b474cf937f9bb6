//! Hostile and impossible input: the documented answer, no cost, and nobody else is affected.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::account::Account;
use crate::support::converge::converge;
use crate::support::driver::{Client, Connect, Driver};
use crate::support::process::{forget_peak_memory, peak_memory};
use crate::support::raw::{
    RawSocket, Received, addressed, digits, hex, hocuspocus_token, update_message, var_bytes,
    var_uint,
};
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, until};

/// What a client may make the server hold, for each byte it sends and beside that.
const MEMORY_FACTOR: u64 = 64;
const MEMORY_BESIDE: u64 = 1 << 20;

/// Messages as they follow the address in a Hocuspocus frame; in y-websocket they are the frame.
/// Each ends the replica that sent it.
fn refused_messages() -> Vec<(&'static str, Vec<u8>)> {
    let huge_id = [
        vec![1, 1],
        var_uint(1 << 60),
        hex("00 04 01 01 74 02 68 69 00"),
    ]
    .concat();
    vec![
        ("a malformed update", hex("00 02 03 ffffff")),
        ("an empty update", hex("00 02 00")),
        ("a cut update", update_message(&hex("01 01 b424 00 04 01"))),
        ("bytes after an update", update_message(&hex("00 00 07"))),
        ("a malformed step 2", hex("00 01 03 ffffff")),
        ("a malformed state vector", hex("00 00 02 02 01")),
        (
            "a state vector that declares 2^27 clients",
            hex("00 00 04 80808040"),
        ),
        (
            "an update that declares 2^27 clients",
            hex("00 02 04 80808040"),
        ),
        (
            "a delete set that declares 2^27 clients",
            hex("00 02 05 00 80808040"),
        ),
        (
            "a struct of 2^32 - 1 elements",
            update_message(&hex("01 01 05 00 00 ffffffff0f 00")),
        ),
        ("a client id above 2^53", update_message(&huge_id)),
    ]
}

/// Presence that nobody is shown; the session goes on.
fn ignored_messages() -> Vec<(&'static str, Vec<u8>)> {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(1_000), "]".repeat(1_000));
    let deep = [hex("01 4e 01"), var_bytes(deep)].concat();
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(5_000));
    let large = [hex("01 4e 01"), var_bytes(large)].concat();
    vec![
        (
            "presence that declares 2^27 entries",
            hex("01 09 80808040 01 01 02 7b7d"),
        ),
        (
            "presence that is no JSON",
            hex("01 08 01 4e 01 04 7b626164"),
        ),
        (
            "presence of a thousand levels",
            [vec![1], var_bytes(deep)].concat(),
        ),
        (
            "presence above its limit",
            [vec![1], var_bytes(large)].concat(),
        ),
    ]
}

/// Frames that are no messages; they end the socket.
fn unreadable_frames() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("an unknown type", hex("7f 00")),
        ("an unknown sync step", hex("00 07 01 00")),
        ("a length beyond the end", hex("00 02 ff7f 00")),
        (
            "a number that never ends",
            hex("00 02 ffffffffffffffffffffffff"),
        ),
    ]
}

/// Two people at work in a plan, and a third who misbehaves.
struct Stage {
    server: Server,
    owner: Account,
    intruder: Account,
    plan: String,
    driver: Driver,
    workers: [Client; 2],
    words: usize,
}

impl Stage {
    async fn new() -> Self {
        Self::with(Options::default()).await
    }

    async fn with(options: Options) -> Self {
        let server = Server::start(options).await;
        let owner = Account::register(&server, "Olga").await;
        let intruder = Account::register(&server, "Ivan").await;
        let plan = owner.create_plan(&server).await;
        owner.set_role(&server, &plan, &intruder, "editor").await;
        let driver = Driver::javascript().await;
        let connect = |lib| Connect::new(&server, lib, &plan, &owner.token);
        let workers = [
            driver.join(connect("hocuspocus-3.4")).await,
            driver.join(connect("y-websocket-3.0")).await,
        ];
        let mut stage = Self {
            server,
            owner,
            intruder,
            plan,
            driver,
            workers,
            words: 0,
        };
        stage.work_goes_on("at the beginning").await;
        stage
    }

    fn connect(&self, lib: &str, account: &Account) -> Connect {
        Connect::new(&self.server, lib, &self.plan, &account.token)
    }

    async fn intruder_ywebsocket(&self) -> RawSocket {
        RawSocket::ywebsocket(&self.server, &self.plan, &self.intruder.token).await
    }

    async fn intruder_hocuspocus(&self) -> RawSocket {
        RawSocket::hocuspocus(&self.server, &self.plan, &self.intruder.token).await
    }

    /// Both workers write, see each other, are saved, and have never been away.
    async fn work_goes_on(&mut self, after: &str) {
        let expected: Vec<String> = (0..2).map(|one| format!("{}-{one} ", self.words)).collect();
        self.words += 1;
        for (worker, word) in self.workers.iter().zip(&expected) {
            worker.append("text", word).await;
        }
        let content = converge(&self.workers, &json!({ "text": "text" }), |content| {
            let text = content["text"].as_str().unwrap_or_default();
            expected.iter().all(|word| text.contains(word))
        })
        .await;
        let words = content["text"]
            .as_str()
            .expect("a text")
            .split_whitespace()
            .count();
        assert_eq!(words, self.words * 2, "after {after} there is {content}");
        for worker in &self.workers {
            worker.wait_saved().await;
            let status = worker.status().await;
            assert_eq!(status.opens, 1, "after {after}, {} came back", worker.lib);
            assert_eq!(
                status.not_applied, 0,
                "after {after}, {} was refused",
                worker.lib
            );
        }
    }
}

/// Sends a state vector that knows nothing and waits for the answer to it: everything before it has
/// been dealt with.
async fn settle_ywebsocket(socket: &mut RawSocket) {
    socket.send(&hex("00 00 01 00")).await;
    socket
        .frame("a step 2", |frame| frame.starts_with(&[0, 1]))
        .await;
}

async fn settle_hocuspocus(socket: &mut RawSocket, plan: &str) {
    socket.send(&addressed(plan, &hex("00 00 01 00"))).await;
    let step2 = addressed(plan, &[0, 1]);
    socket
        .frame("a step 2", |frame| frame.starts_with(&step2))
        .await;
}

#[tokio::test]
async fn a_harmful_message_ends_a_y_websocket_client_for_good() {
    let mut stage = Stage::new().await;
    for (what, message) in refused_messages() {
        let mut socket = stage.intruder_ywebsocket().await;
        settle_ywebsocket(&mut socket).await;
        socket.send(&message).await;
        let code = socket.closed(SOON).await;
        assert!(
            (4400..4500).contains(&code),
            "{what} is answered with {code}"
        );
        stage.work_goes_on(what).await;
    }
}

#[tokio::test]
async fn a_harmful_message_ends_a_hocuspocus_document_and_not_its_socket() {
    let mut stage = Stage::new().await;
    let plan = stage.plan.clone();
    let not_applied = addressed(&plan, &[8, 0]);
    let reset = addressed(&plan, &[5]);
    let denied = addressed(&plan, &[2, 1]);
    let mut socket = stage.intruder_hocuspocus().await;
    for (what, message) in refused_messages() {
        settle_hocuspocus(&mut socket, &plan).await;
        socket.send(&addressed(&plan, &message)).await;
        socket
            .frame(&format!("not applied: {what}"), |frame| {
                frame == not_applied
            })
            .await;
        let notice = socket
            .frame("a reset", |frame| frame.starts_with(&reset))
            .await;
        let notice = String::from_utf8_lossy(&notice).into_owned();
        assert!(
            notice.contains("document.reset") && notice.contains(&plan),
            "{notice}"
        );
        socket
            .frame("denied", |frame| frame.starts_with(&denied))
            .await;
        // Nothing more is taken from this replica, and it is said each time.
        socket
            .send(&addressed(
                &plan,
                &hex("00 02 0d 0101b424000401017402686900"),
            ))
            .await;
        socket
            .frame("not applied any more", |frame| frame == not_applied)
            .await;
        stage.work_goes_on(what).await;
        // Detached and opened anew, it is a new replica, on the same socket.
        socket.send(&addressed(&plan, &[7])).await;
        let token = hocuspocus_token(&plan, &stage.intruder.token);
        socket.send(&token).await;
        let authenticated = addressed(&plan, &[2, 2]);
        socket
            .frame("authenticated", |frame| frame.starts_with(&authenticated))
            .await;
    }
}

#[tokio::test]
async fn presence_that_would_harm_others_is_not_shown() {
    let mut stage = Stage::new().await;
    let plan = stage.plan.clone();
    let mut ywebsocket = stage.intruder_ywebsocket().await;
    let mut hocuspocus = stage.intruder_hocuspocus().await;
    for (what, message) in ignored_messages() {
        ywebsocket.send(&message).await;
        settle_ywebsocket(&mut ywebsocket).await;
        hocuspocus.send(&addressed(&plan, &message)).await;
        settle_hocuspocus(&mut hocuspocus, &plan).await;
        stage.work_goes_on(what).await;
        for worker in &stage.workers {
            let shown = worker.presence().await.iter().any(|(id, _)| *id == 0x4e);
            assert!(!shown, "{what} reached others");
        }
    }
    assert_eq!(
        stage.server.count("convene_presence_refused_total").await,
        8
    );
}

#[tokio::test]
async fn a_frame_that_cannot_be_read_ends_its_socket() {
    let mut stage = Stage::new().await;
    let plan = stage.plan.clone();
    for (what, frame) in unreadable_frames() {
        let mut socket = stage.intruder_ywebsocket().await;
        socket.send(&frame).await;
        assert_eq!(socket.closed(SOON).await, 4400, "{what} on y-websocket");
        let mut socket = stage.intruder_hocuspocus().await;
        socket.send(&addressed(&plan, &frame)).await;
        assert_eq!(socket.closed(SOON).await, 4400, "{what} on Hocuspocus");
        stage.work_goes_on(what).await;
    }
    for mut socket in [
        stage.intruder_ywebsocket().await,
        stage.intruder_hocuspocus().await,
    ] {
        socket.send(&[]).await;
        assert_eq!(socket.closed(SOON).await, 4400, "an empty frame");
    }
    let mut socket = stage.intruder_ywebsocket().await;
    socket.send_text("{}").await;
    assert_eq!(socket.closed(SOON).await, 4400, "text on y-websocket");
    // On Hocuspocus text is the control channel.
    let mut socket = stage.intruder_hocuspocus().await;
    socket.send_text("not JSON").await;
    assert!(socket.text().await.contains("malformed"));
    stage.work_goes_on("empty and text frames").await;
}

#[tokio::test]
async fn words_of_servers_are_refused_from_clients() {
    let stage = Stage::new().await;
    // A sync reply, which would skip the checks of a sync, and a broadcast to everybody.
    for message in [hex("04 02 02 0000"), hex("06 02 7b7d")] {
        let mut socket = stage.intruder_hocuspocus().await;
        socket.send(&addressed(&stage.plan, &message)).await;
        assert_eq!(socket.closed(SOON).await, 4400);
    }
}

/// Many small things that each cost more than their bytes, if the server lets them.
fn large_messages() -> Vec<(&'static str, Vec<u8>)> {
    let entries: Vec<u8> = (0_u64..150_000)
        .flat_map(|id| [var_uint(id), vec![1], var_bytes("{}")].concat())
        .collect();
    let presence = [var_uint(150_000), entries].concat();
    let structs = [
        vec![1],
        var_uint(300_000),
        hex("05 00"),
        [0, 1].repeat(300_000),
        vec![0],
    ];
    let clocks: Vec<u8> = (0_u64..250_000)
        .flat_map(|id| [var_uint(id), vec![1]].concat())
        .collect();
    let vector = [var_uint(250_000), clocks].concat();
    vec![
        (
            "150,000 entries of presence",
            [vec![1], var_bytes(presence)].concat(),
        ),
        ("300,000 structs", update_message(&structs.concat())),
        (
            "a state vector of 250,000 clients",
            [vec![0, 0], var_bytes(vector)].concat(),
        ),
        ("a megabyte of zeros", update_message(&vec![0; 1 << 20])),
        ("a megabyte of ones", update_message(&vec![0xff; 1 << 20])),
    ]
}

#[tokio::test]
async fn a_message_costs_no_more_memory_than_its_bytes_allow() {
    let stage = Stage::new().await;
    let pid = stage.server.pid();
    let messages = [refused_messages(), ignored_messages(), large_messages()].concat();
    for (what, message) in messages {
        // What two sockets and the first use of everything cost is no message's fault.
        let plan = stage.intruder.create_plan(&stage.server).await;
        let mut socket = RawSocket::ywebsocket(&stage.server, &plan, &stage.intruder.token).await;
        settle_ywebsocket(&mut socket).await;
        let before = forget_peak_memory(pid);
        socket.send(&message).await;
        // A close, or the answer to the step 1 that follows.
        socket.send(&hex("00 00 01 00")).await;
        let ended = async |socket: &mut RawSocket| loop {
            match socket.next(SOON).await {
                Some(Received::Closed(..)) => break,
                Some(Received::Binary(frame)) if frame.starts_with(&[0, 1]) => break,
                Some(_) => {}
                None => panic!("{what}: no answer"),
            }
        };
        ended(&mut socket).await;
        let cost = peak_memory(pid).saturating_sub(before);
        let limit = MEMORY_FACTOR * message.len() as u64 + MEMORY_BESIDE;
        println!("{what}: {} bytes cost {cost}, of {limit}", message.len());
        assert!(cost < limit, "{what}: {} bytes cost {cost}", message.len());
    }
}

#[tokio::test]
async fn a_frame_over_the_limit_ends_the_replica_it_came_for() {
    let mut stage = Stage::with(Options::default().set("CONVENE_FRAME_BYTES_MAX", 65_536)).await;
    let large = update_message(&vec![7; 70_000]);
    let mut socket = stage.intruder_ywebsocket().await;
    socket.send(&large).await;
    assert_eq!(socket.closed(SOON).await, 4413);
    let plan = stage.plan.clone();
    let mut socket = stage.intruder_hocuspocus().await;
    socket.send(&addressed(&plan, &large)).await;
    let denied = addressed(&plan, &[2, 1]);
    socket
        .frame("denied", |frame| frame.starts_with(&denied))
        .await;
    stage.work_goes_on("frames over the limit").await;
    // A stock client hears it in its own words, and does not try for ever.
    let word = "x".repeat(70_000);
    let client = stage
        .driver
        .join(stage.connect("y-websocket-3.1", &stage.intruder))
        .await;
    client.append("text", &word).await;
    until("it gives up", SOON, async || {
        client.status().await.gave_up.then_some(())
    })
    .await;
    let codes: Vec<_> = client
        .status()
        .await
        .closes
        .iter()
        .map(|close| close.code)
        .collect();
    assert_eq!(codes, [Some(4413)]);
    let client = stage
        .driver
        .join(stage.connect("hocuspocus-4.8", &stage.intruder))
        .await;
    client.append("text", &word).await;
    until("it is denied", SOON, async || {
        (!client.status().await.denied.is_empty()).then_some(())
    })
    .await;
    assert_eq!(client.status().await.opens, 1);
    stage.work_goes_on("a paste over the limit").await;
}

#[tokio::test]
async fn a_viewer_reads_on_and_cannot_write() {
    let mut stage = Stage::new().await;
    let viewer = Account::register(&stage.server, "Vera").await;
    stage
        .owner
        .set_role(&stage.server, &stage.plan, &viewer, "viewer")
        .await;
    let hocuspocus = stage
        .driver
        .join(stage.connect("hocuspocus-4.8", &viewer))
        .await;
    let ywebsocket = stage
        .driver
        .join(stage.connect("y-websocket-3.1", &viewer))
        .await;
    // The step 2 of a client that has nothing of its own is no edit.
    hocuspocus.wait_saved().await;
    assert_eq!(hocuspocus.status().await.scope.as_deref(), Some("readonly"));
    stage.work_goes_on("viewers came").await;
    let text = stage.workers[0].text("text").await;
    hocuspocus.wait_text("text", &text).await;
    ywebsocket.wait_text("text", &text).await;
    for client in [&hocuspocus, &ywebsocket] {
        client.append("text", "viewers write").await;
    }
    until("the provider is refused", SOON, async || {
        let status = hocuspocus.status().await;
        (status.not_applied > 0 && !status.denied.is_empty()).then_some(())
    })
    .await;
    until("the other gives up", SOON, async || {
        ywebsocket.status().await.gave_up.then_some(())
    })
    .await;
    let codes: Vec<_> = ywebsocket
        .status()
        .await
        .closes
        .iter()
        .map(|close| close.code)
        .collect();
    assert_eq!(codes, [Some(4403)]);
    stage.work_goes_on("viewers wrote").await;
    for client in [&hocuspocus, &ywebsocket] {
        client.reload().await;
        let text = stage.workers[0].text("text").await;
        client.wait_text("text", &text).await;
    }
    stage.work_goes_on("viewers loaded again").await;
    let text = stage.workers[0].text("text").await;
    hocuspocus.wait_text("text", &text).await;
    ywebsocket.wait_text("text", &text).await;
}

fn resets(stateless: &[Value]) -> Vec<&Value> {
    stateless
        .iter()
        .filter(|message| message["method"] == "document.reset")
        .collect()
}

#[tokio::test]
async fn a_refused_client_loads_again_and_its_other_plan_never_notices() {
    let mut stage = Stage::new().await;
    let own_plan = stage.intruder.create_plan(&stage.server).await;
    for lib in ["hocuspocus-3.4", "hocuspocus-4.8"] {
        let refused = stage.connect(lib, &stage.intruder).with("socket", lib);
        let refused = stage.driver.join(refused).await;
        let other = Connect::new(&stage.server, lib, &own_plan, &stage.intruder.token);
        let other = stage.driver.join(other.with("socket", lib)).await;
        let hostile = addressed(&stage.plan, &hex("00 02 03 ffffff"));
        refused
            .tell("send_hex", json!({ "hex": digits(&hostile) }))
            .await;
        until("it is told to load again", SOON, async || {
            let status = refused.status().await;
            (!status.denied.is_empty() && !resets(&status.stateless).is_empty()).then_some(())
        })
        .await;
        let status = refused.status().await;
        let reset = &resets(&status.stateless)[0]["params"];
        assert_eq!(reset["plan"], stage.plan.as_str());
        assert_eq!(reset["code"], "malformed", "{reset}");
        // What is typed into the refused replica goes nowhere.
        refused.append("text", "lost").await;
        other.append("text", "kept ").await;
        other.wait_saved().await;
        stage.work_goes_on("a refusal").await;
        refused.reload().await;
        let text = stage.workers[0].text("text").await;
        refused.wait_text("text", &text).await;
        refused
            .edit(json!([{ "op": "map.set", "root": "facts", "key": lib, "value": 1 }]))
            .await;
        refused.wait_saved().await;
        other.append("text", "too ").await;
        other.wait_saved().await;
        assert_eq!(other.status().await.opens, 1, "the socket stayed");
    }
    let expected = json!({ "facts": { "hocuspocus-3.4": 1, "hocuspocus-4.8": 1 } });
    for worker in &stage.workers {
        worker
            .wait_content(&json!({ "facts": "map" }), &expected)
            .await;
    }
}

#[tokio::test]
async fn a_refused_y_websocket_client_loads_again() {
    let mut stage = Stage::new().await;
    let client = stage
        .driver
        .join(stage.connect("y-websocket-3.1", &stage.intruder))
        .await;
    client
        .tell("send_hex", json!({ "hex": "000203ffffff" }))
        .await;
    until("it gives up", SOON, async || {
        client.status().await.gave_up.then_some(())
    })
    .await;
    client.append("text", "lost").await;
    stage.work_goes_on("a refusal").await;
    client.reload().await;
    client
        .edit(json!([{ "op": "map.set", "root": "facts", "key": "back", "value": true }]))
        .await;
    client.wait_saved().await;
    let expected = json!({ "facts": { "back": true } });
    for worker in &stage.workers {
        worker
            .wait_content(&json!({ "facts": "map" }), &expected)
            .await;
    }
}

/// Edits of the client id 0x1234 in the text `t`: what its owner writes, another edit under the same
/// clock, and one that goes on behind it.
const OWN: &str = "01 01 b424 00 04 01 01 74 02 6869 00";
const INSTEAD: &str = "01 01 b424 00 04 01 01 74 02 6e6f 00";
const BEHIND: &str = "01 01 b424 02 84 b424 01 02 6e6f 00";

#[tokio::test]
async fn nobody_writes_with_the_client_id_of_somebody_else() {
    let mut stage = Stage::new().await;
    let plan = stage.plan.clone();
    let owner = stage
        .connect("hocuspocus-4.8", &stage.owner)
        .with("client_id", 0x1234);
    let owner = stage.driver.join(owner).await;
    owner.append("t", "hi").await;
    owner.wait_saved().await;
    // Some clients send back whatever they receive. That is nothing new, whoever says it.
    let mut socket = stage.intruder_hocuspocus().await;
    socket
        .send(&addressed(&plan, &update_message(&hex(OWN))))
        .await;
    let applied = addressed(&plan, &[8, 1]);
    socket.frame("nothing new", |frame| frame == applied).await;
    for forged in [INSTEAD, BEHIND] {
        let mut socket = stage.intruder_ywebsocket().await;
        socket.send(&update_message(&hex(forged))).await;
        assert_eq!(socket.closed(SOON).await, 4422, "{forged}");
        let mut socket = stage.intruder_hocuspocus().await;
        socket
            .send(&addressed(&plan, &update_message(&hex(forged))))
            .await;
        let not_applied = addressed(&plan, &[8, 0]);
        socket
            .frame("not applied", |frame| frame == not_applied)
            .await;
        let denied = addressed(&plan, &[2, 1]);
        socket
            .frame("denied", |frame| frame.starts_with(&denied))
            .await;
        stage.work_goes_on(forged).await;
    }
    let page = stage
        .connect("hocuspocus-4.8", &stage.intruder)
        .with("client_id", 0x1234)
        .with("at_once", typed("t", "no"));
    let page = stage.driver.connect(page).await;
    until("the page is refused", SOON, async || {
        let status = page.status().await;
        let resets = resets(&status.stateless);
        (resets.first()?["params"]["code"] == "unprocessable").then_some(())
    })
    .await;
    owner.append("t", "!").await;
    owner.wait_saved().await;
    for worker in &stage.workers {
        worker.wait_text("t", "hi!").await;
    }
    stage.work_goes_on("a forged client id").await;
}

/// What somebody types before anything has arrived; afterwards Yjs would choose another client id.
fn typed(root: &str, text: &str) -> Value {
    json!([{ "op": "text.insert", "root": root, "text": text }])
}

#[tokio::test]
async fn a_client_id_used_twice_by_the_same_person_is_refused_the_second_time() {
    let mut stage = Stage::new().await;
    let id = stage.workers[0].status().await.client_id;
    // A page that was cloned with its id, before it has loaded the plan.
    let clone = stage
        .connect("hocuspocus-4.8", &stage.owner)
        .with("client_id", id)
        .with("at_once", typed("text", "written twice under one clock"));
    let clone = stage.driver.connect(clone).await;
    until("the clone is refused", SOON, async || {
        (!clone.status().await.denied.is_empty()).then_some(())
    })
    .await;
    stage.work_goes_on("a cloned page").await;
    clone.tell("reload", json!({ "client_id": 77 })).await;
    clone.wait_synced().await;
    clone
        .edit(json!([{ "op": "map.set", "root": "facts", "key": "back", "value": true }]))
        .await;
    clone.wait_for("saved", Duration::from_secs(5)).await;
    stage.work_goes_on("the clone loaded again").await;
}
