//! One field's value as the text of a cell, and back.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::super::{Place, Report};
use crate::content::Value;
use crate::schema::{Field, Kind};
use crate::value::{self, Money};

/// The cells of one field: money has two, everything else one.
pub(super) struct Cells(pub(super) Vec<String>);

impl Cells {
    /// Writes a value; what does not fit the field's kind is written as JSON.
    pub(super) fn write(
        field: &Field,
        value: Option<&Value>,
        (at, report): (&Place, &mut Report),
    ) -> Self {
        let text = match value {
            None => String::new(),
            Some(Value::Text(text)) => {
                if text.is_empty() {
                    report.note(
                        at,
                        field.name,
                        "is an empty text, which a table cannot hold",
                    );
                }
                text.clone()
            }
            Some(Value::Map(members)) => {
                if members.is_empty() {
                    report.note(at, field.name, "is an empty map, which a table cannot hold");
                }
                set(members)
            }
            Some(Value::Plain(json)) if field.kind == Kind::Money => {
                let Some(money) = value::read::<Money>(json) else {
                    report.note(at, field.name, "is no money, and is left out");
                    return Self(vec![String::new(), String::new()]);
                };
                return Self(vec![money.decimal(), money.cur]);
            }
            Some(Value::Plain(Json::String(text))) if !is_json(&field.kind) => {
                if text.is_empty() {
                    report.note(
                        at,
                        field.name,
                        "is an empty text, which a table cannot hold",
                    );
                }
                text.clone()
            }
            Some(Value::Plain(json)) => json.to_string(),
        };
        if field.kind == Kind::Money {
            Self(vec![text, String::new()])
        } else {
            Self(vec![guarded(&text)])
        }
    }

    /// Reads a cell that is not empty; `currency` is what the column for it says.
    pub(super) fn read(field: &Field, cell: &str, currency: &str) -> Result<Value, String> {
        let kind = &field.kind;
        if kind.is_set() {
            return Ok(Value::Map(members(kind, cell)));
        }
        if is_json(kind) {
            let json = serde_json::from_str(cell);
            return json
                .map(Value::Plain)
                .map_err(|_| "must be JSON".to_owned());
        }
        match kind {
            Kind::Text => Ok(Value::Text(cell.to_owned())),
            Kind::Money => {
                let money = Money::parse(cell.trim(), &currency.to_uppercase());
                let json = money.map(|money| json!(money)).ok_or_else(|| {
                    format!(
                        "must be a number as 1234.50, with its currency in {}_cur",
                        field.name
                    )
                });
                json.map(Value::Plain)
            }
            Kind::Bool | Kind::Present => match cell.trim().to_lowercase().as_str() {
                "true" | "yes" | "1" | "x" => Ok(Value::Plain(json!(true))),
                "false" | "no" | "0" => Ok(Value::Plain(json!(false))),
                _ => Err("must be true or false".to_owned()),
            },
            Kind::Int(..) => {
                let number: Result<i64, _> = cell.trim().parse();
                let number = number.map_err(|_| "must be a whole number".to_owned())?;
                Ok(Value::Plain(json!(number)))
            }
            Kind::Number(..) => {
                let number: Result<Json, _> = serde_json::from_str(cell.trim());
                let number = number.ok().filter(Json::is_number);
                number
                    .map(Value::Plain)
                    .ok_or_else(|| "must be a number".to_owned())
            }
            Kind::Enum(words) => {
                // Lists from elsewhere write `In person` for `in_person`.
                let word = cell.trim().to_lowercase().replace([' ', '-'], "_");
                let known = words.contains(&word.as_str());
                Ok(Value::Plain(json!(if known {
                    word
                } else {
                    cell.to_owned()
                })))
            }
            Kind::Line(..)
            | Kind::Day
            | Kind::Instant
            | Kind::Zone
            | Kind::Currency
            | Kind::Country
            | Kind::Language
            | Kind::Color
            | Kind::Url
            | Kind::Ref(_)
            | Kind::AnyRef
            | Kind::Record(_)
            | Kind::List(_)
            | Kind::Refs(..)
            | Kind::Tags(_)
            | Kind::Json => Ok(Value::Plain(json!(cell))),
        }
    }
}

/// Kinds whose cells are JSON.
fn is_json(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Record(_) | Kind::List(_) | Kind::AnyRef | Kind::Json
    )
}

/// Members with `;` between; those that hold more than being there have it behind `=`.
fn set(members: &BTreeMap<String, Json>) -> String {
    let member = |(key, json): (&String, &Json)| {
        let key = escaped(key);
        match json {
            Json::Bool(true) => key,
            Json::Object(fields) if fields.is_empty() => key,
            Json::String(word) if !is_like_json(word) => format!("{key}={}", escaped(word)),
            Json::Null
            | Json::Bool(_)
            | Json::Number(_)
            | Json::String(_)
            | Json::Array(_)
            | Json::Object(_) => format!("{key}={}", escaped(&json.to_string())),
        }
    };
    let members: Vec<String> = members.iter().map(member).collect();
    members.join(";")
}

/// A word that would be read as JSON is written as JSON.
fn is_like_json(word: &str) -> bool {
    word.trim() != word || word.is_empty() || serde_json::from_str::<Json>(word).is_ok()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        if matches!(it, ';' | '=' | '\\') {
            out.push('\\');
        }
        out.push(it);
    }
    out
}

/// What [`set`] writes, and lists that people write, which have blanks behind `;`.
fn members(kind: &Kind, cell: &str) -> BTreeMap<String, Json> {
    let mut members = BTreeMap::new();
    let mut parts = vec![(String::new(), None::<String>)];
    let mut characters = cell.chars();
    while let Some(it) = characters.next() {
        let Some((key, word)) = parts.last_mut() else {
            break;
        };
        match it {
            ';' => parts.push((String::new(), None)),
            '=' if word.is_none() => *word = Some(String::new()),
            it => {
                let it = if it == '\\' {
                    characters.next().unwrap_or(it)
                } else {
                    it
                };
                word.as_mut().unwrap_or(key).push(it);
            }
        }
    }
    let is_record = matches!(
        kind,
        Kind::Refs(_, Kind::Record(_)) | Kind::Tags(Kind::Record(_))
    );
    let bare = || if is_record { json!({}) } else { json!(true) };
    for (key, word) in parts {
        if key.trim().is_empty() {
            continue;
        }
        let json = word.map_or_else(bare, |word| {
            serde_json::from_str(word.trim()).unwrap_or_else(|_| json!(word.trim()))
        });
        members.insert(key.trim().to_owned(), json);
    }
    members
}

/// Characters that make spreadsheets run a cell, or hide that they do.
fn is_risky(text: &str) -> bool {
    let after = text.trim_start_matches('\'');
    let starts = after.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
    starts && !is_number
}

/// A text that spreadsheets take for one: a `'` goes before what they would run. Numbers stay numbers.
pub(super) fn guarded(text: &str) -> String {
    if is_risky(text) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Undoes [`guarded`].
pub(super) fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|text| is_risky(text))
        .unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_text_is_the_same_after_guarding(text in "[='+@\t\r0-9a -]{0,6}") {
            let cell = guarded(&text);
            prop_assert_eq!(unguarded(&cell), text.as_str());
            let is_number = text.parse::<f64>().is_ok();
            prop_assert!(is_number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
        }

        #[test]
        fn sets_are_the_same_after_a_cell(
            members_in in prop::collection::btree_map(
                "[a;=\\\\]([a ;=\\\\]{0,3}[a;=])?",
                prop_oneof![
                    Just(json!(true)), Just(json!(null)), (0..9).prop_map(|it| json!(it)),
                    "[a;= 1\"]{0,4}".prop_map(Json::from), Just(json!({"due": "x;y"})),
                ],
                1..4,
            ),
        ) {
            let cell = set(&members_in);
            prop_assert_eq!(members(&Kind::Tags(&Kind::Json), &cell), members_in);
        }
    }
}
