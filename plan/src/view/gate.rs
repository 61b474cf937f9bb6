//! What people approved, value by value: a claim in the plan counts only as far as it is here.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::content::{Fields, Value};

/// The values that approved gates froze. Whoever keeps gates leaves out those that are void.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gates {
    /// By root and id, then by field. A field has several values when several gates are about it.
    approved: BTreeMap<(String, String), BTreeMap<String, Vec<Json>>>,
}

impl Gates {
    /// Nothing was approved.
    pub const fn none() -> Self {
        Self {
            approved: BTreeMap::new(),
        }
    }

    /// Takes in that `field` of an entity may be `value`. The id of what a root without entities holds is
    /// [`ONE`](crate::content::ONE).
    pub fn approve(&mut self, (root, id): (&str, &str), field: &str, value: Json) {
        let entity = (root.to_owned(), id.to_owned());
        let fields = self.approved.entry(entity).or_default();
        fields.entry(field.to_owned()).or_default().push(value);
    }

    /// Whether `field` of an entity may be `value`.
    pub fn has(&self, (root, id): (&str, &str), field: &str, value: &Json) -> bool {
        self.of(root, id)
            .and_then(|fields| fields.get(field))
            .is_some_and(|values| values.contains(value))
    }

    /// Those fields of an entity that are approved, but not as they are now.
    pub fn drifted(&self, (root, id): (&str, &str), now: &Fields) -> Vec<&str> {
        let approved = self.of(root, id).into_iter().flatten();
        let drifted = approved.filter(|(field, values)| {
            let now = now.get(*field).map(|value| match value {
                Value::Plain(json) => json.clone(),
                Value::Text(text) => Json::from(text.as_str()),
                Value::Map(members) => Json::Object(members.clone().into_iter().collect()),
            });
            !values.contains(&now.unwrap_or(Json::Null))
        });
        drifted.map(|(field, _)| field.as_str()).collect()
    }

    fn of(&self, root: &str, id: &str) -> Option<&BTreeMap<String, Vec<Json>>> {
        self.approved.get(&(root.to_owned(), id.to_owned()))
    }
}
