//! The bodies of `/api/v1`: accounts, health and the one shape of an error.
//!
//! Times are RFC 3339 in UTC, ids are hyphenated lower-case UUIDs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error_code::ErrorCode;

/// `POST /api/v1/auth/register`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// Letter case and surrounding blanks do not matter.
    pub email: String,
    /// 8 to 1,024 bytes of UTF-8; any characters.
    pub password: String,
    /// What others see; 1 to 100 characters.
    pub name: String,
    /// The invitation, where the server asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
}

/// `POST /api/v1/auth/login`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// As registered; letter case does not matter.
    pub email: String,
    /// As registered.
    pub password: String,
}

/// `POST /api/v1/auth/refresh`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The newest refresh token of the sign-in. It counts once.
    pub refresh_token: String,
}

/// `POST /api/v1/auth/logout`. Ends the bearer token's sign-in; the body may be left out.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LogoutRequest {
    /// Names the sign-in when the access token has already expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

/// The answer of register, login and refresh.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenAnswer {
    /// Goes into `Authorization: Bearer`, and into every way a socket takes a token.
    pub access_token: String,
    /// Buys the next pair, once.
    pub refresh_token: String,
    /// Always `Bearer`.
    pub token_type: TokenType,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// Whose tokens these are.
    pub user: UserBody,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RegistrationMode {
    /// Anybody.
    Open,
    /// Whoever has an invitation of the operator.
    Invite,
    /// Nobody.
    Closed,
}

/// The answer of `GET /api/v1/auth/state`: what a page shows to somebody who is not signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuthStateAnswer {
    /// Who may make an account.
    pub registration: RegistrationMode,
    /// Whether there is any account.
    pub has_accounts: bool,
}

/// The only kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TokenType {
    /// Whoever bears it, counts.
    #[default]
    Bearer,
}

/// One account, as its owner sees it; also the answer of `GET /api/v1/auth/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserBody {
    /// The account.
    pub id: String,
    /// In lower case.
    pub email: String,
    /// What others see.
    pub name: String,
    /// When it was registered.
    pub created_at: String,
}

/// One sign-in: everything that descends from one login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionBody {
    /// Names it for `DELETE /api/v1/auth/sessions/{id}`.
    pub id: String,
    /// When the login was.
    pub created_at: String,
    /// When it was last refreshed.
    pub last_used_at: String,
    /// When it ends, however often it is refreshed.
    pub expires_at: String,
    /// What the client called itself at the login.
    pub user_agent: Option<String>,
    /// The client's address at the login.
    pub address: Option<String>,
    /// Whether the request itself came by this sign-in.
    pub current: bool,
}

/// The answer of `GET /api/v1/auth/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionsAnswer {
    /// Live sign-ins, the newest first.
    pub sessions: Vec<SessionBody>,
}

/// How something the server needs is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// It answers.
    Ok,
    /// It does not answer.
    Unavailable,
    /// The server is draining and takes no new sockets.
    Stopping,
    /// Nothing is set up, and nothing needs to be.
    NotConfigured,
}

/// The answer of `GET /api/v1/health/`, `/health/db` and `/health/redis`: 200 when `ok` or
/// `not_configured`, otherwise 503.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthAnswer {
    /// The finding.
    pub status: HealthStatus,
    /// The server's version, in the answer about the server itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The database engine, in the answer about the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
}

/// What every refused request is answered with, over HTTP and, below `data`, in JSON-RPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// What to act on.
    pub code: ErrorCode,
    /// What happened and what to do, for a person.
    pub message: String,
    /// What to quote when asking the operator; it is in the server's log.
    pub request_id: String,
    /// Milliseconds after which trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Which values of the request cannot be accepted, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
}

/// One value that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FieldError {
    /// Its name in the request.
    pub field: String,
    /// What is wrong and what would do, for a person.
    pub message: String,
}

impl ErrorBody {
    /// An error with nothing but a code, a sentence and the request's id.
    pub fn new(code: ErrorCode, message: impl Into<String>, request_id: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            request_id: request_id.into(),
            retry_after_ms: None,
            fields: Vec::new(),
        }
    }
}

// Secrets stay out of logs even when somebody prints a whole request.
macro_rules! debug_without_secrets {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug_without_secrets!(
    RegisterRequest,
    LoginRequest,
    RefreshRequest,
    LogoutRequest,
    TokenAnswer
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_request_says_only_what_there_is_to_say() {
        let body = ErrorBody::new(ErrorCode::Conflict, "It is taken.", "r1");
        assert_eq!(
            serde_json::to_string(&body).unwrap(),
            r#"{"code":"conflict","message":"It is taken.","request_id":"r1"}"#
        );
    }

    #[test]
    fn a_misspelt_field_is_an_error_and_not_ignored() {
        let body = r#"{"email":"a@b.example","password":"12345678","nmae":"A"}"#;
        assert!(serde_json::from_str::<RegisterRequest>(body).is_err());
    }

    #[test]
    fn secrets_are_not_printed() {
        let request = LoginRequest {
            email: "a@b.example".into(),
            password: "hunter22".into(),
        };
        assert_eq!(format!("{request:?}"), "LoginRequest { .. }");
    }
}
