//! Who is here: what sessions announce, gathered and sent on together.
//!
//! Presence never waits for a commit and never touches storage.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use convene_protocol::frame::ServerMessage;

use crate::clock::Timestamp;
use crate::document::{Announced, ClientId, Peer, Presence, PresenceLimits};
use crate::ids::SessionId;
use crate::room::core::RoomCore;
use crate::room::effect::Effect;

/// How long presence gathers after it was last sent: what a room's cursors do in
/// that time is one frame, and nobody sees the delay.
const GATHER_FOR: Duration = Duration::from_millis(20);
/// Client ids one session may speak for: tabs of one browser that share a socket.
const IDS_PER_SESSION: usize = 4;

/// Presence, and which of it has not been sent on.
#[derive(Debug, Default)]
pub(super) struct PresenceBoard {
    presence: Presence,
    changed: BTreeSet<ClientId>,
    quiet_until: Option<Timestamp>,
    /// Who asked for everybody's in this turn.
    told: BTreeSet<SessionId>,
}

impl PresenceBoard {
    pub(super) fn leave(&mut self, session: SessionId) {
        self.changed.extend(self.presence.leave(session));
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        if self.changed.is_empty() {
            None
        } else {
            self.quiet_until
        }
    }

    fn take_due(&mut self, now: Timestamp) -> Option<Bytes> {
        let is_due = self.quiet_until.is_none_or(|until| now >= until);
        if self.changed.is_empty() || !is_due {
            return None;
        }
        self.quiet_until = Some(now.after(GATHER_FOR));
        let changed: Vec<ClientId> = std::mem::take(&mut self.changed).into_iter().collect();
        self.presence.encode(&changed)
    }
}

impl RoomCore {
    pub(super) fn accept_presence(&mut self, session: SessionId, update: &Bytes) {
        let Some(member) = self.members.get(session) else {
            return;
        };
        if member.refused {
            return;
        }
        let peer = Peer {
            user: member.grant.user(),
            name: member.name.clone(),
            kind: "person",
        };
        let limits = PresenceLimits {
            bytes_max: self.limits.presence_bytes_max,
            ids_max: IDS_PER_SESSION,
        };
        match self
            .presence
            .presence
            .announce(session, &peer, update, limits)
        {
            Ok(Announced { changed, answer }) => {
                for client in &changed {
                    self.replica.reserve(*client, peer.user);
                }
                self.presence.changed.extend(changed);
                if let Some(answer) = answer {
                    self.send(session, ServerMessage::Awareness(answer));
                    // Hearing that it is gone makes a client count beyond that, and most say so at
                    // once; Hocuspocus 4 says it with its next renewal, up to 15 s later.
                    self.send(session, ServerMessage::QueryAwareness);
                }
            }
            // Presence is worth no more than itself: what cannot be read is not shown.
            Err(_) => metrics::counter!("convene_presence_refused_total").increment(1),
        }
    }

    /// Answers who asks, once a turn: the answer is the same, and far larger than the question.
    pub(super) fn answer_presence(&mut self, session: SessionId) {
        if self.presence.told.insert(session) {
            self.send_presence(session);
        }
    }

    pub(super) fn send_presence(&mut self, session: SessionId) {
        if self.members.is_refused(session) {
            return;
        }
        if let Some(update) = self.presence.presence.encode_all() {
            self.send(session, ServerMessage::Awareness(update));
        }
    }

    pub(super) fn flush_presence(&mut self, now: Timestamp) {
        self.presence.told.clear();
        if let Some(update) = self.presence.take_due(now) {
            let to = self.members.live();
            self.effects.push(Effect::BroadcastPresence { to, update });
        }
    }
}
