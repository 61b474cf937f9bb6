//! What the control channel tells of a proposal.

use convene_plan::proposal::{Change, Class, Effect, Unsound};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::super::history::Person;
use super::{ChangeState, Status, Verdict};

/// Citations of a proposal.
pub const CITATIONS_MAX: usize = 50;
/// Values of the plan that a proposal says it relies on.
pub const READS_MAX: usize = 100;

/// How much could go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// Little.
    Low,
    /// Something that can be mended.
    Medium,
    /// Money, people or the date are at stake.
    High,
}

/// What could go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// How much.
    pub level: RiskLevel,
    /// What follows from the proposal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub effect: String,
    /// What is done against what could go wrong.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mitigation: String,
    /// Whether it can be taken back.
    pub reversible: bool,
}

/// Where a citation leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CitationKind {
    /// To a value of the plan, as `root/id/field`.
    Plan,
    /// To a rule, by its id.
    Rule,
    /// To a source that was given to the author.
    Source,
    /// To an address.
    Url,
}

/// What a proposal refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Citation {
    /// Where it leads.
    pub kind: CitationKind,
    /// Which.
    #[serde(rename = "ref")]
    pub target: String,
    /// The words that are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// Whether the words were found there; the server says it, and only of what it can look up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
}

/// What else an author says of a proposal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What could go wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// How sure the author is, in percent.
    #[cfg_attr(feature = "schema", schemars(range(max = 100)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// What it refers to.
    #[cfg_attr(feature = "schema", schemars(length(max = CITATIONS_MAX)))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<Citation>,
    /// The paths of the plan's values that it relies on: when one of them changes, that is shown.
    #[cfg_attr(feature = "schema", schemars(length(max = READS_MAX)))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<Vec<String>>,
    /// The key of the finding that it answers: one open proposal each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
}

/// Reads what else an author says, which is an object: since all of it may be left out, a list would be read
/// as one too.
pub(super) fn about<'de, D: Deserializer<'de>>(from: D) -> Result<Option<About>, D::Error> {
    let said = Option::<Map<String, Value>>::deserialize(from)?;
    let about = said.map(|said| About::deserialize(Value::Object(said)));
    about.transpose().map_err(D::Error::custom)
}

/// How many changes of the last revision are how far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Nobody has decided.
    pub open: u32,
    /// They are part of the plan.
    pub accepted: u32,
    /// They are not.
    pub rejected: u32,
    /// They were and are not any more.
    pub undone: u32,
}

/// A proposal without its changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProposalBody {
    /// Its id.
    pub id: String,
    /// The plan.
    pub plan: String,
    /// The address of its draft: a document that is opened like a plan.
    pub draft: String,
    /// Who proposes.
    pub author: Person,
    /// For whom, when that is an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<Person>,
    /// What it is, in a line.
    pub title: String,
    /// How far it is.
    pub status: Status,
    /// The last submitted revision; 0 before.
    pub revision: i64,
    /// Its changes.
    pub counts: Counts,
    /// How much could go wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskLevel>,
    /// What was last said to its author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The one whose place it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// When it was opened, RFC 3339.
    pub created_at: String,
    /// When something last happened to it, RFC 3339.
    pub updated_at: String,
    /// When it is over if nobody decides, RFC 3339.
    pub expires_at: String,
}

/// A proposal with its changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Proposal {
    /// What it is.
    #[serde(flatten)]
    pub body: ProposalBody,
    /// Why.
    pub rationale: String,
    /// What else its author says.
    pub about: About,
    /// Whether the changes are those of the submitted revision, which can be decided. Otherwise they are what
    /// the draft says now.
    pub submitted: bool,
    /// Whether the draft has been edited since it was submitted: then nothing can be decided before it is
    /// submitted again.
    pub edited: bool,
    /// Up to which change of the plan this was worked out.
    pub seq: i64,
    /// Its changes.
    pub changes: Vec<ChangeBody>,
    /// What in the draft cannot be proposed.
    pub unsound: Vec<Unsound>,
    /// What follows from accepting all that can be.
    pub effect: Effect,
    /// What was decided, the first first.
    pub decisions: Vec<DecisionBody>,
}

/// A change of a proposal as it stands to the plan now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangeBody {
    /// The change.
    #[serde(flatten)]
    pub change: Change,
    /// The same in words.
    pub say: String,
    /// How it stands to the plan, while nobody has decided.
    #[serde(flatten)]
    pub class: Option<Class>,
    /// Who changed what it is about since, where that stands in its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<Person>,
    /// When, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<String>,
    /// The hash of what is shown here: a decision names it.
    pub shown: String,
    /// What became of it.
    pub state: ChangeState,
    /// Who wrote it, if that was not the author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_by: Option<Person>,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_by: Option<Person>,
    /// When, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<String>,
    /// The change of the plan that it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// What it needs beside an editor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateBrief>,
}

/// What a change needs beside an editor's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GateBrief {
    /// For `gate.approve`, once the change is submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `contract`, `spend`, `people`, `event`, `risk` or `outreach`.
    pub kind: String,
    /// Why, in a sentence.
    pub say: String,
    /// How many approvals.
    pub needs: u32,
    /// How many of them of owners.
    pub needs_owners: u32,
    /// Who has approved what is shown.
    pub approved_by: Vec<Person>,
    /// Approvals that fell, since something changed after they were given.
    pub fallen: Vec<Person>,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DecisionBody {
    /// About which revision.
    pub revision: i64,
    /// About which changes.
    pub changes: Vec<u32>,
    /// Whose.
    pub by: Person,
    /// Which.
    pub verdict: Verdict,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// When, RFC 3339.
    pub at: String,
    /// The change of the plan that it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
}
