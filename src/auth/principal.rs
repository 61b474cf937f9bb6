//! Who acts.

use std::fmt;
use std::str::FromStr;

use crate::clock::Timestamp;
use crate::ids::{FamilyId, UserId};

/// What somebody is: it decides what no role can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// Somebody with a password.
    Person,
    /// A program with a token, which proposes and never decides.
    Agent,
}

impl PrincipalKind {
    /// As it is stored, and shown in presence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Agent => "agent",
        }
    }
}

impl fmt::Display for PrincipalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no kind of principal.
#[derive(Debug, thiserror::Error)]
#[error("not a kind of principal: expected person or agent")]
pub struct UnknownKind;

impl FromStr for PrincipalKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        [Self::Person, Self::Agent]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(UnknownKind)
    }
}

/// An account, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The account.
    pub user: UserId,
    /// What it is.
    pub kind: PrincipalKind,
}

impl Actor {
    /// The person `user`.
    pub const fn person(user: UserId) -> Self {
        Self {
            user,
            kind: PrincipalKind::Person,
        }
    }

    /// The agent `user`.
    pub const fn agent(user: UserId) -> Self {
        Self {
            user,
            kind: PrincipalKind::Agent,
        }
    }
}

/// Somebody who showed a good token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account.
    pub user: UserId,
    /// What it is.
    pub kind: PrincipalKind,
    /// The name other peers see.
    pub name: String,
    /// The sign-in the token belongs to; revoking it ends every socket opened with it.
    pub family: FamilyId,
    /// When the token stops counting.
    pub expires_at: Timestamp,
}

impl Principal {
    /// The account, and what it is.
    pub const fn actor(&self) -> Actor {
        Actor {
            user: self.user,
            kind: self.kind,
        }
    }
}
