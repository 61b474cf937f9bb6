//! Brings what a file says within the limits of the schema, and says what was changed.

use serde_json::{Value as Json, json};

use super::report::quote;
use super::{Import, Place, Report};
use crate::content::{Fields, Value};
use crate::schema::check::check_field;
use crate::schema::{Kind, ROOTS, Root, TEXT_CHARS_MAX};

impl Import {
    /// Cuts what is too long, moves numbers into their range and leaves out what cannot be made to fit,
    /// each with a line in the report.
    pub fn fit(&mut self) {
        for root in ROOTS {
            let unfit: Vec<(String, Fields)> = self
                .content
                .entities(root.name)
                .filter(|(_, fields)| !is_sound(root, fields))
                .map(|(id, fields)| (id.to_owned(), fields.clone()))
                .collect();
            for (id, fields) in unfit {
                let at = Place::Thing(format!("{}.{id}", root.name));
                let fitted = fitted(root, fields, &at, &mut self.report);
                *self.content.entity_mut(root.name, &id) = fitted;
            }
        }
    }
}

fn is_sound(root: &Root, fields: &Fields) -> bool {
    let mut problems = fields
        .iter()
        .flat_map(|(name, value)| check_field(root, name, value));
    problems.next().is_none()
}

/// The fields of one entity within the limits of the schema.
pub(super) fn fitted(root: &Root, fields: Fields, at: &Place, report: &mut Report) -> Fields {
    let mut kept = Fields::new();
    for (name, value) in fields {
        if check_field(root, &name, &value).is_empty() {
            kept.insert(name, value);
        } else if let Some(value) = repaired(root, &name, value, (at, report)) {
            kept.insert(name, value);
        }
    }
    kept
}

/// A value that fits instead of one that does not; none when there is no such value.
fn repaired(
    root: &Root,
    name: &str,
    value: Value,
    (at, report): (&Place, &mut Report),
) -> Option<Value> {
    // Counts have no fields of their own, and are like any JSON here: what is no count is left out.
    let kind = root.field(name).map_or(Kind::Json, |field| field.kind);
    let (value, say) = match (kind, value) {
        (Kind::Text, Value::Text(text)) => {
            let cut: String = text.chars().take(TEXT_CHARS_MAX).collect();
            let say = format!("is cut to {TEXT_CHARS_MAX} characters");
            (Value::Text(cut), say)
        }
        (Kind::Line(_, max), Value::Plain(Json::String(text))) => {
            let say = format!("{} is cut to one line of {max} characters", quote(&text));
            (Value::Plain(json!(one_line(&text, max))), say)
        }
        (Kind::Int(min, max), Value::Plain(Json::Number(number))) if number.is_i64() => {
            let fits = number.as_i64()?.clamp(min, max);
            let say = format!("{number} becomes {fits}, as it must be from {min} to {max}");
            (Value::Plain(json!(fits)), say)
        }
        (kind, Value::Map(members)) if kind.is_set() => {
            let (mut kept, mut lost) = (members.clone(), Vec::new());
            for (key, json) in members {
                let one = Value::Map([(key.clone(), json)].into());
                if !check_field(root, name, &one).is_empty() {
                    kept.remove(&key);
                    lost.push(quote(&key));
                }
            }
            let say = format!("{} cannot be in it, and is left out", lost.join(", "));
            (Value::Map(kept), say)
        }
        (_, value) => (value, String::new()),
    };
    let problems = check_field(root, name, &value);
    if let Some(problem) = problems.first() {
        let said = match &value {
            Value::Plain(Json::String(text)) | Value::Text(text) => quote(text),
            Value::Plain(json) => quote(&json.to_string()),
            Value::Map(_) => "the map".to_owned(),
        };
        let say = format!("{said} is left out: {}", problem.say);
        report.note(at, name, say);
        return None;
    }
    report.note(at, name, say);
    Some(value)
}

/// At most `max` characters of a text as one line.
pub(super) fn one_line(text: &str, max: usize) -> String {
    let line: String = text
        .chars()
        .map(|it| if matches!(it, '\n' | '\r') { ' ' } else { it })
        .take(max)
        .collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_brought_within_the_limits_and_each_is_reported() {
        let mut import = Import::default();
        let fields = import.content.entity_mut("sessions", "x");
        for (name, value) in [
            ("title", Value::Plain(json!("a\n".repeat(300)))),
            ("minutes", Value::Plain(json!(3))),
            ("abstract", Value::Text("b".repeat(TEXT_CHARS_MAX + 1))),
            ("kind", Value::Plain(json!("dance"))),
            (
                "needs",
                Value::Map([("a".to_owned(), json!(true)), (String::new(), json!(1))].into()),
            ),
            ("unknown", Value::Plain(json!([1]))),
        ] {
            fields.insert(name.to_owned(), value);
        }
        import.fit();
        let fields = import.content.entity("sessions", "x").unwrap();
        assert!(is_sound(Root::of("sessions").unwrap(), fields));
        assert_eq!(fields["minutes"], Value::Plain(json!(5)));
        assert_eq!(
            fields["needs"],
            Value::Map([("a".to_owned(), json!(true))].into())
        );
        assert_eq!(fields["unknown"], Value::Plain(json!([1])));
        assert!(!fields.contains_key("kind"));
        let said: Vec<&str> = import
            .report
            .notes
            .iter()
            .map(|note| note.field.as_str())
            .collect();
        assert_eq!(said, ["abstract", "kind", "minutes", "needs", "title"]);
        let kind = import.report.notes[1].to_string();
        assert!(
            kind.starts_with("sessions.x: kind: \"dance\" is left out: must be one of"),
            "{kind}"
        );
    }
}
