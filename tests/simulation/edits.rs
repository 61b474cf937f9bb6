//! What an honest editor does to its document.

use convene::document::Replica;
use convene_protocol::control::document::RootKind;
use yrs::types::ToJson;
use yrs::{
    Any, Array, Doc, GetString, Map, MapPrelim, Out, Text, TextPrelim, Transact, TransactionMut,
    WriteTxn,
};

use crate::plan::Edit;

const TEXT: &str = "t";
const MAP: &str = "m";
const ARRAY: &str = "a";
/// Each character is one unit of UTF-16, so that no position cuts one in halves.
const WORDS: [&str; 6] = ["a", "b c", "plan", "é", "Zürich ", "\n"];

/// Performs `edit` and gives the update that a provider sends for it.
pub(crate) fn perform(doc: &Doc, edit: Edit) -> Vec<u8> {
    let mut txn = doc.transact_mut();
    change(&mut txn, edit);
    txn.encode_update_v1()
}

fn change(txn: &mut TransactionMut<'_>, edit: Edit) {
    match edit {
        Edit::Insert { at, word } => {
            let text = txn.get_or_insert_text(TEXT);
            let at = u32::from(at) % (text.len(txn) + 1);
            text.insert(txn, at, WORDS[usize::from(word) % WORDS.len()]);
        }
        Edit::Delete { at, len } => {
            let text = txn.get_or_insert_text(TEXT);
            if let Some((at, len)) = within(text.len(txn), at, len) {
                text.remove_range(txn, at, len);
            }
        }
        Edit::Format { at, len } => {
            let text = txn.get_or_insert_text(TEXT);
            if let Some((start, len)) = within(text.len(txn), at, len) {
                let bold = [("b".into(), Any::from(at % 2 == 0))].into();
                text.format(txn, start, len, bold);
            }
        }
        Edit::Set { .. }
        | Edit::Unset { .. }
        | Edit::NestMap { .. }
        | Edit::NestText { .. }
        | Edit::TypeInside { .. } => change_map(txn, edit),
        Edit::Push { at, value } => {
            let array = txn.get_or_insert_array(ARRAY);
            let at = u32::from(at) % (array.len(txn) + 1);
            array.insert(txn, at, i32::from(value));
        }
        Edit::Pull { at } => {
            let array = txn.get_or_insert_array(ARRAY);
            if let Some((at, len)) = within(array.len(txn), at, 1) {
                array.remove_range(txn, at, len);
            }
        }
    }
}

fn change_map(txn: &mut TransactionMut<'_>, edit: Edit) {
    let map = txn.get_or_insert_map(MAP);
    match edit {
        Edit::Set { key, value } => {
            map.insert(txn, format!("k{key}"), i32::from(value));
        }
        Edit::Unset { key } => {
            map.remove(txn, &format!("k{key}"));
        }
        Edit::NestMap { key, value } => {
            map.insert(
                txn,
                format!("k{key}"),
                MapPrelim::from([("in", i32::from(value))]),
            );
        }
        Edit::NestText { key, word } => {
            let words = WORDS[usize::from(word) % WORDS.len()];
            map.insert(txn, format!("k{key}"), TextPrelim::new(words));
        }
        Edit::TypeInside { key, value } => match map.get(txn, &format!("k{key}")) {
            Some(Out::YMap(inside)) => {
                inside.insert(txn, format!("n{}", value % 3), i32::from(value));
            }
            Some(Out::YText(inside)) => {
                let at = u32::from(value) % (inside.len(txn) + 1);
                inside.insert(txn, at, "in ");
            }
            Some(_) | None => {}
        },
        Edit::Insert { .. }
        | Edit::Delete { .. }
        | Edit::Format { .. }
        | Edit::Push { .. }
        | Edit::Pull { .. } => {}
    }
}

/// A range that begins at `at` and ends within `len`; none when there is nothing.
fn within(len: u32, at: u16, count: u8) -> Option<(u32, u32)> {
    let start = u32::from(at).checked_rem(len)?;
    Some((start, u32::from(count).min(len - start)))
}

/// Everything that is in the document, as a reader sees it.
#[derive(Debug, PartialEq)]
pub(crate) struct Content {
    text: String,
    map: Any,
    array: Any,
}

impl Content {
    /// What `doc` says.
    pub(crate) fn of(doc: &Doc) -> Self {
        let mut txn = doc.transact_mut();
        let (text, map) = (txn.get_or_insert_text(TEXT), txn.get_or_insert_map(MAP));
        let array = txn.get_or_insert_array(ARRAY);
        Self {
            text: text.get_string(&txn),
            map: map.to_json(&txn),
            array: array.to_json(&txn),
        }
    }
}

/// The roots, as a client asks for their hash.
pub(crate) fn roots() -> Vec<(String, RootKind)> {
    vec![
        (TEXT.to_owned(), RootKind::Text),
        (MAP.to_owned(), RootKind::Map),
        (ARRAY.to_owned(), RootKind::Array),
    ]
}

/// The content hash of all that peers write.
pub(crate) fn hash_of(replica: &Replica) -> Option<String> {
    let roots: Vec<_> = roots()
        .into_iter()
        .map(|(name, kind)| (name, kind.into()))
        .collect();
    replica.content_hash(&roots).ok()
}
