//! What a role allows, as types: a function that changes a document requires a [`WriteAccess`],
//! and nothing but a [`Grant`] of a role that may write makes one. What an agent may never do, it has no
//! type for: whatever role somebody gives it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::auth::principal::{Actor, PrincipalKind};
use crate::ids::{DocumentId, PlanId, UserId};

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

    const fn may_propose(self) -> bool {
        match self {
            Self::Owner | Self::Approver | Self::Editor | Self::Suggester => true,
            Self::Viewer => false,
        }
    }

    /// What this role in a plan is worth in a draft of it: who may edit the plan edits every draft, a
    /// suggester its own, and nobody one about which all is said.
    pub const fn in_draft(self, standing: DraftStanding) -> Self {
        match (self, standing) {
            (_, DraftStanding::Settled)
            | (Self::Viewer, DraftStanding::Own | DraftStanding::Open)
            | (Self::Suggester, DraftStanding::Open) => Self::Viewer,
            (
                Self::Owner | Self::Approver | Self::Editor,
                DraftStanding::Own | DraftStanding::Open,
            )
            | (Self::Suggester, DraftStanding::Own) => Self::Editor,
        }
    }
}

/// How somebody stands to a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftStanding {
    /// It is still worked on, and theirs.
    Own,
    /// It is still worked on, and somebody else's.
    Open,
    /// Its proposal is decided, withdrawn or over.
    Settled,
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

/// One principal's standing in one document, as read from the members of its plan at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    document: DocumentId,
    actor: Actor,
    role: Role,
}

impl Grant {
    /// States that `actor` holds `role` in `document`. Only to be called with what storage answered: in a
    /// draft the role is that of the draft.
    pub const fn new(document: DocumentId, actor: Actor, role: Role) -> Self {
        Self {
            document,
            actor,
            role,
        }
    }

    /// The same with the role that was read since.
    #[must_use]
    pub const fn with_role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// The document.
    pub const fn document(&self) -> DocumentId {
        self.document
    }

    /// The plan, also of a draft of it.
    pub const fn plan(&self) -> PlanId {
        self.document.plan()
    }

    /// The account.
    pub const fn user(&self) -> UserId {
        self.actor.user
    }

    /// What the account is.
    pub const fn kind(&self) -> PrincipalKind {
        self.actor.kind
    }

    /// The role.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Every member may read.
    pub const fn read(&self) -> ReadAccess {
        ReadAccess {
            document: self.document,
            user: self.actor.user,
        }
    }

    /// The right to change the document, if the role has it. Of a plan no agent ever has it.
    pub fn write(&self) -> Option<WriteAccess> {
        let may_write = self.role.may_write() && (self.is_person() || !self.is_of_plan());
        may_write.then_some(WriteAccess {
            document: self.document,
            user: self.actor.user,
        })
    }

    /// The right to propose changes to the plan, if the role has it. A draft's grant has none.
    pub fn propose(&self) -> Option<ProposeAccess> {
        let may_propose = self.is_of_plan() && self.role.may_propose();
        may_propose.then_some(ProposeAccess {
            document: self.document,
            user: self.actor.user,
        })
    }

    /// The right to decide what becomes of proposals, if the role has it. No agent ever has it, and a
    /// draft's grant has none.
    pub fn decide(&self) -> Option<DecideAccess> {
        let may_decide = self.is_of_plan() && self.is_person() && self.role.may_write();
        may_decide.then_some(DecideAccess {
            document: self.document,
            user: self.actor.user,
        })
    }

    /// The right to delete the plan and to change roles, if the role has it. No agent ever has it.
    pub fn own(&self) -> Option<OwnAccess> {
        let owns = self.is_of_plan() && self.is_person() && self.role == Role::Owner;
        owns.then_some(OwnAccess {
            document: self.document,
            user: self.actor.user,
        })
    }

    fn is_person(&self) -> bool {
        self.actor.kind == PrincipalKind::Person
    }

    const fn is_of_plan(&self) -> bool {
        match self.document {
            DocumentId::Plan(_) => true,
            DocumentId::Draft { .. } => false,
        }
    }
}

macro_rules! capability {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name {
            document: DocumentId,
            user: UserId,
        }

        impl $name {
            /// The document it is good for.
            pub const fn document(&self) -> DocumentId {
                self.document
            }

            /// The plan, also of a draft of it.
            pub const fn plan(&self) -> PlanId {
                self.document.plan()
            }

            /// Who holds it.
            pub const fn user(&self) -> UserId {
                self.user
            }
        }
    };
}

capability!(
    /// The right to read a document and be seen in it.
    ReadAccess
);
capability!(
    /// The right to change a document.
    WriteAccess
);
capability!(
    /// The right to propose changes to a plan.
    ProposeAccess
);
capability!(
    /// The right to decide what becomes of proposals. Only people have it.
    DecideAccess
);
capability!(
    /// The right to delete a plan and to change who its members are.
    OwnAccess
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::ids::ProposalId;

    const ROLES: [Role; 5] = [
        Role::Owner,
        Role::Approver,
        Role::Editor,
        Role::Suggester,
        Role::Viewer,
    ];

    /// Which of write, propose, decide and own each role has.
    fn rights(document: DocumentId, actor: Actor) -> [String; 5] {
        ROLES.map(|role| {
            let grant = Grant::new(document, actor, role);
            let rights = [
                ("w", grant.write().is_some()),
                ("p", grant.propose().is_some()),
                ("d", grant.decide().is_some()),
                ("o", grant.own().is_some()),
            ];
            let rights = rights.iter().filter(|(_, has)| *has);
            rights.map(|(letter, _)| *letter).collect()
        })
    }

    #[test]
    fn a_role_gives_people_and_agents_different_rights() {
        let clock = Clock::system();
        let (plan, user) = (PlanId::generate(&clock), UserId::generate(&clock));
        let proposal = ProposalId::generate(&clock);
        let (whole, draft) = (DocumentId::Plan(plan), DocumentId::Draft { plan, proposal });
        assert_eq!(
            rights(whole, Actor::person(user)),
            ["wpdo", "wpd", "wpd", "p", ""]
        );
        assert_eq!(
            rights(whole, Actor::agent(user)),
            ["p", "p", "p", "p", ""],
            "whatever role somebody gave it"
        );
        for actor in [Actor::person(user), Actor::agent(user)] {
            assert_eq!(rights(draft, actor), ["w", "w", "w", "", ""]);
        }
    }

    #[test]
    fn a_role_has_one_spelling() {
        for role in ROLES {
            assert_eq!(role.as_str().parse::<Role>().unwrap(), role);
        }
        assert!("Owner".parse::<Role>().is_err());
    }

    #[test]
    fn a_draft_is_edited_by_who_edits_the_plan_and_by_its_author() {
        use DraftStanding::{Open, Own, Settled};
        for (role, own, open) in [
            (Role::Owner, Role::Editor, Role::Editor),
            (Role::Approver, Role::Editor, Role::Editor),
            (Role::Editor, Role::Editor, Role::Editor),
            (Role::Suggester, Role::Editor, Role::Viewer),
            (Role::Viewer, Role::Viewer, Role::Viewer),
        ] {
            assert_eq!(role.in_draft(Own), own, "{role}");
            assert_eq!(role.in_draft(Open), open, "{role}");
            assert_eq!(role.in_draft(Settled), Role::Viewer, "{role}");
        }
    }
}
