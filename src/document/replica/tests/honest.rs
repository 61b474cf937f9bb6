//! What stock clients send is taken, and everybody ends with the same document.

use std::fmt::Write;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};
use yrs::updates::encoder::Encode;
use yrs::{
    Any, Array, ArrayPrelim, GetString, Map, MapPrelim, StateVector as YrsVector, Text, TextPrelim,
    Update as YrsUpdate, WriteTxn, Xml, XmlElementPrelim, XmlFragment, XmlTextPrelim,
};

use super::*;
use crate::document::merge;

/// The document of the published vectors: text "hi" in `t`, `k` = 1 in the map `m`, by client 1.
const HI: &str = "01020100040101740268692801016d016b017d0100";
/// The same after deleting "h".
const HI_DELETED: &str = "01030100010101740184010001692801016d016b017d010101010001";

fn roots() -> Vec<(String, RootKind)> {
    [
        ("t", RootKind::Text),
        ("m", RootKind::Map),
        ("a", RootKind::Array),
        ("x", RootKind::Xml),
    ]
    .map(|(name, kind)| (name.to_owned(), kind))
    .to_vec()
}

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
    let hash = replica.content_hash(&roots()).unwrap();
    assert_eq!(hash, empty().content_hash(&roots()).unwrap());
    let mut forged = vec![1, 1];
    convene_protocol::lib0::write_var_uint(&mut forged, epoch_client(plan, 2));
    forged.extend([1, 0, 1, 0]);
    let refused = replica.apply(&forged, user()).unwrap_err();
    assert_eq!(refused, Refusal::ForeignClientId(epoch_client(plan, 2)));
    assert_whole(&replica);
}

/// A stock client: a document of its own that sends what it writes and applies what it is sent.
struct Client {
    doc: Doc,
    user: UserId,
    /// What is edited while it is away is sent as one update when it comes back.
    online: bool,
}

impl Client {
    fn new(id: u64, user: UserId) -> Self {
        let mut options = Options::with_client_id(ClientID::new(id));
        options.offset_kind = OffsetKind::Utf16;
        Self {
            doc: Doc::with_options(options),
            user,
            online: true,
        }
    }

    fn edit(&self, rng: &mut StdRng) -> Vec<u8> {
        let mut txn = self.doc.transact_mut();
        for _ in 0..rng.random_range(1..4) {
            match rng.random_range(0..4) {
                0 => edit_text(&mut txn, rng),
                1 => edit_map(&mut txn, rng),
                2 => edit_array(&mut txn, rng),
                _ => edit_xml(&mut txn, rng),
            }
        }
        txn.encode_update_v1()
    }

    fn receive(&self, update: &[u8]) {
        self.doc
            .transact_mut()
            .apply_update(YrsUpdate::decode_v1(update).unwrap())
            .unwrap();
    }

    /// Both ways of the exchange that follows a reconnect.
    fn resync(&mut self, replica: &mut Replica) -> Option<Bytes> {
        self.online = true;
        let own = self.doc.transact().state_vector().encode_v1();
        self.receive(&replica.diff(&own).unwrap());
        let theirs = YrsVector::decode_v1(&replica.state_vector()).unwrap();
        let missing = self.doc.transact().encode_state_as_update_v1(&theirs);
        replica.apply(&missing, self.user).unwrap().update
    }

    fn hash(&self) -> String {
        content::hash(&self.doc.transact(), &roots())
    }
}

fn edit_text(txn: &mut TransactionMut<'_>, rng: &mut StdRng) {
    let text = txn.get_or_insert_text("t");
    // Whole characters: Yjs replaces the halves of a character that is split.
    let now = text.get_string(txn);
    let mut edges: Vec<u32> = vec![0];
    for char in now.chars() {
        edges.push(edges[edges.len() - 1] + u32::try_from(char.len_utf16()).unwrap());
    }
    let at = rng.random_range(0..edges.len());
    let (start, next) = (edges[at], edges.get(at + 1).copied());
    match next {
        Some(next) if rng.random_bool(0.4) => text.remove_range(txn, start, next - start),
        Some(next) if rng.random_bool(0.2) => {
            let bold = [("b".into(), Any::from(rng.random_bool(0.5)))].into();
            text.format(txn, start, next - start, bold);
        }
        _ => {
            let words = ["a", "plan", "é", "\u{1f600}", "Zürich "];
            text.insert(txn, start, words[rng.random_range(0..words.len())]);
        }
    }
}

fn edit_map(txn: &mut TransactionMut<'_>, rng: &mut StdRng) {
    let map = txn.get_or_insert_map("m");
    let key = format!("k{}", rng.random_range(0..4));
    match rng.random_range(0..5) {
        0 => {
            map.remove(txn, &key);
        }
        1 => {
            map.insert(txn, key, MapPrelim::from([("in", rng.random_range(0..9))]));
        }
        2 => {
            map.insert(txn, key, TextPrelim::new("nested"));
        }
        _ => {
            map.insert(txn, key, rng.random_range(0..1_000));
        }
    }
}

fn edit_array(txn: &mut TransactionMut<'_>, rng: &mut StdRng) {
    let array = txn.get_or_insert_array("a");
    let len = array.len(txn);
    if len > 2 && rng.random_bool(0.4) {
        array.remove_range(txn, rng.random_range(0..len - 1), 1);
    } else if rng.random_bool(0.3) {
        array.insert(txn, rng.random_range(0..=len), ArrayPrelim::from([1, 2, 3]));
    } else {
        array.insert_range(txn, rng.random_range(0..=len), ["x", "y"]);
    }
}

fn edit_xml(txn: &mut TransactionMut<'_>, rng: &mut StdRng) {
    let xml = txn.get_or_insert_xml_fragment("x");
    let len = xml.len(txn);
    if len > 2 && rng.random_bool(0.3) {
        xml.remove_range(txn, rng.random_range(0..len - 1), 1);
        return;
    }
    let paragraph = xml.insert(txn, rng.random_range(0..=len), XmlElementPrelim::empty("p"));
    paragraph.insert_attribute(txn, "level", rng.random_range(1..4));
    paragraph.push_back(txn, XmlTextPrelim::new("text"));
}

/// Random sessions of several clients with times offline: nothing is refused, all end equal.
#[test]
fn random_histories_are_never_refused_and_converge() {
    for seed in 0..150 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut replica = empty();
        let mut clients: Vec<Client> = (0..4)
            .map(|id| Client::new(100 + seed * 10 + id, user()))
            .collect();
        let mut rows: Vec<Bytes> = Vec::new();
        for _ in 0..60 {
            let one = rng.random_range(0..clients.len());
            if rng.random_bool(0.1) {
                clients[one].online = false;
            }
            let new = if clients[one].online {
                let update = clients[one].edit(&mut rng);
                replica.apply(&update, clients[one].user).unwrap().update
            } else if rng.random_bool(0.3) {
                clients[one].resync(&mut replica)
            } else {
                clients[one].edit(&mut rng);
                None
            };
            let Some(new) = new else { continue };
            clients
                .iter()
                .filter(|client| client.online)
                .for_each(|client| client.receive(&new));
            rows.push(new);
        }
        for _ in 0..2 {
            rows.extend(
                clients
                    .iter_mut()
                    .filter_map(|client| client.resync(&mut replica)),
            );
        }
        check_equal(seed, &replica, &clients, &rows);
    }
}

fn check_equal(seed: u64, replica: &Replica, clients: &[Client], rows: &[Bytes]) {
    assert_whole(replica);
    let hash = replica.content_hash(&roots()).unwrap();
    for client in clients {
        assert_eq!(client.hash(), hash, "seed {seed}");
    }
    let rows_read = rows.iter().map(|row| &row[..]).collect();
    let loaded = Replica::load(&Stored {
        snapshot: None,
        rows: rows_read,
        bindings: vec![],
    });
    assert!(loaded.broken_rows.is_empty());
    assert_eq!(
        loaded.replica.content_hash(&roots()).unwrap(),
        hash,
        "the journal, seed {seed}"
    );
    // What rooms send: up to 64 rows in one frame.
    let reader = Client::new(1, user());
    for rows in rows.chunks(64) {
        reader.receive(&merge(rows).unwrap());
    }
    assert_eq!(reader.hash(), hash, "merged, seed {seed}");
}
