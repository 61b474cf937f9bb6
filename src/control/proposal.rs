//! `proposal.*`: drafts that anybody may write, and decisions change by change.
//!
//! ```text
//! opening ──> a draft, which is a document of its own ──> submitting ──> a revision: changes
//!                                                              │
//!         seeing: how each change stands to the plan now <─────┘
//!             └──> deciding ──> operations on the plan, as one row with the decision (or none)
//!                     └──> undoing        rebasing: the same changes on the plan as it is now
//! ```

mod accepting;
mod blaming;
mod case;
mod closing;
mod deciding;
mod gating;
mod listing;
mod opening;
mod rebasing;
mod seeing;
mod submitting;
mod undoing;
mod watching;

pub(super) use self::gating::kind as gate_kind;
pub(super) use self::opening::NewDraft;
pub(super) use self::submitting::Resubmitted;
