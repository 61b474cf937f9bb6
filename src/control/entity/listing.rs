//! Filters, sorts and pages the things of a root.

use std::cmp::Ordering;

use convene_plan::content::{Content, Fields, Value, is_archived, rank};
use convene_plan::schema::Root;
use convene_protocol::control::entity::{Archived, Entities, LIMIT_MAX, List};
use convene_protocol::error_code::ErrorCode;
use serde_json::{Map, Value as Json};

use crate::control::limit;
use crate::error::Failure;

/// Fields that a list is sorted by at most.
const SORT_MAX: usize = 8;

/// One page of what `asked` asks for.
pub(super) fn page(content: &Content, asked: &List) -> Result<Entities, Failure> {
    let root = super::root(&asked.root)?;
    if root.prefix().is_none() {
        return Err(super::holds_one(root));
    }
    let limit = limit(asked.limit, LIMIT_MAX)?;
    if asked.sort.len() > SORT_MAX {
        let say = format!("sort: at most {SORT_MAX} fields");
        return Err(Failure::new(ErrorCode::Invalid, say));
    }
    let wanted = content
        .entities(root.name)
        .filter(|(_, fields)| is_wanted(fields, asked.archived) && passes(fields, &asked.filter));
    let mut found: Vec<Found<'_>> = wanted.map(|one| Found::new(one, &asked.sort)).collect();
    found.sort_by(|a, b| a.compare(b, &asked.sort));
    let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
    let from = match &asked.after {
        None => 0,
        Some(after) => found
            .iter()
            .position(|one| one.id == after)
            .map(|at| at + 1)
            .ok_or_else(|| {
                let say = "after: this is not among them any more; begin with the first page";
                Failure::new(ErrorCode::Conflict, say)
            })?,
    };
    Ok(cut(root, &found, from, limit, total))
}

fn cut(root: &Root, found: &[Found<'_>], from: usize, limit: u32, total: u64) -> Entities {
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
            .map(|one| one.id.to_owned()),
        entities: page
            .iter()
            .map(|one| super::to_json(root, one.id, one.fields))
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

/// A thing with what it is sorted by.
struct Found<'a> {
    id: &'a str,
    fields: &'a Fields,
    keys: Vec<SortKey>,
}

/// Nothing comes first, then false and true, numbers, texts without regard to case, and the rest as it is
/// written.
struct SortKey(u8, f64, String);

impl<'a> Found<'a> {
    fn new((id, fields): (&'a str, &'a Fields), sort: &[String]) -> Self {
        let names = sort
            .iter()
            .map(|name| name.strip_prefix('-').unwrap_or(name));
        Self {
            id,
            fields,
            keys: names.map(|name| SortKey::of(fields.get(name))).collect(),
        }
    }

    /// By the fields asked for, then by rank and id, so that the order is always the same.
    fn compare(&self, other: &Self, sort: &[String]) -> Ordering {
        let keys = sort.iter().zip(self.keys.iter().zip(&other.keys));
        let orders = keys.map(|(name, (a, b))| {
            let order = a.compare(b);
            if name.starts_with('-') {
                order.reverse()
            } else {
                order
            }
        });
        let by_fields = orders.fold(Ordering::Equal, Ordering::then);
        by_fields.then_with(|| (rank(self.fields), self.id).cmp(&(rank(other.fields), other.id)))
    }
}

impl SortKey {
    fn of(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Plain(Json::Null)) => Self(0, 0.0, String::new()),
            Some(Value::Plain(Json::Bool(value))) => Self(1, f64::from(*value), String::new()),
            Some(Value::Plain(Json::Number(number))) => {
                Self(2, number.as_f64().unwrap_or_default(), String::new())
            }
            Some(Value::Plain(Json::String(text)) | Value::Text(text)) => {
                Self(3, 0.0, text.to_lowercase())
            }
            Some(Value::Plain(json @ (Json::Array(_) | Json::Object(_)))) => {
                Self(4, 0.0, json.to_string())
            }
            Some(Value::Map(members)) => Self(4, 0.0, format!("{members:?}")),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let by_kind = self.0.cmp(&other.0).then(self.1.total_cmp(&other.1));
        by_kind.then_with(|| self.2.cmp(&other.2))
    }
}
