//! A room is one live plan on this node: one task that owns one replica of its document.
//!
//! ```text
//! session --Request--> inbox --> RoomTask --Input--> RoomCore (pure)
//!                                   ^                   |
//!             journal --Appended----+<------Effect------+--> outbox of every session
//! ```
//!
//! [`core::RoomCore`] decides and does nothing else: it applies an update to the replica, asks for
//! it to be appended, and only when the journal has committed it asks for the acknowledgement and
//! the broadcast. `RoomTask` performs what it asks. The room never waits for a session: it
//! puts frames into a bounded [`outbox::Outbox`], and a session that cannot keep up catches up
//! later from the replica. [`registry::Registry`] makes sure that a plan has one room on a node,
//! and [`thread`] runs rooms on threads of their own, watched for an update that never ends.

pub mod ask;
pub mod effect;
pub mod input;

pub mod core;

pub mod comparing;
pub mod handle;
mod keeping;
mod level;
pub mod neighbours;
pub mod outbox;
pub mod poison;
mod refusals;
pub mod registry;
mod standing;
pub mod task;
pub mod thread;
