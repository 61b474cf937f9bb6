//! A plan's history: where versions begin and end, what changed between two points and by whom.
//!
//! ```text
//! journal rows ──> versions: sittings of people, imports, named points       (without reading the rows)
//!             └──> replay: the document row by row ──> contents at two points ──> plan::diff
//!                                                 └──> who touched which field last
//! ```

pub mod back;
pub mod replay;
pub mod versions;
