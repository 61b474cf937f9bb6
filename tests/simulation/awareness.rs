//! Presence as a stock client keeps it: the rules of `y-protocols/awareness`.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use convene::clock::Timestamp;
use convene_protocol::awareness;

/// What is not renewed for so long is taken away.
const OUTDATED_AFTER: Duration = Duration::from_secs(30);
/// A client renews its own this often.
const RENEW_EVERY: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy)]
struct Meta {
    clock: u64,
    at: Timestamp,
}

/// What one client knows of who is here.
#[derive(Debug)]
pub(crate) struct Awareness {
    own: u64,
    states: BTreeMap<u64, String>,
    meta: BTreeMap<u64, Meta>,
}

impl Awareness {
    /// A client that has said nothing of itself yet.
    pub(crate) fn new(own: u64, now: Timestamp) -> Self {
        Self {
            own,
            states: BTreeMap::from([(own, "{}".to_owned())]),
            meta: BTreeMap::from([(own, Meta { clock: 0, at: now })]),
        }
    }

    /// Says something new of this client; `None` that it is away. Gives what is to be sent.
    pub(crate) fn set_own(&mut self, state: Option<String>, now: Timestamp) -> Bytes {
        let clock = self.meta.get(&self.own).map_or(0, |meta| meta.clock + 1);
        self.meta.insert(self.own, Meta { clock, at: now });
        match state {
            Some(state) => self.states.insert(self.own, state),
            None => self.states.remove(&self.own),
        };
        self.encode(&[self.own])
    }

    /// This client's own entry, for a new connection; none while it is away.
    pub(crate) fn own(&self) -> Option<Bytes> {
        self.is_here().then(|| self.encode(&[self.own]))
    }

    /// Whether this client shows itself.
    pub(crate) fn is_here(&self) -> bool {
        self.states.contains_key(&self.own)
    }

    /// Everybody it knows of.
    pub(crate) fn all(&self) -> Bytes {
        let ids: Vec<u64> = self.states.keys().copied().collect();
        self.encode(&ids)
    }

    /// Whom it shows beside itself.
    pub(crate) fn others(&self) -> Vec<u64> {
        self.states
            .keys()
            .copied()
            .filter(|id| *id != self.own)
            .collect()
    }

    /// Takes what the server says and gives back whose entries changed.
    pub(crate) fn apply(&mut self, update: &[u8], now: Timestamp) -> Vec<u64> {
        let mut changed = Vec::new();
        for entry in awareness::decode(update).unwrap() {
            let (id, mut clock) = (entry.client_id, entry.clock);
            let known = self.meta.get(&id).map_or(0, |meta| meta.clock);
            let takes_away =
                clock == known && entry.state.is_none() && self.states.contains_key(&id);
            if clock <= known && !takes_away {
                continue;
            }
            match entry.state {
                // Nobody takes away a client that is here: it says so with a further clock.
                None if id == self.own && self.is_here() => clock += 1,
                None => {
                    self.states.remove(&id);
                }
                Some(state) => {
                    self.states.insert(id, state.to_owned());
                }
            }
            self.meta.insert(id, Meta { clock, at: now });
            changed.push(id);
        }
        changed
    }

    /// Renews this client's own entry when it is time, and drops what others did not renew.
    pub(crate) fn pass_time(&mut self, now: Timestamp) -> Option<Bytes> {
        let meta = &self.meta;
        let own = self.own;
        self.states.retain(|id, _| {
            *id == own
                || meta
                    .get(id)
                    .is_some_and(|meta| now.since(meta.at) < OUTDATED_AFTER)
        });
        let is_due = self
            .meta
            .get(&own)
            .is_some_and(|meta| now.since(meta.at) >= RENEW_EVERY);
        let state = self.states.get(&own).filter(|_| is_due)?.clone();
        Some(self.set_own(Some(state), now))
    }

    /// The connection is gone: nobody else is known to be here any more.
    pub(crate) fn disconnect(&mut self) {
        let own = self.own;
        self.states.retain(|id, _| *id == own);
    }

    /// The entries of `ids`.
    pub(crate) fn encode(&self, ids: &[u64]) -> Bytes {
        awareness::encode(ids.iter().filter_map(|id| {
            let clock = self.meta.get(id)?.clock;
            Some((*id, clock, self.states.get(id).map(String::as_str)))
        }))
    }
}
