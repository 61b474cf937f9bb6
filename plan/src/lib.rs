//! What a plan is, apart from how it is shared: its schema as data, a plain reading of its content, the
//! operations that change it, how two contents differ, and what is wrong with one.
//!
//! ```text
//! schema ──> content ──> op (apply) ──> content'     diff(content, content') ──> differences
//!                 ├────> view ──> finding::find ──> findings, with fixes that are operations
//!                 └────> search ──> entries to look through
//! file <── format ──> import ──> merge::ops ──> op …
//! draft ──> proposal::changes ──> classes, rehearse ──> op …
//! ```
//!
//! Everything here is pure: no clock, no network, no CRDT. The server reads a [`content::Content`] from a
//! document and performs [`op::Op`]s on it; an import, a client of the control channel and a proposal all
//! change a plan through the same operations.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "tests fail by panicking"
    )
)]

pub mod content;
pub mod diff;
pub mod finding;
pub mod format;
pub mod op;
pub mod proposal;
pub mod rank;
pub mod schema;
pub mod search;
pub mod value;
pub mod view;
