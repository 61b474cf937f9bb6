//! The control methods and notifications that tell what happens in a plan, without a replica of it.

use convene_plan::finding::Finding;
use serde::{Deserialize, Serialize};

use super::Done;

/// Plans that one connection can follow.
pub const PLANS_MAX: usize = 20;
/// Findings of one notification at most.
pub const FINDINGS_MAX: usize = 100;

/// `events.subscribe`: follows these plans on this connection, and no others. The notifications come by the
/// carrier of this request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// The plans, at most [`PLANS_MAX`]; none ends it.
    #[cfg_attr(feature = "schema", schemars(length(max = PLANS_MAX)))]
    pub plans: Vec<String>,
}

call!(Subscribe, "events.subscribe" => Done);

/// `plan.changed`: a plan's content is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanChanged {
    /// The plan.
    pub plan: String,
    /// Up to which change of its history, for `history.diff`.
    pub seq: i64,
    /// The roots that hold something else. Several edits may be told together.
    pub roots: Vec<String>,
    /// The accounts that wrote.
    pub by: Vec<String>,
}

notice!(PlanChanged, "plan.changed");

/// `plan.imported`: a file was read into a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanImported {
    /// The plan.
    pub plan: String,
    /// The change it became, for `history.undo`.
    pub seq: i64,
    /// Whose file it was.
    pub by: String,
}

notice!(PlanImported, "plan.imported");

/// `plan.members`: somebody came, went, or has another role; ask `member.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MembersChanged {
    /// The plan.
    pub plan: String,
}

notice!(MembersChanged, "plan.members");

/// `finding.changed`: something else is wrong with a plan than before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FindingsChanged {
    /// The plan.
    pub plan: String,
    /// What is wrong now and was not; at most [`FINDINGS_MAX`], the gravest first.
    #[cfg_attr(feature = "schema", schemars(length(max = FINDINGS_MAX)))]
    pub opened: Vec<Finding>,
    /// The keys of what is wrong no longer; at most [`FINDINGS_MAX`].
    #[cfg_attr(feature = "schema", schemars(length(max = FINDINGS_MAX)))]
    pub cleared: Vec<String>,
    /// How many findings there are now.
    pub total: u64,
}

notice!(FindingsChanged, "finding.changed");
