//! What a role allows, as types: a function that changes a document requires a [`WriteAccess`],
//! and nothing but a [`Grant`] of a role that may write makes one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::{PlanId, UserId};

/// A member's role in one plan, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May do everything, and alone may delete the plan and change roles.
    Owner,
    /// May edit, and approve what a gate holds back.
    Approver,
    /// May edit and decide on proposals.
    Editor,
    /// May read and propose.
    Suggester,
    /// May read.
    Viewer,
}

impl Role {
    /// The role as stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Approver => "approver",
            Self::Editor => "editor",
            Self::Suggester => "suggester",
            Self::Viewer => "viewer",
        }
    }

    const fn may_write(self) -> bool {
        match self {
            Self::Owner | Self::Approver | Self::Editor => true,
            Self::Suggester | Self::Viewer => false,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no role.
#[derive(Debug, thiserror::Error)]
#[error("not a role: expected owner, approver, editor, suggester or viewer")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        [
            Self::Owner,
            Self::Approver,
            Self::Editor,
            Self::Suggester,
            Self::Viewer,
        ]
        .into_iter()
        .find(|role| role.as_str() == text)
        .ok_or(UnknownRole)
    }
}

/// One user's standing in one plan, as read from the members at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    plan: PlanId,
    user: UserId,
    role: Role,
}

impl Grant {
    /// States that `user` holds `role` in `plan`. Only to be called with what storage answered.
    pub const fn new(plan: PlanId, user: UserId, role: Role) -> Self {
        Self { plan, user, role }
    }

    /// The plan.
    pub const fn plan(&self) -> PlanId {
        self.plan
    }

    /// The user.
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The role.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Every member may read.
    pub const fn read(&self) -> ReadAccess {
        ReadAccess {
            plan: self.plan,
            user: self.user,
        }
    }

    /// The right to change the document, if the role has it.
    pub fn write(&self) -> Option<WriteAccess> {
        self.role.may_write().then_some(WriteAccess {
            plan: self.plan,
            user: self.user,
        })
    }

    /// The right to delete the plan and to change roles, if the role has it.
    pub fn own(&self) -> Option<OwnAccess> {
        (self.role == Role::Owner).then_some(OwnAccess {
            plan: self.plan,
            user: self.user,
        })
    }
}

macro_rules! capability {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name {
            plan: PlanId,
            user: UserId,
        }

        impl $name {
            /// The plan it is good for.
            pub const fn plan(&self) -> PlanId {
                self.plan
            }

            /// Who holds it.
            pub const fn user(&self) -> UserId {
                self.user
            }
        }
    };
}

capability!(
    /// The right to read a plan and be seen in it.
    ReadAccess
);
capability!(
    /// The right to change a plan's document.
    WriteAccess
);
capability!(
    /// The right to delete a plan and to change who its members are.
    OwnAccess
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn only_owner_approver_and_editor_may_write() {
        let clock = Clock::system();
        let (plan, user) = (PlanId::generate(&clock), UserId::generate(&clock));
        for (role, writes) in [
            (Role::Owner, true),
            (Role::Approver, true),
            (Role::Editor, true),
            (Role::Suggester, false),
            (Role::Viewer, false),
        ] {
            assert_eq!(
                Grant::new(plan, user, role).write().is_some(),
                writes,
                "{role}"
            );
            assert_eq!(role.as_str().parse::<Role>().unwrap(), role);
        }
    }
}
