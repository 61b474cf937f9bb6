//! The control method that finds things by the words in them.

use serde::{Deserialize, Serialize};

use super::entity::Archived;

/// Characters of the text that is looked for, at most.
pub const TEXT_CHARS_MAX: usize = 1_000;
/// Hits of one answer, at most.
pub const HITS_MAX: u32 = 50;
/// Plans that an answer names as not up to date, at most.
pub const BEHIND_MAX: u32 = 100;

/// `search.query`: finds things by their words, in every plan of which the asking account is a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// What a person typed; at most [`TEXT_CHARS_MAX`] characters.
    #[cfg_attr(feature = "schema", schemars(length(max = TEXT_CHARS_MAX)))]
    pub text: String,
    /// Only in this plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Which things; those that are not put away, unless something else is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<Archived>,
    /// Hits at most, 1 to [`HITS_MAX`].
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = HITS_MAX)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Part {
    /// As people wrote it, with `…` where the text goes on.
    pub text: String,
    /// Whether it is what was looked for.
    pub hit: bool,
}

/// A thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hit {
    /// In which plan.
    pub plan: String,
    /// What the plan is called.
    pub plan_name: String,
    /// The thing's root.
    pub root: String,
    /// Its id; empty where the root holds one thing.
    pub id: String,
    /// What it is called, or what it is when it has no name.
    pub title: Vec<Part>,
    /// Where the words stand in the rest of it; its beginning when they do not.
    pub excerpt: Vec<Part>,
    /// Whether it is put away.
    pub archived: bool,
}

/// The answer to [`Query`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hits {
    /// The best first; those that are put away last.
    pub hits: Vec<Hit>,
    /// Plans with changes of which this answer may not know yet; at most [`BEHIND_MAX`].
    #[cfg_attr(feature = "schema", schemars(length(max = BEHIND_MAX)))]
    pub behind: Vec<String>,
}

call!(Query, "search.query" => Hits);
