//! The replica against real and hostile updates.

mod honest;
mod hostile;

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

/// Encodes `replica` and loads it again: every root reads as it did.
#[track_caller]
fn assert_whole(replica: &Replica) {
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
            (Ok(before), Ok(after)) => assert_eq!(before, after, "{root:?}"),
            // What was deleted is forgotten, and with it why a root could not be read.
            (Err(Refusal::Wiring(_)), Ok(_) | Err(Refusal::Wiring(_))) => {}
            (before, after) => panic!("{root:?}: {before:?}, {after:?}"),
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
