//! Values that do not fit the schema, and needed ones that are not there.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Finding, Found, Severity};
use crate::content::{Fields, Value};
use crate::op::Op;
use crate::schema::check::check_field;
use crate::schema::{ENTITY_BYTES_MAX, Kind, Root, Shape};
use crate::view::PlanView;

/// What stands for nothing: some clients write it to clear a field.
const NOTHING: Value = Value::Plain(Json::Null);

/// `schema.type` (W): a field holds what the schema does not allow, an entity is too large, or something
/// that is no entity stands where one should.
pub(super) fn types(view: &PlanView<'_>, root: &'static Root, found: &mut Found) {
    for key in view.strays(root.name) {
        found.add(|| {
            let say = format!("{key} in {} is no {}", root.name, root.noun);
            Finding::new(Severity::Warn, &[root.name, key], say).on(root.name, key)
        });
    }
    for (id, fields) in view.live(root.name) {
        for (name, value) in fields.iter().filter(|(_, value)| **value != NOTHING) {
            let problems = check_field(root, name, value);
            if problems.is_empty() {
                continue;
            }
            found.add(|| {
                let says: Vec<String> = problems.iter().map(ToString::to_string).collect();
                let say = format!("{}: {}", subject(view, root, id), says.join("; "));
                let finding = Finding::new(Severity::Warn, &[root.name, id, name], say);
                clear(finding.at(root.name, id, name), (root, id), (name, value))
            });
        }
        if bytes(fields) > ENTITY_BYTES_MAX {
            found.add(|| {
                let say = format!(
                    "{} holds over {ENTITY_BYTES_MAX} bytes",
                    subject(view, root, id)
                );
                Finding::new(Severity::Warn, &[root.name, id, ""], say).on(root.name, id)
            });
        }
    }
}

/// `schema.incomplete` (I): an entity lacks what it needs. A root that holds one thing lacks everything
/// as long as nobody wrote it.
pub(super) fn incomplete(view: &PlanView<'_>, root: &'static Root, found: &mut Found) {
    static NONE: Fields = BTreeMap::new();
    let mut entities: Vec<(&str, &Fields)> = view.live(root.name).collect();
    if root.shape == Shape::One && entities.is_empty() {
        entities.push(("", &NONE));
    }
    for (id, fields) in entities {
        let needed = root.fields.iter().filter(|field| field.is_needed);
        let lacks = |name: &str| fields.get(name).is_none_or(|value| *value == NOTHING);
        let lacking: Vec<&str> = needed
            .map(|field| field.name)
            .filter(|name| lacks(name))
            .collect();
        for name in lacking {
            found.add(|| {
                let say = format!("{} has no {name} yet", subject(view, root, id));
                Finding::new(Severity::Info, &[root.name, id, name], say).at(root.name, id, name)
            });
        }
    }
}

fn bytes(fields: &Fields) -> usize {
    fields.values().map(Value::bytes).sum()
}

fn subject(view: &PlanView<'_>, root: &Root, id: &str) -> String {
    match root.shape {
        Shape::Many { .. } => format!("the {} \"{}\"", root.noun, view.name(root.name, id)),
        Shape::One | Shape::Counts => format!("the {}", root.noun),
    }
}

/// Offers to take the value away where an operation can: a shared type stays, and so does what is needed.
fn clear(
    finding: Finding,
    (root, id): (&'static Root, &str),
    (name, value): (&str, &Value),
) -> Finding {
    let is_optional = match root.shape {
        Shape::Counts => true,
        Shape::One | Shape::Many { .. } => root.field(name).is_some_and(|field| {
            !field.is_needed && field.kind != Kind::Text && !field.kind.is_set()
        }),
    };
    match value.plain().filter(|_| is_optional) {
        Some(json) => {
            let op = Op::Set {
                path: root.path(id, &[name]),
                from: Some(json.clone()),
                to: Json::Null,
            };
            finding.fix(format!("Clear {name}"), vec![op])
        }
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample::{findings, keys, value_at, with};
    use super::*;
    use crate::content::Content;
    use crate::finding::find;
    use crate::view::Gates;

    #[test]
    fn a_value_that_does_not_fit_and_one_that_lacks_are_told_apart() {
        let cases = [
            (
                "/sessions/se_1/expected",
                json!(-1),
                vec!["schema.type|sessions|se_1|expected"],
            ),
            ("/sessions/se_1/expected", json!(1), vec![]),
            (
                "/sessions/se_4/minutes",
                json!(3),
                vec!["schema.type|sessions|se_4|minutes"],
            ),
            (
                "/sessions/se_4/minutes",
                Json::Null,
                vec!["schema.incomplete|sessions|se_4|minutes"],
            ),
            ("/meta/cur", Json::Null, vec!["schema.incomplete|meta||cur"]),
            ("/needs", json!({"vegan": 12}), vec![]),
            (
                "/needs",
                json!({"vegan": "some"}),
                vec!["schema.type|needs||vegan"],
            ),
            ("/sessions/se_4/whatever", json!([1]), vec![]),
        ];
        for (pointer, value, expected) in cases {
            assert_eq!(keys(&[(pointer, value)]), expected, "{pointer}");
        }
        let null = value_at("sessions", "se_4", "slot", &Json::Null);
        assert_eq!(find(&null, &Gates::none()), []);
        let mut stray = with(&[]);
        stray.strays.push(("rooms".to_owned(), "ro_X".to_owned()));
        assert_eq!(
            find(&stray, &Gates::none())[0].key,
            "schema.type|rooms|ro_X"
        );
        assert_eq!(
            find(&Content::default(), &Gates::none()).len(),
            7,
            "what an event lacks at first"
        );
    }

    #[test]
    fn a_value_that_does_not_fit_can_be_cleared_where_it_is_not_needed() {
        let mut content = with(&[("/sessions/se_1/expected", json!("many"))]);
        let found = find(&content, &Gates::none());
        content.apply(&found[0].fixes[0].ops).unwrap();
        assert_eq!(find(&content, &Gates::none()), []);
        assert_eq!(
            findings(&[("/sessions/se_4/minutes", json!(3))])[0].fixes,
            []
        );
        // A plain text where a shared one belongs: no operation takes it away.
        let text = value_at("sessions", "se_4", "abstract", &json!("plain"));
        assert_eq!(find(&text, &Gates::none())[0].fixes, []);
    }

    #[test]
    fn an_entity_that_is_too_large_is_found() {
        let limit = "x".repeat(ENTITY_BYTES_MAX);
        for (length, is_found) in [(ENTITY_BYTES_MAX - 1_000, false), (ENTITY_BYTES_MAX, true)] {
            let content = value_at("tracks", "tr_1", "notes", &json!(limit[..length]));
            let found = find(&content, &Gates::none());
            let keys: Vec<&str> = found.iter().map(|it| it.key.as_str()).collect();
            let expected: &[&str] = if is_found {
                &["schema.type|tracks|tr_1|"]
            } else {
                &[]
            };
            assert_eq!(keys, expected);
        }
    }
}
