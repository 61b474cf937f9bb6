//! What the server itself asks a room for somebody who may have no replica: to read the plan, and to
//! change it by operations.

use std::sync::Arc;

use convene_plan::content::Content;
use convene_plan::op::{Op, Refused};

use crate::auth::access::WriteAccess;
use crate::storage::audit::Act;
use crate::storage::journal::{Origin, Seq};
use crate::storage::proposals::deciding::Along;

/// What is asked.
#[derive(Debug, Clone)]
pub enum Ask {
    /// What the plan holds.
    Read,
    /// Operations to be performed, all or none.
    Edit {
        /// For whom.
        access: WriteAccess,
        /// In order.
        ops: Vec<Op>,
        /// Noted in the journal.
        origin: Origin,
        /// Written down in the same transaction, if there is something to do.
        audit: Option<Act>,
        /// What happens to a proposal in the same transaction, if anything. It needs something to do.
        along: Option<Arc<Along>>,
    },
}

/// Tells one question of a room from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What a plan holds, and how far.
#[derive(Debug, Clone)]
pub struct Reading {
    /// What it holds.
    pub content: Arc<Content>,
    /// Every row up to this one is in it, maybe more. Where operations were asked for and there was
    /// something to do, the row they became.
    pub seq: Seq,
}

/// What a room answers. Like everything that is shown, it is committed.
#[derive(Debug)]
pub enum Reply {
    /// What the plan holds; where operations were asked for, with them, and they are committed.
    Content(Reading),
    /// Nothing was changed.
    Refused(EditRefused),
}

/// Why a room changed nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EditRefused {
    /// An operation does not fit what the plan holds.
    #[error("{0}")]
    Op(Refused),
    /// What the operations make is refused as an update of any client would be.
    #[error("{0}")]
    Update(String),
    /// Something happened to the proposal, or to what it changes, since this was worked out.
    #[error("something happened to this proposal meanwhile; look at it again")]
    Moved,
    /// The plan is full.
    #[error("this plan has reached its size limit and is read-only")]
    Full,
    /// The plan cannot be changed or read for now, or what became of it is not known: the same again is
    /// safe.
    #[error("the plan cannot be saved at the moment; repeat this in a few seconds")]
    Unavailable,
}
