//! Makes a plan's document anew from what it holds, without the history behind it.
//!
//! A Yjs document keeps a trace of everything that ever was in it. What is made here holds the same and
//! nothing of what was: values, texts with their formats, lists and maps, under one client id.

use std::collections::BTreeMap;

use bytes::Bytes;
use convene_plan::schema::Root;
use yrs::types::Attrs;
use yrs::types::text::{Diff, YChange};
use yrs::{
    Any, Array, ArrayPrelim, ArrayRef, Doc, Map, MapPrelim, MapRef, Out, ReadTxn, StateVector,
    Text, TextPrelim, TextRef, Transact, TransactionMut, WriteTxn,
};

use super::applying::{Failure, integrate, new_doc_as, transact};
use super::{epoch_client, epoch_start};
use crate::ids::PlanId;

/// How deep shared types may be nested: the guard's own limit.
const DEPTH_MAX: u8 = 32;

/// Why a document cannot be made anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotSquash {
    /// Something in it is of a kind that is not copied.
    #[error(
        "{0} holds what only an editor of its own understands, and would be lost; clear it first"
    )]
    Foreign(String),
    /// What is stored cannot be read.
    #[error("the document cannot be read: {0}")]
    Unreadable(String),
}

/// The whole document of `plan` that `state` says, as the first row of `epoch`.
pub fn squash(plan: PlanId, epoch: i64, state: &[u8]) -> Result<Bytes, CannotSquash> {
    let unreadable = |failure: Failure| {
        CannotSquash::Unreadable(match failure {
            Failure::Undecodable => "it is no update".to_owned(),
            Failure::Harmed(say) => say,
        })
    };
    let old = new_doc_as(0);
    integrate(&old, state, |_| ()).map_err(unreadable)?;
    let new = new_doc_as(epoch_client(plan, epoch));
    integrate(&new, &epoch_start(plan, epoch), |_| ()).map_err(unreadable)?;
    let names = root_names(&old)?;
    let mut lost = None;
    let made = transact(
        &new,
        |txn| {
            let old = old.transact();
            for name in &names {
                let (Some(from), to) = (
                    old.get_map(name.as_str()),
                    txn.get_or_insert_map(name.as_str()),
                ) else {
                    continue;
                };
                if let Err(within) = copy_map(&old, &from, txn, (&to, 0)) {
                    lost = Some(format!("{name}/{within}"));
                    return Err("something would be lost".to_owned());
                }
            }
            Ok(())
        },
        |txn| Bytes::from(txn.encode_state_as_update_v1(&StateVector::default())),
    );
    match (made, lost) {
        (Ok(bytes), _) => Ok(bytes),
        (Err(_), Some(lost)) => Err(CannotSquash::Foreign(lost)),
        (Err(failure), None) => Err(unreadable(failure)),
    }
}

/// The roots with something in them, all of which are a plan's.
fn root_names(doc: &Doc) -> Result<Vec<String>, CannotSquash> {
    let txn = doc.transact();
    let mut names = Vec::new();
    for (name, root) in txn.root_refs() {
        if Root::of(name).is_some() {
            names.push(name.to_owned());
        } else if !is_empty(&txn, &root) {
            return Err(CannotSquash::Foreign(name.to_owned()));
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether nothing is in a root that nobody has said the type of.
fn is_empty<T: ReadTxn>(txn: &T, root: &Out) -> bool {
    match root {
        Out::YMap(map) => map.len(txn) == 0,
        Out::YArray(array) => array.len(txn) == 0,
        Out::YText(text) => text.len(txn) == 0,
        Out::UndefinedRef(branch) => {
            let branch: &yrs::branch::Branch = branch;
            branch.len() == 0 && MapRef::from(yrs::branch::BranchPtr::from(branch)).len(txn) == 0
        }
        Out::Any(_)
        | Out::YXmlElement(_)
        | Out::YXmlFragment(_)
        | Out::YXmlText(_)
        | Out::YDoc(_) => false,
    }
}

/// Copies what a map holds; answers the path of what cannot be copied.
fn copy_map<T: ReadTxn>(
    old: &T,
    from: &MapRef,
    txn: &mut TransactionMut<'_>,
    (to, depth): (&MapRef, u8),
) -> Result<(), String> {
    // In the order of the keys: the same content makes the same bytes.
    let members: BTreeMap<&str, Out> = from.iter(old).collect();
    for (key, value) in members {
        if depth >= DEPTH_MAX {
            return Err(key.to_owned());
        }
        let within = |path: String| format!("{key}/{path}");
        match value {
            Out::Any(any) => {
                to.insert(txn, key, any);
            }
            Out::YText(text) => {
                let made = to.insert(txn, key, TextPrelim::new(""));
                copy_text(old, &text, txn, &made).map_err(within)?;
            }
            Out::YMap(map) => {
                let made = to.insert(txn, key, MapPrelim::default());
                copy_map(old, &map, txn, (&made, depth + 1)).map_err(within)?;
            }
            Out::YArray(array) => {
                let made = to.insert(txn, key, ArrayPrelim::default());
                copy_array(old, &array, txn, (&made, depth + 1)).map_err(within)?;
            }
            Out::YXmlElement(_)
            | Out::YXmlFragment(_)
            | Out::YXmlText(_)
            | Out::YDoc(_)
            | Out::UndefinedRef(_) => return Err(key.to_owned()),
        }
    }
    Ok(())
}

fn copy_array<T: ReadTxn>(
    old: &T,
    from: &ArrayRef,
    txn: &mut TransactionMut<'_>,
    (to, depth): (&ArrayRef, u8),
) -> Result<(), String> {
    for (at, value) in from.iter(old).enumerate() {
        if depth >= DEPTH_MAX {
            return Err(at.to_string());
        }
        let within = |path: String| format!("{at}/{path}");
        match value {
            Out::Any(any) => {
                to.push_back(txn, any);
            }
            Out::YText(text) => {
                let made = to.push_back(txn, TextPrelim::new(""));
                copy_text(old, &text, txn, &made).map_err(within)?;
            }
            Out::YMap(map) => {
                let made = to.push_back(txn, MapPrelim::default());
                copy_map(old, &map, txn, (&made, depth + 1)).map_err(within)?;
            }
            Out::YArray(array) => {
                let made = to.push_back(txn, ArrayPrelim::default());
                copy_array(old, &array, txn, (&made, depth + 1)).map_err(within)?;
            }
            Out::YXmlElement(_)
            | Out::YXmlFragment(_)
            | Out::YXmlText(_)
            | Out::YDoc(_)
            | Out::UndefinedRef(_) => return Err(at.to_string()),
        }
    }
    Ok(())
}

fn copy_text<T: ReadTxn>(
    old: &T,
    from: &TextRef,
    txn: &mut TransactionMut<'_>,
    to: &TextRef,
) -> Result<(), String> {
    for Diff {
        insert, attributes, ..
    } in from.diff(old, YChange::identity)
    {
        let at = to.len(txn);
        let attributes: Attrs = attributes.map(|attributes| *attributes).unwrap_or_default();
        match insert {
            Out::Any(Any::String(text)) if attributes.is_empty() => to.insert(txn, at, &text),
            Out::Any(Any::String(text)) => {
                to.insert_with_attributes(txn, at, &text, attributes);
            }
            Out::Any(embed) => {
                to.insert_embed_with_attributes(txn, at, embed, attributes);
            }
            Out::YText(_)
            | Out::YArray(_)
            | Out::YMap(_)
            | Out::YXmlElement(_)
            | Out::YXmlFragment(_)
            | Out::YXmlText(_)
            | Out::YDoc(_)
            | Out::UndefinedRef(_) => return Err(at.to_string()),
        }
    }
    Ok(())
}
