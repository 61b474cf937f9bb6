//! The control methods about the things in a plan: its venues, rooms, sessions, speakers, and so on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Things of one answer at most, and without a `limit`.
pub const LIMIT_MAX: u32 = 500;

/// Which things, by whether they are archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Archived {
    /// Those that are not.
    #[default]
    Without,
    /// All.
    With,
    /// Only those.
    Only,
}

/// `entity.list`: the things of a root.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The plan.
    pub plan: String,
    /// The root, as `sessions`.
    pub root: String,
    /// By field: the value it must have, one of several, or a member that a shared map must have.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub filter: Map<String, Json>,
    /// Fields to sort by, with `-` in front for downwards. Without any, by rank.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sort: Vec<String>,
    /// Whether archived ones are among them.
    #[serde(default)]
    pub archived: Archived,
    /// The last id of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many at most, up to [`LIMIT_MAX`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = LIMIT_MAX)))]
    pub limit: Option<u32>,
}

/// The answer to [`List`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entities {
    /// Each with all its fields.
    pub entities: Vec<Json>,
    /// How many there are on all pages.
    pub total: u64,
    /// What to send as `after` for the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

call!(List, "entity.list" => Entities);

/// One thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entity {
    /// All its fields.
    pub entity: Json,
}

/// `entity.get`: one thing, archived or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Get {
    /// The plan.
    pub plan: String,
    /// The root, as `sessions`, or `meta`.
    pub root: String,
    /// Its id; left out for roots that hold one thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

call!(Get, "entity.get" => Entity);

/// `entity.add`: makes a thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Add {
    /// The plan.
    pub plan: String,
    /// The root, as `sessions`.
    pub root: String,
    /// Its id; the server makes one up without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its fields.
    pub fields: Map<String, Json>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Add, "entity.add" => Entity, keyed);

/// `entity.update`: changes fields of a thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// The plan.
    pub plan: String,
    /// The root, as `sessions`, or `meta`.
    pub root: String,
    /// Its id; left out for roots that hold one thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The new values by field; `null` takes one away. A shared text is changed where it differs, a
    /// shared map member by member.
    pub set: BTreeMap<String, Json>,
    /// What fields must hold, or nothing is changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expect: BTreeMap<String, Json>,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Update, "entity.update" => Entity, keyed);

/// `entity.archive`: puts a thing away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// The plan.
    pub plan: String,
    /// The root, as `sessions`.
    pub root: String,
    /// Its id.
    pub id: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Archive, "entity.archive" => Entity, keyed);

/// `entity.restore`: brings a thing back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The plan.
    pub plan: String,
    /// The root, as `sessions`.
    pub root: String,
    /// Its id.
    pub id: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Restore, "entity.restore" => Entity, keyed);
