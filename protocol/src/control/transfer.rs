//! The control methods that bring files in and plans out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Everything, without loss.
    PlanJson,
    /// The schedule XML of pentabarf and frab.
    FrabXml,
    /// The schedule JSON of pretalx and c3voc.
    C3vocJson,
    /// A table of one root.
    Csv,
    /// iCalendar. Only out.
    Ics,
    /// A page to read. Only out.
    Markdown,
}

/// `upload.begin`: announces a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// How many bytes it has.
    pub bytes: u64,
}

/// The answer to [`Begin`] and [`Append`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Upload {
    /// Names the upload.
    pub upload: String,
    /// How many bytes are there.
    pub received: u64,
}

call!(Begin, "upload.begin" => Upload);

/// `upload.append`: the next part of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Append {
    /// The upload.
    pub upload: String,
    /// Where the part begins: how many bytes were there before.
    pub at: u64,
    /// The part, in base64.
    pub data: String,
}

call!(Append, "upload.append" => Upload);

/// What becomes of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is said what it would change.
    #[default]
    Preview,
    /// It is done.
    Apply,
    /// It becomes a proposal, for others to decide change by change. Suggesters may do that too.
    Propose,
}

/// `plan.import`: brings an uploaded file into a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The plan.
    pub plan: String,
    /// The upload, which is whole.
    pub upload: String,
    /// What the file is.
    pub format: Format,
    /// Of a table: its root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Of a table: fields by the headers of their columns, where they are not the fields' names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mapping: BTreeMap<String, String>,
    /// Whether it is done, or only said.
    #[serde(default)]
    pub mode: Mode,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Import, "plan.import" => Imported, keyed);

/// The answer to [`Import`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Imported {
    /// How many things are new, by root.
    pub added: BTreeMap<String, u64>,
    /// How many things are changed, by root.
    pub changed: BTreeMap<String, u64>,
    /// Whether it was done.
    pub applied: bool,
    /// The change it became in the plan's history, by which it can be undone; none when nothing was different.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// The proposal that it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<String>,
    /// What was not understood or was changed to fit.
    pub notes: Vec<Note>,
    /// How many more notes there are.
    pub more_notes: u64,
}

/// A line of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Note {
    /// Where: a line, or a thing as the file calls it.
    pub at: String,
    /// Which field; empty for the whole thing.
    pub field: String,
    /// What is the matter, and what was done about it.
    pub say: String,
}

/// `plan.export`: writes a plan as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// The plan.
    pub plan: String,
    /// What the file is to be.
    pub format: Format,
    /// Of a table: its root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
}

call!(Export, "plan.export" => Exported);

/// The answer to [`Export`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Exported {
    /// What the file may be called.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// The file.
    pub text: String,
    /// What the format has no place for.
    pub notes: Vec<Note>,
    /// How many more notes there are.
    pub more_notes: u64,
}
