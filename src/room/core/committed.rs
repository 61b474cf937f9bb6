//! How far the document is committed, as a state vector that can step back by one batch.

use std::collections::HashMap;

use bytes::Bytes;

use crate::document::{ClientId, Replica, StateVector};

/// The committed state vector, and what it was before the last batch.
#[derive(Debug)]
pub(super) struct Committed {
    now: StateVector,
    /// The clocks the last batch moved on, as they were; zero for a client that was not there.
    before: Vec<(ClientId, u32)>,
}

impl Committed {
    /// Everything in `replica`, which has just come from the journal.
    pub(super) fn of(replica: &Replica) -> Self {
        // The replica's own vector is sound, and an empty one is always safe: it asks for everything.
        let now = StateVector::decode(&replica.state_vector(), usize::MAX).unwrap_or_default();
        Self {
            now,
            before: Vec::new(),
        }
    }

    pub(super) fn advance(&mut self, ends: impl Iterator<Item = (ClientId, u32)>) {
        self.before.clear();
        for (client, clock) in ends {
            let old = self.now.get(client);
            if clock > old {
                self.before.push((client, old));
                self.now.advance(client, clock);
            }
        }
    }

    pub(super) fn now(&self) -> &StateVector {
        &self.now
    }

    pub(super) fn encode(&self) -> Bytes {
        self.now.encode()
    }

    /// What a session has that got everything but the last batch.
    pub(super) fn before_last_batch(&self) -> StateVector {
        // The first of a client is the oldest.
        let before: HashMap<ClientId, u32> = self.before.iter().rev().copied().collect();
        self.now
            .iter()
            .map(|(client, clock)| (client, before.get(&client).copied().unwrap_or(clock)))
            .filter(|(_, clock)| *clock > 0)
            .collect()
    }
}
