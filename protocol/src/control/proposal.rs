//! The control methods and notifications about proposals: drafts that anybody writes, and decisions change
//! by change.
//!
//! A draft is a document of its own with the address `{plan}~{proposal}`. What is in it never enters the plan:
//! what is accepted is performed on the plan anew.

pub mod body;
mod status;

use convene_plan::op::Op;
use convene_plan::proposal::Resolve;
use serde::{Deserialize, Serialize};

pub use self::body::{
    About, CITATIONS_MAX, ChangeBody, Citation, CitationKind, Counts, DecisionBody, GateBrief,
    Proposal, ProposalBody, READS_MAX, Risk, RiskLevel,
};
pub use self::status::{ChangeState, Status, UnknownStatus, Verdict};
use super::Done;

/// The longest title, in characters.
pub const TITLE_CHARS_MAX: usize = 200;
/// The longest rationale, in characters.
pub const RATIONALE_CHARS_MAX: usize = 4_000;
/// The longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 1_000;
/// Proposals of one answer.
pub const PROPOSALS_MAX: u32 = 200;
/// Days after which nobody can decide any more.
pub const DAYS_MAX: u32 = 366;
/// Drafts whose progress one connection follows.
pub const WATCHED_MAX: usize = 20;

/// `proposal.open`: opens a proposal with a draft that says what the plan says now. Suggesters and above,
/// and agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The plan.
    pub plan: String,
    /// What it is, in a line; 1 to [`TITLE_CHARS_MAX`] characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = TITLE_CHARS_MAX)))]
    pub title: String,
    /// Why; Markdown, at most [`RATIONALE_CHARS_MAX`] characters.
    #[cfg_attr(feature = "schema", schemars(length(max = RATIONALE_CHARS_MAX)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<String>,
    /// What else there is to say.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "body::about"
    )]
    pub about: Option<About>,
    /// An open proposal of the same author whose place it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// Days until it is over if nobody decides; 30 when left out.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = DAYS_MAX)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Open, "proposal.open" => ProposalBody, keyed);

/// `proposal.edit`: performs operations on the draft, all or none, as `plan.edit` does on a plan. Its author,
/// and who may decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The plan.
    pub plan: String,
    /// The proposal.
    pub proposal: String,
    /// Performed in order.
    #[serde(default)]
    pub ops: Vec<Op>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// The answer to [`Edit`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "DraftEdited"))]
pub struct Edited {
    /// The last row of the draft.
    pub seq: i64,
}

call!(Edit, "proposal.edit" => Edited, keyed);

/// `proposal.submit`: makes a revision of what the draft says now, for others to decide. What is submitted
/// again unchanged stays decided. Its author, and who may decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// The plan.
    pub plan: String,
    /// The proposal.
    pub proposal: String,
    /// Replaces the title.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = TITLE_CHARS_MAX)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Replaces the rationale.
    #[cfg_attr(feature = "schema", schemars(length(max = RATIONALE_CHARS_MAX)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<String>,
    /// Replaces what else was said.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "body::about"
    )]
    pub about: Option<About>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Submit, "proposal.submit" => Proposal, keyed);

/// `proposal.get`: a proposal with its changes as they stand to the plan now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Get {
    /// The plan.
    pub plan: String,
    /// The proposal.
    pub proposal: String,
}

call!(Get, "proposal.get" => Proposal);

/// `proposal.list`: the proposals of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The plan.
    pub plan: String,
    /// Only what last changed before this; from `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// As many as may be when left out.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = PROPOSALS_MAX)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to [`List`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Proposals {
    /// What changed last comes first.
    pub proposals: Vec<ProposalBody>,
    /// For `before` of the next page, if there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

call!(List, "proposal.list" => Proposals);

/// `proposal.watch`: tells this connection how the drafts of these proposals grow, and of no others. The
/// words themselves come to who opens a draft's address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// The plan.
    pub plan: String,
    /// At most [`WATCHED_MAX`]; none ends it.
    #[cfg_attr(feature = "schema", schemars(length(max = WATCHED_MAX)))]
    pub proposals: Vec<String>,
}

call!(Watch, "proposal.watch" => Done);

/// `proposal.request_changes`: asks the author for another revision. Who may decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestChanges {
    /// The plan.
    pub plan: String,
    /// The proposal.
    pub proposal: String,
    /// The revision that was looked at.
    pub revision: i64,
    /// What should be different; 1 to [`REASON_CHARS_MAX`] characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = REASON_CHARS_MAX)))]
    pub reason: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(RequestChanges, "proposal.request_changes" => ProposalBody, keyed);

/// One change that is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pick {
    /// Its number.
    pub no: u32,
    /// The hash of what was shown, from `proposal.get`.
    pub shown: String,
    /// What to do where something else is there than it was made on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolve: Option<Resolve>,
}

/// `proposal.decide`: accepts or rejects changes of a revision, all that are named or none, but for those that wait
/// for further approvals. Editors, approvers
/// and owners; never an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// The plan.
    pub plan: String,
    /// The proposal.
    pub proposal: String,
    /// The revision that was looked at.
    pub revision: i64,
    /// `approve` or `reject`.
    pub verdict: Verdict,
    /// The changes.
    pub changes: Vec<Pick>,
    /// Why; at most [`REASON_CHARS_MAX`] characters. The author is told.
    #[cfg_attr(feature = "schema", schemars(length(max = REASON_CHARS_MAX)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// The answer to [`Decide`] and [`Undo`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decided {
    /// The proposal as it is now.
    pub proposal: ProposalBody,
    /// The changes that are part of the plan now, or no longer.
    pub done: Vec<u32>,
    /// Those that were so already.
    pub already: Vec<u32>,
    /// Those that wait for further approvals of their gates; yours is noted.
    pub waiting: Vec<u32>,
    /// Those that stay as they are, and why.
    pub kept: Vec<KeptChange>,
    /// The change of the plan, for `history.diff`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
}

/// A change that was left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeptChange {
    /// Its number.
    pub no: u32,
    /// Why, in a sentence.
    pub why: String,
}

call!(Decide, "proposal.decide" => Decided, keyed);

/// `proposal.withdraw`: takes a proposal back. Its author, on whose behalf it is, and owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Withdraw {
    /// The plan.
    pub plan: String,
    /// The proposal.
    pub proposal: String,
    /// Why; at most [`REASON_CHARS_MAX`] characters.
    #[cfg_attr(feature = "schema", schemars(length(max = REASON_CHARS_MAX)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Withdraw, "proposal.withdraw" => ProposalBody, keyed);

/// `proposal.rebase`: has the draft go on from what the plan says now, with the same changes. Those that are
/// void are left out; of those in conflict the author's value stays. It is to be submitted again. Its author,
/// and who may decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rebase {
    /// The plan.
    pub plan: String,
    /// The proposal.
    pub proposal: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Rebase, "proposal.rebase" => Proposal, keyed);

/// `proposal.undo`: takes back what was accepted, where nobody has changed it since. Who may decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// The plan.
    pub plan: String,
    /// The proposal.
    pub proposal: String,
    /// Only these changes; all that were accepted when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<u32>>,
    /// Why; at most [`REASON_CHARS_MAX`] characters.
    #[cfg_attr(feature = "schema", schemars(length(max = REASON_CHARS_MAX)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Undo, "proposal.undo" => Decided, keyed);

/// `proposal.changed`: something happened to a proposal of a plan that this connection follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Changed {
    /// The plan.
    pub plan: String,
    /// As it is now.
    pub proposal: ProposalBody,
}

notice!(Changed, "proposal.changed");

/// `proposal.classes`: the plan changed under a submitted proposal, so that some of its changes stand to it in
/// another way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClassesChanged {
    /// The plan.
    pub plan: String,
    /// The proposal.
    pub proposal: String,
    /// Its revision.
    pub revision: i64,
    /// Those that are different.
    pub classes: Vec<ClassOf>,
}

/// How a change stands to the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClassOf {
    /// Its number.
    pub no: u32,
    /// How.
    #[serde(flatten)]
    pub class: convene_plan::proposal::Class,
}

notice!(ClassesChanged, "proposal.classes");

/// `proposal.progress`: a draft that this connection watches has grown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Progress {
    /// The plan.
    pub plan: String,
    /// The proposal.
    pub proposal: String,
    /// The draft's last row.
    pub seq: i64,
    /// The accounts that wrote.
    pub by: Vec<String>,
    /// The roots in which they wrote.
    pub roots: Vec<String>,
}

notice!(Progress, "proposal.progress");
