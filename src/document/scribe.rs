//! Writes edits of a plan as a Yjs client does: on a replica of its own, under a client id of its own.
//!
//! The server's replica of a room is never edited by itself. What somebody asks for by operations is
//! written here first, and comes to the room as an update like everybody's, through the same guard.

use std::sync::Arc;

use bytes::Bytes;
use convene_plan::content::{Content, ONE, Value};
use convene_plan::op::{Change, Edit, Op, Refused};
use convene_plan::schema::ROOTS;
use serde_json::Value as Json;
use yrs::{
    Any, Doc, GetString, Map, MapPrelim, MapRef, Number, Out, ReadTxn, Text, TextPrelim, TextRef,
    Transact, TransactionMut, WriteTxn,
};

use super::applying::{Failure, integrate, new_doc_as, transact};
use super::{ClientId, Refusal, Replica, StateVector};
use crate::ids::UserId;

/// One account's own replica of a plan, on the server.
#[derive(Debug)]
pub struct Scribe {
    user: UserId,
    doc: Doc,
    vector: StateVector,
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// The update for it; none when there was nothing to do.
    pub update: Option<Bytes>,
    /// What the plan holds with it.
    pub content: Arc<Content>,
}

/// Why nothing was written.
#[derive(Debug)]
pub enum WriteFailed {
    /// An operation does not fit what the plan holds.
    Refused(Refused),
    /// What is there cannot be written in this way.
    Unwritable(String),
    /// The scribe is of no use any more.
    Broken(String),
    /// The replica cannot be read.
    Unreadable(Refusal),
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

    /// Performs `ops` on what `replica` holds, all or none.
    pub fn write(&mut self, replica: &Replica, ops: &[Op]) -> Result<Written, WriteFailed> {
        let content = replica.plan_content().map_err(WriteFailed::Unreadable)?;
        let (after, edits) = content.after(ops).map_err(WriteFailed::Refused)?;
        let content = Arc::new(after);
        if edits.is_empty() {
            let update = None;
            return Ok(Written { update, content });
        }
        self.follow(replica)?;
        self.check_texts(&edits)?;
        let update = transact(
            &self.doc,
            |txn| edits.iter().try_for_each(|edit| perform(txn, edit)),
            |txn| Bytes::from(txn.encode_update_v1()),
        );
        let update = update.map_err(|failure| WriteFailed::Broken(self.abandon(failure)))?;
        Ok(Written {
            update: Some(update),
            content,
        })
    }

    /// Comes to where `replica` is.
    fn follow(&mut self, replica: &Replica) -> Result<(), WriteFailed> {
        let news = replica.diff(&self.vector.encode());
        let news = news.map_err(WriteFailed::Unreadable)?;
        match integrate(&self.doc, &news, |_| ()) {
            Ok(()) => {
                let vector = StateVector::decode(&replica.state_vector(), usize::MAX);
                self.vector = vector.map_err(WriteFailed::Unreadable)?;
                Ok(())
            }
            Err(failure) => Err(WriteFailed::Broken(self.abandon(failure))),
        }
    }

    /// Images and other embeds count in a text and are not read: places would be wrong behind one.
    fn check_texts(&self, edits: &[Edit]) -> Result<(), WriteFailed> {
        let txn = self.doc.transact();
        for edit in edits {
            let Change::TextSpliced(name, _) = &edit.change else {
                continue;
            };
            let root = txn.get_map(edit.root.as_str());
            let entity = if edit.id.is_empty() {
                root
            } else {
                match root.and_then(|root| root.get(&txn, &edit.id)) {
                    Some(Out::YMap(entity)) => Some(entity),
                    _ => None,
                }
            };
            // One that is made in the same breath is not there yet.
            if let Some(Out::YText(text)) = entity.and_then(|entity| entity.get(&txn, name))
                && text.get_string(&txn).encode_utf16().count()
                    != usize::try_from(text.len(&txn)).unwrap_or(usize::MAX)
            {
                let say = format!("{name} holds more than text; change it in an editor");
                return Err(WriteFailed::Unwritable(say));
            }
        }
        Ok(())
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

/// A new document that says what `content` says, written by `client` and with no history: with what a draft
/// begins. Nothing of the plan's own document is in it.
pub fn document_of(content: &Content, client: ClientId) -> Result<Bytes, WriteFailed> {
    let doc = new_doc_as(client);
    let written = transact(
        &doc,
        |txn| {
            for root in ROOTS {
                for (id, fields) in content.entities(root.name) {
                    let map = txn.get_or_insert_map(root.name);
                    let map = if id == ONE {
                        map
                    } else {
                        map.insert(txn, id, MapPrelim::default())
                    };
                    for (name, value) in fields {
                        put(txn, &map, name, value);
                    }
                }
            }
            Ok(())
        },
        |txn| Bytes::from(txn.encode_update_v1()),
    );
    written.map_err(|failure| match failure {
        Failure::Undecodable => {
            WriteFailed::Broken("the library cannot read its own update".to_owned())
        }
        Failure::Harmed(reason) => WriteFailed::Broken(reason),
    })
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

#[cfg(test)]
mod tests {
    use convene_plan::op::Why;
    use serde_json::json;

    use super::super::replica::Stored;
    use super::*;
    use crate::clock::Clock;

    fn replica() -> Replica {
        let stored = Stored {
            snapshot: None,
            rows: Vec::new(),
            bindings: Vec::new(),
        };
        Replica::load(&stored).replica
    }

    fn op(json: Json) -> Op {
        serde_json::from_value(json).unwrap()
    }

    fn session() -> Op {
        op(
            json!({ "op": "add", "path": ["sessions", "se_A"], "fields": {
            "title": "Kafka", "abstract": "It costs 40000." } }),
        )
    }

    fn scribe(client: ClientId) -> Scribe {
        Scribe::new(UserId::generate(&Clock::system()), client)
    }

    fn take(replica: &mut Replica, scribe: &Scribe, written: Written) {
        replica
            .apply(&written.update.unwrap(), scribe.user())
            .unwrap();
    }

    fn write(to: &str) -> Op {
        op(json!({ "op": "text", "path": ["sessions", "se_A", "abstract"], "to": to }))
    }

    #[test]
    fn what_two_scribes_add_to_one_set_at_once_is_both_there() {
        let (mut replica, mut ada, mut ben) = (replica(), scribe(1), scribe(2));
        let made = ada.write(&replica, &[session()]).unwrap();
        let said = Arc::clone(&made.content);
        take(&mut replica, &ada, made);
        assert_eq!(said, replica.plan_content().unwrap());
        let link = |speaker: &str| {
            op(json!({ "op": "link", "path": ["sessions", "se_A", "people", speaker], "to": {} }))
        };
        let (first, second) = (
            ada.write(&replica, &[link("sp_1")]).unwrap(),
            ben.write(&replica, &[link("sp_2")]).unwrap(),
        );
        take(&mut replica, &ada, first);
        take(&mut replica, &ben, second);
        let content = replica.plan_content().unwrap();
        let people = content.field("sessions", "se_A", "people").unwrap();
        assert!(matches!(people, Value::Map(people) if people.len() == 2));
    }

    #[test]
    fn a_new_document_says_what_the_content_says_and_can_be_written() {
        let (mut first, mut ada) = (replica(), scribe(1));
        let ops = [
            session(),
            op(json!({ "op": "set", "path": ["meta", "name"], "to": "Days" })),
            op(json!({ "op": "set", "path": ["needs", "vegan"], "to": 3 })),
            op(json!({ "op": "link", "path": ["sessions", "se_A", "people", "sp_1"], "to": {} })),
        ];
        let made = ada.write(&first, &ops).unwrap();
        take(&mut first, &ada, made);
        let content = first.plan_content().unwrap();
        let (mut draft, ben) = (replica(), scribe(2));
        let state = document_of(&content, 7).unwrap();
        draft.apply(&state, ben.user()).unwrap();
        assert_eq!(draft.plan_content().unwrap(), content);
        let mut ben = Scribe::new(ben.user(), 8);
        let written = ben.write(&draft, &[write("It costs 55000.")]).unwrap();
        take(&mut draft, &ben, written);
        assert_eq!(
            draft
                .plan_content()
                .unwrap()
                .field("sessions", "se_A", "abstract"),
            Some(&Value::Text("It costs 55000.".to_owned()))
        );
    }

    #[test]
    fn nothing_is_written_when_an_operation_is_refused() {
        let (mut replica, mut ada) = (replica(), scribe(1));
        let made = ada.write(&replica, &[session()]).unwrap();
        take(&mut replica, &ada, made);
        let set = op(
            json!({ "op": "set", "path": ["sessions", "se_A", "title"], "from": "x", "to": "y" }),
        );
        let refused = ada.write(&replica, &[write("new"), set]);
        assert!(
            matches!(&refused, Err(WriteFailed::Refused(it)) if matches!(it.why, Why::Drifted { .. })),
            "{refused:?}"
        );
        let again = ada.write(&replica, &[session()]).unwrap();
        assert!(again.update.is_none());
    }

    #[test]
    fn a_text_with_an_image_in_it_is_left_to_editors() {
        let (mut replica, mut ada) = (replica(), scribe(1));
        let made = ada.write(&replica, &[session()]).unwrap();
        take(&mut replica, &ada, made);
        let page = new_doc_as(9);
        let state = replica.encode().unwrap();
        integrate(&page, &state, |_| ()).unwrap();
        let image = {
            let mut txn = page.transact_mut();
            let sessions = txn.get_or_insert_map("sessions");
            let Some(Out::YMap(session)) = sessions.get(&txn, "se_A") else {
                panic!("the session is there");
            };
            let text = shared_text(&txn, &session, "abstract").unwrap();
            text.insert_embed(&mut txn, 0, any(&json!({ "image": "x" })));
            Bytes::from(txn.encode_update_v1())
        };
        replica
            .apply(&image, UserId::generate(&Clock::system()))
            .unwrap();
        let written = ada.write(&replica, &[write("It costs 55000.")]);
        assert!(
            matches!(written, Err(WriteFailed::Unwritable(_))),
            "{written:?}"
        );
    }
}
