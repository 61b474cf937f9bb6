//! What full-text search needs of a plan, whichever engine keeps the index.
//!
//! ```text
//! Content ──> entries() ──> folded_text() of title and body ──> the engine's index
//! what somebody types ──> Query::parse() ──> to_fts5() or to_tsquery() ──> the engine
//! what it found ──> excerpt() ──> the original words, with those that were looked for marked
//! ```
//!
//! Index and query go through one [`fold()`], so an engine needs to know nothing of languages: it splits at
//! blanks and compares.

mod entries;
mod excerpt;
mod fold;
mod query;

pub use self::entries::{ENTRY_BYTES_MAX, Entry, entries};
pub use self::excerpt::{Part, excerpt};
pub use self::fold::{WORD_CHARS_MAX, Word, fold, folded_text};
pub use self::query::{EmptyQuery, Query, WORDS_MAX};
