//! What is committed, on its way to everybody here: this room's own rows and those of other nodes.

use bytes::Bytes;

use crate::document::{self, ClientId};
use crate::room::core::RoomCore;
use crate::room::core::backlog::Row;
use crate::room::effect::Effect;

/// Rows that are shown together, once all of them are in the replica.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) ends: Vec<(ClientId, u32)>,
    /// This room's own first.
    pub(super) updates: Vec<Bytes>,
    /// How many of the updates those are.
    own: usize,
    pub(super) rows: u64,
}

impl Shown {
    /// What this room has committed, merged for everybody who is shown or told it.
    pub(super) fn own(rows: &[Row]) -> Self {
        let updates = rows.iter().map(|row| row.entry.update.clone()).collect();
        let updates = merged(updates);
        Self {
            ends: rows.iter().flat_map(|row| row.ends.clone()).collect(),
            own: updates.len(),
            updates,
            rows: rows.len() as u64,
        }
    }
}

/// One update in the place of several, or each where they cannot be merged.
fn merged(updates: Vec<Bytes>) -> Vec<Bytes> {
    document::merge(&updates).map_or(updates, |update| vec![update])
}

impl RoomCore {
    /// Shows rows to everybody here. At most once for each input, before anybody can fall behind.
    pub(super) fn show(&mut self, shown: &Shown) {
        if shown.updates.is_empty() {
            return;
        }
        self.committed.advance(shown.ends.iter().copied());
        let bytes = shown.updates.iter().map(Bytes::len).sum();
        self.snapshots.count(shown.rows, bytes);
        if let Some(others @ [_, ..]) = shown.updates.get(shown.own..) {
            self.backlog.follow(others);
        }
        self.release_committed();
        let to = self.members.live();
        if !to.is_empty() {
            let updates = merged(shown.updates.clone()).into_iter();
            self.effects.extend(updates.map(|update| Effect::Broadcast {
                to: to.clone(),
                update,
            }));
        }
        self.grow(bytes);
    }
}
