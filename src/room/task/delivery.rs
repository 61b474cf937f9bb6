//! Frames on their way to sessions: encoded once per room, queued without waiting.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use convene_protocol::control::document::Reset;
use convene_protocol::control::notify;
use convene_protocol::error_code::{Dialect, ErrorCode};
use convene_protocol::frame::{Scope, ServerMessage};
use convene_protocol::hocuspocus;

use super::RoomTask;
use crate::auth::access::Grant;
use crate::ids::SessionId;
use crate::room::handle::Seat;
use crate::room::outbox::Ending;

/// One message of a room in every form its sessions need.
struct Encoded {
    body: Bytes,
    /// By address: nearly always one, since only session-aware clients have their own.
    addressed: HashMap<String, Bytes>,
}

impl Encoded {
    fn new(message: &ServerMessage) -> Option<Self> {
        message.body().map(|body| Self {
            body,
            addressed: HashMap::new(),
        })
    }

    fn for_seat(&mut self, seat: &Seat) -> Bytes {
        let Some(address) = &seat.address else {
            return self.body.clone();
        };
        if let Some(frame) = self.addressed.get(address.as_str()) {
            return frame.clone();
        }
        let frame = hocuspocus::with_address(address, &self.body);
        self.addressed
            .insert(address.as_str().to_owned(), frame.clone());
        frame
    }
}

impl RoomTask {
    pub(super) fn send(&self, to: SessionId, message: &ServerMessage) {
        if let Some(seat) = self.seats.get(&to) {
            seat.answer(message);
        }
    }

    /// Whether so much waits for the session's socket that what is large must wait until it has drained.
    pub(super) fn is_put_off(&self, session: SessionId) -> bool {
        self.seats
            .get(&session)
            .is_some_and(|seat| seat.outbox.put_off(session))
    }

    /// Queues `update` for every session, and names those whose queue did not take it.
    pub(super) fn broadcast(&self, to: &[SessionId], update: Bytes) -> Vec<SessionId> {
        let Some(mut encoded) = Encoded::new(&ServerMessage::Update(update)) else {
            return Vec::new();
        };
        let mut behind = Vec::new();
        for session in to {
            let Some(seat) = self.seats.get(session) else {
                continue;
            };
            if seat
                .outbox
                .push_update(*session, encoded.for_seat(seat))
                .is_err()
            {
                behind.push(*session);
            }
        }
        metrics::counter!("convene_updates_sent_total").increment((to.len() - behind.len()) as u64);
        if !behind.is_empty() {
            metrics::counter!("convene_sessions_behind_total").increment(behind.len() as u64);
        }
        behind
    }

    pub(super) fn broadcast_presence(&self, to: &[SessionId], update: Bytes) {
        let Some(mut encoded) = Encoded::new(&ServerMessage::Awareness(update)) else {
            return;
        };
        for seat in to
            .iter()
            .filter_map(|session| Some((*session, self.seats.get(session)?)))
        {
            let (session, seat) = seat;
            // Whoever cannot take it is marked as behind and gets everybody's presence later.
            seat.outbox
                .push_presence(session, encoded.for_seat(seat))
                .ok();
        }
    }

    /// Ends the replica behind a session. A Hocuspocus client is told on its address and may open
    /// the document anew on the same socket; a y-websocket client only understands a close.
    pub(super) fn refuse(&self, session: SessionId, code: ErrorCode, say: String) {
        metrics::counter!("convene_refusals_total", "code" => code.as_str()).increment(1);
        tracing::info!(
            plan.id = %self.plan, session.id = %session, code = code.as_str(), say,
            "refused session {session} of plan {}", self.plan
        );
        let grant = self.grants.get(&session);
        if let Some(grant) = grant {
            self.shared.note_refusal(grant, (code, &say));
        }
        let Some(seat) = self.seats.get(&session) else {
            return;
        };
        seat.refused.store(true, Ordering::Release);
        match seat.dialect() {
            Dialect::YWebsocket => seat.outbox.end(Ending::new(code, say)),
            Dialect::Hocuspocus => {
                let document = grant.map_or_else(|| self.plan.into(), Grant::document);
                let reset = Reset {
                    plan: document.to_string(),
                    code,
                    say: say.clone(),
                };
                seat.answer(&ServerMessage::Stateless(notify(&reset)));
                seat.answer(&ServerMessage::PermissionDenied(say));
            }
        }
    }

    pub(super) fn disconnect(&self, session: SessionId, code: ErrorCode, say: String) {
        metrics::counter!("convene_disconnects_total", "code" => code.as_str()).increment(1);
        if let Some(seat) = self.seats.get(&session) {
            seat.outbox.end(Ending::new(code, say));
        }
    }

    pub(super) fn tell_access(&self, session: SessionId, scope: Scope) {
        self.send(session, &ServerMessage::Authenticated(scope));
    }
}
