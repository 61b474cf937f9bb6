//! When the journal's tail is worth a snapshot.
//!
//! A snapshot is made from the replica when nothing is under way, so that it holds exactly the rows
//! up to the head. It is written when enough rows came since the last one and they weigh something
//! beside the document, so that a large document is not rewritten for every few edits.

use crate::room::core::RoomCore;
use crate::room::core::backlog::Row;
use crate::room::effect::Effect;
use crate::storage::journal::Seq;

/// Rows after which a snapshot is due however large the document: they take about 20 ms to load.
const ROWS_ALWAYS: u64 = 10_000;
/// Rows that must come after a snapshot failed: the disk that is full has better to do.
const ROWS_BEFORE_NEXT_TRY: u64 = 500;
/// Rows for which a last snapshot, when the room leaves memory, pays.
const ROWS_WORTH_A_LAST_ONE: u64 = 16;

/// What came since the last snapshot.
#[derive(Debug)]
pub(super) struct Snapshots {
    rows: u64,
    bytes: usize,
    document_bytes: usize,
    /// A snapshot that failed is not tried again before this many rows.
    not_before_rows: u64,
    writing: Option<(Seq, u64, usize)>,
}

impl Snapshots {
    pub(super) fn new(head: Seq, snapshot: Seq, document_bytes: usize) -> Self {
        let rows = u64::try_from(head.0 - snapshot.0).unwrap_or(0);
        Self {
            rows,
            bytes: 0,
            document_bytes,
            not_before_rows: 0,
            writing: None,
        }
    }

    pub(super) fn count(&mut self, rows: &[Row]) {
        self.rows += rows.len() as u64;
        self.bytes += rows.iter().map(|row| row.entry.update.len()).sum::<usize>();
    }

    /// The snapshot at `seq` is there, or one at least as new.
    pub(super) fn cover(&mut self, seq: Seq) {
        if let Some((_, rows, bytes)) = self.writing.take_if(|(written, ..)| *written == seq) {
            self.not_before_rows = 0;
            self.rows = self.rows.saturating_sub(rows);
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }

    /// The snapshot at `seq` could not be written; a later one will be.
    pub(super) fn give_up(&mut self, seq: Seq) {
        if self
            .writing
            .take_if(|(written, ..)| *written == seq)
            .is_some()
        {
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
        self.rows >= rows_max.max(self.not_before_rows)
            && (heavy || self.rows >= ROWS_ALWAYS.max(rows_max))
    }
}

impl RoomCore {
    /// Writes a snapshot if one is due. Called only when nothing is under way.
    pub(super) fn begin_snapshot(&mut self) {
        if self.snapshots.writing.is_none() && self.snapshots.is_due(self.limits.snapshot_rows) {
            self.write_snapshot();
        }
    }

    pub(super) fn write_snapshot(&mut self) {
        match self.replica.encode() {
            Ok(bytes) => {
                let counted = (self.head, self.snapshots.rows, self.snapshots.bytes);
                self.snapshots.writing = Some(counted);
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
