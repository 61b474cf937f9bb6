//! Reads one field of an entity as one type, or not at all.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value as Json;

use crate::content::{Fields, Value};
use crate::value;

/// The plain value of a field.
pub(super) fn json<'a>(fields: &'a Fields, name: &str) -> Option<&'a Json> {
    fields.get(name)?.plain()
}

/// A plain text.
pub(super) fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    json(fields, name)?.as_str()
}

/// A whole number.
pub(super) fn int(fields: &Fields, name: &str) -> Option<i64> {
    json(fields, name)?.as_i64()
}

/// Yes or no; no when nothing can be read.
pub(super) fn flag(fields: &Fields, name: &str) -> bool {
    json(fields, name) == Some(&Json::Bool(true))
}

/// A day.
pub(super) fn day(fields: &Fields, name: &str) -> Option<Date> {
    value::day(text(fields, name)?)
}

/// The members of a shared map; none of anything else.
pub(super) fn members<'a>(fields: &'a Fields, name: &str) -> Option<&'a BTreeMap<String, Json>> {
    match fields.get(name)? {
        Value::Map(members) => Some(members),
        Value::Plain(_) | Value::Text(_) => None,
    }
}

/// The items of a plain list; none of anything else.
pub(super) fn items<'a>(fields: &'a Fields, name: &str) -> &'a [Json] {
    let items = json(fields, name).and_then(Json::as_array);
    items.map_or(&[], Vec::as_slice)
}

/// A text within a record.
pub(super) fn part<'a>(record: &'a Json, key: &str) -> Option<&'a str> {
    record.get(key)?.as_str()
}
