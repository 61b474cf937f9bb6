//! How far a proposal and its changes are, and what somebody decides: words of the wire and the database.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How far a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its author writes the draft.
    Drafting,
    /// It waits for decisions.
    Submitted,
    /// Somebody wants it to be different; its author may submit it again.
    ChangesRequested,
    /// All of it was accepted.
    Approved,
    /// Some of it was accepted, the rest rejected.
    PartlyApproved,
    /// None of it was accepted.
    Rejected,
    /// Its author took it back.
    Withdrawn,
    /// Another one takes its place.
    Superseded,
    /// Nobody decided in time.
    Expired,
    /// It was accepted and taken back.
    Undone,
}

impl Status {
    /// As it is kept and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drafting => "drafting",
            Self::Submitted => "submitted",
            Self::ChangesRequested => "changes_requested",
            Self::Approved => "approved",
            Self::PartlyApproved => "partly_approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
            Self::Expired => "expired",
            Self::Undone => "undone",
        }
    }

    /// Whether its draft can still be written, and it be decided.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Drafting | Self::Submitted | Self::ChangesRequested => true,
            Self::Approved
            | Self::PartlyApproved
            | Self::Rejected
            | Self::Withdrawn
            | Self::Superseded
            | Self::Expired
            | Self::Undone => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no status.
#[derive(Debug, thiserror::Error)]
#[error("not a status of a proposal")]
pub struct UnknownStatus;

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        let all = [
            Self::Drafting,
            Self::Submitted,
            Self::ChangesRequested,
            Self::Approved,
            Self::PartlyApproved,
            Self::Rejected,
            Self::Withdrawn,
            Self::Superseded,
            Self::Expired,
            Self::Undone,
        ];
        all.into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(UnknownStatus)
    }
}

/// What somebody decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The changes become part of the plan.
    Approve,
    /// They do not.
    Reject,
    /// The author is asked to change them.
    RequestChanges,
    /// What was accepted is taken back.
    Undo,
}

impl Verdict {
    /// As it is kept and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::RequestChanges => "request_changes",
            Self::Undo => "undo",
        }
    }
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeState {
    /// Nobody has decided.
    Open,
    /// It is part of the plan.
    Accepted,
    /// It is not.
    Rejected,
    /// It was part of the plan and was taken back.
    Undone,
}

impl ChangeState {
    /// As it is kept and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Undone => "undone",
        }
    }
}

impl FromStr for ChangeState {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        let all = [Self::Open, Self::Accepted, Self::Rejected, Self::Undone];
        all.into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(UnknownStatus)
    }
}
