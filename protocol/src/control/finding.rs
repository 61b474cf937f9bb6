//! The control methods about what is wrong with a plan.

use convene_plan::op::Op;
use serde::{Deserialize, Serialize};

use super::Call;

/// Findings of one answer at most.
pub const FINDINGS_MAX: usize = 1_000;

/// `plan.findings`: what is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// The plan.
    pub plan: String,
}

/// The answer to [`Find`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// The gravest first; at most [`FINDINGS_MAX`].
    pub findings: Vec<FindingBody>,
    /// How many there are.
    pub total: u64,
}

impl Call for Find {
    const METHOD: &'static str = "plan.findings";
    type Answer = Findings;
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingBody {
    /// The same whenever the same is found.
    pub key: String,
    /// The rule that finds it.
    pub rule: String,
    /// `block` (nothing can be approved or published with it), `warn` or `info`.
    pub severity: String,
    /// What it is about.
    pub refs: Vec<About>,
    /// What is wrong, for a person.
    pub say: String,
    /// Ways out, the best first.
    pub fixes: Vec<FixBody>,
}

/// An entity, or one field of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The root.
    pub root: String,
    /// The entity; empty where the root holds one thing.
    pub id: String,
    /// The field, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// A way out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FixBody {
    /// What it does, as an order to a person.
    pub say: String,
    /// Operations for `plan.edit`; none when it is done elsewhere.
    pub ops: Vec<Op>,
}
