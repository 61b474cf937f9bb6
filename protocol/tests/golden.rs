//! The byte vectors of `golden/`, which stock libraries produced: both codecs read and write exactly
//! these.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use convene_protocol::frame::{ClientMessage, Scope, ServerMessage, SyncStatus};
use convene_protocol::hocuspocus::{self, Address, ClientFrame, PONG_FRAME};
use convene_protocol::lib0::{DecodeError, MAX_SAFE_INTEGER, Reader};
use convene_protocol::lib0::{write_var_string, write_var_uint};
use convene_protocol::{awareness, ywebsocket};

/// The address of most vectors, and the one of a session-aware provider.
const PLAIN: &str = "plan1";
const AWARE: &str = "plan1\09oovr5oisxg";

/// The vectors of one file, each to be taken out by the test that checks it.
struct Vectors(BTreeMap<String, Bytes>);

impl Vectors {
    fn of(file: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("golden")
            .join(file);
        let text = fs::read_to_string(&path).expect("a file of golden/");
        let vectors = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                let (name, bytes) = line.split_once(' ').expect("a name and bytes");
                (name.to_owned(), hex::decode(bytes).expect("hex").into())
            });
        Self(vectors.collect())
    }

    fn take(&mut self, name: &str) -> Bytes {
        self.0.remove(name).expect(name)
    }

    /// A vector that nothing checks is as good as none.
    fn finish(self) {
        assert!(self.0.is_empty(), "not checked: {:?}", self.0.keys());
    }
}

fn document(name: &str) -> Bytes {
    Vectors::of("documents.txt").take(name)
}

/// What "hi" by client 0x1234 is as an update.
fn edit() -> Bytes {
    Bytes::from_static(b"\x01\x01\xb4\x24\x00\x04\x01\x01t\x02hi\x00")
}

fn present() -> Bytes {
    awareness::encode([(0x1234, 0, Some("{}"))])
}

fn gone() -> Bytes {
    awareness::encode([(0x1234, 1, None)])
}

#[test]
fn primitives_are_those_of_lib0() {
    let mut vectors = Vectors::of("lib0.txt");
    for (name, value) in [("var_uint_300", 300), ("var_uint_max", MAX_SAFE_INTEGER)] {
        let bytes = vectors.take(name);
        let mut out = Vec::new();
        write_var_uint(&mut out, value);
        assert_eq!(out, bytes);
        assert_eq!(Reader::new(&bytes).var_uint(), Ok(value));
    }
    let bytes = vectors.take("var_string_e_acute");
    let mut out = Vec::new();
    write_var_string(&mut out, "é");
    assert_eq!(out, bytes);
    assert_eq!(Reader::new(&bytes).var_string(), Ok("é"));
    vectors.finish();
}

#[test]
fn y_websocket_frames_are_read_and_written_as_stock_clients_do() {
    let mut vectors = Vectors::of("ywebsocket.txt");
    let nothing = Bytes::from_static(&[0]);
    let state_vector = document("state_vector");
    let (update, empty) = (document("update"), document("empty_update"));
    let cases = [
        (
            "step_1_empty",
            ClientMessage::SyncStep1(nothing.clone()),
            ServerMessage::SyncStep1(document("empty_state_vector")),
        ),
        (
            "step_1",
            ClientMessage::SyncStep1(state_vector.clone()),
            ServerMessage::SyncStep1(state_vector),
        ),
        (
            "step_2",
            ClientMessage::SyncStep2(update.clone()),
            ServerMessage::SyncStep2(update),
        ),
        (
            "step_2_empty",
            ClientMessage::SyncStep2(empty.clone()),
            ServerMessage::SyncStep2(empty),
        ),
        (
            "edit",
            ClientMessage::Update(edit()),
            ServerMessage::Update(edit()),
        ),
        (
            "awareness",
            ClientMessage::Awareness(present()),
            ServerMessage::Awareness(present()),
        ),
        (
            "awareness_removal",
            ClientMessage::Awareness(gone()),
            ServerMessage::Awareness(gone()),
        ),
        (
            "denied",
            ClientMessage::Ignored,
            ServerMessage::PermissionDenied("nope".into()),
        ),
        (
            "keepalive",
            ClientMessage::Awareness(nothing),
            ServerMessage::Keepalive,
        ),
    ];
    for (name, read, written) in cases {
        let frame = vectors.take(name);
        assert_eq!(ywebsocket::decode(&frame), Ok(vec![read]), "{name}");
        assert_eq!(ywebsocket::encode(&written), Some(frame), "{name}");
    }
    let frame = vectors.take("query_awareness");
    assert_eq!(
        ywebsocket::decode(&frame),
        Ok(vec![ClientMessage::QueryAwareness])
    );
    vectors.finish();
}

#[test]
fn several_stock_messages_in_one_frame_are_all_read() {
    let mut vectors = Vectors::of("ywebsocket.txt");
    let mut frame = vectors.take("step_1_empty").to_vec();
    frame.extend(vectors.take("awareness"));
    frame.extend(vectors.take("edit"));
    assert_eq!(
        ywebsocket::decode(&frame.into()),
        Ok(vec![
            ClientMessage::SyncStep1(document("empty_state_vector")),
            ClientMessage::Awareness(present()),
            ClientMessage::Update(edit()),
        ])
    );
}

#[test]
fn hocuspocus_frames_of_providers_are_read() {
    let mut vectors = Vectors::of("hocuspocus.txt");
    let token = |version: Option<&str>| ClientMessage::Auth {
        token: "tok".into(),
        version: version.map(Into::into),
    };
    let step_1 = ClientMessage::SyncStep1(document("empty_state_vector"));
    for (name, address, message) in [
        ("token_3", PLAIN, token(None)),
        ("token_4", PLAIN, token(Some("4.8.0"))),
        ("step_1_empty", PLAIN, step_1.clone()),
        ("awareness", PLAIN, ClientMessage::Awareness(present())),
        (
            "step_2_empty",
            PLAIN,
            ClientMessage::SyncStep2(document("empty_update")),
        ),
        ("edit", PLAIN, ClientMessage::Update(edit())),
        ("awareness_removal", PLAIN, ClientMessage::Awareness(gone())),
        (
            "stateless",
            PLAIN,
            ClientMessage::Stateless(r#"{"k":1}"#.into()),
        ),
        ("detach", PLAIN, ClientMessage::Detach),
        ("aware_token_4", AWARE, token(Some("4.8.0"))),
        ("aware_step_1_empty", AWARE, step_1),
        ("aware_edit", AWARE, ClientMessage::Update(edit())),
        ("aware_detach", AWARE, ClientMessage::Detach),
    ] {
        let address = Address::parse(address).unwrap();
        let expected = ClientFrame::Addressed { address, message };
        assert_eq!(
            hocuspocus::decode(&vectors.take(name)),
            Ok(expected),
            "{name}"
        );
    }
    let pong = vectors.take("pong");
    assert_eq!(hocuspocus::decode(&pong), Ok(ClientFrame::Pong));
    assert_eq!(pong, PONG_FRAME.as_slice());
}

#[test]
fn hocuspocus_frames_of_the_server_are_written_as_the_stock_server_does() {
    let mut vectors = Vectors::of("hocuspocus.txt");
    let status = ServerMessage::SyncStatus;
    for (name, address, message) in [
        (
            "authenticated_read_write",
            PLAIN,
            ServerMessage::Authenticated(Scope::ReadWrite),
        ),
        (
            "authenticated_read_only",
            PLAIN,
            ServerMessage::Authenticated(Scope::ReadOnly),
        ),
        (
            "permission_denied",
            PLAIN,
            ServerMessage::PermissionDenied("permission-denied".into()),
        ),
        ("ask_token", PLAIN, ServerMessage::AskToken),
        ("status_applied", PLAIN, status(SyncStatus::Applied)),
        ("status_not_applied", PLAIN, status(SyncStatus::NotApplied)),
        ("close", PLAIN, ServerMessage::Close("bye".into())),
        ("keepalive", PLAIN, ServerMessage::Keepalive),
        ("aware_status_applied", AWARE, status(SyncStatus::Applied)),
        // Said by both sides alike.
        (
            "step_1_empty",
            PLAIN,
            ServerMessage::SyncStep1(document("empty_state_vector")),
        ),
        (
            "step_2_empty",
            PLAIN,
            ServerMessage::SyncStep2(document("empty_update")),
        ),
        ("edit", PLAIN, ServerMessage::Update(edit())),
        ("aware_edit", AWARE, ServerMessage::Update(edit())),
        ("awareness", PLAIN, ServerMessage::Awareness(present())),
        ("awareness_removal", PLAIN, ServerMessage::Awareness(gone())),
        (
            "stateless",
            PLAIN,
            ServerMessage::Stateless(r#"{"k":1}"#.into()),
        ),
    ] {
        let address = Address::parse(address).unwrap();
        assert_eq!(
            hocuspocus::encode(&address, &message),
            vectors.take(name),
            "{name}"
        );
    }
    // These are said by providers alone; the test above reads them.
    for name in [
        "token_3",
        "token_4",
        "detach",
        "pong",
        "aware_token_4",
        "aware_step_1_empty",
        "aware_detach",
    ] {
        vectors.take(name);
    }
    vectors.finish();
}

#[test]
fn every_answer_has_the_address_as_it_came() {
    let mut vectors = Vectors::of("hocuspocus.txt");
    let Ok(ClientFrame::Addressed { address, message }) =
        hocuspocus::decode(&vectors.take("aware_edit"))
    else {
        panic!("not an edit");
    };
    assert_eq!((address.as_str(), address.document()), (AWARE, PLAIN));
    let ClientMessage::Update(update) = message else {
        panic!("not an edit: {message:?}");
    };
    let body = ServerMessage::Update(update).body().unwrap();
    assert_eq!(
        hocuspocus::with_address(&address, &body),
        Vectors::of("hocuspocus.txt").take("aware_edit")
    );
}

#[test]
fn hostile_frames_are_refused_or_handed_on_as_bytes() {
    let mut vectors = Vectors::of("hostile.txt");
    for name in ["malformed_update", "foreign_clock_squatting"] {
        let frame = vectors.take(name);
        let update = frame.slice(3..);
        let expected = vec![ClientMessage::Update(update)];
        assert_eq!(ywebsocket::decode(&frame), Ok(expected), "{name}");
    }
    let frame = vectors.take("step_1_bomb");
    assert_eq!(
        ywebsocket::decode(&frame),
        Ok(vec![ClientMessage::SyncStep1(frame.slice(3..))])
    );
    for (name, error) in [
        ("awareness_bomb", DecodeError::CountTooLarge),
        ("awareness_bad_json", DecodeError::InvalidState),
    ] {
        let messages = ywebsocket::decode(&vectors.take(name)).unwrap();
        let [ClientMessage::Awareness(entries)] = messages.as_slice() else {
            panic!("not awareness: {messages:?}");
        };
        assert_eq!(awareness::decode(entries), Err(error), "{name}");
    }
    vectors.finish();
}

#[test]
fn documents_are_what_the_frames_carry() {
    let mut vectors = Vectors::of("documents.txt");
    let mut frames = Vectors::of("ywebsocket.txt");
    assert_eq!(frames.take("step_2").slice(3..), vectors.take("update"));
    assert_eq!(
        frames.take("step_1").slice(3..),
        vectors.take("state_vector")
    );
    assert_eq!(
        frames.take("step_2_empty").slice(3..),
        vectors.take("empty_update")
    );
    assert_eq!(
        frames.take("step_1_empty").slice(3..),
        vectors.take("empty_state_vector")
    );
    // For the tests of the server's documents; here they only have to be there.
    vectors.take("update_after_deletion");
    vectors.take("update_with_nothing_new");
    vectors.finish();
}
