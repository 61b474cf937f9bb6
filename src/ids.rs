//! A type for every id, and the only place that makes them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{Timestamp as UuidTimestamp, Uuid};

use crate::clock::Clock;

/// Why a text is not an id.
#[derive(Debug, thiserror::Error)]
#[error("not an id: expected a UUID such as 0190f3a2-7b1c-7def-8a00-1234567890ab")]
pub struct BadId;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id that sorts by the time it was made (UUID version 7).
            pub fn generate(clock: &Clock) -> Self {
                Self(time_ordered(clock))
            }

            /// Wraps an id read from storage or the wire.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The plain UUID, for storage.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                // Only the hyphenated form: one plan must not have several addresses.
                let uuid = Uuid::try_parse(text).map_err(|_| BadId)?;
                if uuid.hyphenated().to_string() == text { Ok(Self(uuid)) } else { Err(BadId) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

id_type!(
    /// One plan: a document with members.
    PlanId
);
id_type!(
    /// One account.
    UserId
);
id_type!(
    /// One sign-in: the family of refresh tokens that descend from one login, as listed under
    /// `/api/v1/auth/sessions`.
    FamilyId
);
id_type!(
    /// One plan opened on one socket. A y-websocket socket holds one, a Hocuspocus socket several.
    SessionId
);
id_type!(
    /// One append to the journal; looked up again when a commit's outcome is unknown.
    AppendId
);
id_type!(
    /// One invitation to register.
    InviteId
);
id_type!(
    /// One draft of what somebody has to send.
    DraftId
);
id_type!(
    /// One proposal; its draft is the document with the same id.
    ProposalId
);
id_type!(
    /// One thing that needs more than an editor's word.
    GateId
);
id_type!(
    /// One run of a server process among the nodes that serve the same plans; a restart is another node.
    NodeId
);
id_type!(
    /// One HTTP or control request, quoted in errors and logs.
    RequestId
);

impl ProposalId {
    /// The document that is the proposal's draft.
    pub const fn draft(self) -> PlanId {
        PlanId(self.0)
    }

    /// The proposal of which `document` is the draft, if it is one.
    pub const fn of_draft(document: PlanId) -> Self {
        Self(document.0)
    }
}

/// What has a Yjs document, as sockets name it: `{plan}`, or `{plan}~{proposal}` for a draft of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentId {
    /// A plan.
    Plan(PlanId),
    /// What a proposal would make of a plan.
    Draft {
        /// The plan, whose members may read the draft.
        plan: PlanId,
        /// The proposal.
        proposal: ProposalId,
    },
}

impl DocumentId {
    /// The plan whose document or draft it is.
    pub const fn plan(self) -> PlanId {
        match self {
            Self::Plan(plan) | Self::Draft { plan, .. } => plan,
        }
    }

    /// The id by which journal, snapshots, rooms and nodes know it.
    pub const fn row(self) -> PlanId {
        match self {
            Self::Plan(plan) => plan,
            Self::Draft { proposal, .. } => proposal.draft(),
        }
    }
}

impl From<PlanId> for DocumentId {
    fn from(plan: PlanId) -> Self {
        Self::Plan(plan)
    }
}

impl FromStr for DocumentId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        match text.split_once('~') {
            None => text.parse().map(Self::Plan),
            Some((plan, proposal)) => Ok(Self::Draft {
                plan: plan.parse()?,
                proposal: proposal.parse()?,
            }),
        }
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(plan) => plan.fmt(f),
            Self::Draft { plan, proposal } => write!(f, "{plan}~{proposal}"),
        }
    }
}

fn time_ordered(clock: &Clock) -> Uuid {
    let micros = u64::try_from(clock.now().as_micros()).unwrap_or(0);
    let nanos = u32::try_from(micros % 1_000_000 * 1_000).unwrap_or(0);
    Uuid::new_v7(UuidTimestamp::from_unix(
        uuid::NoContext,
        micros / 1_000_000,
        nanos,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = PlanId::generate(&Clock::system());
        assert_eq!(id.to_string().parse::<PlanId>().unwrap(), id);
        assert!(id.to_string().to_uppercase().parse::<PlanId>().is_err());
        assert!(id.as_uuid().simple().to_string().parse::<PlanId>().is_err());
        assert!("plan".parse::<PlanId>().is_err());
    }

    #[test]
    fn a_draft_is_named_by_its_plan_and_its_proposal() {
        let clock = Clock::system();
        let (plan, proposal) = (PlanId::generate(&clock), ProposalId::generate(&clock));
        for document in [DocumentId::Plan(plan), DocumentId::Draft { plan, proposal }] {
            assert_eq!(
                document.to_string().parse::<DocumentId>().unwrap(),
                document
            );
            assert_eq!(document.plan(), plan);
        }
        for wrong in [
            format!("{plan}~"),
            format!("~{proposal}"),
            format!("{plan}~{proposal}~{proposal}"),
            format!("{plan} ~{proposal}"),
            format!("{plan}~{}", proposal.to_string().to_uppercase()),
        ] {
            assert!(wrong.parse::<DocumentId>().is_err(), "{wrong}");
        }
    }
}
