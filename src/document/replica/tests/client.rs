//! A stock client that edits at random.

use rand::RngExt;
use rand::rngs::StdRng;
use yrs::updates::encoder::Encode;
use yrs::{
    Any, Array, ArrayPrelim, GetString, Map, MapPrelim, StateVector as YrsVector, Text, TextPrelim,
    Update as YrsUpdate, WriteTxn, Xml, XmlElementPrelim, XmlFragment, XmlTextPrelim,
};

use super::*;

pub(super) fn roots() -> Vec<(String, RootKind)> {
    [
        ("t", RootKind::Text),
        ("m", RootKind::Map),
        ("a", RootKind::Array),
        ("x", RootKind::Xml),
    ]
    .map(|(name, kind)| (name.to_owned(), kind))
    .to_vec()
}

/// A stock client: a document of its own that sends what it writes and applies what it is sent.
pub(super) struct Client {
    pub(super) doc: Doc,
    pub(super) user: UserId,
    /// What is edited while it is away is sent as one update when it comes back.
    pub(super) online: bool,
}

impl Client {
    pub(super) fn new(id: u64, user: UserId) -> Self {
        let mut options = Options::with_client_id(ClientID::new(id));
        options.offset_kind = OffsetKind::Utf16;
        Self {
            doc: Doc::with_options(options),
            user,
            online: true,
        }
    }

    pub(super) fn edit(&self, rng: &mut StdRng) -> Vec<u8> {
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

    pub(super) fn receive(&self, update: &[u8]) {
        self.doc
            .transact_mut()
            .apply_update(YrsUpdate::decode_v1(update).unwrap())
            .unwrap();
    }

    /// Both ways of the exchange that follows a reconnect.
    pub(super) fn resync(&mut self, replica: &mut Replica) -> Option<Bytes> {
        self.online = true;
        let own = self.doc.transact().state_vector().encode_v1();
        self.receive(&replica.diff(&own).unwrap());
        let theirs = YrsVector::decode_v1(&replica.state_vector()).unwrap();
        let missing = self.doc.transact().encode_state_as_update_v1(&theirs);
        replica.apply(&missing, self.user).unwrap().update
    }

    pub(super) fn hash(&self) -> String {
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
