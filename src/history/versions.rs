//! Versions: the rows of a journal as people remember them, in sittings.
//!
//! How edits were batched for the journal says nothing about what belongs together. A version is what was
//! edited without a pause within one hour, whoever did it; an import, something brought back or a new
//! beginning is a version by itself, and a point with a name ends one. So the same rows always make the
//! same versions, wherever a list of them begins.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::ids::UserId;
use crate::storage::history::RowMark;
use crate::storage::journal::{Origin, Seq};

/// A pause after which something new begins.
const PAUSE: Duration = Duration::from_mins(5);
/// No version reaches from one of these into the next: an hour on the clock, in microseconds.
const SPAN_MICROS: i64 = 3_600_000_000;

/// Rows that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The first row.
    pub first: Seq,
    /// The last row.
    pub last: Seq,
    /// When the first was taken.
    pub began: Timestamp,
    /// When the last was taken.
    pub ended: Timestamp,
    /// Where the rows came from; of edits, where the last did.
    pub origin: Origin,
    /// Who made them, in no order, each once.
    pub authors: Vec<UserId>,
    /// How many rows there are.
    pub rows: i64,
}

/// Sorts rows, the newest first, into versions.
#[derive(Debug, Default)]
pub struct Sorter {
    versions: Vec<Version>,
    oldest: Option<RowMark>,
}

/// Whether a row is a version by itself.
fn is_alone(origin: Origin) -> bool {
    match origin {
        Origin::Session(_) | Origin::Control => false,
        Origin::Import
        | Origin::Restore
        | Origin::History
        | Origin::Draft
        | Origin::Proposal(..)
        | Origin::Epoch
        | Origin::Squash => true,
    }
}

fn belong_together(older: &RowMark, newer: &RowMark) -> bool {
    let hour = |at: Timestamp| at.as_micros().div_euclid(SPAN_MICROS);
    !is_alone(older.origin)
        && !is_alone(newer.origin)
        && newer.at.since(older.at) <= PAUSE
        && hour(older.at) == hour(newer.at)
}

impl Sorter {
    /// Takes the next older row; `ends_named` when it has a name.
    pub fn take(&mut self, row: RowMark, named: &[Seq]) {
        let belongs = self
            .oldest
            .as_ref()
            .is_some_and(|newer| belong_together(&row, newer));
        let is_end = named.binary_search(&row.seq).is_ok();
        match self.versions.last_mut().filter(|_| belongs && !is_end) {
            Some(version) => {
                version.first = row.seq;
                version.began = row.at;
                version.rows += 1;
                if let Some(author) = row.author
                    && !version.authors.contains(&author)
                {
                    version.authors.push(author);
                }
            }
            None => self.versions.push(Version {
                first: row.seq,
                last: row.seq,
                began: row.at,
                ended: row.at,
                origin: row.origin,
                authors: row.author.into_iter().collect(),
                rows: 1,
            }),
        }
        self.oldest = Some(row);
    }

    /// How many versions there are; the last of them may not be whole.
    pub fn len(&self) -> usize {
        self.versions.len()
    }

    /// Whether no row was taken.
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    /// The versions, the newest first.
    pub fn done(self) -> Vec<Version> {
        self.versions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::ids::SessionId;

    const MINUTE: i64 = 60_000_000;

    fn sort(rows: &[RowMark], named: &[Seq]) -> Vec<(i64, i64)> {
        let mut sorter = Sorter::default();
        for row in rows.iter().rev() {
            sorter.take(*row, named);
        }
        sorter
            .done()
            .iter()
            .map(|it| (it.first.0, it.last.0))
            .collect()
    }

    #[test]
    fn rows_are_sorted_by_pauses_hours_names_and_where_they_came_from() {
        let clock = Clock::system();
        let edit = Origin::Session(SessionId::generate(&clock));
        // Minutes after eight o'clock.
        let rows: Vec<RowMark> = [
            (0, edit),
            (1, edit),
            (5, Origin::Control),
            (20, edit),
            (21, Origin::Import),
            (22, edit),
            (59, edit),
            (61, edit),
        ]
        .iter()
        .zip(1..)
        .map(|((minute, origin), seq)| RowMark {
            seq: Seq(seq),
            author: Some(UserId::generate(&clock)),
            origin: *origin,
            at: Timestamp::from_micros(1_800_000_000_000_000 + minute * MINUTE),
        })
        .collect();
        let expected = [(8, 8), (7, 7), (6, 6), (5, 5), (4, 4), (1, 3)];
        assert_eq!(sort(&rows, &[]), expected);
        let named = [(8, 8), (7, 7), (6, 6), (5, 5), (4, 4), (3, 3), (1, 2)];
        assert_eq!(sort(&rows, &[Seq(2)]), named);
        // From wherever a list begins.
        assert_eq!(sort(&rows[..7], &[]), expected[1..]);
    }
}
