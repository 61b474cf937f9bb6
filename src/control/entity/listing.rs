//! Filters, sorts and pages the things of a root.

use std::cmp::Ordering;

use convene_plan::content::{Content, Fields, Value, fields_to_json, is_archived, rank};
use convene_plan::schema::Root;
use convene_protocol::control::entity::{Archived, Entities, LIMIT_MAX, List};
use convene_protocol::error_code::ErrorCode;
use serde_json::{Map, Value as Json};

use crate::error::Failure;

/// Fields that a list is sorted by at most.
const SORT_MAX: usize = 8;

/// One page of what `asked` asks for.
pub(super) fn page(content: &Content, asked: &List) -> Result<Entities, Failure> {
    let root = super::root(&asked.root)?;
    if root.prefix().is_none() {
        return Err(super::holds_one(root));
    }
    let limit = asked.limit.unwrap_or(LIMIT_MAX);
    if !(1..=LIMIT_MAX).contains(&limit) || asked.sort.len() > SORT_MAX {
        let say = format!("limit: 1 to {LIMIT_MAX}, and at most {SORT_MAX} fields to sort by");
        return Err(Failure::new(ErrorCode::Invalid, say));
    }
    let mut found: Vec<(&str, &Fields)> = content
        .entities(root.name)
        .filter(|(_, fields)| is_wanted(fields, asked.archived) && passes(fields, &asked.filter))
        .collect();
    found.sort_by(|a, b| compare(a, b, &asked.sort));
    let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
    let from = match &asked.after {
        None => 0,
        Some(after) => found
            .iter()
            .position(|(id, _)| id == after)
            .map(|at| at + 1)
            .ok_or_else(|| {
                let say = "after: this is not among them any more; begin with the first page";
                Failure::new(ErrorCode::Conflict, say)
            })?,
    };
    Ok(cut(root, &found, from, limit, total))
}

fn cut(root: &Root, found: &[(&str, &Fields)], from: usize, limit: u32, total: u64) -> Entities {
    let rest = found.get(from..).unwrap_or_default();
    let page: Vec<_> = rest
        .iter()
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .collect();
    let has_more = page.len() < rest.len();
    Entities {
        next: page
            .last()
            .filter(|_| has_more)
            .map(|(id, _)| (*id).to_owned()),
        entities: page
            .iter()
            .map(|(_, fields)| fields_to_json(root, fields))
            .collect(),
        total,
    }
}

fn is_wanted(fields: &Fields, archived: Archived) -> bool {
    match archived {
        Archived::Without => !is_archived(fields),
        Archived::With => true,
        Archived::Only => is_archived(fields),
    }
}

fn passes(fields: &Fields, filter: &Map<String, Json>) -> bool {
    filter.iter().all(|(field, wanted)| {
        let value = fields.get(field);
        let several = wanted.as_array();
        several.map_or_else(
            || has(value, wanted),
            |several| several.iter().any(|one| has(value, one)),
        )
    })
}

fn has(value: Option<&Value>, wanted: &Json) -> bool {
    match value {
        None => wanted.is_null(),
        Some(Value::Plain(json)) => json == wanted,
        Some(Value::Text(text)) => wanted.as_str() == Some(text),
        Some(Value::Map(members)) => wanted.as_str().is_some_and(|key| members.contains_key(key)),
    }
}

/// By the fields asked for, then by rank and id, so that the order is always the same.
fn compare(a: &(&str, &Fields), b: &(&str, &Fields), sort: &[String]) -> Ordering {
    for field in sort {
        let (field, is_down) = match field.strip_prefix('-') {
            Some(field) => (field, true),
            None => (field.as_str(), false),
        };
        let order = compare_values(a.1.get(field), b.1.get(field));
        let order = if is_down { order.reverse() } else { order };
        if order != Ordering::Equal {
            return order;
        }
    }
    (rank(a.1), a.0).cmp(&(rank(b.1), b.0))
}

/// Nothing comes first, then false and true, numbers, texts without regard to case, and the rest as it is
/// written.
fn compare_values(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let key = |value: Option<&Value>| match value {
        None => (0, 0.0, String::new()),
        Some(Value::Plain(json)) => match json {
            Json::Null => (0, 0.0, String::new()),
            Json::Bool(value) => (1, f64::from(*value), String::new()),
            Json::Number(number) => (2, number.as_f64().unwrap_or_default(), String::new()),
            Json::String(text) => (3, 0.0, text.to_lowercase()),
            Json::Array(_) | Json::Object(_) => (4, 0.0, json.to_string()),
        },
        Some(Value::Text(text)) => (3, 0.0, text.to_lowercase()),
        Some(Value::Map(members)) => (4, 0.0, format!("{members:?}")),
    };
    let ((a_kind, a_number, a_text), (b_kind, b_number, b_text)) = (key(a), key(b));
    a_kind
        .cmp(&b_kind)
        .then(a_number.total_cmp(&b_number))
        .then(a_text.cmp(&b_text))
}
