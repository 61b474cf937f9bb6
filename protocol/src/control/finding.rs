//! The control methods about what is wrong with a plan.

use convene_plan::finding::Finding;
use serde::{Deserialize, Serialize};

use super::Done;
use super::history::Person;

/// Findings of one answer at most.
pub const FINDINGS_MAX: usize = 1_000;

/// `plan.findings`: what is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// The plan.
    pub plan: String,
}

/// The answer to [`Find`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Findings {
    /// The gravest first; at most [`FINDINGS_MAX`].
    #[cfg_attr(feature = "schema", schemars(length(max = FINDINGS_MAX)))]
    pub findings: Vec<Finding>,
    /// How many there are.
    pub total: u64,
    /// Those that somebody has put aside; not among the others.
    pub dismissed: Vec<Dismissed>,
}

/// A finding that was put aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Dismissed {
    /// The finding.
    pub finding: Finding,
    /// Who put it aside.
    pub by: Person,
    /// When, RFC 3339.
    pub at: String,
    /// Why.
    pub reason: String,
    /// Until when, RFC 3339; for good when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// `finding.dismiss`: puts a finding aside, with a reason. Editors only; what blocks, approvers and owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Dismiss {
    /// The plan.
    pub plan: String,
    /// The finding's key.
    pub key: String,
    /// Why; 1 to 1,000 characters.
    pub reason: String,
    /// Until when, RFC 3339; for good when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Dismiss, "finding.dismiss" => Done, keyed);

/// `finding.reopen`: takes a finding up again that was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reopen {
    /// The plan.
    pub plan: String,
    /// The finding's key.
    pub key: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Reopen, "finding.reopen" => Done, keyed);

call!(Find, "plan.findings" => Findings);
