//! Which changes need somebody's approval beside a decision, as data: what must not happen by one click.

mod needed;
mod rules;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use self::needed::needed;
pub use self::rules::RULES;
use super::present::Target;
use crate::view::Gates;

/// What an approval is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GateKind {
    /// Something is signed, or a venue chosen.
    Contract,
    /// Money is committed.
    Spend,
    /// A programme becomes public, which no change of a plan does.
    Publish,
    /// Something leaves the building.
    Outreach,
    /// Somebody is told yes or no.
    People,
    /// The event itself moves, or does not take place.
    Event,
    /// A risk is lived with, or a rule waived.
    Risk,
}

/// Who may approve. An owner may wherever an approver may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "GateRole"))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// An approver of the plan; an owner too.
    Approver,
    /// An owner of the plan.
    Owner,
}

/// How many approvals of whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Approvals {
    /// All together.
    pub needs: u8,
    /// Of these by owners.
    pub owner: u8,
}

impl Approvals {
    /// Who may give them.
    fn role(self) -> Role {
        if self.owner >= self.needs {
            Role::Owner
        } else {
            Role::Approver
        }
    }
}

impl fmt::Display for Approvals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.needs == 1 { "" } else { "s" };
        match self.role() {
            Role::Owner => write!(f, "{} owner{plural}", self.needs),
            Role::Approver => write!(f, "{} approver{plural}", self.needs),
        }?;
        if self.owner > 0 && self.role() == Role::Approver {
            write!(f, ", {} of them an owner", self.owner)?;
        }
        Ok(())
    }
}

/// When a rule asks for approval. Something that was put away says nothing, so bringing it back can
/// be what has a field become a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The field becomes one of these words.
    Becomes(&'static [&'static str]),
    /// The field has another value.
    Changes,
    /// The field has another value, and is not empty.
    Chosen,
    /// The field has another value while this field is and was this word.
    ChangesWhile(&'static str, &'static str),
    /// More money is committed than [`SPEND_CAP_PERCENT`] or [`SPEND_MAJOR`] allow, or than was approved.
    Commits,
    /// A risk that stays grave is accepted: of [`RISK_GRAVE`] or more.
    AcceptsRisk,
}

/// Which changes of which field need which approvals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What the approval is about.
    pub kind: GateKind,
    /// The root of the entity.
    pub root: &'static str,
    /// The fields that a change is of.
    pub fields: &'static [&'static str],
    /// When.
    pub when: When,
    /// How many approvals.
    pub approvals: Approvals,
    /// Over how many percent of the budget's cap there are more, and how many then.
    pub large: Option<(i64, Approvals)>,
    /// The fields whose values an approval is bound to.
    pub frozen: &'static [&'static str],
    /// What is done, as in "signing the contract".
    pub act: &'static str,
}

/// Percent of the cap that a line of the budget may commit without approval.
pub const SPEND_CAP_PERCENT: i64 = 2;
/// Whole units of its currency that a line may commit without approval.
pub const SPEND_MAJOR: i64 = 1_000;
/// Percent by which a line may be over what was approved of it.
pub const SPEND_OVER_PERCENT: i64 = 10;
/// Likelihood times impact from which on a risk is grave.
pub const RISK_GRAVE: i64 = 15;

/// A value that an approval is bound to: once the plan says something else, the approval is void.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "GateFrozen"))]
pub struct Frozen {
    /// Root, the entity's id where the root has entities, and field.
    pub path: Vec<String>,
    /// The value then, `null` for none.
    pub value: Json,
}

impl Frozen {
    /// Notes in `gates` that this was approved.
    pub fn approve(&self, gates: &mut Gates) {
        if let Some(target) = Target::of(&self.path)
            && let Some(field) = target.field()
        {
            gates.approve((target.root.name, target.id), field, self.value.clone());
        }
    }
}

/// The approvals that a change needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GateNeed {
    /// What they are about.
    pub kind: GateKind,
    /// How many.
    pub needs: u8,
    /// How many of these by owners.
    pub owner: u8,
    /// Who may give them; `owner` when all must be by owners.
    pub role: Role,
    /// What is done and who must approve it, in a sentence.
    pub say: String,
    /// What they are bound to.
    pub frozen: Vec<Frozen>,
}

#[cfg(test)]
mod tests;
