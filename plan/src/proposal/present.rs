//! What a plan has where a change leads, and putting something there without judging it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Change, Kind};
use crate::content::{
    Content, Fields, Value, fields_from_json, fields_to_json, is_archived, value_to_json,
};
use crate::op::place;
use crate::schema::{Root, Shape};
use crate::value::normal;
use crate::view::{PlanView, Standing};

/// Where a change leads.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) root: &'static Root,
    pub(super) id: &'a str,
    /// The field and the member.
    rest: &'a [String],
}

impl<'a> Target<'a> {
    /// None for a path that leads nowhere.
    pub(super) fn of(path: &'a [String]) -> Option<Self> {
        let (root, id, rest) = place(path).ok()?;
        Some(Self { root, id, rest })
    }

    pub(super) fn field(&self) -> Option<&'a str> {
        self.rest.first().map(String::as_str)
    }

    pub(super) fn member(&self) -> Option<&'a str> {
        self.rest.get(1).map(String::as_str)
    }

    /// Whether its entity is there.
    pub(super) fn standing(&self, content: &Content) -> Standing {
        PlanView::new(content).standing(self.root.name, self.id)
    }

    /// The entity for people: `the session "Kafka"`.
    pub(super) fn say(&self, content: &Content) -> String {
        if self.id.is_empty() {
            return format!("the {}", self.root.noun);
        }
        let view = PlanView::new(content);
        let name = view.name(self.root.name, self.id);
        format!("the {} \"{name}\"", self.root.noun)
    }

    /// What a change of this kind finds there, in the form of its values. What is of another type than the
    /// change is about says so by `$plain`, `$text` or `$map`, and equals nothing that a change makes.
    pub(super) fn value(&self, kind: Kind, content: &Content) -> Json {
        let fields = content.entity(self.root.name, self.id);
        let there = || Some((self.field()?, fields?.get(self.field()?)?));
        match kind {
            Kind::Add => fields.map_or(Json::Null, |fields| fields_to_json(self.root, fields)),
            Kind::Archive | Kind::Restore => {
                fields.map_or(Json::Null, |fields| Json::Bool(is_archived(fields)))
            }
            Kind::Set => there().map_or(Json::Null, |(name, value)| match value {
                Value::Plain(json) => normal(json.clone()),
                Value::Text(_) | Value::Map(_) => value_to_json(self.root, name, value),
            }),
            Kind::Text => there().map_or_else(
                || Json::from(""),
                |(name, value)| match value {
                    Value::Text(text) => Json::from(text.as_str()),
                    Value::Plain(_) | Value::Map(_) => value_to_json(self.root, name, value),
                },
            ),
            Kind::Link | Kind::Unlink => there().map_or(Json::Null, |(name, value)| match value {
                Value::Map(members) => {
                    let member = self.member().and_then(|key| members.get(key));
                    member.cloned().map_or(Json::Null, normal)
                }
                Value::Plain(_) | Value::Text(_) => value_to_json(self.root, name, value),
            }),
        }
    }

    /// Puts a value there as a change of this kind makes it, whatever the schema says of it.
    pub(super) fn put(&self, kind: Kind, content: &mut Content, json: &Json) {
        if (kind, json) == (Kind::Add, &Json::Null) {
            content.remove_entity(self.root.name, self.id);
            return;
        }
        let fields = content.entity_mut(self.root.name, self.id);
        match kind {
            Kind::Add => {
                if let Json::Object(object) = json {
                    *fields = fields_from_json(self.root, object);
                }
            }
            Kind::Archive | Kind::Restore => {
                fields.insert("archived".to_owned(), Value::Plain(json.clone()));
            }
            Kind::Set => {
                let value = (!json.is_null()).then(|| Value::Plain(json.clone()));
                replace(fields, self.field(), value);
            }
            Kind::Text => {
                let text = json.as_str().unwrap_or_default().to_owned();
                replace(fields, self.field(), Some(Value::Text(text)));
            }
            Kind::Link | Kind::Unlink => {
                let (Some(field), Some(key)) = (self.field(), self.member()) else {
                    return;
                };
                let map = fields
                    .entry(field.to_owned())
                    .or_insert_with(|| Value::Map(BTreeMap::new()));
                if let Value::Map(members) = map {
                    if json.is_null() {
                        members.remove(key);
                    } else {
                        members.insert(key.to_owned(), json.clone());
                    }
                }
            }
        }
    }
}

fn replace(fields: &mut Fields, name: Option<&str>, value: Option<Value>) {
    let Some(name) = name else { return };
    match value {
        Some(value) => fields.insert(name.to_owned(), value),
        None => fields.remove(name),
    };
}

/// Whether what a change makes is there. Of an entity that it makes, its fields must be there, and others may be.
pub(super) fn stands(change: &Change, target: &Target<'_>, content: &Content) -> bool {
    match change.op {
        Kind::Add => content
            .entity(target.root.name, target.id)
            .is_some_and(|fields| has(target.root, fields, &change.after)),
        Kind::Archive | Kind::Restore | Kind::Set | Kind::Text | Kind::Link | Kind::Unlink => {
            target.value(change.op, content) == change.after
        }
    }
}

/// Whether an entity says all that these fields say.
pub(super) fn has(root: &Root, present: &Fields, fields: &Json) -> bool {
    let Json::Object(fields) = fields else {
        return false;
    };
    fields_from_json(root, fields).iter().all(|(name, value)| {
        let says = |value: Option<&Value>| {
            let seen = value.filter(|value| !is_nothing(name, value));
            seen.map(|value| normal(value_to_json(root, name, value)))
        };
        says(Some(value)) == says(present.get(name))
    })
}

/// Whether a field says as much with this value as without it.
fn is_nothing(name: &str, value: &Value) -> bool {
    match value {
        Value::Plain(Json::Null) => true,
        Value::Plain(Json::Bool(false)) => name == "archived",
        Value::Plain(_) => false,
        Value::Text(text) => text.is_empty(),
        Value::Map(members) => members.is_empty(),
    }
}

/// What a plan has at a path: an entity or what a root without entities holds, a field of it, a member, or
/// a value within that. `null` for nothing, and for a path that names a whole root of entities, which would
/// be most of the plan.
pub fn value_at(content: &Content, path: &[String]) -> Json {
    let value = |path: &[String]| {
        let target = Target::of(path)?;
        let fields = content.entity(target.root.name, target.id)?;
        let Some((name, within)) = target.rest.split_first() else {
            return Some(fields_to_json(target.root, fields));
        };
        let mut json = value_to_json(target.root, name, fields.get(name)?);
        for key in within {
            json = match json {
                Json::Object(mut members) => members.remove(key)?,
                Json::Array(mut items) => {
                    let number: usize = key.parse().ok()?;
                    (number < items.len()).then(|| items.swap_remove(number))?
                }
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return None,
            };
        }
        Some(json)
    };
    value(path).map_or(Json::Null, normal)
}

/// Whether a root has entities that are made and put away.
pub(super) fn has_entities(root: &Root) -> bool {
    matches!(root.shape, Shape::Many { .. })
}
