//! Where one entity points at another, and the operations that make it point elsewhere or nowhere.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::field;
use crate::content::Fields;
use crate::op::Op;
use crate::schema::{Field, Kind, Root};

/// A reference of one entity to another.
#[derive(Debug, Clone)]
pub struct Reference<'a> {
    /// The root of the entity that refers.
    pub root: &'static Root,
    /// The id of the entity that refers.
    pub id: &'a str,
    /// The field that it is in.
    pub field: &'static Field,
    /// Where in the field.
    pub place: Place<'a>,
    /// The root of what is referred to, which an [`Kind::AnyRef`] can say wrongly.
    pub to_root: &'a str,
    /// The id of what is referred to.
    pub to_id: &'a str,
}

/// Where in a field a reference is.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// The whole field is the id.
    Whole,
    /// The field is a shared map, the id is a key of it.
    Member(&'a BTreeMap<String, Json>),
    /// The field is a record, the id is under this of its fields.
    Within(&'a Json, &'static Field),
    /// The field is `{root, id, field?}`.
    Any(&'a Json),
}

impl<'a> Reference<'a> {
    /// All references of one entity. The schema has none in lists.
    pub(crate) fn of_entity(root: &'static Root, id: &'a str, fields: &'a Fields) -> Vec<Self> {
        let mut found = Vec::new();
        for at in root.fields {
            let mut add = |place, to_root, to_id| {
                found.push(Self {
                    root,
                    id,
                    field: at,
                    place,
                    to_root,
                    to_id,
                });
            };
            if let Kind::Ref(to) = at.kind {
                if let Some(to_id) = field::text(fields, at.name) {
                    add(Place::Whole, to, to_id);
                }
            } else if let Kind::Refs(to, _) = at.kind {
                if let Some(members) = field::members(fields, at.name) {
                    for to_id in members.keys() {
                        add(Place::Member(members), to, to_id);
                    }
                }
            } else if let Kind::AnyRef = at.kind {
                if let Some(json) = field::json(fields, at.name)
                    && let Some((to, to_id)) =
                        field::part(json, "root").zip(field::part(json, "id"))
                {
                    add(Place::Any(json), to, to_id);
                }
            } else if let Kind::Record(parts) = at.kind {
                let record = field::json(fields, at.name);
                for part in parts {
                    if let Kind::Ref(to) = part.kind
                        && let Some(record) = record
                        && let Some(to_id) = field::part(record, part.name)
                    {
                        add(Place::Within(record, part), to, to_id);
                    }
                }
            }
        }
        found
    }

    fn set(&self, from: Json, to: Json) -> Op {
        Op::Set {
            path: self.root.path(self.id, &[self.field.name]),
            from: Some(from),
            to,
        }
    }

    /// The operation after which it points nowhere. None when what refers cannot be without it.
    pub fn unassign(&self) -> Option<Op> {
        let is_optional = !self.field.is_needed;
        match self.place {
            Place::Whole => is_optional.then(|| self.set(json!(self.to_id), Json::Null)),
            Place::Member(members) => Some(Op::Unlink {
                path: self.root.path(self.id, &[self.field.name, self.to_id]),
                from: members.get(self.to_id).cloned(),
            }),
            Place::Within(record, part) if part.is_needed => {
                is_optional.then(|| self.set(record.clone(), Json::Null))
            }
            Place::Within(record, part) => {
                let mut rest = record.clone();
                rest.as_object_mut()?.remove(part.name);
                Some(self.set(record.clone(), rest))
            }
            Place::Any(json) => is_optional.then(|| self.set(json.clone(), Json::Null)),
        }
    }

    /// The operations after which it points at another entity of the same root.
    pub fn replace(&self, id: &str) -> Vec<Op> {
        let with = |record: &Json, key: &str| {
            let mut record = record.clone();
            if let Some(object) = record.as_object_mut() {
                object.insert(key.to_owned(), json!(id));
            }
            record
        };
        match self.place {
            Place::Whole => vec![self.set(json!(self.to_id), json!(id))],
            Place::Member(members) => {
                let value = members.get(self.to_id);
                let link = Op::Link {
                    path: self.root.path(self.id, &[self.field.name, id]),
                    from: Some(Json::Null),
                    to: value.cloned().unwrap_or(Json::Null),
                };
                // Where both are members already, the other keeps what it is there.
                let link = (!members.contains_key(id)).then_some(link);
                self.unassign().into_iter().chain(link).collect()
            }
            Place::Within(record, part) => {
                vec![self.set(record.clone(), with(record, part.name))]
            }
            Place::Any(json) => vec![self.set(json.clone(), with(json, "id"))],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::ROOTS;

    fn bears(kind: &Kind) -> bool {
        if let Kind::Record(fields) | Kind::List(fields) = kind {
            return fields.iter().any(|it| bears(&it.kind));
        }
        if let Kind::Tags(kind) = kind {
            return bears(kind);
        }
        matches!(kind, Kind::Ref(_) | Kind::Refs(..) | Kind::AnyRef)
    }

    #[test]
    fn no_reference_of_the_schema_is_where_it_would_be_overlooked() {
        for field in ROOTS.iter().flat_map(|root| root.fields) {
            let is_seen = if let Kind::Record(parts) = field.kind {
                let plain = |it: &Field| matches!(it.kind, Kind::Ref(_)) || !bears(&it.kind);
                parts.iter().all(plain)
            } else if let Kind::Refs(_, inner) = field.kind {
                !bears(inner)
            } else {
                matches!(field.kind, Kind::Ref(_) | Kind::AnyRef) || !bears(&field.kind)
            };
            assert!(is_seen, "{}", field.name);
        }
    }
}
