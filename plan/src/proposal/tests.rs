//! Proposals on a small plan: what is proposed, what happened meanwhile, what becomes of it.

mod accepting;
mod deriving;
mod judging;
mod returning;

use serde_json::{Value as Json, json};

use super::*;
use crate::content::{Content, Value};
use crate::diff::diff;
use crate::view::Gates;

fn content(json: &Json) -> Content {
    let mut content = Content::from_json(json).unwrap().0;
    for root in crate::schema::ROOTS
        .iter()
        .filter(|root| root.prefix().is_some())
    {
        let ids: Vec<String> = content
            .entities(root.name)
            .map(|(id, _)| id.to_owned())
            .collect();
        for id in ids {
            let fields = content.entity_mut(root.name, &id);
            fields.insert("id".to_owned(), Value::Plain(json!(id)));
            let archived = Value::Plain(json!(false));
            fields.entry("archived".to_owned()).or_insert(archived);
            let rank = Value::Plain(json!("V"));
            fields.entry("rank".to_owned()).or_insert(rank);
        }
    }
    content
}

fn plan() -> Content {
    content(&json!({
        "meta": {"schema": 1, "name": "Days", "dates": {"start": "2027-05-03", "end": "2027-05-04"},
            "tz": "Europe/Berlin", "cur": "EUR", "format": "in_person", "phase": "planning"},
        "brief": {"description": "The venue costs 40000", "attendance": {"min": 10, "expected": 20, "max": 30}},
        "rooms": {"ro_A": {"name": "Aula"}, "ro_B": {"name": "Bar", "archived": true}},
        "sessions": {"se_1": {"title": "Kafka", "kind": "talk", "state": "draft", "minutes": 30,
            "abstract": "All about logs. Bring a laptop.", "people": {"sp_1": {"role": "speaker"}}}},
        "speakers": {"sp_1": {"name": "Ada", "kind": "cfp", "status": "confirmed"},
            "sp_2": {"name": "Ben", "kind": "cfp", "status": "approached"}},
        "budget": {"bu_1": {"side": "expense", "cat": "catering", "label": "Lunch", "state": "quoted",
            "unit": {"minor": 1_000, "cur": "EUR"}, "qty": {"per": "attendee", "n": 1}}},
        "tasks": {"ta_1": {"title": "Sign", "state": "todo", "due": {"anchor": "start", "offset_days": -7}}},
        "needs": {"vegan": 3},
    }))
}

/// The plan after these operations.
fn after(content: &Content, ops: &Json) -> Content {
    let ops: Vec<Op> = serde_json::from_value(ops.clone()).unwrap();
    content.after(&ops).unwrap().0
}

fn set(path: &str, to: &Json) -> Json {
    json!({"op": "set", "path": path.split('/').collect::<Vec<_>>(), "to": to})
}

fn write(path: &str, to: &str) -> Json {
    json!({"op": "text", "path": path.split('/').collect::<Vec<_>>(), "to": to})
}

fn entity(op: &str, path: &str) -> Json {
    json!({"op": op, "path": path.split('/').collect::<Vec<_>>()})
}

fn add(path: &str, fields: &Json) -> Json {
    json!({"op": "add", "path": path.split('/').collect::<Vec<_>>(), "fields": fields})
}

/// What a draft with these operations proposes.
fn proposed(base: &Content, ops: &Json) -> Vec<Change> {
    changes(base, &after(base, ops)).unwrap()
}

/// The only class.
fn class_of(changes: &[Change], present: &Content) -> Class {
    assert_eq!(changes.len(), 1);
    class(&changes[0], present, &[])
}

fn choose(numbers: &[u32]) -> Vec<Choice> {
    let choice = |no: &u32| Choice {
        no: *no,
        resolve: None,
    };
    numbers.iter().map(choice).collect()
}

fn accept(
    present: &Content,
    changes: &[Change],
    numbers: &[u32],
) -> Result<Rehearsal, Vec<NotAcceptable>> {
    rehearse(present, changes, &[], &choose(numbers), &Gates::none())
}

fn say(refused: &[NotAcceptable]) -> Vec<String> {
    refused.iter().map(ToString::to_string).collect()
}

/// What undoing an acceptance leaves, told by why it was kept.
fn kept(undo: &Undo) -> Vec<String> {
    undo.kept
        .iter()
        .map(|(no, why)| format!("{no}: {why}"))
        .collect()
}

/// As it comes back from where it was stored.
fn stored(took: &[Took]) -> Vec<Took> {
    serde_json::from_str(&serde_json::to_string(took).unwrap()).unwrap()
}

/// The changes between two contents, in short.
fn changes_of(before: &Content, after: &Content) -> Vec<String> {
    let changes = changes(before, after).unwrap();
    let say = |it: &Change| format!("{} {}", json!(it.op).as_str().unwrap(), it.path.join("/"));
    changes.iter().map(say).collect()
}
