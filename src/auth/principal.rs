//! Who acts.

use crate::clock::Timestamp;
use crate::ids::{FamilyId, UserId};

/// Somebody who showed a good token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account.
    pub user: UserId,
    /// The name other peers see.
    pub name: String,
    /// The sign-in the token belongs to; revoking it ends every socket opened with it.
    pub family: FamilyId,
    /// When the token stops counting.
    pub expires_at: Timestamp,
}
