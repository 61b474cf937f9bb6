//! The one mapping from what can go wrong inside to what a client is told.
//!
//! A [`Failure`] carries a code of the protocol's table, a sentence that says what to do, and the
//! source, which is logged once where the failure is answered and never leaves the server.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use convene_protocol::error_code::ErrorCode;

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
