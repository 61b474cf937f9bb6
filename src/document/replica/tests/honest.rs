//! What stock clients send is taken. Whole histories of several clients are in the trials.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use yrs::{StateVector as YrsVector, Text};

use super::*;

/// The document of the published vectors: text "hi" in `t`, `k` = 1 in the map `m`, by client 1.
const HI: &str = "01020100040101740268692801016d016b017d0100";
/// The same after deleting "h".
const HI_DELETED: &str = "01030100010101740184010001692801016d016b017d010101010001";

#[test]
fn the_vectors_of_yjs_are_taken_and_given_back() {
    let (mut replica, user) = (empty(), user());
    let applied = replica.apply(&bytes(HI), user).unwrap();
    assert_eq!(applied.update.as_deref(), Some(&bytes(HI)[..]));
    assert_eq!((applied.ends, applied.first_seen), (vec![(1, 3)], vec![1]));
    assert_eq!(replica.state_vector().as_ref(), bytes("010103"));
    assert_eq!(replica.diff(&[0]).unwrap().as_ref(), bytes(HI));
    assert_eq!(replica.diff(&bytes("010103")).unwrap().as_ref(), [0, 0]);

    let applied = replica.apply(&bytes(HI_DELETED), user).unwrap();
    assert_eq!(applied.update.as_deref(), Some(&bytes("000101010001")[..]));
    assert!(applied.ends.is_empty());
    assert_eq!(replica.encode().unwrap().as_ref(), bytes(HI_DELETED));
    assert_whole(&replica);
}

#[test]
fn what_an_unchanged_client_answers_holds_nothing_new() {
    let (mut replica, user) = (empty(), user());
    replica.apply(&bytes(HI_DELETED), user).unwrap();
    for known in ["000101010001", "0000", HI_DELETED] {
        assert!(replica.contains(&bytes(known)).unwrap());
        assert!(replica.apply(&bytes(known), user).unwrap().update.is_none());
    }
    assert!(
        !replica.contains(&bytes("000101010101")).unwrap(),
        "deletes the i"
    );
    assert!(
        !replica
            .contains(&bytes("0101b424000401017402686900"))
            .unwrap()
    );
}

#[test]
fn tidying_formats_is_told_from_deleting_text() {
    // "ab" in `t` (0, 1), and a format behind it (2).
    let (mut replica, user) = (empty(), user());
    replica
        .apply(
            &bytes("0102010004010174026162 86010101620474727565 00"),
            user,
        )
        .unwrap();
    let only_formats = |hex: &str| replica.deletes_only_formats(&bytes(hex)).unwrap();
    assert!(only_formats("000101010201"), "the format");
    assert!(!only_formats("000101010101"), "the b");
    assert!(!only_formats("000101010102"), "both");
    assert!(!only_formats("0101b424000401017402686900"), "new text");
}

#[test]
fn a_missing_predecessor_is_asked_for_and_nothing_is_kept() {
    let (mut replica, user) = (empty(), user());
    let client = Doc::with_client_id(9);
    let text = client.get_or_insert_text("t");
    let updates: Vec<Vec<u8>> = (0..3)
        .map(|_| {
            let mut txn = client.transact_mut();
            text.push(&mut txn, "abc");
            txn.encode_update_v1()
        })
        .collect();
    assert_eq!(replica.apply(&updates[1], user).unwrap_err(), Refusal::Hole);
    assert_eq!(
        replica.apply(&bytes("000109010001"), user).unwrap_err(),
        Refusal::Hole
    );
    assert_eq!(replica.state_vector().as_ref(), [0]);
    let all = client
        .transact()
        .encode_state_as_update_v1(&YrsVector::default());
    replica.apply(&all, user).unwrap();
    assert_eq!(replica.encode().unwrap(), all);
}

#[test]
fn a_client_id_belongs_to_the_account_that_used_it_first() {
    let (mut replica, alice, mallory) = (empty(), user(), user());
    replica.apply(&bytes(HI), alice).unwrap();
    let more = bytes("0101010384010101 2100");
    let refused = replica.apply(&more, mallory);
    assert_eq!(refused.unwrap_err(), Refusal::ForeignClientId(1));
    assert!(
        replica.apply(&bytes(HI), mallory).unwrap().update.is_none(),
        "known is harmless"
    );
    assert!(replica.apply(&more, alice).unwrap().update.is_some());
}

#[test]
fn one_client_id_in_two_replicas_of_one_account_is_refused() {
    let (mut replica, alice) = (empty(), user());
    let write = |words: &[&str]| {
        let doc = Doc::with_client_id(5);
        let text = doc.get_or_insert_text("t");
        for word in words {
            text.push(&mut doc.transact_mut(), word);
        }
        doc.transact()
            .encode_state_as_update_v1(&YrsVector::default())
    };
    replica.apply(&write(&["hello ", "world"]), alice).unwrap();
    // The same replica again, shorter, equal and longer.
    assert!(
        replica
            .apply(&write(&["hello "]), alice)
            .unwrap()
            .update
            .is_none()
    );
    assert!(
        replica
            .apply(&write(&["hello ", "wor", "ld"]), alice)
            .unwrap()
            .update
            .is_none()
    );
    assert!(
        replica
            .apply(&write(&["hello ", "world", "!"]), alice)
            .unwrap()
            .update
            .is_some()
    );
    // Another replica with the same id.
    for other in [
        &["hello ", "there"][..],
        &["x"],
        &["hello ", "world", "?", "?"],
    ] {
        let refused = replica.apply(&write(other), alice).unwrap_err();
        assert_eq!(refused, Refusal::ForeignClientId(5), "{other:?}");
    }
    // Also from whoever may not write: equal clocks do not make it known.
    let other = write(&["hello ", "there"]);
    assert_eq!(
        replica.contains(&other).unwrap_err(),
        Refusal::ForeignClientId(5)
    );
    assert!(replica.contains(&write(&["hello "])).unwrap());
    assert_whole(&replica);
}

#[test]
fn a_hash_is_of_the_canonical_json_and_needs_the_right_kind() {
    let (mut replica, user) = (empty(), user());
    replica.apply(&bytes(HI), user).unwrap();
    for (name, kind, json) in [
        ("t", RootKind::Text, r#"{"t":"hi"}"#),
        ("m", RootKind::Map, r#"{"m":{"k":1}}"#),
        ("nothing", RootKind::Xml, r#"{"nothing":[]}"#),
    ] {
        let expected = Sha256::digest(json)
            .iter()
            .fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").unwrap();
                hex
            });
        assert_eq!(
            replica.content_hash(&[(name.to_owned(), kind)]).unwrap(),
            expected
        );
    }
    let wrong = [("t".to_owned(), RootKind::Array)];
    assert!(matches!(
        replica.content_hash(&wrong),
        Err(Refusal::Wiring(_))
    ));
}

#[test]
fn the_marker_of_an_epoch_is_seen_by_nobody_and_belongs_to_nobody() {
    use crate::document::{epoch_client, epoch_start};
    use crate::ids::PlanId;
    let plan = PlanId::generate(&Clock::system());
    let marker = epoch_start(plan, 2);
    let stored = Stored {
        snapshot: None,
        rows: vec![&marker],
        bindings: vec![],
    };
    let Loaded {
        mut replica,
        broken_rows,
        ..
    } = Replica::load(&stored);
    assert!(broken_rows.is_empty());
    let vector = StateVector::decode(&replica.state_vector(), 9).unwrap();
    assert_eq!(vector.get(epoch_client(plan, 2)), 1);
    assert_ne!(epoch_client(plan, 2), epoch_client(plan, 3));
    for roots in every_reading() {
        let hash = replica.content_hash(&roots).unwrap();
        assert_eq!(hash, empty().content_hash(&roots).unwrap());
    }
    let mut forged = vec![1, 1];
    convene_protocol::lib0::write_var_uint(&mut forged, epoch_client(plan, 2));
    forged.extend([1, 0, 1, 0]);
    let refused = replica.apply(&forged, user()).unwrap_err();
    assert_eq!(refused, Refusal::ForeignClientId(epoch_client(plan, 2)));
    assert_whole(&replica);
}

#[test]
fn whoever_sends_back_all_it_received_is_not_refused() {
    let mut replica = empty();
    for id in 1..=100 {
        let client = Doc::with_client_id(id);
        client
            .get_or_insert_text("t")
            .push(&mut client.transact_mut(), "x");
        let update = client
            .transact()
            .encode_state_as_update_v1(&YrsVector::default());
        replica.apply(&update, user()).unwrap();
    }
    let all = replica.encode().unwrap();
    assert!(replica.apply(&all, user()).unwrap().update.is_none());
    assert!(replica.contains(&all).unwrap());
}

/// yrs writes a big integer as a number where one holds it exactly.
#[test]
fn a_big_integer_counts_as_the_number_it_arrives_as() {
    let (mut replica, user) = (empty(), user());
    // -2^63 and 2^53 + 1, each as a big integer in a list of its own.
    let update =
        bytes("01 02 01 00 08 01 01 61 01 7a 8000000000000000 88 01 00 01 7a 0020000000000001 00");
    replica.apply(&update, user).unwrap();
    assert_whole(&replica);
    let again = replica.apply(&update, user).unwrap();
    assert!(again.update.is_none());
    let longer = bytes(
        "01 03 01 00 08 01 01 61 01 7a 8000000000000000 88 01 00 01 7a 0020000000000001 \
         88 01 01 01 7d 01 00",
    );
    assert!(replica.apply(&longer, user).unwrap().update.is_some());
}

/// What an undo manager keeps of a key that was set three times: the first two values in one struct.
#[test]
fn overwritten_values_that_a_client_kept_are_taken() {
    let (mut replica, user) = (empty(), user());
    // Client 1: m.k = 1, 2, 3.
    let kept =
        bytes("01 02 01 00 28 01 01 6d 01 6b 02 7d 01 7d 02 a8 01 01 01 7d 03 01 01 01 00 02");
    replica.apply(&kept, user).unwrap();
    let mut one_by_one = empty();
    for hex in [
        "01 01 01 00 28 01 01 6d 01 6b 01 7d 01 00",
        "01 01 01 01 a8 01 00 01 7d 02 01 01 01 00 01",
        "01 01 01 02 a8 01 01 01 7d 03 01 01 01 01 01",
    ] {
        one_by_one.apply(&bytes(hex), user).unwrap();
    }
    // Somebody wrote after the first of them.
    let other = UserId::generate(&Clock::system());
    let map = [("m".to_owned(), RootKind::Map)];
    for replica in [&mut replica, &mut one_by_one] {
        replica
            .apply(&bytes("01 01 02 00 a8 01 00 01 7d 09 00"), other)
            .unwrap();
    }
    assert_eq!(
        replica.content_hash(&map).unwrap(),
        one_by_one.content_hash(&map).unwrap()
    );
    assert_eq!(replica.state_vector(), one_by_one.state_vector());
    assert!(replica.apply(&kept, user).unwrap().update.is_none());
    assert_whole(&replica);
    // The same, merged from several updates: each value for itself, and nothing tells that they have a key.
    let mut merged = empty();
    let apart = bytes(
        "01 03 01 00 28 01 01 6d 01 6b 01 7d 01 88 01 00 01 7d 02 88 01 01 01 7d 03 \
         01 01 01 00 02",
    );
    merged.apply(&apart, user).unwrap();
    assert_eq!(merged.encode().unwrap(), {
        let mut replica = empty();
        replica.apply(&kept, user).unwrap();
        replica.encode().unwrap()
    });
    // Values that are not deleted are never joined under a key.
    let mut other = empty();
    let joined = bytes("01 01 01 00 28 01 01 6d 01 6b 02 7d 01 7d 02 00");
    assert!(matches!(
        other.apply(&joined, user),
        Err(Refusal::Wiring(_))
    ));
}

/// Something written between two neighbours of which one is collected: as in Yjs, it is too.
#[test]
fn what_is_written_beside_something_collected_is_collected() {
    let (mut replica, user) = (empty(), user());
    // Client 1: "ab" in t. Client 2: a collected struct, then "x" between that and the a.
    replica
        .apply(&bytes("01 01 01 00 04 01 01 74 02 6162 00"), user)
        .unwrap();
    let beside = bytes("01 02 02 00 00 01 c4 02 00 01 00 01 78 00");
    let applied = replica.apply(&beside, user).unwrap();
    assert_eq!(
        applied.update.as_deref(),
        Some(&bytes("01 01 02 00 00 02 01 02 01 00 02")[..])
    );
    let text = [("t".to_owned(), RootKind::Text)];
    let expected = Replica::load(&Stored {
        snapshot: Some(&bytes("01 01 01 00 04 01 01 74 02 6162 00")),
        rows: vec![],
        bindings: vec![],
    });
    assert_eq!(
        replica.content_hash(&text).unwrap(),
        expected.replica.content_hash(&text).unwrap()
    );
    // Known by now, whatever it was told as.
    assert!(replica.apply(&beside, user).unwrap().update.is_none());
    assert_whole(&replica);
}

/// The undo manager of Yjs puts back what stood between two halves of what is one by now.
#[test]
fn one_neighbour_on_both_sides_is_the_one_on_the_left() {
    let (mut replica, user) = (empty(), user());
    replica
        .apply(&bytes("01 01 01 00 04 01 01 74 02 6162 00"), user)
        .unwrap();
    replica
        .apply(&bytes("01 01 02 00 c4 01 00 01 00 01 78 00"), user)
        .unwrap();
    let mut expected = empty();
    expected
        .apply(&bytes("01 01 01 00 04 01 01 74 03 616278 00"), user)
        .unwrap();
    let text = [("t".to_owned(), RootKind::Text)];
    assert_eq!(
        replica.content_hash(&text).unwrap(),
        expected.content_hash(&text).unwrap()
    );
    assert_whole(&replica);
}
