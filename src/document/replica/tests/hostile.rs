//! What must never reach yrs is refused, and what reaches it leaves a document that can be read.

use convene_protocol::lib0::{write_var_string, write_var_uint};

use super::*;

#[track_caller]
fn refused(hex: &str) -> Refusal {
    let mut replica = empty();
    let refusal = match replica.apply(&bytes(hex), user()) {
        Ok(_) => panic!("{hex} was taken"),
        Err(Refusal::Poisoned(reason)) => panic!("{hex} reached yrs: {reason}"),
        Err(refusal) => refusal,
    };
    assert_eq!(
        replica.state_vector().as_ref(),
        [0],
        "{hex} left something behind"
    );
    assert_whole(&replica);
    refusal
}

#[test]
fn known_attacks_are_refused_by_their_structure() {
    for (hex, what) in [
        ("03ffffff", "the malformed update of the vectors"),
        ("80808040 00", "2^27 clients"),
        ("80808020", "2^26 clients"),
        ("01 80808008 01 00", "2^24 structs"),
        (
            "01 01 05 00 00 ffffffff0f 00",
            "a collected struct of 2^32 - 1",
        ),
        (
            "0201010004010374787401610101000401037478740362636400",
            "one client twice",
        ),
        ("0101010002010374787401013100", "content of Yjs 12"),
        (
            "01010100020103747874010131013200",
            "the state that could not be loaded again",
        ),
        ("01010403a2030800013100", "content of Yjs 12 in a gap"),
        ("01010100140103747874016100", "a kind with a bit too many"),
        ("01010100040101740000", "an empty text"),
        ("0101010004010174016100ff", "bytes after the end"),
        ("010101000401017401 ff 00", "a text that is not UTF-8"),
        (
            "0101 8080808080808010 00 040101740161 00",
            "a client id of 2^53",
        ),
        (
            "0101 01 ffffffff07 0401017401 61 00",
            "a clock beyond 2^31 - 1",
        ),
        ("01 8101 01 00 0401017401 61 00", "more structs than bytes"),
        (
            "0101 8100 00 0401017401 61 00",
            "an integer longer than it needs to be",
        ),
        (
            "01 02 01 00 04 01 01 74 8100 61 84 01 00 01 62 00",
            "a length longer than it needs to be",
        ),
        ("01 01 01 00 0a 05 00", "a gap"),
        ("01 01 01 00 07 01 01 74 05 00", "a hook"),
        ("01 01 01 00 07 01 01 74 07 00", "a weak link"),
        (
            "01 01 01 00 09 01 01 74 01 61 76 00 00",
            "a document inside the document",
        ),
        (
            "00 02 01 01 00 01 01 01 00 01",
            "deletions of one client twice",
        ),
        ("00 01 01 02 05 01 00 01", "deleted ranges out of order"),
        ("00 01 01 01 05 00", "an empty deleted range"),
        (
            "0101 01 00 84 01 00 01 61 00",
            "a struct that follows itself",
        ),
        (
            "0101 01 00 84 01 05 01 61 00",
            "a struct that follows a later one",
        ),
    ] {
        let refusal = refused(hex);
        assert!(
            matches!(refusal, Refusal::Malformed(_)),
            "{what}: {refusal}"
        );
    }
}

#[test]
fn limits_of_one_update_are_kept() {
    let mut deep = bytes("01 01 01 00 08 01 01 61 01");
    deep.extend(std::iter::repeat_n([117, 1], 10_000).flatten());
    deep.extend([126, 0]);
    assert!(matches!(
        empty().apply(&deep, user()),
        Err(Refusal::TooLarge(_))
    ));
    let mut embed = bytes("01 01 01 00 05 01 01 74");
    write_var_string(
        &mut embed,
        &format!("{}1{}", "[".repeat(33), "]".repeat(33)),
    );
    embed.push(0);
    assert!(matches!(
        empty().apply(&embed, user()),
        Err(Refusal::TooLarge(_))
    ));
    let mut many = vec![65];
    for client in 0..65 {
        many.extend([1, client, 0, 0, 1]);
    }
    many.push(0);
    assert!(matches!(
        empty().apply(&many, user()),
        Err(Refusal::TooLarge(_))
    ));
}

#[test]
fn crossed_wires_are_refused() {
    // Client 1: "ab" in t (0, 1), m.k (2), a nested array m.l (3) with a value in it (4).
    let base = bytes(
        "01 04 01 00 04 01 01 74 02 6162 28 01 01 6d 01 6b 01 7d 01 \
         27 01 01 6d 01 6c 00 08 00 01 03 01 7d 07 00",
    );
    for (hex, what) in [
        (
            "01 01 02 00 c4 01 00 01 02 01 78 00",
            "neighbours in a list and under a key",
        ),
        (
            "01 01 02 00 c4 01 00 01 04 01 78 00",
            "neighbours in two parents",
        ),
        ("01 01 02 00 04 00 01 00 01 78 00", "a text as parent"),
        (
            "01 01 02 00 88 01 02 02 7d 01 7d 02 00",
            "two values under one key",
        ),
        (
            "01 01 02 00 28 01 01 6d 01 7a 02 7d 01 7d 02 00",
            "two values under a new key",
        ),
        ("01 01 02 00 a4 01 01 01 78 00", "a key in a text"),
        ("01 01 02 00 84 01 04 01 78 00", "text in an array"),
        ("01 01 02 00 88 01 01 01 7d 01 00", "a value in a text"),
        (
            "01 01 02 00 28 00 01 03 01 6b 01 7d 01 00",
            "a key in an array",
        ),
        (
            "01 01 02 00 08 01 01 74 01 7d 01 00",
            "values in the root of a text",
        ),
    ] {
        let mut replica = empty();
        replica.apply(&base, user()).unwrap();
        let before = replica.encode().unwrap();
        let refusal = replica.apply(&bytes(hex), user()).expect_err(what);
        assert!(matches!(refusal, Refusal::Wiring(_)), "{what}: {refusal}");
        assert_eq!(
            replica.encode().unwrap(),
            before,
            "{what} left something behind"
        );
    }
}

#[test]
fn shared_types_are_nested_to_a_limit_however_slowly() {
    let (mut replica, user) = (empty(), user());
    replica
        .apply(&bytes("01 01 01 00 07 01 01 61 00 00"), user)
        .unwrap();
    let nest = |parent: u8| [1, 1, 1, parent + 1, 7, 0, 1, parent, 0, 0];
    for parent in 0..31 {
        replica.apply(&nest(parent), user).unwrap();
    }
    assert!(matches!(
        replica.apply(&nest(31), user),
        Err(Refusal::TooLarge(_))
    ));
    assert!(
        replica
            .content_hash(&[("a".to_owned(), RootKind::Array)])
            .is_ok()
    );
    assert_whole(&replica);
}

/// A snapshot forgets what was deleted, so a root may have been used as another since; the journal
/// still holds both.
#[test]
fn a_root_that_held_values_and_text_is_read_as_neither() {
    let values = bytes("01 01 01 00 08 01 01 74 01 7d 05 00");
    let deleted = bytes("00 01 01 01 00 01");
    // Reading this as an array never ends.
    let text = bytes("01 01 02 00 04 01 01 74 04 f09f9880 00");
    let stored = Stored {
        snapshot: None,
        rows: vec![&values, &deleted, &text],
        bindings: vec![],
    };
    let Loaded {
        replica,
        broken_rows,
        ..
    } = Replica::load(&stored);
    assert!(broken_rows.is_empty());
    for kind in [RootKind::Array, RootKind::Text] {
        let read = replica.content_hash(&[("t".to_owned(), kind)]);
        assert!(matches!(read, Err(Refusal::Wiring(_))), "{kind:?}");
    }
}

#[test]
fn client_ids_that_collide_in_hash_tables_are_refused_in_numbers() {
    let (mut replica, user) = (empty(), user());
    let mut taken = 0_u64;
    let refusal = loop {
        let mut update = vec![1, 1];
        write_var_uint(&mut update, (taken + 1) << 32);
        update.extend([0, 0, 1, 0]);
        match replica.apply(&update, user) {
            Ok(_) => taken += 1,
            Err(refusal) => break refusal,
        }
        assert!(taken < 1_000);
    };
    assert!(matches!(refusal, Refusal::TooLarge(_)));
    assert!(taken >= 64);
}

#[test]
fn state_vectors_of_strangers_do_not_grow_the_work() {
    let replica = empty();
    assert!(matches!(
        replica.diff(&bytes("80808040")),
        Err(Refusal::Malformed(_))
    ));
    let mut crowd = vec![65];
    crowd.extend((0..65).flat_map(|client| [client, 1]));
    assert!(matches!(replica.diff(&crowd), Err(Refusal::TooLarge(_))));
}
