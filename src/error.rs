//! The one mapping from what can go wrong inside to what a client is told.
//!
//! A [`Failure`] carries a code of the protocol's table, a sentence that says what to do, and the
//! source, which is logged once where the failure is answered and never leaves the server.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use convene_protocol::error_code::ErrorCode;

use crate::auth::password::{PASSWORD_BYTES_MAX, PASSWORD_BYTES_MIN, PasswordError};
use crate::auth::throttle::Throttled;
use crate::auth::token::TokenError;
use crate::storage::StorageError;

/// When to come back while something the server needs is away or busy.
const SOON: Duration = Duration::from_secs(1);

/// An error as a client may see it.
#[derive(Debug)]
pub struct Failure {
    /// What it is called in the protocol.
    pub code: ErrorCode,
    /// What happened and what to do, for a person.
    pub message: Cow<'static, str>,
    /// When trying again makes sense, if it does.
    pub retry_after: Option<Duration>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure whose cause is the request itself.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after: None,
            source: None,
        }
    }

    /// A fault of the server itself.
    pub fn fault() -> Self {
        Self::new(
            ErrorCode::Internal,
            "The server made a mistake; try again, and tell its operator the request_id if it \
             happens twice.",
        )
    }

    /// Adds what is logged and never sent.
    pub fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Adds when to try again.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What is logged and never sent.
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.source.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| &**source as &(dyn Error + 'static))
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) => Self::new(
                ErrorCode::Unavailable,
                "The database is away for now; try again in a moment.",
            )
            .retry_after(SOON),
            StorageError::Corrupt(_)
            | StorageError::Locked(_)
            | StorageError::Unfit(_)
            | StorageError::Constraint(_)
            | StorageError::File { .. }
            | StorageError::Query(_) => Self::fault(),
        }
        .caused_by(error)
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Expired => Self::new(
                ErrorCode::TokenExpired,
                "The access token has expired; refresh it or sign in again.",
            ),
            TokenError::Invalid(_) => Self::new(
                ErrorCode::Unauthenticated,
                "This is not an access token of this server; sign in again.",
            ),
        }
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooShort => Self::new(
                ErrorCode::Invalid,
                format!(
                    "password must have at least {PASSWORD_BYTES_MIN} bytes; use a longer one."
                ),
            ),
            PasswordError::TooLong => Self::new(
                ErrorCode::Invalid,
                format!("password may have at most {PASSWORD_BYTES_MAX} bytes; use a shorter one."),
            ),
            PasswordError::Busy => Self::new(
                ErrorCode::Unavailable,
                "Too many people sign in at once; try again in a moment.",
            )
            .retry_after(SOON),
            PasswordError::Hash(_) | PasswordError::Interrupted(_) => {
                Self::fault().caused_by(error)
            }
        }
    }
}

impl From<Throttled> for Failure {
    fn from(error: Throttled) -> Self {
        Self::new(
            ErrorCode::RateLimited,
            "Too many tries; wait as long as Retry-After says, then try again.",
        )
        .retry_after(error.retry_after)
    }
}
