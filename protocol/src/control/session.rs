//! The control methods about the session itself.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `session.authenticate`: who is speaking. Needed once on a socket whose upgrade carried no token,
/// and again before the token expires.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Authenticate {
    /// An access token.
    pub token: String,
}

impl fmt::Debug for Authenticate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticate").finish_non_exhaustive()
    }
}

/// The answer to [`Authenticate`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Authenticated {
    /// Whose token it is.
    pub user: User,
    /// When the token expires, RFC 3339.
    pub expires_at: String,
}

/// An account, as a token names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct User {
    /// The account.
    pub id: String,
    /// What others see.
    pub name: String,
    /// Where the server knows it without asking the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

call!(Authenticate, "session.authenticate" => Authenticated);
