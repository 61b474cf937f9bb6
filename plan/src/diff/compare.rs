//! Compares two contents, entity by entity and field by field.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::{Difference, What};
use crate::content::{Content, Fields, Value, fields_to_json, is_archived};
use crate::schema::{Kind, ROOTS, Root, Shape};

/// How `after` differs from `before`: by root in the schema's order, then by id, then by field and member.
/// Roots that the schema does not know, and strays, are not looked at.
pub fn diff(before: &Content, after: &Content) -> Vec<Difference> {
    let mut differences = Vec::new();
    for root in ROOTS {
        let entities = |content| -> BTreeMap<&str, &Fields> {
            Content::entities(content, root.name).collect()
        };
        let (old, new) = (entities(before), entities(after));
        let ids: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
        for id in ids {
            let whats = entity(root, old.get(id).copied(), new.get(id).copied());
            differences.extend(whats.into_iter().map(|what| Difference {
                root,
                id: id.to_owned(),
                what,
            }));
        }
    }
    differences
}

fn entity(root: &'static Root, old: Option<&Fields>, new: Option<&Fields>) -> Vec<What> {
    static NOTHING: Fields = Fields::new();
    let json = |fields| match fields_to_json(root, fields) {
        Json::Object(fields) => fields,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            Map::new()
        }
    };
    match (root.shape, old, new) {
        (Shape::Many { .. }, None, Some(new)) => vec![What::Made { fields: json(new) }],
        (Shape::Many { .. }, Some(old), None) => vec![What::Gone { fields: json(old) }],
        (Shape::Many { .. } | Shape::One | Shape::Counts, old, new) => {
            changes(root, old.unwrap_or(&NOTHING), new.unwrap_or(&NOTHING))
        }
    }
}

fn changes(root: &'static Root, old: &Fields, new: &Fields) -> Vec<What> {
    let mut whats = Vec::new();
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let some = |value: &&Value| **value != Value::Plain(Json::Null);
        let (before, after) = (old.get(name).filter(some), new.get(name).filter(some));
        if before == after {
            continue;
        }
        if name == "archived" && root.prefix().is_some() {
            let stands = (is_archived(old), is_archived(new));
            archiving(stands, (before, after), &mut whats);
        } else {
            field(root, name, (before, after), &mut whats);
        }
    }
    whats
}

type Pair<'a> = (Option<&'a Value>, Option<&'a Value>);

/// Archiving and restoring set `archived` from false to true and back. What else becomes of the field is
/// told as a plain change beside that, so that together they are exact.
fn archiving((was, is): (bool, bool), (before, after): Pair<'_>, whats: &mut Vec<What>) {
    let plain = |value: Option<&Value>| value.and_then(Value::plain).cloned();
    let set = |before: Option<Json>, after: Option<Json>| What::Set {
        field: "archived".to_owned(),
        before,
        after,
    };
    let no = Some(json!(false));
    match (was, is) {
        (false, true) => {
            let before = plain(before);
            if before != no {
                whats.push(set(before, no));
            }
            whats.push(What::Archived);
        }
        (true, false) => {
            let after = plain(after);
            whats.push(What::Restored);
            if after != no {
                whats.push(set(no, after));
            }
        }
        (true, true) | (false, false) => whats.push(set(plain(before), plain(after))),
    }
}

fn field(root: &'static Root, name: &str, (before, after): Pair<'_>, whats: &mut Vec<What>) {
    let kind = root.field(name).map(|field| field.kind);
    let fits = |value: &Value| match (value, kind) {
        (_, None) => true,
        (Value::Text(_), Some(kind)) => kind == Kind::Text,
        (Value::Map(_), Some(kind)) => kind.is_set(),
        (Value::Plain(_), Some(kind)) => kind != Kind::Text && !kind.is_set() && name != "id",
    };
    let all_fit = before.is_none_or(fits) && after.is_none_or(fits);
    let field = name.to_owned();
    match (before, after) {
        (Some(Value::Plain(_)) | None, Some(Value::Plain(_)) | None) if all_fit => {
            let plain = |value: Option<&Value>| value.and_then(Value::plain).cloned();
            whats.push(What::Set {
                field,
                before: plain(before),
                after: plain(after),
            });
        }
        (Some(Value::Text(_)) | None, Some(Value::Text(_)) | None) if all_fit => {
            let (before, after) = (text(before), text(after));
            if before != after {
                whats.push(What::Text {
                    field,
                    before,
                    after,
                });
            }
        }
        (Some(Value::Map(_)) | None, Some(Value::Map(_)) | None) if all_fit => {
            members(name, (before, after), whats);
        }
        (before, after) => whats.push(What::Retyped {
            field,
            before: marked(before),
            after: marked(after),
        }),
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Plain(_) | Value::Map(_)) | None => String::new(),
    }
}

fn map(value: Option<&Value>) -> &BTreeMap<String, Json> {
    static NONE: BTreeMap<String, Json> = BTreeMap::new();
    match value {
        Some(Value::Map(members)) => members,
        Some(Value::Plain(_) | Value::Text(_)) | None => &NONE,
    }
}

fn members(field: &str, (before, after): Pair<'_>, whats: &mut Vec<What>) {
    let (old, new) = (map(before), map(after));
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let (field, key) = (field.to_owned(), key.clone());
        match (old.get(&key).cloned(), new.get(&key).cloned()) {
            (None, Some(after)) => whats.push(What::Linked { field, key, after }),
            (Some(before), None) => whats.push(What::Unlinked { field, key, before }),
            (Some(before), Some(after)) if before != after => whats.push(What::Relinked {
                field,
                key,
                before,
                after,
            }),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

fn marked(value: Option<&Value>) -> Json {
    match value {
        None => Json::Null,
        Some(Value::Plain(json)) => json!({ "$plain": json }),
        Some(Value::Text(text)) => json!({ "$text": text }),
        Some(Value::Map(members)) => json!({ "$map": members }),
    }
}
