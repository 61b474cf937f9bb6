//! Reads what the roots of a plan hold, as the plan's own plain data.

use convene_plan::content::{Content, Fields, ONE, Value};
use convene_plan::schema::{ROOTS, Shape};
use convene_plan::value::normal;
use yrs::{GetString, Map, MapRef, Out, ReadTxn};

use super::content::out;

/// The content of every root of the schema.
pub(super) fn content<T: ReadTxn>(txn: &T) -> Content {
    let mut content = Content::default();
    for root in ROOTS {
        let Some(map) = txn.get_map(root.name) else {
            continue;
        };
        match root.shape {
            Shape::One | Shape::Counts => {
                *content.entity_mut(root.name, ONE) = fields(txn, &map);
            }
            Shape::Many { .. } => {
                for (id, value) in map.iter(txn) {
                    if let Out::YMap(entity) = value {
                        *content.entity_mut(root.name, id) = fields(txn, &entity);
                    } else {
                        let stray = (root.name.to_owned(), id.to_owned());
                        content.strays.push(stray);
                    }
                }
            }
        }
    }
    // The order of a map is that of its hashes.
    content.strays.sort_unstable();
    content
}

pub(super) fn fields<T: ReadTxn>(txn: &T, map: &MapRef) -> Fields {
    map.iter(txn)
        .map(|(name, value)| (name.to_owned(), field(txn, &value)))
        .collect()
}

pub(super) fn field<T: ReadTxn>(txn: &T, value: &Out) -> Value {
    if let Out::YText(text) = value {
        Value::Text(text.get_string(txn))
    } else if let Out::YMap(map) = value {
        let member = |(key, value): (&str, Out)| (key.to_owned(), normal(out(txn, &value)));
        Value::Map(map.iter(txn).map(member).collect())
    } else {
        Value::Plain(normal(out(txn, value)))
    }
}
