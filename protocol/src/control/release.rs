//! The control methods about published versions of a plan, and about what would leave the building.

use serde::{Deserialize, Serialize};

use super::history::Person;

/// Releases of one plan at most.
pub const RELEASES_MAX: i64 = 1_000;
/// Messages of one answer at most.
pub const MESSAGES_MAX: u32 = 500;

/// `release.publish`: freezes the plan as it is, under a number and a name. Owners, and who may edit once an
/// owner has approved this content by a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// The plan.
    pub plan: String,
    /// What it is called, for example `First schedule`; 1 to 200 characters.
    pub name: String,
    /// What is said of it, at most 5,000 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReleaseBody {
    /// 1 for the first.
    pub number: i64,
    /// What it is called.
    pub name: String,
    /// What is said of it.
    pub note: String,
    /// Who published it.
    pub by: Person,
    /// When, RFC 3339.
    pub at: String,
    /// What is different from the release before, for the public; empty for the first.
    pub changelog: Vec<Line>,
    /// How many drafts the outbox got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drafts: Option<u64>,
}

/// A line of a changelog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Line {
    /// `added`, `moved`, `changed`, `cancelled` and the like.
    pub kind: String,
    /// The root of what it is about.
    pub root: String,
    /// The thing; empty where the root holds one.
    pub id: String,
    /// The line.
    pub say: String,
}

call!(Publish, "release.publish" => ReleaseBody, keyed);

/// `release.preview`: what `release.publish` would say and draft now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// The plan.
    pub plan: String,
}

/// The answer to [`Preview`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NextRelease {
    /// The number that the release would have.
    pub number: i64,
    /// What is different from the release before, for the public; empty for the first.
    pub changelog: Vec<Line>,
    /// Who would get a draft.
    pub recipients: Vec<Recipient>,
}

call!(Preview, "release.preview" => NextRelease);

/// `release.list`: the published versions of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The plan.
    pub plan: String,
}

/// The answer to [`List`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Releases {
    /// The newest first.
    pub releases: Vec<ReleaseBody>,
}

call!(List, "release.list" => Releases);

/// `release.get`: a published version with what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Get {
    /// The plan.
    pub plan: String,
    /// Which; the newest when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
}

/// The answer to [`Get`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Release {
    /// Which.
    pub release: ReleaseBody,
    /// What the plan held, as a `plan.json` file does.
    pub content: serde_json::Value,
}

call!(Get, "release.get" => Release);

/// Which messages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// Those that nobody has sent.
    #[default]
    Without,
    /// All.
    With,
    /// Those that somebody has sent.
    Only,
}

/// `outbox.list`: drafts of what would leave the building. This server sends nothing: somebody does, and
/// marks it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListOutbox {
    /// The plan.
    pub plan: String,
    /// Which.
    #[serde(default)]
    pub sent: Sent,
}

/// A draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Message {
    /// Names it.
    pub id: String,
    /// Why there is one, for example `schedule.changed`.
    pub kind: String,
    /// Whom it is for.
    pub to: Recipient,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// When it was drafted, RFC 3339.
    pub at: String,
    /// When somebody marked it as sent, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<String>,
    /// Who marked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_by: Option<Person>,
}

/// Whom a draft is for. A plan holds no addresses: whoever sends it knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Recipient {
    /// The root of who it is, for example `speakers`.
    pub root: String,
    /// The thing in it, if it is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The name.
    pub name: String,
}

/// The answer to [`ListOutbox`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Messages {
    /// The newest first, at most [`MESSAGES_MAX`].
    #[cfg_attr(feature = "schema", schemars(length(max = MESSAGES_MAX)))]
    pub messages: Vec<Message>,
    /// How many there are.
    pub total: i64,
}

call!(ListOutbox, "outbox.list" => Messages);

/// `outbox.mark_sent`: says that somebody has sent a draft. Approvers and owners, and editors once one of them
/// has approved these words by a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MarkSent {
    /// The plan.
    pub plan: String,
    /// The draft.
    pub id: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(MarkSent, "outbox.mark_sent" => Message, keyed);
