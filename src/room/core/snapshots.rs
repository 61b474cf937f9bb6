//! When the journal's tail is worth a snapshot.
//!
//! A snapshot is made from the replica when nothing is under way, so that it holds exactly the rows
//! up to the head. It is written when enough rows came since the last one and they weigh something
//! beside the document, so that a large document is not rewritten for every few edits; or when applying
//! them took so long that nobody should wait for it with every load.

use std::time::Duration;

use crate::room::core::RoomCore;
use crate::room::effect::Effect;
use crate::storage::journal::Seq;

/// Rows after which a snapshot is due however large the document: they take about 20 ms to load.
const ROWS_ALWAYS: u64 = 10_000;
/// Time spent on applying rows after which a snapshot is due however few they are: a load spends it again,
/// and with it the thread of other rooms.
const APPLIED_FOR_MAX: Duration = Duration::from_secs(1);
/// Rows that must come after a snapshot failed: the disk that is full has better to do.
const ROWS_BEFORE_NEXT_TRY: u64 = 500;
/// Rows for which a last snapshot, when the room leaves memory, pays.
const ROWS_WORTH_A_LAST_ONE: u64 = 16;

/// What came since the last snapshot.
#[derive(Debug)]
pub(super) struct Snapshots {
    rows: u64,
    bytes: usize,
    applied_for: Duration,
    document_bytes: usize,
    /// A snapshot that failed is not tried again before this many rows.
    not_before_rows: u64,
    writing: Option<Writing>,
}

/// A snapshot that is being written, and what it covers.
#[derive(Debug, Clone, Copy)]
struct Writing {
    seq: Seq,
    rows: u64,
    bytes: usize,
    applied_for: Duration,
}

impl Snapshots {
    pub(super) fn new(head: Seq, snapshot: Seq, document_bytes: usize) -> Self {
        let rows = u64::try_from(head.0 - snapshot.0).unwrap_or(0);
        Self {
            rows,
            bytes: 0,
            applied_for: Duration::ZERO,
            document_bytes,
            not_before_rows: 0,
            writing: None,
        }
    }

    pub(super) fn count(&mut self, rows: u64, bytes: usize) {
        self.rows += rows;
        self.bytes += bytes;
    }

    /// Another node has written a snapshot at `seq`; this room has come to `head`.
    pub(super) fn cover_elsewhere(&mut self, seq: Seq, head: Seq) {
        let rows = u64::try_from(head.0 - seq.0).unwrap_or(0);
        if self.writing.is_none() && rows < self.rows {
            // What the rest weighs is not known: its share of the rows is a guess.
            let (rest, all) = (usize::try_from(rows), usize::try_from(self.rows.max(1)));
            if let (Ok(rest), Ok(all)) = (rest, all) {
                self.bytes = self.bytes / all * rest;
            }
            self.applied_for = Duration::ZERO;
            self.rows = rows;
        }
    }

    /// The snapshot at `seq` is there, or one at least as new.
    pub(super) fn cover(&mut self, seq: Seq) {
        if let Some(written) = self.writing.take_if(|written| written.seq == seq) {
            self.not_before_rows = 0;
            self.rows = self.rows.saturating_sub(written.rows);
            self.bytes = self.bytes.saturating_sub(written.bytes);
            self.applied_for = self.applied_for.saturating_sub(written.applied_for);
        }
    }

    /// The snapshot at `seq` could not be written; a later one will be.
    pub(super) fn give_up(&mut self, seq: Seq) {
        if self.writing.take_if(|written| written.seq == seq).is_some() {
            self.not_before_rows = self.rows.saturating_add(ROWS_BEFORE_NEXT_TRY);
        }
    }

    pub(super) fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    pub(super) fn is_worth_a_last_one(&self) -> bool {
        self.rows >= ROWS_WORTH_A_LAST_ONE
    }

    /// Due for so long that the room should make the quiet moment a snapshot needs.
    pub(super) fn is_overdue(&self, rows_max: u64) -> bool {
        self.writing.is_none() && self.is_due(rows_max.saturating_mul(2))
    }

    fn is_due(&self, rows_max: u64) -> bool {
        let heavy = self.bytes.saturating_mul(4) >= self.document_bytes;
        let is_slow = self.applied_for >= APPLIED_FOR_MAX && self.rows > 0;
        if is_slow && self.rows >= self.not_before_rows {
            return true;
        }
        self.rows >= rows_max.max(self.not_before_rows)
            && (heavy || self.rows >= ROWS_ALWAYS.max(rows_max))
    }
}

impl RoomCore {
    /// Counts the time that applying took: every load takes it again on rows that no snapshot covers.
    pub fn applied_for(&mut self, time: Duration) {
        self.snapshots.applied_for += time;
    }

    /// Writes a snapshot if one is due. Called only when nothing is under way.
    pub(super) fn begin_snapshot(&mut self) {
        if self.snapshots.writing.is_none() && self.snapshots.is_due(self.limits.snapshot_rows) {
            self.write_snapshot();
        }
    }

    pub(super) fn write_snapshot(&mut self) {
        match self.replica.encode() {
            Ok(bytes) => {
                self.snapshots.writing = Some(Writing {
                    seq: self.head,
                    rows: self.snapshots.rows,
                    bytes: self.snapshots.bytes,
                    applied_for: self.snapshots.applied_for,
                });
                self.snapshots.document_bytes = bytes.len();
                self.size.measure(bytes.len());
                self.effects.push(Effect::WriteSnapshot {
                    seq: self.head,
                    bytes,
                });
            }
            // The journal is whole; only the shortcut to it cannot be made from this replica.
            Err(_) => self.poisoned = true,
        }
    }
}
