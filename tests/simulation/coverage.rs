//! Counts what happened, so that it is seen that everything does.

use std::collections::BTreeMap;
use std::fmt;

/// How often each thing happened, by a name that begins with its kind.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Coverage(BTreeMap<&'static str, u64>);

impl Coverage {
    /// Counts one more of `name`.
    pub(crate) fn count(&mut self, name: &'static str) {
        self.add(name, 1);
    }

    /// Counts `times` more of `name`.
    pub(crate) fn add(&mut self, name: &'static str, times: u64) {
        *self.0.entry(name).or_default() += times;
    }

    /// Takes in what another run counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (name, times) in &other.0 {
            self.add(name, *times);
        }
    }

    /// How often `name` happened.
    pub(crate) fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, times) in &self.0 {
            writeln!(f, "  {times:>12}  {name}")?;
        }
        Ok(())
    }
}

/// What every usual run must meet. `Effect::Quarantine` is not among it: it needs the CRDT library to
/// panic on what the guard let through.
pub(crate) const MUST_HAPPEN: &[&str] = &[
    "effect: Append",
    "effect: Broadcast",
    "effect: BroadcastPresence",
    "effect: Disconnect",
    "effect: End",
    "effect: EndPlan",
    "effect: ReadRows",
    "effect: Rebuild",
    "effect: Refuse, Conflict",
    "effect: Refuse, Forbidden",
    "effect: Refuse, Malformed",
    "effect: Refuse, TooLarge",
    "effect: Refuse, Unprocessable",
    "effect: Send Applied",
    "effect: Send Awareness",
    "effect: Send NotApplied",
    "effect: Send QueryAwareness",
    "effect: Send Stateless",
    "effect: Send SyncStep1",
    "effect: Send SyncStep2",
    "effect: Tell Committed",
    "effect: Tell Present",
    "effect: Tell PresentAll",
    "effect: Tell WhoIsHere",
    "effect: TellAccess",
    "effect: TryAgain",
    "effect: WriteSnapshot",
    "fault: client id bound by another node",
    "fault: client id of somebody else",
    "fault: commit failed",
    "fault: commit with unknown outcome",
    "fault: connection broke",
    "fault: frames of a client that is gone",
    "fault: journal writer ended",
    "fault: load failed",
    "fault: member removed",
    "fault: new epoch",
    "fault: outbox overflowed",
    "fault: oversized frame",
    "fault: plan deleted",
    "fault: plan is full",
    "fault: role changed",
    "fault: role changed while joining",
    "fault: room gone while joining",
    "fault: room's thread given up",
    "fault: rows of somebody else in between",
    "fault: server killed",
    "fault: server stopped in order",
    "fault: session lost without a word",
    "fault: snapshot cannot be read",
    "fault: snapshot failed",
    "fault: snapshot spoilt",
    "fault: snapshot with unknown outcome",
    "fault: written after its process ended",
    "input: AppendRefused, ClientIdTaken",
    "input: AppendRefused, PlanGone",
    "input: AppendRefused, ProposalMoved",
    "input: AppendRefused, StaleEpoch",
    "input: AppendRefused, WriterEnded",
    "input: Appended",
    "input: Asked",
    "input: CatchUpPutOff",
    "input: Drained",
    "input: Elsewhere, Asked",
    "input: Elsewhere, Committed",
    "input: Elsewhere, Deaf",
    "input: Elsewhere, EpochMoved",
    "input: Elsewhere, Missed",
    "input: Elsewhere, Moved",
    "input: Elsewhere, NodeGone",
    "input: Elsewhere, Present",
    "input: Elsewhere, PresentAll",
    "input: Elsewhere, Roles",
    "input: FellBehind",
    "input: FrameTooLarge",
    "input: HarmfulUpdate",
    "input: HashWatched",
    "input: Joined",
    "input: Left",
    "input: PresenceAsked",
    "input: PresenceSent",
    "input: RoleChanged",
    "input: RowsRead",
    "input: RowsRead, failed",
    "input: SnapshotSettled, covered",
    "input: SnapshotSettled, failed",
    "input: SyncStep1",
    "input: Ticked",
    "input: TriedAgain, ahead",
    "input: TriedAgain, answered",
    "input: TriedAgain, journal read",
    "input: Updated",
    "journal: snapshot fenced off",
    "journal: snapshot written",
    "look: access has changed",
    "look: epoch has moved",
    "look: head has moved",
    "look: plan is gone",
    "look: snapshot has moved",
    "nodes: a client was seen to go",
    "nodes: a clock is too old",
    "nodes: own rows are beyond the head",
    "nodes: rows jump and are kept",
    "nodes: what was kept comes next",
    "nodes: what was kept follows a read",
    "peer: connects to another node",
    "peer: edits",
    "peer: edits offline",
    "peer: page breaks under a shared client id",
    "peer: takes unsaved edits to another node",
    "peer: undoes",
    "reply: Content",
    "reply: Edited",
    "reply: Moved",
    "reply: Refused",
    "relay: Bye",
    "relay: Changed",
    "relay: a node is deaf",
    "relay: a node is silent",
    "relay: a node loses a connection",
    "relay: a room does not take more",
    "relay: loses a batch",
    "relay: lost in a partition",
    "relay: one node does not hear another",
    "relay: reorders",
    "relay: repeats",
    "room: loads from the first row",
    "room: reaps a lost session",
    "room: rebuilt",
    "room: retires",
    "room: sends a content hash",
];
