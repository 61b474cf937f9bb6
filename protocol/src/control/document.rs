//! The control methods and notifications about a plan's document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Done;
use crate::error_code::ErrorCode;

/// How a client reads a root of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RootKind {
    /// `Y.Text`.
    Text,
    /// `Y.Map`.
    Map,
    /// `Y.Array`.
    Array,
    /// `Y.XmlFragment`.
    Xml,
}

/// `document.watch_hash`: asks for a `document.hash` now and then, until the document is left. A second
/// call replaces the roots, no roots at all end it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WatchHash {
    /// The plan.
    pub plan: String,
    /// The roots to read, and as what.
    pub roots: BTreeMap<String, RootKind>,
}

call!(WatchHash, "document.watch_hash" => Done);

/// `document.hash`: what the committed document holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hash {
    /// The plan.
    pub plan: String,
    /// The state vector the hash belongs to, v1 in standard base64 with padding. A client compares
    /// only when its own is equal.
    pub state_vector: String,
    /// SHA-256 of the canonical JSON of the roots, in lower-case hex.
    pub hash: String,
    /// The roots that were read, and as what.
    pub roots: BTreeMap<String, RootKind>,
}

notice!(Hash, "document.hash");

/// `document.reset`: this replica has no future; drop it and its offline copy, and load again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reset {
    /// The plan.
    pub plan: String,
    /// Why.
    pub code: ErrorCode,
    /// Why, and what happens to what was typed, for a person.
    pub say: String,
}

notice!(Reset, "document.reset");
