//! Everything that is kept: the only place that spells SQL.
//!
//! ```text
//!   rooms ──> JournalHandle ──> JournalWriter ──┐ one transaction for all rooms of the node
//!   accounts, sign-ins, plans, members ─────────┼──> Storage ──> SQLite file in the data folder
//!   backup, restore ────────────────────────────┘             └─> PostgreSQL
//! ```
//!
//! Storage speaks bytes and ids and knows nothing of documents. Each file has one concept and its
//! tables; the query texts are the same for both engines (`$1`, `returning`, `on conflict`) and one
//! conformance suite runs on both. A branch exists only where sets of rows are written or locked.
//!
//! What always holds:
//!
//! - A commit is durable when it returns: SQLite runs with `synchronous=full`, PostgreSQL with
//!   `synchronous_commit=on`, whatever the server's default is.
//! - Locks are taken in one order everywhere: plans by id, then a plan's members and rows; a family,
//!   then its tokens. On SQLite a writing transaction begins `immediate` on the only writing
//!   connection.
//! - Journal rows are never changed. A plan's sequence has no holes.
//! - Expected absence is an `Option`, an expected refusal is an enum; [`StorageError`] is for what
//!   the caller cannot mend.

mod database;
mod error;
mod lock;

pub mod backup;

pub mod beginnings;
pub mod history;
pub mod journal;
mod journal_batch;
pub mod journal_writer;
pub mod settlement;
pub mod snapshots;

pub mod accounts;
pub mod agent_tokens;
pub mod agents;
pub mod answers;
pub mod audit;
pub mod dismissals;
mod document_access;
pub mod gates;
mod live_sign_ins;
pub mod members;
pub mod plan_invites;
pub mod plans;
pub mod proposals;
pub mod releases;
pub mod search;
pub mod sign_ins;

pub use database::Storage;
pub use error::StorageError;
pub use lock::Company;
