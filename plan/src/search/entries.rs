//! What can be found in a plan: an entry for each thing in which people write, read off the schema.

use serde_json::Value as Json;

use crate::content::{Content, Fields, Value, is_archived};
use crate::schema::{Field, Kind, ROOTS, Root, Shape};

/// Bytes of an entry's body at most; the rest of a thing is not found by.
pub const ENTRY_BYTES_MAX: usize = 64 << 10;

/// Fields whose lines are for programs: ids of accounts, of another system, of rules, and places in lists.
const NOT_WORDS: &[&str] = &[
    "author", "id", "owner", "rank", "root", "rule", "user_id", "vault", "field", "metric",
];

/// One thing to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its root.
    pub root: &'static str,
    /// Its id; empty where the root holds one thing.
    pub id: String,
    /// What people call it, or what it is when it has no name.
    pub title: String,
    /// What else people wrote there, a field a line; at most [`ENTRY_BYTES_MAX`].
    pub body: String,
    /// Whether it is put away.
    pub archived: bool,
}

/// An entry for each thing, by root in the schema's order, then by id. Names of what a thing points at are
/// not in it, so that an entry changes only with its own thing. Counts have none.
pub fn entries(content: &Content) -> impl Iterator<Item = Entry> {
    let has_words = |root: &&'static Root| root.shape != Shape::Counts;
    ROOTS.iter().filter(has_words).flat_map(move |root| {
        let entities = content.entities(root.name);
        entities.map(move |(id, fields)| entry(root, id, fields))
    })
}

fn entry(root: &'static Root, id: &str, fields: &Fields) -> Entry {
    let naming = root.naming();
    let title = naming.and_then(|naming| fields.get(naming.name)?.plain()?.as_str());
    let title = title.filter(|title| !title.trim().is_empty());
    let mut body = Body(String::new());
    for field in root.fields {
        if naming.is_none_or(|naming| naming.name != field.name)
            && let Some(value) = fields.get(field.name)
        {
            body.value(field, value);
        }
    }
    Entry {
        root: root.name,
        id: id.to_owned(),
        title: cut(title.unwrap_or(root.noun)).to_owned(),
        body: body.0,
        archived: is_archived(fields),
    }
}

/// The beginning of a text that fits.
fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(ENTRY_BYTES_MAX);
    text.get(..end).unwrap_or_default()
}

struct Body(String);

impl Body {
    fn line(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() || self.0.len() >= ENTRY_BYTES_MAX {
            return;
        }
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(text);
        self.0.truncate(cut(&self.0).len());
    }

    fn value(&mut self, field: &Field, value: &Value) {
        match (value, field.kind) {
            (Value::Text(text), Kind::Text) => self.line(text),
            (Value::Plain(json), kind) => self.plain(field.name, &kind, json),
            (Value::Map(members), kind) => self.members(&kind, members.iter()),
            // Nobody knows what it is.
            (Value::Text(_), _) => {}
        }
    }

    fn members<'m>(&mut self, kind: &Kind, members: impl Iterator<Item = (&'m String, &'m Json)>) {
        for (key, json) in members {
            if let Kind::Tags(item) = kind {
                self.line(&key.replace('_', " "));
                self.plain("", item, json);
            } else if let Kind::Refs(_, item) = kind {
                self.plain("", item, json);
            }
        }
    }

    /// What people read of a plain value. Words of a list of them, as states are, tell things apart that
    /// are found, and find nothing themselves.
    fn plain(&mut self, name: &str, kind: &Kind, json: &Json) {
        if NOT_WORDS.contains(&name) {
            return;
        }
        match (kind, json) {
            (Kind::Line(..) | Kind::Text, Json::String(text)) => self.line(text),
            (Kind::Record(fields), json) => self.record(fields, json),
            (Kind::List(fields), Json::Array(items)) => {
                for item in items {
                    self.record(fields, item);
                }
            }
            (Kind::Json, json) => self.any(json),
            _ => {}
        }
    }

    fn record(&mut self, fields: &[Field], record: &Json) {
        for field in fields {
            if let Some(json) = record.get(field.name) {
                self.plain(field.name, &field.kind, json);
            }
        }
    }

    /// The texts in any JSON, however deep: it may be deeper than the stack.
    fn any(&mut self, json: &Json) {
        let mut left = vec![json];
        while let Some(json) = left.pop() {
            match json {
                Json::String(text) => self.line(text),
                Json::Array(items) => left.extend(items.iter().rev()),
                Json::Object(members) => left.extend(members.values().rev()),
                Json::Null | Json::Bool(_) | Json::Number(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn found(json: &Json) -> Vec<Entry> {
        entries(&Content::from_json(json).unwrap().0).collect()
    }

    #[test]
    fn a_thing_is_found_by_what_people_wrote_there_and_by_nothing_else() {
        let found = found(&json!({
            "meta": {"name": "Spring Days", "tz": "Europe/Berlin", "cur": "EUR", "format": "in_person",
                "place": {"country": "DE", "city": "Köln"}},
            "venues": {"ve_1": {"name": "Mill", "status": "lead", "address": {"street": "Ufer 3", "lines": ["Hof"]},
                "access": {"step_free": "yes"}, "notes": "Loud.",
                "quote": {"items": [{"label": "Hall hire", "money": {"minor": 5, "cur": "EUR"}, "basis": "a day"}]}}},
            "speakers": {"sp_1": {"id": "sp_1", "rank": "I", "name": "Ada", "org": "Analytical", "bio": "Counts.",
                "photo": "https://x.org/a.png", "vault": "V-77", "archived": true, "src": {"ref": "R"}}},
            "sessions": {"se_1": {"title": "Kafka", "abstract": "Logs.", "people": {"sp_1": {"role": "host", "rank": "I"}},
                "kind": "talk", "slot": {"start": "2027-05-03T14:00:00+02:00", "room_id": "ro_1"}}},
            "comments": {"cm_1": {"on": {"root": "meta", "id": ""}, "author": "us_1", "body": "Nice"}},
            "needs": {"vegan": 3},
        }));
        let said: Vec<_> = found
            .iter()
            .map(|it| (it.root, it.id.as_str(), it.title.as_str(), it.body.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                ("meta", "", "Spring Days", "Köln"),
                (
                    "venues",
                    "ve_1",
                    "Mill",
                    "Hof\nUfer 3\nHall hire\na day\nstep free\nLoud."
                ),
                ("sessions", "se_1", "Kafka", "Logs.\nhost"),
                ("speakers", "sp_1", "Ada", "Analytical\nCounts."),
                ("comments", "cm_1", "comment", "Nice"),
            ]
        );
        assert!(found[3].archived && !found[2].archived);
    }

    #[test]
    fn every_root_with_a_text_or_a_name_can_be_found() {
        for root in ROOTS {
            let fields = root.fields.iter().filter_map(|field| {
                let written = matches!(field.kind, Kind::Text)
                    || root.naming().is_some_and(|it| it.name == field.name);
                written.then(|| (field.name.to_owned(), json!(format!("word {}", field.name))))
            });
            let fields: Json = fields.collect::<serde_json::Map<_, _>>().into();
            if fields == json!({}) {
                continue;
            }
            let entity = match root.shape {
                Shape::Many { prefix } => json!({ format!("{prefix}_1"): fields }),
                Shape::One | Shape::Counts => fields.clone(),
            };
            let found = found(&json!({ root.name: entity }));
            let all = format!("{}\n{}", found[0].title, found[0].body);
            for word in fields.as_object().unwrap().values() {
                assert!(
                    all.contains(word.as_str().unwrap()),
                    "{}: {word}",
                    root.name
                );
            }
        }
    }

    #[test]
    fn what_is_for_programs_is_in_the_schema() {
        fn names(fields: &'static [Field], all: &mut Vec<&'static str>) {
            for field in fields {
                all.push(field.name);
                let kind = if let Kind::Refs(_, item) = field.kind {
                    *item
                } else {
                    field.kind
                };
                if let Kind::Record(inner) | Kind::List(inner) = kind {
                    names(inner, all);
                }
            }
        }
        let mut all = Vec::new();
        for root in ROOTS {
            names(root.fields, &mut all);
        }
        for name in NOT_WORDS {
            assert!(all.contains(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn an_entry_has_an_end(text in "\\PC{1,9}", times in 1_usize..30_000) {
            let text = text.repeat(times);
            let found = found(&json!({"tasks": {"ta_1": {"title": text, "body": text}}}));
            prop_assert!(found[0].title.len() <= ENTRY_BYTES_MAX && found[0].body.len() <= ENTRY_BYTES_MAX);
            prop_assert!(text.contains(&found[0].body));
        }
    }
}
