//! Who is here: what sessions announce, gathered and sent on together.
//!
//! Presence never waits for a commit and never touches storage.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use convene_protocol::frame::ServerMessage;

use crate::clock::Timestamp;
use crate::document::{Announced, ClientId, Peer, Presence, PresenceEntry, PresenceLimits};
use crate::ids::{NodeId, SessionId};
use crate::relay::envelope::Said;
use crate::room::core::{Others, RoomCore};
use crate::room::effect::Effect;
use crate::room::input::PresenceScope;

/// How long presence gathers after it was last sent: what a room's cursors do in
/// that time is one frame, and nobody sees the delay.
const GATHER_FOR: Duration = Duration::from_millis(20);
/// Client ids one session may speak for: tabs of one browser that share a socket.
const IDS_PER_SESSION: usize = 4;

/// How often other nodes are told of everybody who is present here: a removal that got lost is mended so.
const TELL_ALL_EVERY: Duration = Duration::from_secs(10);
/// Bytes of states in one message to other nodes, far below what one can carry.
const TOLD_AT_ONCE: usize = 64 << 10;

/// Presence, and which of it has not been sent on.
#[derive(Debug, Default)]
pub(super) struct PresenceBoard {
    presence: Presence,
    changed: BTreeSet<ClientId>,
    /// What sessions of this node have changed and other nodes have not been told.
    untold: BTreeSet<ClientId>,
    tell_all_at: Option<Timestamp>,
    asks: bool,
    quiet_until: Option<Timestamp>,
    /// Who asked for everybody's in this turn.
    told: BTreeSet<SessionId>,
}

impl PresenceBoard {
    pub(super) fn leave(&mut self, session: SessionId) {
        let left = self.presence.leave(session);
        self.untold.extend(&left);
        self.changed.extend(left);
    }

    pub(super) fn forget_node(&mut self, node: NodeId) {
        self.changed.extend(self.presence.forget_node(node));
    }

    pub(super) fn forget_elsewhere(&mut self) {
        self.changed.extend(self.presence.forget_elsewhere());
    }

    /// Other nodes are to be told of everybody.
    pub(super) fn tell_all_soon(&mut self) {
        self.tell_all_at = Some(Timestamp::from_micros(0));
    }

    /// Other nodes are to be asked for everybody.
    pub(super) fn ask_soon(&mut self) {
        self.asks = true;
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        if self.changed.is_empty() && self.untold.is_empty() {
            None
        } else {
            self.quiet_until
        }
    }

    /// Whether what has gathered may be sent now, and if so that it is.
    fn begin(&mut self, now: Timestamp) -> bool {
        let gathers = self.changed.is_empty() && self.untold.is_empty();
        if gathers || self.quiet_until.is_some_and(|until| now < until) {
            return false;
        }
        self.quiet_until = Some(now.after(GATHER_FOR));
        true
    }

    fn take_changed(&mut self) -> Option<Bytes> {
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
            kind: member.grant.kind().as_str(),
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
                self.presence.untold.extend(&changed);
                self.presence.changed.extend(changed);
                if let Some(answer) = answer {
                    self.tell_gone(session, answer);
                }
            }
            // Presence is worth no more than itself: what cannot be read is not shown.
            Err(_) => metrics::counter!("convene_presence_refused_total").increment(1),
        }
    }

    /// Tells a session that ids it speaks for were seen to go. That makes a client count beyond it, and
    /// most say so at once; Hocuspocus 4 says it with its next renewal, up to 15 s later, unless asked.
    fn tell_gone(&mut self, session: SessionId, gone: Bytes) {
        self.send(session, ServerMessage::Awareness(gone));
        self.send(session, ServerMessage::QueryAwareness);
    }

    pub(super) fn hear_presence(
        &mut self,
        now: Timestamp,
        node: NodeId,
        entries: &[PresenceEntry],
        scope: PresenceScope,
    ) {
        let presence = &mut self.presence.presence;
        let heard = match scope {
            PresenceScope::Some => presence.hear(node, entries, now),
            PresenceScope::All => presence.hear_all(node, entries, now),
        };
        for entry in entries.iter().filter(|entry| entry.state.is_some()) {
            self.replica.reserve(entry.client, entry.user);
        }
        self.presence.changed.extend(heard.changed);
        for (session, gone) in heard.seen_gone {
            self.tell_gone(session, gone);
        }
        if !heard.answers.is_empty() {
            self.tell(Said::Present(heard.answers));
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
        if std::mem::take(&mut self.presence.asks) {
            self.tell(Said::WhoIsHere);
        }
        if self.presence.tell_all_at.is_some_and(|at| now >= at) {
            self.tell_everybody(now);
        }
        if !self.presence.begin(now) {
            return;
        }
        if let Some(update) = self.presence.take_changed() {
            let to = self.members.live();
            self.effects.push(Effect::BroadcastPresence { to, update });
        }
        let untold = std::mem::take(&mut self.presence.untold);
        if self.others != Others::Told {
            return;
        }
        for entries in in_parts(self.presence.presence.tell(&untold)) {
            self.tell(Said::Present(entries));
        }
    }

    /// Tells other nodes of everybody who is present here. What does not fit into one message is told in
    /// parts, which take nobody away: who is gone is found by its age then.
    fn tell_everybody(&mut self, now: Timestamp) {
        self.presence.tell_all_at = Some(now.after(TELL_ALL_EVERY));
        let mut parts = in_parts(self.presence.presence.tell_all());
        match parts.pop() {
            None => self.tell(Said::PresentAll(Vec::new())),
            Some(all) if parts.is_empty() => self.tell(Said::PresentAll(all)),
            Some(last) => {
                parts.push(last);
                for part in parts {
                    self.tell(Said::Present(part));
                }
            }
        }
    }

    pub(super) fn forget_old_presence(&mut self, now: Timestamp) {
        let old = self.presence.presence.forget_old(now);
        self.presence.changed.extend(old);
    }

    /// Tells other nodes, if there may be any.
    fn tell(&mut self, said: Said) {
        if self.others == Others::Told {
            self.effects.push(Effect::Tell(said));
        }
    }
}

/// Entries in the same order, in parts that a message carries.
fn in_parts(entries: Vec<PresenceEntry>) -> Vec<Vec<PresenceEntry>> {
    let mut parts: Vec<Vec<PresenceEntry>> = Vec::new();
    let mut bytes = TOLD_AT_ONCE;
    for entry in entries {
        bytes += 40 + entry.state.as_ref().map_or(0, String::len);
        match parts.last_mut() {
            Some(part) if bytes < TOLD_AT_ONCE => part.push(entry),
            Some(_) | None => {
                bytes = 0;
                parts.push(vec![entry]);
            }
        }
    }
    parts
}
