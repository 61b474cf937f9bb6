//! The control methods and notifications about who is a member of a plan.

use serde::{Deserialize, Serialize};

use super::Done;
use super::plan::PlanBody;

/// One member of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemberBody {
    /// The account.
    pub user: String,
    /// What others see.
    pub name: String,
    /// The account's e-mail address.
    pub email: String,
    /// `person` or `agent`.
    pub kind: String,
    /// `owner`, `approver`, `editor`, `suggester` or `viewer`.
    pub role: String,
    /// When the account became a member, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_at: Option<String>,
}

/// `member.list`: the members of a plan.
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
pub struct Members {
    /// In the order in which they came.
    pub members: Vec<MemberBody>,
}

call!(List, "member.list" => Members);

/// `member.set_role`: makes an account a member, or gives a member another role. Owners only; never an
/// agent's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SetRole {
    /// The plan.
    pub plan: String,
    /// The account's e-mail address.
    pub email: String,
    /// `owner`, `approver`, `editor`, `suggester` or `viewer`.
    pub role: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(SetRole, "member.set_role" => MemberBody, keyed);

/// `member.invite`: makes a code by which somebody with an account becomes a member, once, within a week.
/// A code is kept nowhere: repeated, this makes
/// another one. Owners only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// The plan.
    pub plan: String,
    /// `owner`, `approver`, `editor`, `suggester` or `viewer`.
    pub role: String,
    /// When given, the code is good for the account with this e-mail address only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// The answer to [`Invite`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Invited {
    /// For `member.accept`. It is shown once.
    pub code: String,
    /// Until when it is good, RFC 3339.
    pub expires_at: String,
}

impl std::fmt::Debug for Invited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invited").finish_non_exhaustive()
    }
}

call!(Invite, "member.invite" => Invited);

/// `member.accept`: becomes a member by a code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// From `member.invite`.
    pub code: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

impl std::fmt::Debug for Accept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accept").finish_non_exhaustive()
    }
}

call!(Accept, "member.accept" => PlanBody, keyed);

/// `member.remove`: ends a membership; an agent is revoked by it. Owners, and every member for itself; never
/// the last owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Remove {
    /// The plan.
    pub plan: String,
    /// The account.
    pub user: String,
    /// The client's own key for this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

call!(Remove, "member.remove" => Done, keyed);

/// `member.changed`: the receiving user's own role in a plan is another one now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Changed {
    /// The plan.
    pub plan: String,
    /// The new role; `null` when the user is no longer a member.
    pub role: Option<String>,
}

notice!(Changed, "member.changed");
