//! The control methods about what is wrong with a plan.

use convene_plan::finding::Finding;
use serde::{Deserialize, Serialize};

use super::Call;

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
}

impl Call for Find {
    const METHOD: &'static str = "plan.findings";
    type Answer = Findings;
}
