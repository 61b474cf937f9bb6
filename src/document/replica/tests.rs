//! The replica against real and hostile updates.

mod client;
mod honest;
mod hostile;
mod wild;

use super::*;
use crate::clock::Clock;

fn user() -> UserId {
    UserId::generate(&Clock::system())
}

fn empty() -> Replica {
    Replica::empty(&[])
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| u8::try_from(digit).unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// Encodes `replica` and loads it again: every root can be read, and none less than before.
#[track_caller]
fn assert_loads(replica: &Replica) -> Replica {
    let state = replica.encode().unwrap();
    assert!(
        verify_snapshot(&state),
        "a state that cannot be loaded again"
    );
    let stored = Stored {
        snapshot: Some(&state),
        rows: vec![],
        bindings: vec![],
    };
    let again = Replica::load(&stored).replica;
    assert_eq!(again.state_vector(), replica.state_vector());
    for root in every_reading() {
        match (replica.content_hash(&root), again.content_hash(&root)) {
            // What was deleted is forgotten, and with it why a root could not be read.
            (Ok(_), Ok(_)) | (Err(Refusal::Wiring(_)), Ok(_) | Err(Refusal::Wiring(_))) => {}
            (before, after) => panic!("{root:?}: {before:?}, {after:?}"),
        }
    }
    again
}

/// The same, and everything reads the same afterwards.
#[track_caller]
fn assert_whole(replica: &Replica) {
    let again = assert_loads(replica);
    for root in every_reading() {
        if let Ok(hash) = replica.content_hash(&root) {
            assert_eq!(again.content_hash(&root).unwrap(), hash, "{root:?}");
        }
    }
}

fn every_reading() -> impl Iterator<Item = [(String, RootKind); 1]> {
    let kinds = [
        RootKind::Text,
        RootKind::Map,
        RootKind::Array,
        RootKind::Xml,
    ];
    ["t", "m", "a", "x"]
        .into_iter()
        .flat_map(move |name| kinds.map(|kind| [(name.to_owned(), kind)]))
}
