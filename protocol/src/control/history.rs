//! The control methods about what a plan was, who changed it, and how to have it back.

use convene_plan::diff::Difference;
use serde::{Deserialize, Serialize};

/// Versions, and changes, of one answer at most.
pub const VERSIONS_MAX: u32 = 200;
/// Changes of one answer at most.
pub const CHANGES_MAX: usize = 5_000;
/// Points of a plan that can have a name.
pub const NAMES_MAX: usize = 1_000;

/// An account, as it is shown beside what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Person {
    /// The account.
    pub id: String,
    /// What others see.
    pub name: String,
}

/// Where changes came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An editor with a replica of its own.
    Session,
    /// Operations asked for by the control channel.
    Control,
    /// An imported file.
    Import,
    /// Accepted changes of a proposal, or the way back from them.
    Proposal,
    /// Something from before that was brought back, or a change that was undone.
    History,
    /// The server: a backup was restored.
    Restore,
    /// The plan's history was begun anew.
    Squash,
}

/// `history.list`: the versions of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The plan.
    pub plan: String,
    /// Only what is before this change; from `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// As many as may be when left out.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = VERSIONS_MAX)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// What was edited in one go: without a pause of five minutes, and within an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Version {
    /// Its first change; the state before it is that of `first - 1`.
    pub first: i64,
    /// Its last change, and the name of the state after it.
    pub last: i64,
    /// When it began, RFC 3339.
    pub began: String,
    /// When it ended, RFC 3339.
    pub ended: String,
    /// Where its last change came from.
    pub source: Source,
    /// Which proposal, where it came from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<String>,
    /// Who made it.
    pub by: Vec<Person>,
    /// What somebody called the state after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The answer to [`List`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Versions {
    /// The newest first.
    pub versions: Vec<Version>,
    /// For `before` of the next page, if there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

call!(List, "history.list" => Versions);

/// `history.diff`: what is different between two points of a plan's history, and who made it so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Diff {
    /// The plan.
    pub plan: String,
    /// The state after this change; 0 is the empty plan.
    pub from: i64,
    /// The state after this change; the present when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
    /// Only in this root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Only in this thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// One difference, in words, and who made it last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// What is different.
    #[serde(flatten)]
    pub difference: Difference,
    /// The same in words.
    pub say: String,
    /// Who made it so; none for the server itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Person>,
    /// When, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// In which change of the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
}

/// The answer to [`Diff`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Changes {
    /// By root and thing; at most [`CHANGES_MAX`].
    #[cfg_attr(feature = "schema", schemars(length(max = CHANGES_MAX)))]
    pub changes: Vec<Change>,
    /// How many there are.
    pub total: u64,
    /// The first point.
    pub from: i64,
    /// The second.
    pub to: i64,
}

call!(Diff, "history.diff" => Changes);

/// `history.name`: gives a point of the history a name. Editors only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// The plan.
    pub plan: String,
    /// The state after this change; the present when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// 1 to 200 characters.
    pub name: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// The answer to [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Named {
    /// The point.
    pub seq: i64,
    /// Its name.
    pub name: String,
}

call!(Name, "history.name" => Named, keyed);

/// `history.restore`: makes the plan, or a part of it, what it was. This is a change like any other: it is
/// in the history and can be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The plan.
    pub plan: String,
    /// The state after this change.
    pub seq: i64,
    /// Only this root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Only this thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Only this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// What was brought back or undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Restored {
    /// The change it became; none when there was nothing to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// How many values it changed.
    pub changes: u64,
    /// What stays as it is, and why: somebody has changed it since, or nothing undoes it.
    pub kept: Vec<Kept>,
}

/// Something that was not brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Kept {
    /// Where: a root, the thing's id and the field, as far as it has them.
    pub path: Vec<String>,
    /// Why, for a person.
    pub say: String,
}

call!(Restore, "history.restore" => Restored, keyed);

/// `history.undo`: takes changes back where nobody has changed the same since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// The plan.
    pub plan: String,
    /// The change; of a version, its first.
    pub seq: i64,
    /// The last change of a version; `seq` alone when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Undo, "history.undo" => Restored, keyed);
