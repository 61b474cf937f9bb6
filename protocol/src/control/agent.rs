//! The control methods about agents: programs that belong to a plan, read it, and propose changes to it.

use serde::{Deserialize, Serialize};

use super::Done;
use super::history::Person;

/// Characters of an agent's name at most.
pub const NAME_CHARS_MAX: usize = 80;
/// Paths of one agent at most.
pub const PATHS_MAX: usize = 50;
/// Proposals that one agent may have open at a time, at most.
pub const OPEN_MAX: u32 = 20;
/// The same when nothing is said.
pub const OPEN_DEFAULT: u32 = 5;
/// Days that an agent's token may count, at most.
pub const DAYS_MAX: u32 = 366;
/// The same when nothing is said.
pub const DAYS_DEFAULT: u32 = 90;

/// One agent of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentBody {
    /// Its account.
    pub id: String,
    /// What others see.
    pub name: String,
    /// Where it may propose changes: `root`, `root/id` or `root/id/field`, with everything below. Empty is
    /// everywhere.
    pub paths: Vec<String>,
    /// How many proposals of it may be open at a time.
    pub open_max: u32,
    /// The owner who made it, on whose behalf it acts.
    pub made_by: Person,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When its token stops counting, RFC 3339.
    pub expires_at: String,
    /// When an owner ended it, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
    /// When its token was last shown, to the minute, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
}

/// `agent.create`: makes an agent of a plan, which becomes a suggester there, and its token.
/// A token is kept nowhere: repeated, this makes another agent. Owners only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// The plan.
    pub plan: String,
    /// What others see, 1 to 80 characters.
    pub name: String,
    /// Where it may propose changes: `root`, `root/id` or `root/id/field`, with everything below. Everywhere
    /// when left out; at most [`PATHS_MAX`].
    #[cfg_attr(feature = "schema", schemars(length(max = PATHS_MAX)))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// How many proposals of it may be open at a time; 5 when left out.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = OPEN_MAX)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_max: Option<u32>,
    /// For how many days its token counts; 90 when left out.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = DAYS_MAX)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// The answer to [`Create`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentMade {
    /// The agent.
    pub agent: AgentBody,
    /// What it shows wherever an access token is shown on sockets. It is shown once.
    pub token: String,
}

impl std::fmt::Debug for AgentMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentMade")
            .field("agent", &self.agent)
            .finish_non_exhaustive()
    }
}

call!(Create, "agent.create" => AgentMade);

/// `agent.list`: the agents that a plan has and had.
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
pub struct Agents {
    /// In the order in which they were made.
    pub agents: Vec<AgentBody>,
}

call!(List, "agent.list" => Agents);

/// `agent.revoke`: ends an agent, its token and what it has proposed. Owners only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// The plan.
    pub plan: String,
    /// The agent's account.
    pub agent: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Revoke, "agent.revoke" => Done, keyed);
