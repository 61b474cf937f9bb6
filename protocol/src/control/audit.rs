//! The control methods about who did what to a plan.

use serde::{Deserialize, Serialize};

use super::history::Person;

/// Entries of one answer at most.
pub const ENTRIES_MAX: u32 = 500;

/// `audit.list`: what was done to a plan beside editing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The plan.
    pub plan: String,
    /// Only entries before this one; from `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// As many as may be when left out.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = ENTRIES_MAX)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// One entry of the audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entry {
    /// Its position in the plan's chain, from 1.
    pub seq: i64,
    /// When, RFC 3339.
    pub at: String,
    /// Who; none for the operator and for the server itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Person>,
    /// What was done, for example `member.set_role`.
    pub verb: String,
    /// To what, with values before and after.
    pub detail: serde_json::Value,
    /// SHA-256 of the entry and of the hash before it, in lower-case hex.
    pub hash: String,
}

/// The answer to [`List`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entries {
    /// The newest first.
    pub entries: Vec<Entry>,
    /// For `before` of the next page, if there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

call!(List, "audit.list" => Entries);

/// `audit.verify`: whether the audit of a plan is what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The plan.
    pub plan: String,
}

/// The answer to [`Verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verified {
    /// How many entries hold, from the first on.
    pub entries: i64,
    /// The hash of the last of them. Who keeps it elsewhere finds out when the whole chain is written anew.
    pub hash: String,
    /// What is wrong behind them, if something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

call!(Verify, "audit.verify" => Verified);
