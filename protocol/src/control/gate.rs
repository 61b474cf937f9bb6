//! The control methods and notifications about gates: what needs more than an editor's word.

use convene_plan::proposal::gate::Frozen;
use serde::{Deserialize, Serialize};

use super::history::Person;

/// Gates of one answer at most.
pub const GATES_MAX: usize = 1_000;
/// Letters of one gate at most.
pub const LETTERS_MAX: usize = 200;

/// How far a gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GateStatus {
    /// It waits for approvals.
    Pending,
    /// It has them.
    Approved,
    /// Somebody rejected it.
    Rejected,
    /// What it is about has changed since, or is no more: it does not count.
    Void,
}

/// One gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GateBody {
    /// Its id.
    pub id: String,
    /// `contract`, `spend`, `publish`, `outreach`, `people`, `event` or `risk`.
    pub kind: String,
    /// What it is about, in a sentence.
    pub say: String,
    /// The values that are approved.
    pub frozen: Vec<Frozen>,
    /// How many approvals it needs, of approvers and owners.
    pub needs: u32,
    /// How many of them of owners.
    pub needs_owners: u32,
    /// The proposal that it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<String>,
    /// The change of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<u32>,
    /// How far it is.
    pub status: GateStatus,
    /// The hash of what is shown: an approval names it. Of a proposal's change, that of `proposal.get`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
    /// Who asked.
    pub requested_by: Person,
    /// When, RFC 3339.
    pub at: String,
    /// What was said of it.
    pub approvals: Vec<ApprovalBody>,
}

/// What somebody said of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApprovalBody {
    /// Who.
    pub by: Person,
    /// Whether they approve.
    pub approves: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// When, RFC 3339.
    pub at: String,
    /// The hash of what was shown to them: it counts as long as that is shown.
    pub shown: String,
}

/// `gate.list`: the gates of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The plan.
    pub plan: String,
}

/// The answer to [`List`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Gates {
    /// The newest first; at most [`GATES_MAX`].
    #[cfg_attr(feature = "schema", schemars(length(max = GATES_MAX)))]
    pub gates: Vec<GateBody>,
}

call!(List, "gate.list" => Gates);

/// What somebody asks an approval for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// A value that the plan claims: root, id and field.
    Claim {
        /// Leads to the field.
        path: Vec<String>,
    },
    /// That the plan is published as it is now.
    Publish {},
    /// That letters of the outbox are sent as they are now.
    Outreach {
        /// Their ids; at most [`LETTERS_MAX`].
        #[cfg_attr(feature = "schema", schemars(length(min = 1, max = LETTERS_MAX)))]
        letters: Vec<String>,
    },
}

/// `gate.request`: asks approvers and owners for their word. Editors and above. What a proposal needs is
/// asked for when it is submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The plan.
    pub plan: String,
    /// For what.
    pub subject: Subject,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Request, "gate.request" => GateBody, keyed);

/// `gate.approve`: gives one's word for what is shown. Approvers and owners, and nobody for their own
/// proposal or their agent's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// The plan.
    pub plan: String,
    /// The gate.
    pub gate: String,
    /// The hash of what was shown.
    pub shown: String,
    /// Why; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Approve, "gate.approve" => GateBody, keyed);

/// `gate.reject`: says no. Approvers and owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reject {
    /// The plan.
    pub plan: String,
    /// The gate.
    pub gate: String,
    /// Why; 1 to 1,000 characters.
    pub reason: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Reject, "gate.reject" => GateBody, keyed);

/// `gate.changed`: something happened to a gate of a plan that this connection follows; ask `gate.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Changed {
    /// The plan.
    pub plan: String,
}

notice!(Changed, "gate.changed");
