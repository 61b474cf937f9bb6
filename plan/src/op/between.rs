//! The operations between one value of a field and another.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Op;
use crate::content::Value;

/// The operations that make `wanted` of what is `there` at `path`, each expecting what is there. None when
/// the two are in different shared types, which no operation changes. Nothing there is as good as an empty
/// text or map, and `null` as good as nothing.
pub fn between(path: &[String], there: Option<&Value>, wanted: &Value) -> Option<Vec<Op>> {
    let nothing = BTreeMap::new();
    match (there, wanted) {
        (None | Some(Value::Plain(_)), Value::Plain(to)) => {
            let from = there.and_then(Value::plain).unwrap_or(&Json::Null);
            Some(set(path, from, to))
        }
        (None, Value::Text(to)) => Some(text(path, "", to)),
        (Some(Value::Text(from)), Value::Text(to)) => Some(text(path, from, to)),
        (None, Value::Map(to)) => Some(members(path, &nothing, to)),
        (Some(Value::Map(from)), Value::Map(to)) => Some(members(path, from, to)),
        (Some(Value::Text(_) | Value::Map(_)), Value::Plain(_))
        | (Some(Value::Plain(_) | Value::Map(_)), Value::Text(_))
        | (Some(Value::Plain(_) | Value::Text(_)), Value::Map(_)) => None,
    }
}

fn set(path: &[String], from: &Json, to: &Json) -> Vec<Op> {
    let op = (from != to).then(|| Op::Set {
        path: path.to_vec(),
        from: Some(from.clone()),
        to: to.clone(),
    });
    op.into_iter().collect()
}

fn text(path: &[String], from: &str, to: &str) -> Vec<Op> {
    let op = (from != to).then(|| Op::Text {
        path: path.to_vec(),
        from: Some(from.to_owned()),
        to: to.to_owned(),
    });
    op.into_iter().collect()
}

fn members(path: &[String], from: &BTreeMap<String, Json>, to: &BTreeMap<String, Json>) -> Vec<Op> {
    let member = |key: &String| [path, std::slice::from_ref(key)].concat();
    let gone = from.iter().filter(|(key, _)| !to.contains_key(*key));
    let unlinks = gone.map(|(key, there)| Op::Unlink {
        path: member(key),
        from: Some(there.clone()),
    });
    let changed = to.iter().filter(|(key, json)| from.get(*key) != Some(json));
    let links = changed.map(|(key, json)| Op::Link {
        path: member(key),
        from: Some(from.get(key).cloned().unwrap_or(Json::Null)),
        to: json.clone(),
    });
    unlinks.chain(links).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path() -> Vec<String> {
        vec!["sessions".to_owned(), "se_A".to_owned(), "field".to_owned()]
    }

    fn map(json: Json) -> Value {
        Value::Map(serde_json::from_value(json).unwrap())
    }

    fn says(there: Option<&Value>, wanted: &Value) -> Option<Json> {
        between(&path(), there, wanted).map(|ops| serde_json::to_value(ops).unwrap())
    }

    #[test]
    fn values_texts_and_members_change_with_what_they_expect() {
        let path = path();
        assert_eq!(
            says(None, &Value::Plain(json!(1))),
            Some(json!([{ "op": "set", "path": path, "from": null, "to": 1 }]))
        );
        assert_eq!(
            says(
                Some(&Value::Text("a".to_owned())),
                &Value::Text("b".to_owned())
            ),
            Some(json!([{ "op": "text", "path": path, "from": "a", "to": "b" }]))
        );
        let (there, wanted) = (map(json!({"a": 1, "b": 1})), map(json!({"b": 2, "c": 1})));
        let at = |key: &str| [path.as_slice(), &[key.to_owned()]].concat();
        assert_eq!(
            says(Some(&there), &wanted),
            Some(json!([
                { "op": "unlink", "path": at("a"), "from": 1 },
                { "op": "link", "path": at("b"), "from": 1, "to": 2 },
                { "op": "link", "path": at("c"), "from": null, "to": 1 },
            ]))
        );
    }

    #[test]
    fn equal_values_need_nothing_and_other_types_cannot_be_made() {
        for value in [
            Value::Plain(json!(1)),
            Value::Text("a".to_owned()),
            map(json!({"a": 1})),
        ] {
            assert_eq!(between(&path(), Some(&value), &value), Some(Vec::new()));
        }
        assert_eq!(
            between(&path(), None, &Value::Text(String::new())),
            Some(Vec::new())
        );
        let text = Value::Text("a".to_owned());
        assert_eq!(
            between(&path(), Some(&text), &Value::Plain(json!("a"))),
            None
        );
    }
}
