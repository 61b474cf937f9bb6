//! Changes in sentences for people, in the words of differences.

use serde_json::{Map, Value as Json};

use super::{Change, Kind};
use crate::content::Content;
use crate::diff::{Difference, What};
use crate::schema::{Root, Shape};

/// A change as a sentence without a full stop. `before` and `after` are contents from which names come.
pub fn say(change: &Change, before: &Content, after: &Content) -> String {
    difference(change).map_or_else(
        || change.path.join("/"),
        |it| crate::diff::say(&it, before, after),
    )
}

/// The difference that a change makes; none when its path leads nowhere.
fn difference(change: &Change) -> Option<Difference> {
    let root = Root::of(change.path.first()?)?;
    let (id, rest) = match root.shape {
        Shape::One | Shape::Counts => ("", change.path.get(1..)?),
        Shape::Many { .. } => (change.path.get(1)?.as_str(), change.path.get(2..)?),
    };
    let given = |json: &Json| (!json.is_null()).then(|| json.clone());
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let field = || rest.first().cloned().unwrap_or_default();
    let key = || rest.get(1).cloned().unwrap_or_default();
    let what = match change.op {
        Kind::Add => What::Made {
            fields: change.after.as_object().cloned().unwrap_or_else(Map::new),
        },
        Kind::Archive => What::Archived,
        Kind::Restore => What::Restored,
        Kind::Set => What::Set {
            field: field(),
            before: given(&change.before),
            after: given(&change.after),
        },
        Kind::Text => What::Text {
            field: field(),
            before: text(&change.before),
            after: text(&change.after),
        },
        Kind::Link if change.before.is_null() => What::Linked {
            field: field(),
            key: key(),
            after: change.after.clone(),
        },
        Kind::Link => What::Relinked {
            field: field(),
            key: key(),
            before: change.before.clone(),
            after: change.after.clone(),
        },
        Kind::Unlink => What::Unlinked {
            field: field(),
            key: key(),
            before: change.before.clone(),
        },
    };
    Some(Difference::new(root, id, what))
}
