//! What somebody proposes for a plan: changes, each judged, accepted and taken back by its meaning.
//!
//! ```text
//! changes(base, draft) ──> Change { no, op, path, before, after, depends_on }
//!     ├──> classes(changes, present, reads) ──> clean, already, mergeable, drifted, conflict or void
//!     ├──> rehearse(present, changes, choices) ──> ops, what they take effect in, their effect
//!     │        └──> undo(present, took) ──> ops that take it back, and what stays for a reason
//!     └──> rebase(present, changes) ──> the same on the plan as it is now
//! ```
//!
//! A draft is never merged into a plan: what is accepted is performed anew, as operations that expect what
//! was there when somebody looked. So a change has its effect or is reported, whatever happened meanwhile.

mod class;
mod dates;
mod derive;
mod effect;
pub mod gate;
mod merge;
mod present;
mod rebase;
mod rehearse;
mod saying;
mod shown;
mod totals;
mod trial;
mod undo;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use self::class::{Class, Decided, Read, ReadDrift, class, classes, open_classes};
pub use self::derive::{Unsound, changes, changes_of_ops};
pub use self::effect::{DateMoved, Effect, TotalMoved};
pub use self::present::value_at;
pub use self::rebase::{Rebased, rebase};
pub use self::rehearse::{
    Choice, NotAcceptable, NotAcceptableWhy, Rehearsal, Resolve, Took, rehearse,
};
pub use self::saying::say;
pub use self::shown::shown;
pub use self::undo::{Undo, undo};
use crate::op::Op;

/// Changes of one proposal at most.
pub const CHANGES_MAX: usize = 2_000;
/// Bytes that the values of one proposal take at most, before and after together.
pub const CHANGES_BYTES_MAX: usize = 4 << 20;

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChangeKind"))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Replaces a plain value.
    Set,
    /// Makes an entity.
    Add,
    /// Puts an entity away.
    Archive,
    /// Brings an entity back.
    Restore,
    /// Changes a shared text.
    Text,
    /// Sets a member of a shared map.
    Link,
    /// Takes a member out of a shared map.
    Unlink,
}

/// One change of a plan, which is decided by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// Its number in the proposal, from 1.
    pub no: u32,
    /// What it does.
    pub op: Kind,
    /// Root, the entity's id where the root has entities, and then field and member as far as it needs them.
    pub path: Vec<String>,
    /// The value that it was made on: `null` for nothing, of a text `""`. When an entity is put away or
    /// brought back, whether it was put away.
    pub before: Json,
    /// The value that it makes, in the same way; of an entity that it makes, the fields.
    pub after: Json,
    /// The numbers of the changes without which it cannot be: those that make or bring back what it is in,
    /// or what it refers to.
    pub depends_on: Vec<u32>,
}

impl Change {
    /// The operation that makes it where `from` is there.
    fn performed(&self, from: Json) -> Op {
        op(self.op, &self.path, from, self.after.clone())
    }
}

/// The operation of this kind from one value to another.
fn op(kind: Kind, path: &[String], from: Json, to: Json) -> Op {
    let path = path.to_vec();
    match kind {
        Kind::Set => Op::Set {
            path,
            from: Some(from),
            to,
        },
        Kind::Add => Op::Add {
            path,
            fields: match to {
                Json::Object(fields) => fields,
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                    serde_json::Map::new()
                }
            },
        },
        Kind::Archive => Op::Archive { path },
        Kind::Restore => Op::Restore { path },
        Kind::Text => Op::Text {
            path,
            // What is no text cannot be written in, which the operation finds.
            from: Some(from.as_str().unwrap_or_default().to_owned()),
            to: to.as_str().unwrap_or_default().to_owned(),
        },
        Kind::Link => Op::Link {
            path,
            from: Some(from),
            to,
        },
        Kind::Unlink => Op::Unlink {
            path,
            from: Some(from),
        },
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
