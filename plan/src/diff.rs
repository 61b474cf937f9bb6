//! How two contents of a plan differ, in meaning: what was made, put away, set, written, linked.
//!
//! Two contents mean the same when they differ only in what nobody sees: `null` instead of nothing, or a
//! shared text or map that is empty instead of not there.

mod changelog;
mod compare;
mod words;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json};

pub use self::changelog::{Entry, Kind, changelog};
pub use self::compare::diff;
pub use self::words::say;
use crate::op::Op;
use crate::schema::Root;

/// One difference, with how it was before and how it is after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Difference {
    /// The root.
    #[serde(serialize_with = "name", deserialize_with = "named")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    root: &'static Root,
    /// The entity; empty where the root holds one thing.
    pub id: String,
    /// What is different.
    #[serde(flatten)]
    pub what: What,
}

/// What is different about an entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// It was made, with these fields.
    Made {
        /// By name; shared texts are texts, shared maps objects.
        fields: Map<String, Json>,
    },
    /// It is not there any more, which no operation does.
    Gone {
        /// By name; shared texts are texts, shared maps objects.
        fields: Map<String, Json>,
    },
    /// It was put away.
    Archived,
    /// It was brought back.
    Restored,
    /// A plain value was set, replaced or taken away.
    Set {
        /// Which.
        field: String,
        /// The value before, if there was one.
        before: Option<Json>,
        /// The value after, if there is one.
        after: Option<Json>,
    },
    /// A shared text was changed.
    Text {
        /// Which.
        field: String,
        /// The text before, empty also when there was none.
        before: String,
        /// The text after, empty also when there is none.
        after: String,
    },
    /// A member of a shared map came.
    Linked {
        /// Which map.
        field: String,
        /// Which member.
        key: String,
        /// Its value.
        after: Json,
    },
    /// A member of a shared map has another value.
    Relinked {
        /// Which map.
        field: String,
        /// Which member.
        key: String,
        /// Its value before.
        before: Json,
        /// Its value after.
        after: Json,
    },
    /// A member of a shared map went.
    Unlinked {
        /// Which map.
        field: String,
        /// Which member.
        key: String,
        /// Its value.
        before: Json,
    },
    /// A field is of another type than it was, or of one that the schema does not have there. Operations
    /// can only make a shared type where a plain value was, and undo nothing of it.
    Retyped {
        /// Which.
        field: String,
        /// Before, with `$plain`, `$text` or `$map` saying what it was.
        before: Json,
        /// After, in the same way.
        after: Json,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn name<S: serde::Serializer>(root: &&'static Root, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(root.name)
}

fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static Root, D::Error> {
    let name = String::deserialize(deserializer)?;
    Root::of(&name).ok_or_else(|| D::Error::custom(format!("no root is called {name}")))
}

/// The operations that make the content after of the one before. One that is gone is put away instead.
pub fn redo(differences: &[Difference]) -> Vec<Op> {
    differences.iter().flat_map(Difference::ops).collect()
}

/// The operations that make the content before of the one after, as far as operations can: nothing is
/// deleted, so entities that were made are put away, and shared texts and maps that were made are empty.
pub fn undo(differences: &[Difference]) -> Vec<Op> {
    let last_first = differences.iter().rev();
    last_first.flat_map(Difference::inverse).collect()
}

impl Difference {
    /// A difference about this.
    pub(crate) fn new(root: &'static Root, id: &str, what: What) -> Self {
        let id = id.to_owned();
        Self { root, id, what }
    }

    /// The root's name.
    pub fn root(&self) -> &'static str {
        self.root.name
    }

    /// The operations that make it: from before to after. None of what no operation does.
    pub fn ops(&self) -> Vec<Op> {
        let path = |within: &[&str]| self.root.path(&self.id, within);
        let present = |json: &Option<Json>| json.clone().unwrap_or(Json::Null);
        match &self.what {
            What::Made { fields } => self.making(fields),
            What::Gone { .. } | What::Archived => vec![Op::Archive { path: path(&[]) }],
            What::Restored => vec![Op::Restore { path: path(&[]) }],
            What::Set {
                field,
                before,
                after,
            } => vec![Op::Set {
                path: path(&[field]),
                from: Some(present(before)),
                to: present(after),
            }],
            What::Text {
                field,
                before,
                after,
            } => vec![Op::Text {
                path: path(&[field]),
                from: Some(before.clone()),
                to: after.clone(),
            }],
            What::Linked { field, key, after } => vec![Op::Link {
                path: path(&[field, key]),
                from: Some(Json::Null),
                to: after.clone(),
            }],
            What::Relinked {
                field,
                key,
                before,
                after,
            } => vec![Op::Link {
                path: path(&[field, key]),
                from: Some(before.clone()),
                to: after.clone(),
            }],
            What::Unlinked { field, key, before } => vec![Op::Unlink {
                path: path(&[field, key]),
                from: Some(before.clone()),
            }],
            What::Retyped {
                field,
                before,
                after,
            } => self.retyping(field, before, after),
        }
    }

    /// The operations that take it back: from after to before, as [`undo`] says.
    pub fn inverse(&self) -> Vec<Op> {
        let what = match self.what.clone() {
            What::Made { .. } | What::Restored => What::Archived,
            What::Gone { fields } => What::Made { fields },
            What::Archived => What::Restored,
            What::Set {
                field,
                before,
                after,
            } => What::Set {
                field,
                before: after,
                after: before,
            },
            What::Text {
                field,
                before,
                after,
            } => What::Text {
                field,
                before: after,
                after: before,
            },
            What::Linked { field, key, after } => What::Unlinked {
                field,
                key,
                before: after,
            },
            What::Unlinked { field, key, before } => What::Linked {
                field,
                key,
                after: before,
            },
            What::Relinked {
                field,
                key,
                before,
                after,
            } => What::Relinked {
                field,
                key,
                before: after,
                after: before,
            },
            What::Retyped { .. } => return Vec::new(),
        };
        let back = Self {
            root: self.root,
            id: self.id.clone(),
            what,
        };
        back.ops()
    }

    /// Makes an entity with these fields and no others: those that are filled in are taken away again.
    fn making(&self, fields: &Map<String, Json>) -> Vec<Op> {
        let add = Op::Add {
            path: self.root.path(&self.id, &[]),
            fields: fields.clone(),
        };
        let filled = ["rank", "archived"].into_iter();
        let unset = filled
            .filter(|name| !fields.contains_key(*name))
            .map(|name| Op::Set {
                path: self.root.path(&self.id, &[name]),
                from: None,
                to: Json::Null,
            });
        std::iter::once(add).chain(unset).collect()
    }

    /// Makes a shared type where a plain value was, in a field that the schema does not know.
    fn retyping(&self, field: &str, before: &Json, after: &Json) -> Vec<Op> {
        let Some(plain) = before
            .get("$plain")
            .filter(|_| self.root.field(field).is_none())
        else {
            return Vec::new();
        };
        let unset = Op::Set {
            path: self.root.path(&self.id, &[field]),
            from: Some(plain.clone()),
            to: Json::Null,
        };
        let text = after
            .get("$text")
            .and_then(Json::as_str)
            .map(|text| Op::Text {
                path: self.root.path(&self.id, &[field]),
                from: Some(String::new()),
                to: text.to_owned(),
            });
        let members = after.get("$map").and_then(Json::as_object);
        let links = members.into_iter().flatten().map(|(key, member)| Op::Link {
            path: self.root.path(&self.id, &[field, key]),
            from: Some(Json::Null),
            to: member.clone(),
        });
        std::iter::once(unset).chain(text).chain(links).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::content::{Content, Fields, ONE, Value, is_archived};
    use crate::schema::ROOTS;

    fn content(json: &Json) -> Content {
        Content::from_json(json).unwrap().0
    }

    fn written(before: &Content, after: &Content) -> Json {
        serde_json::to_value(diff(before, after)).unwrap()
    }

    #[test]
    fn a_difference_says_what_happened_and_to_what() {
        let before = content(&json!({
            "meta": {"name": "Days"},
            "sessions": {
                "se_1": {"id": "se_1", "title": "Kafka", "abstract": "Logs.", "archived": false,
                    "people": {"sp_1": {}, "sp_2": {"role": "host"}}},
                "se_2": {"id": "se_2", "archived": true},
            },
            "needs": {"vegan": 3},
        }));
        let after = content(&json!({
            "meta": {"name": "Nights", "cur": "EUR"},
            "rooms": {"ro_1": {"name": "Aula"}},
            "sessions": {
                "se_1": {"id": "se_1", "title": "Kafka", "abstract": "Big logs.", "archived": true,
                    "people": {"sp_2": {"role": "speaker"}, "sp_3": {}}},
                "se_2": {"id": "se_2", "archived": false},
            },
        }));
        assert_eq!(
            written(&before, &after),
            json!([
                {"root": "meta", "id": "", "what": "set", "field": "cur", "before": null, "after": "EUR"},
                {"root": "meta", "id": "", "what": "set", "field": "name", "before": "Days", "after": "Nights"},
                {"root": "rooms", "id": "ro_1", "what": "made", "fields": {"name": "Aula"}},
                {"root": "sessions", "id": "se_1", "what": "text", "field": "abstract", "before": "Logs.",
                    "after": "Big logs."},
                {"root": "sessions", "id": "se_1", "what": "archived"},
                {"root": "sessions", "id": "se_1", "what": "unlinked", "field": "people", "key": "sp_1", "before": {}},
                {"root": "sessions", "id": "se_1", "what": "relinked", "field": "people", "key": "sp_2",
                    "before": {"role": "host"}, "after": {"role": "speaker"}},
                {"root": "sessions", "id": "se_1", "what": "linked", "field": "people", "key": "sp_3", "after": {}},
                {"root": "sessions", "id": "se_2", "what": "restored"},
                {"root": "needs", "id": "", "what": "set", "field": "vegan", "before": 3, "after": null},
            ])
        );
    }

    #[test]
    fn what_nobody_sees_is_no_difference() {
        let bare = content(&json!({"sessions": {"se_1": {"title": "A"}}}));
        let empty = content(
            &json!({"meta": {}, "rooms": {}, "sessions": {"se_1": {"title": "A", "slot": null,
            "abstract": "", "people": {}}}}),
        );
        assert_eq!(diff(&bare, &empty), []);
        assert_eq!(diff(&empty, &bare), []);
    }

    #[test]
    fn what_is_gone_is_put_away_and_comes_back() {
        let before = content(
            &json!({"rooms": {"ro_1": {"id": "ro_1", "name": "Aula", "rank": "V",
            "archived": false, "features": {"stage": true}}}}),
        );
        let mut json = before.to_json();
        json["rooms"].as_object_mut().unwrap().remove("ro_1");
        let mut after = content(&json);
        let differences = diff(&before, &after);
        let mut redone = before.clone();
        redone.apply(&redo(&differences)).unwrap();
        assert!(redone.live("rooms").is_empty());
        after.apply(&undo(&differences)).unwrap();
        assert_eq!(after, before);
    }

    #[test]
    fn what_no_operation_does_is_told_and_has_none() {
        let before = content(&json!({"sessions": {"se_1": {"abstract": "a"}}}));
        let after = content(&json!({"sessions": {"se_1": {"abstract": 5}}}));
        let differences = diff(&before, &after);
        assert!(matches!(differences[0].what, What::Retyped { .. }));
        assert_eq!((redo(&differences), undo(&differences)), (vec![], vec![]));
    }

    #[test]
    fn a_plain_value_can_become_a_shared_type_but_not_the_other_way() {
        let before = content(&json!({"sessions": {"se_1": {"new": 5, "newer": "five"}}}));
        let after = content(&json!({"sessions": {"se_1": {"new": {"$text": "five"},
            "newer": {"$map": {"a": 5, "b": true}}}}}));
        let differences = diff(&before, &after);
        let mut redone = before.clone();
        redone.apply(&redo(&differences)).unwrap();
        assert_eq!(redone, after);
        assert_eq!(undo(&differences), []);
        let back = diff(&after, &before);
        assert_eq!((back.len(), redo(&back)), (2, vec![]));
    }

    /// Everything that somebody sees.
    fn seen(content: &Content) -> BTreeMap<(&str, String), Fields> {
        let is_seen = |value: &Value| match value {
            Value::Plain(json) => !json.is_null(),
            Value::Text(text) => !text.is_empty(),
            Value::Map(members) => !members.is_empty(),
        };
        let mut seen = BTreeMap::new();
        for root in ROOTS {
            for (id, fields) in content.entities(root.name) {
                let fields: Fields = fields
                    .iter()
                    .filter(|(_, value)| is_seen(value))
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect();
                if id != ONE || !fields.is_empty() {
                    seen.insert((root.name, id.to_owned()), fields);
                }
            }
        }
        seen
    }

    /// An operation on few things, so that many meet; it may be refused.
    fn any_op() -> impl Strategy<Value = Op> {
        let op = |json: Json| serde_json::from_value::<Op>(json).unwrap();
        let id = || prop_oneof![Just("se_1"), Just("se_2"), Just("se_3")];
        let word = || "[a-c]{0,2}( [a-c]{1,2})?";
        let plain = prop_oneof![
            Just(Json::Null),
            (1..4).prop_map(Json::from),
            word().prop_map(Json::from)
        ];
        let field = prop_oneof![
            Just("title"),
            Just("expected"),
            Just("unknown"),
            Just("mixed"),
            Just("archived"),
            Just("rank"),
            Just("record"),
            Just("locked")
        ];
        let bool = prop_oneof![Just(Json::Null), Just(json!(true)), Just(json!(false))];
        let map = || prop_oneof![Just("people"), Just("needs"), Just("links"), Just("mixed")];
        let member = prop_oneof![
            Just(json!({})),
            Just(json!({"role": "host"})),
            Just(json!(true)),
            Just(Json::Null)
        ];
        let text = prop_oneof![Just("abstract"), Just("prose"), Just("mixed")];
        prop_oneof![
            (id(), word(), any::<bool>()).prop_map(move |(id, word, more)| op(json!({"op": "add",
                "path": ["sessions", id], "fields": if more {
                    json!({"title": word, "abstract": word, "people": {"sp_1": {}}, "prose": {"$text": word},
                        "links": {"$map": {"a": true}}, "unknown": null, "archived": true, "rank": "k"})
                } else { json!({"minutes": 30}) }}))),
            (id(), field, plain).prop_map(move |(id, field, to)| op(json!({"op": "set",
                "path": ["sessions", id, field], "to": to}))),
            (id(), prop_oneof![Just("archived"), Just("locked")], bool).prop_map(move |(id, field, to)|
                op(json!({"op": "set", "path": ["sessions", id, field], "to": to}))),
            (id(), text, word()).prop_map(move |(id, field, to)| op(json!({"op": "text",
                "path": ["sessions", id, field], "to": to}))),
            (id(), map(), "[a-b]", member).prop_map(move |(id, field, key, to)| op(json!({"op": "link",
                "path": ["sessions", id, field, key], "to": to}))),
            (id(), map(), "[a-b]").prop_map(move |(id, field, key)| op(json!({"op": "unlink",
                "path": ["sessions", id, field, key]}))),
            id().prop_map(move |id| op(json!({"op": "archive", "path": ["sessions", id]}))),
            id().prop_map(move |id| op(json!({"op": "restore", "path": ["sessions", id]}))),
            (1..3).prop_map(move |n| op(json!({"op": "set", "path": ["needs", "vegan"], "to": n}))),
            word().prop_map(move |to| op(json!({"op": "text", "path": ["brief", "goal"], "to": to}))),
        ]
    }

    fn after(content: &Content, ops: &[Op]) -> Content {
        let mut content = content.clone();
        for op in ops {
            // Those that are refused change nothing.
            content.apply(std::slice::from_ref(op)).ok();
        }
        content
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_024))]

        #[test]
        fn differences_can_be_redone_and_undone(
            first in prop::collection::vec(any_op(), 0..30),
            then in prop::collection::vec(any_op(), 0..30),
        ) {
            let before = after(&Content::default(), &first);
            let now = after(&before, &then);
            let differences = diff(&before, &now);
            let mut redone = before.clone();
            redone.apply(&redo(&differences)).unwrap();
            prop_assert_eq!(seen(&redone), seen(&now));

            let mut undone = now.clone();
            undone.apply(&undo(&differences)).unwrap();
            let (mut undone_seen, mut before_seen) = (seen(&undone), seen(&before));
            undone_seen.retain(|(root, id), fields| {
                let was = before.entity(root, id).is_some() || id == ONE;
                assert!(was || is_archived(fields), "what was made is put away");
                was
            });
            // What became a shared type stays one.
            for difference in &differences {
                if let What::Retyped { field, .. } = &difference.what {
                    for seen in [&mut undone_seen, &mut before_seen] {
                        seen.get_mut(&(difference.root(), difference.id.clone())).unwrap().remove(field);
                    }
                }
            }
            prop_assert_eq!(undone_seen, before_seen);
        }

        #[test]
        fn there_is_no_difference_exactly_when_all_that_is_seen_is_the_same(
            first in prop::collection::vec(any_op(), 0..10),
            then in prop::collection::vec(any_op(), 0..4),
        ) {
            let before = after(&Content::default(), &first);
            let now = after(&before, &then);
            prop_assert_eq!(diff(&before, &before), []);
            prop_assert_eq!(diff(&before, &now).is_empty(), seen(&before) == seen(&now));
        }
    }
}
