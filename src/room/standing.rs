//! How far a room has come, for whoever compares all rooms of the node with the database.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use crate::storage::journal::{Epoch, Seq};

/// Head and epoch are written by the room's task, the access version by both, the rest by who compares.
#[derive(Debug, Default)]
pub(super) struct Standing {
    head: AtomicI64,
    /// Zero while the room loads: there is nothing to compare yet.
    epoch: AtomicI64,
    access_version: AtomicI64,
    snapshot: AtomicI64,
    missed: AtomicU8,
}

impl Standing {
    /// The room has loaded what the database held at one moment.
    pub(super) fn loaded(&self, head: Seq, epoch: Epoch, access_version: i64) {
        self.head.store(head.0, Ordering::Release);
        // A room that loads again has the roles of its first load, or newer ones.
        if self.epoch.load(Ordering::Acquire) == 0 {
            self.saw_access(access_version);
        }
        self.epoch.store(epoch.0, Ordering::Release);
    }

    pub(super) fn came_to(&self, head: Seq) {
        self.head.store(head.0, Ordering::Release);
    }

    /// Zero when it is not known what the room was told last.
    pub(super) fn saw_access(&self, version: i64) {
        self.access_version.store(version, Ordering::Release);
    }

    pub(super) fn saw_snapshot(&self, seq: Seq) {
        self.snapshot.store(seq.0, Ordering::Release);
    }

    /// The room had heard of every row at this look.
    pub(super) fn missed_nothing(&self) {
        self.missed.store(0, Ordering::Relaxed);
    }

    /// It had not. Answers at how many looks in a row that is so by now.
    pub(super) fn missed_some(&self) -> u8 {
        self.missed
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1)
    }

    pub(super) fn snapshot(&self) -> Seq {
        Seq(self.snapshot.load(Ordering::Acquire))
    }

    pub(super) fn head(&self) -> Seq {
        Seq(self.head.load(Ordering::Acquire))
    }

    /// None while the room loads.
    pub(super) fn epoch(&self) -> Option<Epoch> {
        Some(Epoch(self.epoch.load(Ordering::Acquire))).filter(|epoch| epoch.0 > 0)
    }

    pub(super) fn access_version(&self) -> i64 {
        self.access_version.load(Ordering::Acquire)
    }
}
