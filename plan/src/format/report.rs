//! What a file says that was not understood, was changed to fit, or has no place in a format.

use std::fmt;

use serde::Serialize;

/// Notes that are kept at most; more are counted.
const NOTES_MAX: usize = 1_000;
/// Characters of a file's own words that a note repeats at most.
const QUOTE_CHARS_MAX: usize = 80;

/// Where in a file, or in a plan, something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The whole of it.
    Whole,
    /// A line, counted from 1.
    Line(usize),
    /// A thing by what the file or the plan calls it: `event 8376`, `sessions.se_A`.
    Thing(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("the file"),
            Self::Line(number) => write!(f, "line {number}"),
            Self::Thing(name) => f.write_str(name),
        }
    }
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Where.
    pub at: Place,
    /// Which field, as the file calls it; empty for the whole thing.
    pub field: String,
    /// What is the matter, and what was done about it.
    pub say: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            write!(f, "{}: {}", self.at, self.say)
        } else {
            write!(f, "{}: {}: {}", self.at, self.field, self.say)
        }
    }
}

/// Everything that a reader or a writer has to say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// In the order of the file.
    pub notes: Vec<Note>,
    /// How many more there are beyond the first thousand.
    pub more: usize,
}

impl Report {
    /// Adds a line.
    pub fn note(&mut self, at: &Place, field: &str, say: impl Into<String>) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(Note {
                at: at.clone(),
                field: field.to_owned(),
                say: say.into(),
            });
        } else {
            self.more += 1;
        }
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }
}

/// The beginning of a file's own words, in quotes.
pub(super) fn quote(text: &str) -> String {
    let start: String = text.chars().take(QUOTE_CHARS_MAX).collect();
    let rest = if start.len() < text.len() { "…" } else { "" };
    format!("\"{start}{rest}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_where_and_has_an_end() {
        let mut report = Report::default();
        for number in 0..NOTES_MAX + 5 {
            report.note(&Place::Line(number), "duration", "is no time");
        }
        assert_eq!(report.notes.len(), NOTES_MAX);
        assert_eq!(report.more, 5);
        assert_eq!(report.notes[7].to_string(), "line 7: duration: is no time");
        assert_eq!(quote(&"x".repeat(100)).chars().count(), QUOTE_CHARS_MAX + 3);
    }
}
