//! Writes edits of a plan as a Yjs client does: on a replica of its own, under a client id of its own.
//!
//! The server's replica of a room is never edited by itself. What somebody asks for by operations is
//! written here first, and comes to the room as an update like everybody's, through the same guard.

use std::sync::Arc;

use bytes::Bytes;
use convene_plan::content::{Content, Value};
use convene_plan::op::{Change, Edit, Op, Refused};
use serde_json::Value as Json;
use yrs::{
    Any, Doc, Map, MapPrelim, MapRef, Number, Out, Text, TextPrelim, TextRef, TransactionMut,
    WriteTxn,
};

use super::applying::{Failure, integrate, transact};
use super::replica::new_doc_as;
use super::{ClientId, Refusal, Replica, StateVector, reading};
use crate::ids::UserId;

/// One account's own replica of a plan, on the server.
#[derive(Debug)]
pub struct Scribe {
    user: UserId,
    doc: Doc,
    vector: StateVector,
}

/// Why nothing was written.
#[derive(Debug)]
pub enum WriteFailed {
    /// An operation does not fit what the plan holds.
    Refused(Refused),
    /// The plan cannot be read or written here: the scribe is of no use any more.
    Harmed(Refusal),
}

impl Scribe {
    /// A scribe of `user`, who has never written as `client`.
    pub fn new(user: UserId, client: ClientId) -> Self {
        Self {
            user,
            doc: new_doc_as(client),
            vector: StateVector::default(),
        }
    }

    /// Whose it is.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// Performs `ops` on what `replica` holds, all or none. Gives the update for it; none when there is
    /// nothing to do.
    pub fn write(&mut self, replica: &Replica, ops: &[Op]) -> Result<Option<Bytes>, WriteFailed> {
        let mut content = self.follow(replica).map_err(WriteFailed::Harmed)?;
        let edits = content.apply(ops).map_err(WriteFailed::Refused)?;
        if edits.is_empty() {
            return Ok(None);
        }
        let update = transact(
            &self.doc,
            |txn| edits.iter().try_for_each(|edit| perform(txn, edit)),
            |txn| Bytes::from(txn.encode_update_v1()),
        );
        update.map(Some).map_err(|failure| {
            let reason = self.abandon(failure);
            WriteFailed::Harmed(Refusal::Poisoned(reason))
        })
    }

    /// Comes to where `replica` is, and reads it.
    fn follow(&mut self, replica: &Replica) -> Result<Content, Refusal> {
        let news = replica.diff(&self.vector.encode())?;
        match integrate(&self.doc, &news, |txn| reading::content(txn)) {
            Ok(content) => {
                let vector = replica.state_vector();
                self.vector = StateVector::decode(&vector, usize::MAX)?;
                Ok(content)
            }
            Err(failure) => Err(Refusal::Poisoned(self.abandon(failure))),
        }
    }

    /// Forgets a document that the library failed on, without touching it again.
    fn abandon(&mut self, failure: Failure) -> String {
        std::mem::forget(std::mem::replace(&mut self.doc, new_doc_as(0)));
        match failure {
            Failure::Undecodable => "the library cannot read its own update".to_owned(),
            Failure::Harmed(reason) => reason,
        }
    }
}

fn perform(txn: &mut TransactionMut<'_>, edit: &Edit) -> Result<(), String> {
    let root = txn.get_or_insert_map(edit.root.as_str());
    if let Change::Made(fields) = &edit.change {
        let entity = root.insert(txn, edit.id.as_str(), MapPrelim::default());
        for (name, value) in fields {
            put(txn, &entity, name, value);
        }
        return Ok(());
    }
    let entity = if edit.id.is_empty() {
        root
    } else {
        match root.get(txn, &edit.id) {
            Some(Out::YMap(entity)) => entity,
            _ => return Err(format!("{} is no entity of {}", edit.id, edit.root)),
        }
    };
    change(txn, &entity, &edit.change)
}

fn change(txn: &mut TransactionMut<'_>, entity: &MapRef, change: &Change) -> Result<(), String> {
    match change {
        Change::Made(_) => {}
        Change::Set(name, json) => {
            entity.insert(txn, name.as_str(), any(json));
        }
        Change::Unset(name) => {
            entity.remove(txn, name);
        }
        Change::TextMade(name, text) => put(txn, entity, name, &Value::Text(text.clone())),
        Change::TextSpliced(name, splices) => {
            let text = shared_text(txn, entity, name)?;
            for splice in splices {
                if splice.delete > 0 {
                    text.remove_range(txn, splice.at, splice.delete);
                }
                if !splice.insert.is_empty() {
                    text.insert(txn, splice.at, &splice.insert);
                }
            }
        }
        Change::MemberSet(name, key, json) => {
            let members = match entity.get(txn, name) {
                Some(Out::YMap(members)) => members,
                Some(_) => return Err(format!("{name} is no shared map")),
                None => entity.insert(txn, name.as_str(), MapPrelim::default()),
            };
            members.insert(txn, key.as_str(), any(json));
        }
        Change::MemberUnset(name, key) => {
            if let Some(Out::YMap(members)) = entity.get(txn, name) {
                members.remove(txn, key);
            }
        }
    }
    Ok(())
}

fn shared_text(txn: &TransactionMut<'_>, entity: &MapRef, name: &str) -> Result<TextRef, String> {
    match entity.get(txn, name) {
        Some(Out::YText(text)) => Ok(text),
        _ => Err(format!("{name} is no shared text")),
    }
}

fn put(txn: &mut TransactionMut<'_>, entity: &MapRef, name: &str, value: &Value) {
    match value {
        Value::Plain(json) => {
            entity.insert(txn, name, any(json));
        }
        Value::Text(text) => {
            entity.insert(txn, name, TextPrelim::new(text.as_str()));
        }
        Value::Map(members) => {
            let map = entity.insert(txn, name, MapPrelim::default());
            for (key, json) in members {
                map.insert(txn, key.as_str(), any(json));
            }
        }
    }
}

/// A plain value as Yjs has it: numbers are whole where they can be.
fn any(json: &Json) -> Any {
    match json {
        Json::Null => Any::Null,
        Json::Bool(value) => Any::Bool(*value),
        Json::Number(number) => Any::Number(number.as_i64().map_or_else(
            || Number::Float(number.as_f64().unwrap_or_default()),
            Number::Int,
        )),
        Json::String(text) => Any::String(text.as_str().into()),
        Json::Array(items) => Any::Array(items.iter().map(any).collect()),
        Json::Object(members) => {
            let member = |(key, json): (&String, &Json)| (key.clone(), any(json));
            Any::Map(Arc::new(members.iter().map(member).collect()))
        }
    }
}
