//! The document of a plan: the only place that knows yrs, and the guard that stands before it.
//!
//! ```text
//! untrusted bytes -> wire (structure) -> guard (holes, wiring, whose ids) -> yrs -> bytes of yrs
//!                                          |  index: where every struct is
//! ```
//!
//! yrs merges well and trusts its input: crafted updates of a few bytes make it reserve gigabytes,
//! corrupt memory, or write a state that nobody can read again. So every update is parsed here
//! first, without allocating for what it only claims. `wire` refuses what is not sound in itself,
//! `guard` what does not fit this document: updates that leave holes, structs whose neighbours are
//! elsewhere, and client ids of other accounts. What is sound and in a form that yrs does not take
//! well is told to it in another (`forgetting`, `joining`). [`Replica`] then lets yrs apply it
//! (`applying`, where panics are caught), and hands out only what yrs encoded itself. After a panic
//! nothing of that replica is used again.

mod refusal;
mod state_vector;

mod wire;
mod wire_read;
mod wire_value;

mod guard;
mod index;
mod ordering;
mod placing;

mod applying;
mod content;
mod epoch;
mod forgetting;
mod joining;
mod merge;
mod presence;
mod reading;
mod replica;
mod reserved;
mod same_history;
mod scribe;
mod squash;
mod timeline;

pub use content::RootKind;
pub use epoch::{epoch_client, epoch_start};
pub use merge::merge;
pub use presence::{
    Announced, HeardOf, Peer, Presence, PresenceEntry, PresenceLimits, PresenceRefused,
};
pub use refusal::Refusal;
pub use replica::{Applied, Loaded, Replica, Stored, verify_snapshot};
pub use scribe::{Scribe, WriteFailed, Written, document_of};
pub use squash::{CannotSquash, squash};
pub use state_vector::StateVector;
pub use timeline::{RowUnreadable, Timeline, Touched};

/// Names one replica of a document among all that ever wrote to it; below 2^53.
pub type ClientId = u64;
