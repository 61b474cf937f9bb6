//! The control methods and notifications about plans.

use convene_plan::op::Op;
use serde::{Deserialize, Serialize};

use super::Done;
use super::entity::Archived;

/// One plan, as a member sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanBody {
    /// Names the plan in URLs, addresses and methods.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The asking member's own role.
    pub role: String,
    /// RFC 3339.
    pub created_at: String,
    /// When its document, name or members last changed, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// When it was put away, RFC 3339, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<String>,
}

/// `plan.create`: makes an empty plan and the asking user its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// What people call it; 1 to 200 characters.
    pub name: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Create, "plan.create" => PlanBody, keyed);

/// `plan.list`: the plans the asking user is a member of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Whether plans that were put away are among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<Archived>,
}

/// The answer to [`List`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Plans {
    /// The most recently changed first.
    pub plans: Vec<PlanBody>,
}

call!(List, "plan.list" => Plans);

/// `plan.get`: one plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Get {
    /// The plan.
    pub plan: String,
}

call!(Get, "plan.get" => PlanBody);

/// `plan.delete`: deletes a plan for everybody. Owners only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Delete {
    /// The plan.
    pub plan: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Delete, "plan.delete" => Done, keyed);

/// `plan.update`: gives a plan another name. Owners only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// The plan.
    pub plan: String,
    /// What people call it; 1 to 200 characters.
    pub name: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Update, "plan.update" => PlanBody, keyed);

/// `plan.archive`: puts a plan away: lists leave it out. It can be opened as before. Owners only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// The plan.
    pub plan: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Archive, "plan.archive" => PlanBody, keyed);

/// `plan.restore`: brings a plan back that was put away. Owners only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The plan.
    pub plan: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Restore, "plan.restore" => PlanBody, keyed);

/// `plan.duplicate`: makes a plan that holds what this one holds now, without its history and members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Duplicate {
    /// The plan.
    pub plan: String,
    /// What the new one is called; the same as this one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Duplicate, "plan.duplicate" => PlanBody, keyed);

/// `plan.squash`: makes the plan's document anew, without the traces of all that ever was in it. Every
/// open client loads it again; the history stays readable. Owners only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Squash {
    /// The plan.
    pub plan: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// The answer to [`Squash`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Squashed {
    /// The change with which the new document begins.
    pub seq: i64,
    /// The size of the document before, in bytes.
    pub bytes_before: u64,
    /// Its size now.
    pub bytes_after: u64,
}

call!(Squash, "plan.squash" => Squashed, keyed);

/// `plan.content`: everything that a plan holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The plan.
    pub plan: String,
}

/// The answer to [`Content`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Whole {
    /// By root: things by their ids, or the fields of one thing.
    pub roots: serde_json::Value,
}

call!(Content, "plan.content" => Whole);

/// `plan.edit`: changes a plan by operations, all or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The plan.
    pub plan: String,
    /// In order; at most [`OPS_MAX`].
    #[cfg_attr(feature = "schema", schemars(length(max = OPS_MAX)))]
    pub ops: Vec<Op>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// The answer to [`Edit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Edited {
    /// The change they became in the plan's history; where there was nothing to do, the last one.
    pub seq: i64,
}

/// Operations of one [`Edit`] at most.
pub const OPS_MAX: usize = 5_000;

call!(Edit, "plan.edit" => Edited, keyed);

/// `plan.read_only`: nothing more is accepted into this plan for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReadOnly {
    /// The plan.
    pub plan: String,
    /// Why, and what to do, for a person.
    pub say: String,
}

notice!(ReadOnly, "plan.read_only");

/// `plan.size_warning`: the plan comes near its largest size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SizeWarning {
    /// The plan.
    pub plan: String,
    /// The encoded size of the document now.
    pub bytes: u64,
    /// The size at which it becomes read-only.
    pub bytes_max: u64,
    /// What to do, for a person.
    pub say: String,
}

notice!(SizeWarning, "plan.size_warning");
