//! What the database makes of what is written: commits, snapshots, and what comes late.
//!
//! Mirrors `storage/journal_writer.rs`, which tries the same appends until it knows what became of
//! them, and `RoomTask::write_snapshot`.

use convene::storage::journal::{Append, AppendRefused};
use convene::storage::settlement::Answer;

use crate::plan::{Fate, Outcome};
use crate::world::{Late, World};

impl World {
    /// The writer of `node` tries everything that waits in one transaction. Whether anything did.
    pub(crate) fn commit(&mut self, node: usize, outcome: Outcome) -> bool {
        if self.nodes[node].queue.is_empty() {
            return false;
        }
        match outcome {
            Outcome::Failed => self.coverage.count("fault: commit failed"),
            Outcome::DoneUnheard => {
                self.coverage.count("fault: commit with unknown outcome");
                self.append_queue(node);
            }
            Outcome::Done => {
                self.coverage.count("journal: commits");
                for answer in self.append_queue(node) {
                    self.answer_append(node, answer);
                }
            }
        }
        true
    }

    fn append_queue(&mut self, node: usize) -> Vec<Answer> {
        let batch: Vec<Append> = self.nodes[node]
            .queue
            .iter()
            .map(|job| job.append.clone())
            .collect();
        let (answers, broken) = self.journal.append(&batch);
        self.note(broken);
        answers
    }

    /// Answers the first append of the queue. A room that is gone does not hear it.
    fn answer_append(&mut self, node: usize, answer: Answer) {
        let Some(job) = self.nodes[node].queue.pop_front() else {
            return;
        };
        if let Some(room) = self.nodes[node].rooms.get_mut(&job.serial) {
            room.appended = Some(answer);
        }
    }

    /// The journal writer ends: whether what it had was written is unknown.
    pub(crate) fn end_writer(&mut self, node: usize, fate: Fate) {
        if !self.nodes[node].is_up {
            return;
        }
        self.coverage.count("fault: journal writer ended");
        self.nodes[node].writer_ended = true;
        match fate {
            Fate::Lost => {}
            Fate::Done => {
                self.append_queue(node);
            }
            Fate::Later => {
                let queue = &self.nodes[node].queue;
                self.late
                    .extend(queue.iter().map(|job| Late::Append(job.append.clone())));
            }
        }
        self.refuse_queue(node);
    }

    /// A writer that has ended takes nothing more. Whether anything was asked of it.
    pub(crate) fn refuse_queue(&mut self, node: usize) -> bool {
        let waits = !self.nodes[node].queue.is_empty();
        while !self.nodes[node].queue.is_empty() {
            self.answer_append(node, Err(AppendRefused::WriterEnded));
        }
        waits
    }

    /// One of the nodes' journal writers tries its queue.
    pub(crate) fn commit_one(&mut self, nth: u8, outcome: Outcome) {
        let nodes = self.nodes.iter().enumerate();
        let busy: Vec<usize> = nodes
            .filter(|(_, node)| !node.queue.is_empty())
            .map(|(node, _)| node)
            .collect();
        if let Some(at) = usize::from(nth).checked_rem(busy.len()) {
            self.commit(busy[at], outcome);
        }
    }

    /// One of the snapshots on their way comes to its end.
    pub(crate) fn settle_one_snapshot(&mut self, nth: u8, outcome: Outcome) {
        let count = self.nodes.iter().map(|node| node.snapshots.len()).sum();
        let Some(mut at) = usize::from(nth).checked_rem(count) else {
            return;
        };
        for node in 0..self.nodes.len() {
            let here = self.nodes[node].snapshots.len();
            if at < here {
                self.settle_snapshot(node, at, outcome);
                return;
            }
            at -= here;
        }
    }

    /// A snapshot on its way comes to its end, in any order. Whether there was one.
    pub(crate) fn settle_snapshot(&mut self, node: usize, nth: usize, outcome: Outcome) -> bool {
        let Some(at) = nth.checked_rem(self.nodes[node].snapshots.len()) else {
            return false;
        };
        let (serial, write) = self.nodes[node].snapshots.remove(at);
        let covered = match outcome {
            Outcome::Failed => {
                self.coverage.count("fault: snapshot failed");
                false
            }
            Outcome::DoneUnheard => {
                self.coverage.count("fault: snapshot with unknown outcome");
                self.land(Late::Snapshot(write));
                false
            }
            Outcome::Done => {
                self.land(Late::Snapshot(write));
                true
            }
        };
        let room = serial.and_then(|serial| self.nodes[node].rooms.get_mut(&serial));
        if let Some(room) = room {
            room.snapshot_settled = Some(covered);
        }
        true
    }

    /// Something that a process left behind comes to its end. Whether there was anything.
    pub(crate) fn settle_late(&mut self, nth: usize, outcome: Outcome) -> bool {
        let Some(at) = nth.checked_rem(self.late.len()) else {
            return false;
        };
        let late = self.late.remove(at);
        if outcome != Outcome::Failed {
            self.coverage
                .count("fault: written after its process ended");
            self.land(late);
        }
        true
    }

    /// Reaches the database; nobody hears of it.
    pub(crate) fn land(&mut self, late: Late) {
        match late {
            Late::Append(append) => {
                let (_, broken) = self.journal.append(&[append]);
                self.note(broken);
            }
            Late::Snapshot(write) => {
                let (written, broken) = self.journal.write_snapshot(&write);
                self.coverage.count(if written {
                    "journal: snapshot written"
                } else {
                    "journal: snapshot fenced off"
                });
                self.note(broken);
            }
        }
    }
}
