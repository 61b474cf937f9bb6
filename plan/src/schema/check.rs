//! Compares values with the schema.

use std::fmt;

use serde_json::{Map, Value as Json};

use super::roots::NEED;
use super::{ENTITY_BYTES_MAX, Field, Kind, Root, Shape, TEXT_CHARS_MAX};
use crate::content::{Fields, Value};
use crate::value::{self, Money};

/// The longest text of a tag, in characters.
const TAG_CHARS_MAX: usize = 100;
/// How deep lists and objects of a plain value may be in each other. Documents take 32.
const DEPTH_MAX: usize = 24;
/// Days that an event lasts at most.
const DAYS_MAX: i64 = 60;

/// A value that is not what the schema asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The keys that lead to it within its entity, with dots between; empty for the entity itself.
    pub at: String,
    /// What is expected, in a sentence.
    pub say: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() {
            f.write_str(&self.say)
        } else {
            write!(f, "{}: {}", self.at, self.say)
        }
    }
}

fn problem(at: &str, say: impl Into<String>) -> Problem {
    Problem {
        at: at.to_owned(),
        say: say.into(),
    }
}

/// What is wrong with one field's value. Fields that the schema does not know may hold anything.
pub fn check_field(root: &Root, name: &str, value: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    if depth(value) > DEPTH_MAX {
        let say = format!("is nested deeper than {DEPTH_MAX}");
        problems.push(problem(name, say));
        return problems;
    }
    if root.shape == Shape::Counts {
        check_value(name, &NEED, value, &mut problems);
    } else if let Some(field) = root.field(name) {
        check_value(name, &field.kind, value, &mut problems);
    }
    problems
}

fn depth(value: &Value) -> usize {
    fn of(json: &Json) -> usize {
        match json {
            Json::Array(items) => 1 + items.iter().map(of).max().unwrap_or(0),
            Json::Object(members) => 1 + members.values().map(of).max().unwrap_or(0),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => 0,
        }
    }
    match value {
        Value::Plain(json) => of(json),
        Value::Text(_) => 0,
        Value::Map(members) => members.values().map(of).max().unwrap_or(0),
    }
}

/// What is wrong with an entity, also what it lacks.
pub fn check_entity(root: &Root, fields: &Fields) -> Vec<Problem> {
    let mut problems: Vec<Problem> = fields
        .iter()
        .flat_map(|(name, value)| check_field(root, name, value))
        .collect();
    for field in root.fields.iter().filter(|field| field.is_needed) {
        if !fields.contains_key(field.name) {
            problems.push(problem(field.name, "is missing"));
        }
    }
    let bytes: usize = fields.values().map(Value::bytes).sum();
    if bytes > ENTITY_BYTES_MAX {
        let say = format!("this {} holds over {ENTITY_BYTES_MAX} bytes", root.noun);
        problems.push(problem("", say));
    }
    problems
}

fn check_value(at: &str, kind: &Kind, value: &Value, problems: &mut Vec<Problem>) {
    match (kind, value) {
        (Kind::Text, Value::Text(text)) => {
            if text.chars().count() > TEXT_CHARS_MAX {
                let say = format!("is longer than {TEXT_CHARS_MAX} characters");
                problems.push(problem(at, say));
            }
        }
        (Kind::Text, Value::Plain(_) | Value::Map(_)) => {
            problems.push(problem(at, "must be a shared text"));
        }
        (Kind::Refs(_, item) | Kind::Tags(item), Value::Map(members)) => {
            for (key, member) in members {
                let at = format!("{at}.{key}");
                if key.is_empty() || key.chars().count() > TAG_CHARS_MAX {
                    let say = format!("a key has 1 to {TAG_CHARS_MAX} characters");
                    problems.push(problem(&at, say));
                }
                check_json(&at, item, member, problems);
            }
        }
        (Kind::Refs(..) | Kind::Tags(_), Value::Plain(_) | Value::Text(_)) => {
            problems.push(problem(at, "must be a shared map"));
        }
        (kind, Value::Plain(json)) => check_json(at, kind, json, problems),
        (_, Value::Text(_) | Value::Map(_)) => {
            problems.push(problem(at, "must be a plain value, not a shared type"));
        }
    }
}

fn check_json(at: &str, kind: &Kind, json: &Json, problems: &mut Vec<Problem>) {
    if let Kind::Record(fields) = kind {
        match json.as_object() {
            Some(object) => check_record(at, fields, object, problems),
            None => problems.push(problem(at, "must be an object")),
        }
    } else if let Kind::List(fields) = kind {
        match json.as_array() {
            Some(items) => {
                for (number, item) in items.iter().enumerate() {
                    check_json(
                        &format!("{at}.{number}"),
                        &Kind::Record(fields),
                        item,
                        problems,
                    );
                }
            }
            None => problems.push(problem(at, "must be a list")),
        }
    } else if let Some(say) = refuses(kind, json) {
        problems.push(problem(at, say));
    }
}

fn check_record(
    at: &str,
    fields: &'static [Field],
    object: &Map<String, Json>,
    problems: &mut Vec<Problem>,
) {
    for field in fields {
        let at = format!("{at}.{}", field.name);
        match object.get(field.name) {
            Some(json) => check_json(&at, &field.kind, json, problems),
            None if field.is_needed => problems.push(problem(&at, "is missing")),
            None => {}
        }
    }
    if let Some(say) = contradicts(object) {
        problems.push(problem(at, say));
    }
}

/// Values of one record that cannot be together, whichever record it is.
fn contradicts(object: &Map<String, Json>) -> Option<&'static str> {
    let days = |name: &str| object.get(name)?.as_str().and_then(value::day);
    if let (Some(start), Some(end)) = (days("start"), days("end")) {
        let span = start.until(end).ok()?.get_days();
        if span < 0 {
            return Some("ends before it starts");
        }
        if i64::from(span) > DAYS_MAX {
            return Some("an event has at most 60 days");
        }
    }
    let instants = |name: &str| object.get(name)?.as_str().and_then(value::instant);
    if let (Some(from), Some(to)) = (instants("from"), instants("to"))
        && to <= from
    {
        return Some("ends before it starts");
    }
    let counts = |name: &str| object.get(name)?.as_i64();
    if let (Some(min), Some(expected), Some(max)) =
        (counts("min"), counts("expected"), counts("max"))
        && !(min <= expected && expected <= max)
    {
        return Some("must be min <= expected <= max");
    }
    None
}

/// What is expected of a simple kind, when it is not that.
fn refuses(kind: &Kind, json: &Json) -> Option<String> {
    let is = |fits: bool, say: &str| (!fits).then(|| say.to_owned());
    match kind {
        Kind::Bool => is(json.is_boolean(), "must be true or false"),
        Kind::Present => is(json == &Json::Bool(true), "must be true"),
        Kind::Int(min, max) => {
            let fits = json.as_i64().is_some_and(|it| (*min..=*max).contains(&it));
            (!fits).then(|| format!("must be a whole number from {min} to {max}"))
        }
        Kind::Number(min, max) => {
            let fits = json.as_f64().is_some_and(|it| (*min..=*max).contains(&it));
            (!fits).then(|| format!("must be a number from {min} to {max}"))
        }
        Kind::Money => {
            let money = value::read::<Money>(json);
            is(
                money.is_some_and(|money| Money::exponent(&money.cur).is_some()),
                "must be money: {\"minor\": whole minor units, \"cur\": \"EUR\"}",
            )
        }
        Kind::AnyRef => is(
            ["root", "id"]
                .iter()
                .all(|key| json.get(key).is_some_and(Json::is_string)),
            "must be {\"root\": …, \"id\": …}",
        ),
        // Any JSON; what holds more is looked at where it is taken apart.
        Kind::Json | Kind::Record(_) | Kind::List(_) => None,
        Kind::Text | Kind::Refs(..) | Kind::Tags(_) => is(false, "must be a shared type"),
        Kind::Line(..)
        | Kind::Enum(_)
        | Kind::Day
        | Kind::Instant
        | Kind::Zone
        | Kind::Currency
        | Kind::Country
        | Kind::Language
        | Kind::Color
        | Kind::Url
        | Kind::Ref(_) => match json.as_str() {
            Some(text) => refuses_text(kind, text),
            None => is(false, "must be a text"),
        },
    }
}

/// The same for kinds that are texts.
fn refuses_text(kind: &Kind, text: &str) -> Option<String> {
    let is = |fits: bool, say: &str| (!fits).then(|| say.to_owned());
    match kind {
        Kind::Line(min, max) => {
            let fits =
                (*min..=*max).contains(&text.chars().count()) && !text.contains(['\n', '\r']);
            (!fits).then(|| format!("must be one line of {min} to {max} characters"))
        }
        Kind::Enum(values) => {
            (!values.contains(&text)).then(|| format!("must be one of {}", values.join(", ")))
        }
        Kind::Day => is(value::day(text).is_some(), "must be a day, YYYY-MM-DD"),
        Kind::Instant => is(
            value::instant(text).is_some(),
            "must be an instant with an offset, as 2027-05-03T14:00:00+02:00",
        ),
        Kind::Zone => is(
            value::zone(text).is_some(),
            "must be a time zone of the IANA database, as Europe/Berlin",
        ),
        Kind::Currency => is(
            Money::exponent(text).is_some(),
            "must be a currency of ISO 4217, as EUR",
        ),
        Kind::Country => is(
            text.len() == 2 && text.bytes().all(|it| it.is_ascii_uppercase()),
            "must be a country of ISO 3166-1, as DE",
        ),
        Kind::Language => is(is_language(text), "must be a language, as en or pt-BR"),
        Kind::Color => is(is_color(text), "must be a colour, as #1a2b3c"),
        Kind::Url => is(
            (text.starts_with("https://") || text.starts_with("http://")) && !text.contains(' '),
            "must be an address that begins with https://",
        ),
        Kind::Ref(root) if text.is_empty() => {
            Some(format!("must be the id of an entity of {root}"))
        }
        Kind::Ref(_)
        | Kind::Text
        | Kind::Bool
        | Kind::Int(..)
        | Kind::Number(..)
        | Kind::Money
        | Kind::AnyRef
        | Kind::Record(_)
        | Kind::List(_)
        | Kind::Refs(..)
        | Kind::Tags(_)
        | Kind::Present
        | Kind::Json => None,
    }
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or("");
    let is_first =
        (2..=8).contains(&first.len()) && first.bytes().all(|it| it.is_ascii_alphabetic());
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_alphanumeric())
    };
    is_first && parts.all(is_part)
}

fn is_color(text: &str) -> bool {
    let digits = text.strip_prefix('#');
    digits.is_some_and(|it| it.len() == 6 && it.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn says(root: &str, field: &str, json: Json) -> Vec<String> {
        let root = Root::of(root).unwrap();
        let problems = check_field(root, field, &Value::Plain(json));
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_fits_is_not_mentioned() {
        for (root, field, json) in [
            (
                "meta",
                "dates",
                json!({"start": "2027-05-03", "end": "2027-05-04"}),
            ),
            ("meta", "tz", json!("Europe/Berlin")),
            ("meta", "cur", json!("JPY")),
            ("meta", "lang", json!("pt-BR")),
            (
                "brief",
                "attendance",
                json!({"min": 1, "expected": 2, "max": 3}),
            ),
            (
                "brief",
                "budget_cap",
                json!({"minor": 1_800_000, "cur": "EUR"}),
            ),
            (
                "sessions",
                "slot",
                json!({"start": "2027-05-03T14:00:00+02:00", "room_id": "ro_B"}),
            ),
            ("sessions", "minutes", json!(30)),
            ("tracks", "color", json!("#1a2B3c")),
            ("needs", "vegan", json!(12)),
            ("sessions", "whatever_comes", json!({"next": [1]})),
        ] {
            assert_eq!(
                says(root, field, json),
                Vec::<String>::new(),
                "{root}.{field}"
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_named_with_what_is_expected() {
        for (root, field, json, say) in [
            (
                "meta",
                "dates",
                json!({"start": "2027-05-04", "end": "2027-05-03"}),
                "dates: ends before it starts",
            ),
            (
                "meta",
                "dates",
                json!({"start": "2027-05-04"}),
                "dates.end: is missing",
            ),
            (
                "meta",
                "tz",
                json!("Mars"),
                "tz: must be a time zone of the IANA database, as Europe/Berlin",
            ),
            (
                "sessions",
                "minutes",
                json!(4),
                "minutes: must be a whole number from 5 to 1440",
            ),
            (
                "sessions",
                "minutes",
                json!(30.5),
                "minutes: must be a whole number from 5 to 1440",
            ),
            (
                "needs",
                "vegan",
                json!(-1),
                "vegan: must be a whole number from 0 to 9007199254740991",
            ),
            (
                "sessions",
                "people",
                json!({}),
                "people: must be a shared map",
            ),
            (
                "sessions",
                "abstract",
                json!("a"),
                "abstract: must be a shared text",
            ),
        ] {
            assert_eq!(says(root, field, json), [say]);
        }
        let money = says("tiers", "price", json!({"minor": 1.5, "cur": "EUR"}));
        assert_eq!(money.len(), 1, "{money:?}");
    }

    #[test]
    fn what_is_nested_too_deep_is_named() {
        let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert!(says("meta", "extra", nested(DEPTH_MAX)).is_empty());
        let say = says("meta", "extra", nested(DEPTH_MAX + 1));
        assert_eq!(say, ["extra: is nested deeper than 24"]);
    }

    #[test]
    fn every_reference_leads_to_a_root_and_every_prefix_is_its_own() {
        let mut prefixes = std::collections::BTreeSet::new();
        for root in super::super::ROOTS {
            if let Some(prefix) = root.prefix() {
                assert!(prefixes.insert(prefix), "{prefix}");
            }
            for field in root.fields {
                if let Kind::Ref(other) | Kind::Refs(other, _) = field.kind {
                    assert!(Root::of(other).is_some_and(|it| it.prefix().is_some()));
                }
            }
        }
        assert_eq!(super::super::ROOTS.len(), 19);
    }
}
