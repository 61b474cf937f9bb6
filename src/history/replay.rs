//! Reads a history row by row: what a plan held at two points, and who made which part of it what it is.

use std::collections::{HashMap, HashSet};

use convene_plan::content::Content;
use convene_plan::diff::{Difference, diff};

use crate::clock::Timestamp;
use crate::document::{RowUnreadable, Timeline, Touched};
use crate::history::back::field_of;
use crate::ids::{PlanId, UserId};
use crate::storage::journal::{Origin, Row, Seq};
use crate::storage::{Storage, StorageError};

/// Rows read at a time.
const PAGE: u32 = 2_000;
/// Bytes of rows read at a time, but for one that is larger.
const PAGE_BYTES: i64 = 8 << 20;
/// Bytes of rows that are read for one question at most.
const BYTES_MAX: i64 = 512 << 20;
/// Rows that are read for one question at most: some seconds of a processor.
const ROWS_MAX: i64 = 500_000;

/// Why a history was not read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The database could not be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A row is not what was written.
    #[error(transparent)]
    Unreadable(#[from] RowUnreadable),
    /// There are too many rows.
    #[error("too many changes lie before that point; squash the plan")]
    TooLong,
    /// A thread ended in the middle.
    #[error("reading was broken off")]
    BrokenOff,
}

/// Who changed something last, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writer {
    /// Who.
    pub author: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// In which row.
    pub seq: Seq,
    /// Where it came from.
    pub origin: Origin,
}

/// A stretch of history.
#[derive(Debug, Default)]
pub struct Stretch {
    /// What the plan held after the first point.
    pub before: Content,
    /// What it held after the second.
    pub after: Content,
    writers: HashMap<Touched, Writer>,
}

impl Stretch {
    /// What is different at the end.
    pub fn differences(&self) -> Vec<Difference> {
        diff(&self.before, &self.after)
    }

    /// Everybody who changed something in it, in no order.
    pub fn authors(&self) -> impl Iterator<Item = UserId> + '_ {
        self.writers.values().filter_map(|it| it.author)
    }

    /// Who made a difference what it is.
    pub fn writer(&self, difference: &Difference) -> Option<&Writer> {
        self.writers.get(&Touched {
            root: difference.root(),
            id: difference.id.clone(),
            field: field_of(&difference.what).map(str::to_owned),
        })
    }
}

/// A replay under way.
struct Replay {
    timeline: Timeline,
    from: Seq,
    /// Rows that no load takes.
    left_out: HashSet<Seq>,
    stretch: Stretch,
}

impl Replay {
    fn apply(&mut self, row: &Row) -> Result<Vec<Touched>, RowUnreadable> {
        // The whole document is in such a row, and means what it meant before.
        if row.origin == Origin::Squash {
            self.timeline.restart();
            self.timeline.take(&row.update)?;
            return Ok(Vec::new());
        }
        self.timeline.take(&row.update)
    }

    fn take(&mut self, rows: &[Row]) -> Result<(), RowUnreadable> {
        for row in rows {
            let touched = if self.left_out.contains(&row.seq) {
                Vec::new()
            } else {
                self.apply(row)?
            };
            if row.seq == self.from {
                self.stretch.before = self.timeline.content().clone();
            }
            if row.seq > self.from {
                let writer = Writer {
                    author: row.author,
                    at: row.at,
                    seq: row.seq,
                    origin: row.origin,
                };
                let places = touched.into_iter().map(|place| (place, writer));
                self.stretch.writers.extend(places);
            }
        }
        Ok(())
    }
}

/// What `plan` held after the rows `from` and `to`, and who made the difference. 0 is before the first row.
pub async fn stretch(
    storage: &Storage,
    plan: PlanId,
    (from, to): (Seq, Seq),
) -> Result<Stretch, HistoryError> {
    let start = storage.line_start(plan, from.max(Seq(1))).await?;
    if to.0 - start.0 > ROWS_MAX {
        return Err(HistoryError::TooLong);
    }
    let (mut at, mut read) = (Seq(start.0 - 1), 0_i64);
    let mut replay = Replay {
        timeline: Timeline::default(),
        from,
        left_out: storage.quarantined(plan).await?,
        stretch: Stretch::default(),
    };
    while at < to {
        let left = u32::try_from(to.0 - at.0).unwrap_or(PAGE).min(PAGE);
        let (count, bytes) = storage.rows_within(plan, at, (left, PAGE_BYTES)).await?;
        read = read.saturating_add(bytes);
        if read > BYTES_MAX {
            return Err(HistoryError::TooLong);
        }
        let rows = storage.rows_after(plan, at, count).await?;
        let Some(last) = rows.last() else {
            break;
        };
        at = last.seq;
        // Milliseconds of a processor, where no socket waits for it.
        let work = tokio::task::spawn_blocking(move || {
            let taken = replay.take(&rows);
            (replay, taken)
        });
        let taken;
        (replay, taken) = work.await.map_err(|_| HistoryError::BrokenOff)?;
        taken?;
    }
    let mut stretch = replay.stretch;
    stretch.after = replay.timeline.content().clone();
    Ok(stretch)
}
