//! Content hashes for the clients that asked, so that silent divergence is found.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use convene_protocol::control::document::{Hash, RootKind};
use convene_protocol::control::notify;
use convene_protocol::frame::ServerMessage;

use crate::clock::Timestamp;
use crate::document;
use crate::ids::SessionId;
use crate::room::core::RoomCore;

/// Sessions of one room that are sent hashes; each costs reading the document.
const WATCHERS_MAX: usize = 16;

/// Roots by name, and what each is read as.
type Roots = Vec<(String, RootKind)>;

/// Who asked for which roots.
#[derive(Debug, Default)]
pub(super) struct HashWatch {
    watched: BTreeMap<SessionId, Roots>,
    last_at: Option<Timestamp>,
}

impl HashWatch {
    pub(super) fn watch(&mut self, session: SessionId, roots: Roots) {
        if roots.is_empty() {
            self.watched.remove(&session);
        } else if self.watched.len() < WATCHERS_MAX || self.watched.contains_key(&session) {
            self.watched.insert(session, roots);
        }
    }

    pub(super) fn forget(&mut self, session: SessionId) {
        self.watched.remove(&session);
    }
}

fn readable(roots: &[(String, RootKind)]) -> Vec<(String, document::RootKind)> {
    roots
        .iter()
        .map(|(name, kind)| (name.clone(), (*kind).into()))
        .collect()
}

impl RoomCore {
    /// Sends each watcher the hash of what is committed; skipped while something is under way,
    /// because the hash must belong to the state vector beside it.
    pub(super) fn send_hashes(&mut self, now: Timestamp) {
        let is_due = self
            .hash_watch
            .last_at
            .is_none_or(|last| now >= last.after(self.limits.hash_every));
        if self.hash_watch.watched.is_empty() || !is_due || !self.backlog.is_idle() {
            return;
        }
        self.hash_watch.last_at = Some(now);
        let state_vector = STANDARD.encode(self.committed.encode());
        let mut messages = Vec::new();
        // Most ask for the same.
        let mut hashes: Vec<(&Roots, Option<String>)> = Vec::new();
        for (session, roots) in &self.hash_watch.watched {
            let known = hashes.iter().find(|(same, _)| *same == roots);
            let hash = if let Some((_, hash)) = known {
                hash.clone()
            } else {
                let hash = self.replica.content_hash(&readable(roots)).ok();
                hashes.push((roots, hash.clone()));
                hash
            };
            // A root read as what it is not is told to that client by having no hash.
            let Some(hash) = hash else {
                continue;
            };
            let body = Hash {
                plan: self.members.name_for(*session),
                state_vector: state_vector.clone(),
                hash,
                roots: roots.iter().cloned().collect(),
            };
            messages.push((*session, notify(&body)));
        }
        for (session, text) in messages {
            self.send(session, ServerMessage::Stateless(text));
        }
    }
}
