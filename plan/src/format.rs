//! Plans in the formats of others: what comes in from files, and what goes out to them.
//!
//! ```text
//! plan.json ─────────────> Content <──────────── csv_table (one root a file)
//! frab_xml ──┐               │  ↑
//! c3voc_json ┼─> Schedule ───┘  └── merge::ops(present, import) ──> operations
//! ics ───────┘  (and tasks)
//!            <───────────────┘
//! markdown <── Content   (out only)
//! ```
//!
//! Reading is lenient: a value that is not understood becomes a line of the [`Report`] and, where it can,
//! is kept under `src.extra`. Only a file that is no such file at all, or beyond a limit, is
//! [`Unreadable`]. Writing is strict, and reports what a format has no place for.
//!
//! An import never changes a plan by itself: [`merge::ops`] gives the operations that do.

pub mod c3voc_json;
pub mod csv_table;
mod fit;
#[cfg(test)]
mod fosdem;
pub mod frab_xml;
mod guid;
mod html;
pub mod ics;
mod json_shape;
pub mod markdown;
pub mod merge;
pub mod plan_json;
pub mod report;
#[cfg(test)]
pub(crate) mod round_trips;
pub mod schedule;

use serde_json::{Map, Value as Json};

pub use self::report::{Note, Place, Report};
use crate::content::Content;
use crate::schema::ENTITIES_MAX;

/// Bytes of a file at most: twenty times the largest schedule known, FOSDEM's.
pub const FILE_BYTES_MAX: usize = 32 << 20;
/// How deep elements, lists and objects of a file may be in each other. Schedules need ten.
pub const DEPTH_MAX: usize = 64;
/// Elements or values of a file at most: what 5,000 events of a hundred values each need, so that a file
/// of brackets alone does not fill the memory.
pub const NODES_MAX: usize = 500_000;

/// What a file says about a plan.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Import {
    /// What it says, and nothing that it does not say. An entity whose id is none that the schema allows
    /// is known by that name only within the import, and gets an id when it is added.
    pub content: Content,
    /// What was not understood, or changed to fit.
    pub report: Report,
    /// What entities that are new get beside what the file says, by root.
    pub if_new: Vec<(&'static str, Map<String, Json>)>,
}

/// A file that cannot be taken at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Beyond [`FILE_BYTES_MAX`].
    #[error("the file has {0} bytes, and {FILE_BYTES_MAX} is the most that is read")]
    TooLarge(usize),
    /// Beyond [`ENTITIES_MAX`] of one root.
    #[error("the file has more than {ENTITIES_MAX} {0}, which is the most that a plan holds")]
    TooMany(String),
    /// Beyond [`DEPTH_MAX`].
    #[error("line {0}: the file is nested deeper than {DEPTH_MAX}")]
    TooDeep(usize),
    /// Beyond [`NODES_MAX`].
    #[error("line {0}: the file has more than {NODES_MAX} values")]
    TooFull(usize),
    /// It is not written in UTF-8.
    #[error("line {0}: the file is not UTF-8")]
    NotUtf8(usize),
    /// It breaks the syntax of its format.
    #[error("line {line}: {say}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        say: String,
    },
    /// Its syntax is right, and it is something else.
    #[error("this is no {format}: {say}")]
    Other {
        /// What it was read as.
        format: &'static str,
        /// What is missing.
        say: String,
    },
}

/// The text of a file within the limits; a byte order mark is left out.
fn text_of(file: &[u8]) -> Result<&str, Unreadable> {
    if file.len() > FILE_BYTES_MAX {
        return Err(Unreadable::TooLarge(file.len()));
    }
    let text = std::str::from_utf8(file).map_err(|error| {
        let sound = file.get(..error.valid_up_to()).unwrap_or_default();
        Unreadable::NotUtf8(lines(sound) + 1)
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// How many lines end in `bytes`.
fn lines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

/// Refuses more entities than a root may hold.
fn limited(root: &str, count: usize) -> Result<(), Unreadable> {
    if count > ENTITIES_MAX {
        Err(Unreadable::TooMany(root.to_owned()))
    } else {
        Ok(())
    }
}

/// A name as it is compared with others: in lower case, with single blanks.
fn normalised(name: &str) -> String {
    let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_beyond_the_limits_is_refused_with_a_sentence() {
        let file = vec![b' '; FILE_BYTES_MAX + 1];
        let say = text_of(&file).unwrap_err().to_string();
        assert!(say.contains("33554432 is the most"), "{say}");
        let say = text_of(b"a\nb\xff").unwrap_err().to_string();
        assert_eq!(say, "line 2: the file is not UTF-8");
        assert_eq!(text_of("\u{feff}a".as_bytes()), Ok("a"));
        let say = limited("rooms", ENTITIES_MAX + 1).unwrap_err().to_string();
        assert!(say.contains("more than 5000 rooms"), "{say}");
    }
}
