//! The operations that change a plan, each with what it expects to find.
//!
//! [`Content::apply`](crate::content::Content::apply) judges operations on a reading of the plan, all or none, and answers the edits
//! that a document needs for them. Whoever keeps the document performs those as one transaction.

mod apply;
mod between;
mod text;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json};

pub(crate) use self::apply::place;
pub use self::between::between;
pub use self::text::Splice;
pub(crate) use self::text::{Hunk, hunks, splices, words};
use crate::content::Fields;

/// One change of a plan. A path is a root, an entity's id where the root has entities, and then a field
/// and a member of it, as far as the operation needs them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Op {
    /// Makes an entity with an id of the client's choice. One that is there with the same fields is left
    /// as it is, so that this can be repeated.
    Add {
        /// Root and id.
        path: Vec<String>,
        /// Its fields; `rank` and `archived` are filled in.
        fields: Map<String, Json>,
    },
    /// Replaces a plain value.
    Set {
        /// Leads to the field.
        path: Vec<String>,
        /// What must be there, `null` for nothing; left out, whatever is there is replaced.
        #[serde(
            default,
            deserialize_with = "given",
            skip_serializing_if = "Option::is_none"
        )]
        from: Option<Json>,
        /// The new value; `null` takes the field away.
        to: Json,
    },
    /// Changes a shared text into another by as little as possible.
    Text {
        /// Leads to the field.
        path: Vec<String>,
        /// What must be there, `""` also for nothing; left out, whatever is there is changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// The new text.
        to: String,
    },
    /// Sets a member of a shared map.
    Link {
        /// Leads to the member.
        path: Vec<String>,
        /// What must be there, `null` for nothing.
        #[serde(
            default,
            deserialize_with = "given",
            skip_serializing_if = "Option::is_none"
        )]
        from: Option<Json>,
        /// The member's value.
        to: Json,
    },
    /// Takes a member out of a shared map.
    Unlink {
        /// Leads to the member.
        path: Vec<String>,
        /// What must be there.
        #[serde(
            default,
            deserialize_with = "given",
            skip_serializing_if = "Option::is_none"
        )]
        from: Option<Json>,
    },
    /// Puts an entity away. Nothing is ever deleted: what others write in it meanwhile is kept.
    Archive {
        /// Root and id.
        path: Vec<String>,
    },
    /// Brings an entity back.
    Restore {
        /// Root and id.
        path: Vec<String>,
    },
}

/// A `null` that was sent is something else than nothing sent.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

impl Op {
    /// The same whatever is there.
    pub fn without_expectation(mut self) -> Self {
        match &mut self {
            Self::Set { from, .. } | Self::Link { from, .. } | Self::Unlink { from, .. } => {
                *from = None;
            }
            Self::Text { from, .. } => *from = None,
            Self::Add { .. } | Self::Archive { .. } | Self::Restore { .. } => {}
        }
        self
    }

    /// Where it leads.
    pub fn path(&self) -> &[String] {
        match self {
            Self::Add { path, .. }
            | Self::Set { path, .. }
            | Self::Text { path, .. }
            | Self::Link { path, .. }
            | Self::Unlink { path, .. }
            | Self::Archive { path }
            | Self::Restore { path } => path,
        }
    }
}

/// What a document does for an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// The root.
    pub root: String,
    /// The entity; empty where the root holds one thing.
    pub id: String,
    /// What becomes of it.
    pub change: Change,
}

impl Edit {
    /// Root and entity, for people.
    fn path(&self) -> String {
        if self.id.is_empty() {
            self.root.clone()
        } else {
            format!("{}/{}", self.root, self.id)
        }
    }
}

/// What becomes of an entity.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is made, with all its fields.
    Made(Fields),
    /// A plain field is set.
    Set(String, Json),
    /// A field is taken away.
    Unset(String),
    /// A shared text is made.
    TextMade(String, String),
    /// A shared text is changed at these places, from the last to the first.
    TextSpliced(String, Vec<Splice>),
    /// A member of a shared map is set; the map is made if it is not there.
    MemberSet(String, String, Json),
    /// A member of a shared map is taken out.
    MemberUnset(String, String),
}

/// An operation that cannot be performed, so that none was.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// Which, counted from 0.
    pub number: usize,
    /// Why.
    pub why: Why,
}

/// Why an operation cannot be performed.
#[derive(Debug, Clone, PartialEq)]
pub enum Why {
    /// It does not fit the schema, or leads nowhere: another one is needed.
    Unsound(String),
    /// There is no such entity (any more).
    Missing(String),
    /// Something else is there than it expects.
    Drifted {
        /// What it expects.
        expected: Json,
        /// What is there.
        present: Json,
    },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {}: {}", self.number, self.why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsound(say) | Self::Missing(say) => f.write_str(say),
            Self::Drifted { expected, present } => {
                write!(f, "expects {expected}, but {present} is there now")
            }
        }
    }
}
