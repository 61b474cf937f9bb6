//! A to-do of a calendar as a task.

use serde_json::{Value as Json, json};

use super::super::report::quote;
use super::super::{Import, Place, Unreadable, guid, limited};
use super::moment::{Moment, Zones};
use super::properties::{Properties, text};
use crate::content::{Fields, Value};
use crate::rank::spread;
use crate::schema::ENTITY_BYTES_MAX;

/// What tasks are called that begin within an import: longer names are their UUIDs.
const KEY_CHARS_MAX: usize = 90;
/// Bytes of what is kept of one task beside what is known.
const EXTRA_BYTES_MAX: usize = ENTITY_BYTES_MAX / 4;

/// Tasks with their names, in the order of the file.
#[derive(Default)]
pub(super) struct Tasks(Vec<(String, Fields)>);

/// The fields of a task that its properties say; they are taken out.
pub(super) fn fields(
    properties: &mut Properties<'_>,
    zones: &Zones,
) -> (Fields, Vec<(&'static str, String)>) {
    let (mut fields, mut notes) = (Fields::new(), Vec::new());
    let title = properties.text("SUMMARY").unwrap_or_else(|| {
        let say = "is missing; the task is called Untitled";
        notes.push(("SUMMARY", say.to_owned()));
        "Untitled".to_owned()
    });
    fields.insert("title".to_owned(), Value::Plain(json!(title.trim())));
    if let Some(body) = properties.text("DESCRIPTION") {
        fields.insert("body".to_owned(), Value::Text(body));
    }
    let state = properties.peek("STATUS").and_then(text);
    let known = state.as_deref().and_then(state_of);
    if let Some(known) = known {
        fields.insert("state".to_owned(), Value::Plain(json!(known)));
        properties.take("STATUS");
    } else if let Some(state) = state {
        let say = format!(
            "{} is no state of a task; a new one is to do",
            quote(&state)
        );
        notes.push(("STATUS", say));
    }
    let due = properties.peek("DUE");
    let day = due.and_then(|due| match zones.moment(due)? {
        Moment::Day(day) => Some(day),
        Moment::Instant(instant) => Some(zones.main().to_datetime(instant).date()),
    });
    if let Some(day) = day {
        let due = json!({ "day": day.to_string() });
        fields.insert("due".to_owned(), Value::Plain(due));
    }
    (fields, notes)
}

/// The state of a plan's task for a calendar's word.
fn state_of(status: &str) -> Option<&'static str> {
    match status.to_ascii_uppercase().as_str() {
        "NEEDS-ACTION" => Some("todo"),
        "IN-PROCESS" => Some("doing"),
        "COMPLETED" => Some("done"),
        "CANCELLED" => Some("dropped"),
        _ => None,
    }
}

impl Tasks {
    /// Takes a task in with where it is from.
    pub(super) fn add(
        &mut self,
        reference: &str,
        mut fields: Fields,
        mut extra: Json,
    ) -> Result<(), String> {
        let bytes = extra.to_string().len();
        if bytes > EXTRA_BYTES_MAX {
            extra = json!({});
        }
        let mut src = json!({ "kind": "import", "ref": reference });
        if extra.as_object().is_some_and(|extra| !extra.is_empty())
            && let Some(src) = src.as_object_mut()
        {
            src.insert("extra".to_owned(), extra);
        }
        fields.insert("src".to_owned(), Value::Plain(src));
        self.0.push((reference.to_owned(), fields));
        if bytes > EXTRA_BYTES_MAX {
            return Err(format!(
                "over {EXTRA_BYTES_MAX} bytes beside what is known are left out"
            ));
        }
        Ok(())
    }

    /// Brings the tasks into an import.
    pub(super) fn finish(self, import: &mut Import) -> Result<(), Unreadable> {
        limited("tasks", self.0.len())?;
        let ranks = spread(None, self.0.len());
        for ((reference, mut fields), rank) in self.0.into_iter().zip(ranks) {
            fields.insert("rank".to_owned(), Value::Plain(json!(rank)));
            let key = if reference.chars().count() <= KEY_CHARS_MAX {
                reference
            } else {
                guid::of(&reference)
            };
            *import.content.entity_mut("tasks", &key) = fields;
        }
        if let Json::Object(fields) = json!({ "state": "todo" }) {
            import.if_new.push(("tasks", fields));
        }
        Ok(())
    }
}

/// Where a task is said to be.
pub(super) fn place(name: &str) -> Place {
    Place::Thing(format!("task {}", quote(name)))
}
