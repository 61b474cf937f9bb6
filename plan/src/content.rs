//! What a plan's document says, as plain data: roots, entities, fields.
//!
//! A reading is lossless for everything the schema speaks of, and keeps fields it does not know.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::schema::{Kind, ROOTS, Root, Shape};

/// The fields of one entity by name.
pub type Fields = BTreeMap<String, Value>;

/// The id of the one thing that a root without entities holds.
pub const ONE: &str = "";

/// One field's value, with which shared type it is in.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A plain value, replaced as a whole.
    Plain(Json),
    /// A shared text.
    Text(String),
    /// A shared map of plain values.
    Map(BTreeMap<String, Json>),
}

impl Value {
    /// The plain value, if it is one.
    pub fn plain(&self) -> Option<&Json> {
        match self {
            Self::Plain(json) => Some(json),
            Self::Text(_) | Self::Map(_) => None,
        }
    }

    /// Roughly how many bytes it takes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Plain(json) => json_bytes(json),
            Self::Text(text) => text.len(),
            Self::Map(members) => members
                .iter()
                .map(|(key, json)| key.len() + json_bytes(json))
                .sum(),
        }
    }
}

/// Roughly how many bytes it takes.
pub(crate) fn json_bytes(json: &Json) -> usize {
    match json {
        Json::Null | Json::Bool(_) => 4,
        Json::Number(_) => 8,
        Json::String(text) => text.len() + 2,
        Json::Array(items) => items.iter().map(|item| json_bytes(item) + 1).sum(),
        Json::Object(members) => members
            .iter()
            .map(|(key, json)| key.len() + json_bytes(json) + 4)
            .sum(),
    }
}

/// Everything that the roots of a plan hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Content {
    /// Entities are shared by copies of a content until one changes them: a copy costs a pointer each.
    roots: BTreeMap<String, BTreeMap<String, Arc<Fields>>>,
    /// What stands where an entity should, and is none: root and key.
    pub strays: Vec<(String, String)>,
}

impl Content {
    /// The entities of a root by id; a root that holds one thing holds it under [`ONE`].
    pub fn entities<'a>(
        &'a self,
        root: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Fields)> + use<'a> {
        let entities = self.roots.get(root).into_iter().flatten();
        entities.map(|(id, fields)| (id.as_str(), fields.as_ref()))
    }

    /// Those that are not archived, in their order: by rank, then by id.
    pub fn live(&self, root: &str) -> Vec<(&str, &Fields)> {
        let mut live: Vec<_> = self
            .entities(root)
            .filter(|(_, fields)| !is_archived(fields))
            .collect();
        live.sort_by(|(a_id, a), (b_id, b)| (rank(a), a_id).cmp(&(rank(b), b_id)));
        live
    }

    /// One entity, archived or not.
    pub fn entity(&self, root: &str, id: &str) -> Option<&Fields> {
        self.roots.get(root)?.get(id).map(AsRef::as_ref)
    }

    /// One field's value.
    pub fn field(&self, root: &str, id: &str, field: &str) -> Option<&Value> {
        self.entity(root, id)?.get(field)
    }

    /// The fields of an entity, which is made if it is not there.
    pub fn entity_mut(&mut self, root: &str, id: &str) -> &mut Fields {
        let entities = self.roots.entry(root.to_owned()).or_default();
        Arc::make_mut(entities.entry(id.to_owned()).or_default())
    }

    /// The roots that hold something else in `other`, in the order of the schema.
    pub fn changed_roots(&self, other: &Self) -> Vec<&'static str> {
        let roots = ROOTS.iter().map(|root| root.name);
        roots
            .filter(|root| self.roots.get(*root) != other.roots.get(*root))
            .collect()
    }

    /// Takes an entity out; whether it was there.
    pub fn remove_entity(&mut self, root: &str, id: &str) -> bool {
        let entities = self.roots.get_mut(root);
        entities.is_some_and(|entities| entities.remove(id).is_some())
    }

    /// Roughly how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let entities = self.roots.values().flat_map(BTreeMap::values);
        let fields = entities.flat_map(|fields| fields.iter());
        fields
            .map(|(name, value)| name.len() + value.bytes() + 64)
            .sum()
    }

    /// As JSON: an object of roots, which are objects of entities by id, or one entity. Where the schema
    /// says in which shared type a field is, it is its plain JSON; elsewhere `{"$text": …}` or
    /// `{"$map": …}` says it.
    pub fn to_json(&self) -> Json {
        let mut roots = Map::new();
        for root in ROOTS {
            let Some(entities) = self.roots.get(root.name) else {
                continue;
            };
            let json = match root.shape {
                Shape::Many { .. } => entities
                    .iter()
                    .map(|(id, fields)| (id.clone(), fields_to_json(root, fields)))
                    .collect(),
                Shape::One | Shape::Counts => entities
                    .get(ONE)
                    .map_or_else(|| json!({}), |fields| fields_to_json(root, fields)),
            };
            roots.insert(root.name.to_owned(), json);
        }
        Json::Object(roots)
    }

    /// Reads what [`Content::to_json`] writes. Roots that the schema does not know are named.
    pub fn from_json(json: &Json) -> Result<(Self, Vec<String>), NotContent> {
        let roots = json.as_object().ok_or(NotContent::NoObject)?;
        let (mut content, mut unknown) = (Self::default(), Vec::new());
        for (name, json) in roots {
            let Some(root) = Root::of(name) else {
                unknown.push(name.clone());
                continue;
            };
            let object = json
                .as_object()
                .ok_or_else(|| NotContent::Root(name.clone()))?;
            match root.shape {
                Shape::One | Shape::Counts => {
                    *content.entity_mut(name, ONE) = fields_from_json(root, object);
                }
                Shape::Many { .. } => {
                    content.roots.entry(name.clone()).or_default();
                    for (id, json) in object {
                        let fields = json
                            .as_object()
                            .ok_or_else(|| NotContent::Entity(name.clone(), id.clone()))?;
                        *content.entity_mut(name, id) = fields_from_json(root, fields);
                    }
                }
            }
        }
        Ok((content, unknown))
    }
}

/// JSON that is no plan's content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotContent {
    /// The whole is no object.
    #[error("a plan is an object of roots")]
    NoObject,
    /// A root is no object.
    #[error("{0} must be an object")]
    Root(String),
    /// An entity is no object.
    #[error("{1} in {0} must be an object of fields")]
    Entity(String, String),
}

/// Whether an entity is put away.
pub fn is_archived(fields: &Fields) -> bool {
    fields.get("archived").and_then(Value::plain) == Some(&Json::Bool(true))
}

/// An entity's place in its list; those without one come first.
pub fn rank(fields: &Fields) -> &str {
    let rank = fields.get("rank").and_then(Value::plain);
    rank.and_then(Json::as_str).unwrap_or("")
}

fn kind_of(root: &Root, field: &str) -> Option<Kind> {
    root.field(field).map(|field| field.kind)
}

/// The fields of an entity of `root` as JSON.
pub fn fields_to_json(root: &Root, fields: &Fields) -> Json {
    let json = |(name, value): (&String, &Value)| (name.clone(), value_to_json(root, name, value));
    Json::Object(fields.iter().map(json).collect())
}

/// One field's value as JSON, in the same way.
pub fn value_to_json(root: &Root, name: &str, value: &Value) -> Json {
    let kind = kind_of(root, name);
    match (value, kind) {
        // A plain value where a shared type belongs is told apart from one.
        (Value::Plain(json), Some(kind)) if is_shared(kind, json) => json!({ "$plain": json }),
        (Value::Plain(json), _) if is_marked(json) => json!({ "$plain": json }),
        (Value::Plain(json), _) => json.clone(),
        (Value::Text(text), Some(Kind::Text)) => json!(text),
        (Value::Text(text), _) => json!({ "$text": text }),
        (Value::Map(members), Some(kind)) if kind.is_set() => json!(members),
        (Value::Map(members), _) => json!({ "$map": members }),
    }
}

/// Whether plain JSON would be read as a shared type of this kind.
fn is_shared(kind: Kind, json: &Json) -> bool {
    (kind == Kind::Text && json.is_string()) || (kind.is_set() && json.is_object())
}

/// Whether plain JSON looks like a mark of a shared type.
fn is_marked(json: &Json) -> bool {
    let only_key = json
        .as_object()
        .filter(|object| object.len() == 1)
        .and_then(|object| object.keys().next());
    only_key.is_some_and(|key| matches!(key.as_str(), "$text" | "$map" | "$plain"))
}

/// Reads an entity of `root`: strings become shared texts, and objects shared maps, where the schema has
/// them so.
pub fn fields_from_json(root: &Root, object: &Map<String, Json>) -> Fields {
    let value = |(name, json): (&String, &Json)| (name.clone(), value_from_json(root, name, json));
    object.iter().map(value).collect()
}

/// Reads one field's value in the same way.
pub fn value_from_json(root: &Root, name: &str, json: &Json) -> Value {
    if is_marked(json) {
        if let Some(text) = json.get("$text").and_then(Json::as_str) {
            return Value::Text(text.to_owned());
        }
        if let Some(members) = json.get("$map").and_then(Json::as_object) {
            return Value::Map(members.clone().into_iter().collect());
        }
        if let Some(plain) = json.get("$plain") {
            return Value::Plain(plain.clone());
        }
    }
    match (kind_of(root, name), json) {
        (Some(Kind::Text), Json::String(text)) => Value::Text(text.clone()),
        (Some(kind), Json::Object(members)) if kind.is_set() => {
            Value::Map(members.clone().into_iter().collect())
        }
        _ => Value::Plain(json.clone()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i32>().prop_map(Json::from),
            "[a-zé$]{0,6}".prop_map(Json::from),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
                prop::collection::btree_map("[a-z]{1,3}|\\$text|\\$map|\\$plain", inner, 0..3)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any_json().prop_map(Value::Plain),
            "[a-z ]{0,9}".prop_map(Value::Text),
            prop::collection::btree_map("[a-z]{1,3}", any_json(), 0..3).prop_map(Value::Map),
        ]
    }

    proptest! {
        #[test]
        fn content_is_the_same_after_json(
            fields in prop::collection::vec(
                (0_usize..19, "[a-c]", prop_oneof!["title", "abstract", "people", "slot", "new"], any_value()),
                0..20,
            ),
        ) {
            let mut content = Content::default();
            for (root, id, field, value) in fields {
                let root = &ROOTS[root];
                let id = if root.prefix().is_some() { id.as_str() } else { ONE };
                content.entity_mut(root.name, id).insert(field, value);
            }
            let (again, unknown) = Content::from_json(&content.to_json()).unwrap();
            prop_assert_eq!(again, content);
            prop_assert!(unknown.is_empty());
        }
    }

    #[test]
    fn live_entities_are_in_the_order_of_their_ranks() {
        let mut content = Content::default();
        for (id, rank, archived) in [
            ("b", "I", false),
            ("a", "I", false),
            ("c", "A", false),
            ("d", "B", true),
        ] {
            let fields = content.entity_mut("tracks", id);
            fields.insert("rank".to_owned(), Value::Plain(json!(rank)));
            fields.insert("archived".to_owned(), Value::Plain(json!(archived)));
        }
        let ids: Vec<&str> = content
            .live("tracks")
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        assert_eq!(ids, ["c", "a", "b"]);
    }

    #[test]
    fn what_is_no_plan_is_named() {
        assert_eq!(Content::from_json(&json!([])), Err(NotContent::NoObject));
        let root = Content::from_json(&json!({"rooms": 1}));
        assert_eq!(root, Err(NotContent::Root("rooms".to_owned())));
        let (_, unknown) = Content::from_json(&json!({"raffles": {}})).unwrap();
        assert_eq!(unknown, ["raffles"]);
    }
}
