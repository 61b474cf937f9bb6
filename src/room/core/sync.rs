//! The sync exchange: state vectors in, updates in, and what each is answered with.

use bytes::Bytes;
use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::{ServerMessage, SyncStatus};

use crate::auth::access::{Grant, WriteAccess};
use crate::auth::principal::PrincipalKind;
use crate::clock::Timestamp;
use crate::document::{Applied, Refusal, StateVector};
use crate::ids::{DocumentId, SessionId};
use crate::room::core::RoomCore;
use crate::room::core::backlog::Row;
use crate::room::core::members::Delivery;
use crate::room::effect::Effect;
use crate::room::input::{Attempt, UpdateKind};
use crate::storage::journal::{NewRow, Origin};

/// What a window of rejects is counted over, in microseconds.
const MINUTE: i64 = 60_000_000;

/// Clients that a state vector may name beyond those that have written here.
const OTHER_CLIENTS_MAX: usize = 64;
/// What who has an older line of a plan's history is told.
pub(super) const NEW_EPOCH: &str = "this plan's history has begun anew since; reload the document";

/// What somebody is told whose edit was refused for who they are.
const fn may_not_write(grant: &Grant) -> &'static str {
    match (grant.document(), grant.kind()) {
        (DocumentId::Draft { .. }, PrincipalKind::Person | PrincipalKind::Agent) => {
            "you may read this draft and not edit it: it is another's, or its proposal is settled"
        }
        (DocumentId::Plan(_), PrincipalKind::Agent) => {
            "an agent does not edit a plan: propose the change, and edit its draft"
        }
        (DocumentId::Plan(_), PrincipalKind::Person) => {
            "your role in this plan does not allow edits; ask its owner"
        }
    }
}

impl RoomCore {
    /// Answers with this room's own step 1 and with what the client lacks. The step 1 goes out at
    /// once, since it names only what is committed; the step 2 may hold more and waits.
    pub(super) fn answer_sync_step1(&mut self, session: SessionId, state_vector: &Bytes) {
        let Some(member) = self.members.get(session) else {
            return;
        };
        if member.refused {
            return;
        }
        let first = matches!(member.delivery, Delivery::Unsynced);
        if self.has_no_room_for(session) {
            return;
        }
        if self.is_of_another_epoch(state_vector) {
            return self.refuse(session, ErrorCode::Conflict, NEW_EPOCH.to_owned());
        }
        match self.replica.diff(state_vector) {
            Ok(update) => {
                let message = ServerMessage::SyncStep1(self.committed.encode());
                self.effects.push(Effect::Send {
                    to: session,
                    message,
                });
                self.members.asks(session);
                self.send_step2(session, update);
                if first {
                    self.send_presence(session);
                }
            }
            Err(refusal) => self.refuse_for(session, &Bytes::new(), refusal),
        }
    }

    /// Turns a session away for whose answers there is no room while the database is away.
    fn has_no_room_for(&mut self, session: SessionId) -> bool {
        let is_full = self.backlog.is_holding_too_much();
        if is_full {
            self.turn_away(session);
        }
        is_full
    }

    /// Has a session come back later: its client keeps its edits.
    pub(super) fn turn_away(&mut self, session: SessionId) {
        self.effects.push(Effect::Disconnect {
            session,
            code: ErrorCode::Unavailable,
            say: "edits cannot be saved at the moment; keep this page open".to_owned(),
        });
    }

    /// Sends a sync step 2 once all of it is committed; the session is live from then on.
    fn send_step2(&mut self, session: SessionId, update: Bytes) {
        let message = ServerMessage::SyncStep2(update);
        if let Some(effect) = self.backlog.hold(Effect::Send {
            to: session,
            message,
        }) {
            self.effects.push(effect);
            self.members.settle_sync(session);
        }
    }

    /// A client that has synced before, but not in this epoch: it knows clients that have written to this
    /// plan, maybe in a line of history that is over, and not the marker that every state vector of the
    /// epoch holds.
    fn is_of_another_epoch(&self, state_vector: &Bytes) -> bool {
        let Some(marker) = self.epoch_marker else {
            return false;
        };
        // A vector that cannot be read is refused by the diff that follows.
        let clients = self.committed.now().len() + self.replica.clients() + OTHER_CLIENTS_MAX;
        StateVector::decode(state_vector, clients).is_ok_and(|theirs| {
            let is_known =
                |client| self.committed.now().get(client) > 0 || self.replica.has_heard_of(client);
            theirs.get(marker) == 0 && theirs.iter().any(|(client, _)| is_known(client))
        })
    }

    /// Takes an update in, or says why not. Either way the client hears one status.
    pub(super) fn accept_update(
        &mut self,
        now: Timestamp,
        session: SessionId,
        (attempt, update): (Attempt, &Bytes),
    ) {
        let Some(member) = self.members.get(session) else {
            return;
        };
        if member.refused {
            return self.send(session, ServerMessage::SyncStatus(SyncStatus::NotApplied));
        }
        let access = member.grant.write();
        if self.waits_its_turn(now, session, (attempt, update)) {
            return;
        }
        match access {
            Some(access) if !self.size.is_full() => {
                self.apply(now, session, access, (attempt, update));
            }
            Some(_) | None => self.accept_nothing_new(now, session, (attempt, update)),
        }
    }

    /// Who may not write still answers a step 1 with what it has: fine, as long as it is known.
    fn accept_nothing_new(
        &mut self,
        now: Timestamp,
        session: SessionId,
        (attempt, update): (Attempt, &Bytes),
    ) {
        match self.replica.contains(update) {
            Ok(true) => self.acknowledge(session, attempt),
            // Yjs tidies the formats of a text by itself, also for whoever only reads. Nothing is lost
            // when that is not taken, and everybody else does the same.
            Ok(false) if self.replica.deletes_only_formats(update).unwrap_or(false) => {
                self.pass_over(session, attempt);
            }
            Ok(false) if self.defers_to_journal(now, session, (attempt, update)) => {}
            Ok(false) if self.size.is_full() => self.refuse(
                session,
                ErrorCode::TooLarge,
                "this plan has reached its size limit and is read-only; ask whoever runs this \
                 server to raise CONVENE_DOCUMENT_BYTES_MAX"
                    .to_owned(),
            ),
            Ok(false) => {
                let say = self.members.get(session).map(|it| may_not_write(&it.grant));
                self.refuse(
                    session,
                    ErrorCode::Forbidden,
                    say.unwrap_or_default().to_owned(),
                );
            }
            Err(refusal) => self.refuse_for(session, update, refusal),
        }
    }

    fn apply(
        &mut self,
        now: Timestamp,
        session: SessionId,
        access: WriteAccess,
        (attempt, update): (Attempt, &Bytes),
    ) {
        if self.backlog.bytes() > self.limits.backlog_bytes_max {
            return self.turn_away(session);
        }
        match self.replica.apply(update, access.user()) {
            Ok(Applied { update: None, .. }) => self.acknowledge(session, attempt),
            Ok(Applied {
                update: Some(update),
                ends,
                first_seen,
            }) => {
                let author = access.user();
                let origin = Origin::Session(session);
                let entry = NewRow {
                    audit: None,
                    along: None,
                    update,
                    author: Some(author),
                    origin,
                    at: now,
                };
                self.backlog.push(Row {
                    asked: None,
                    entry,
                    session: Some(session),
                    author,
                    ends,
                    first_seen,
                });
                self.acknowledge(session, attempt);
            }
            Err(Refusal::Hole) => {
                if !self.defers_to_answer(now, session, (attempt, update)) {
                    self.reject(now, session, attempt);
                }
            }
            Err(Refusal::ForeignClientId(_))
                if self.defers_to_journal(now, session, (attempt, update)) => {}
            Err(refusal) => self.refuse_for(session, update, refusal),
        }
    }

    /// Says "saved" once everything up to here is.
    fn acknowledge(&mut self, session: SessionId, attempt: Attempt) {
        if attempt.kind == UpdateKind::AnswerAhead || self.has_no_room_for(session) {
            return;
        }
        let message = ServerMessage::SyncStatus(SyncStatus::Applied);
        self.when_committed(Effect::Send {
            to: session,
            message,
        });
    }

    /// Says that an update was not taken, where nothing is lost by that.
    fn pass_over(&mut self, session: SessionId, attempt: Attempt) {
        if attempt.kind != UpdateKind::AnswerAhead {
            self.send(session, ServerMessage::SyncStatus(SyncStatus::NotApplied));
        }
    }

    /// Something before this update is missing, and its client does not have it either.
    fn reject(&mut self, now: Timestamp, session: SessionId, attempt: Attempt) {
        if attempt.kind == UpdateKind::AnswerAhead {
            return;
        }
        let Some(member) = self.members.get_mut(session) else {
            return;
        };
        member
            .rejects
            .retain(|at| now.as_micros() - at.as_micros() < MINUTE);
        // One beyond the limit says it.
        if member.rejects.len() <= self.limits.rejects_per_minute as usize {
            member.rejects.push(now);
        }
        if member.rejects.len() > self.limits.rejects_per_minute as usize {
            return self.effects.push(Effect::Disconnect {
                session,
                code: ErrorCode::RateLimited,
                say: "too many updates whose predecessors are missing; reconnecting sends them"
                    .to_owned(),
            });
        }
        self.send(session, ServerMessage::SyncStatus(SyncStatus::NotApplied));
    }

    fn refuse_for(&mut self, session: SessionId, update: &Bytes, refusal: Refusal) {
        let (code, say) = match refusal {
            Refusal::Malformed(what) => {
                (ErrorCode::Malformed, format!("not a sound update: {what}"))
            }
            Refusal::Wiring(what) => (
                ErrorCode::Unprocessable,
                format!("the update would break the document: {what}"),
            ),
            Refusal::TooLarge(what) => (ErrorCode::TooLarge, format!("over a limit: {what}")),
            Refusal::ForeignClientId(client) => (
                ErrorCode::Unprocessable,
                format!("client id {client} is used by another replica; reload the document"),
            ),
            Refusal::Hole => (
                ErrorCode::Unprocessable,
                "the update builds on something this plan never had; reload the document"
                    .to_owned(),
            ),
            Refusal::Poisoned(reason) => return self.poison(session, update, reason),
        };
        self.refuse(session, code, say);
    }

    /// The replica is lost. Whoever sent the update that did it is refused; whoever only read comes
    /// back to the one that is made in its place.
    fn poison(&mut self, session: SessionId, update: &Bytes, reason: String) {
        self.poisoned = true;
        if update.is_empty() {
            return self.effects.push(Effect::Disconnect {
                session,
                code: ErrorCode::Unavailable,
                say: "the plan is being loaded again; reconnecting goes on where it was".to_owned(),
            });
        }
        if let Some(member) = self.members.get(session) {
            let author = member.grant.user();
            let update = update.clone();
            self.effects.push(Effect::Quarantine {
                update,
                author,
                session,
                reason,
            });
        }
        self.refuse_harmful(session);
    }

    pub(super) fn refuse_harmful(&mut self, session: SessionId) {
        let say = "the update would break the document".to_owned();
        self.refuse(session, ErrorCode::Unprocessable, say);
    }

    /// Ends this session's replica. The status of the refused update goes first.
    pub(super) fn refuse(&mut self, session: SessionId, code: ErrorCode, say: String) {
        self.send(session, ServerMessage::SyncStatus(SyncStatus::NotApplied));
        self.end_replica(session, code, say);
    }

    pub(super) fn send(&mut self, to: SessionId, message: ServerMessage) {
        self.effects.push(Effect::Send { to, message });
    }

    /// The session's queue is full. It has everything but the batch that is being sent, so it is
    /// sent nothing more until it has drained, and then all of it at once.
    pub(super) fn fall_behind(&mut self, session: SessionId) {
        let from = self.committed.before_last_batch();
        if let Some(member) = self.members.get_mut(session)
            && matches!(member.delivery, Delivery::Live)
        {
            member.delivery = Delivery::Behind(from);
        }
    }

    /// What the session asked for was not queued: it is sent the whole document once it has drained.
    pub(super) fn put_off(&mut self, session: SessionId) {
        if let Some(member) = self.members.get_mut(session) {
            member.delivery = Delivery::Behind(StateVector::default());
        }
    }

    /// Rows came that no session was sent: each live one is sent all of it since `shown` at once.
    pub(super) fn catch_up_all(&mut self, shown: &StateVector) {
        for session in self.members.live() {
            if let Some(member) = self.members.get_mut(session) {
                member.delivery = Delivery::Behind(shown.clone());
            }
            self.catch_up(session);
        }
    }

    /// The session has drained: one step 2 from where it fell behind, and who is here.
    pub(super) fn catch_up(&mut self, session: SessionId) {
        let Some(member) = self.members.get_mut(session) else {
            return;
        };
        if member.refused {
            return;
        }
        if let Delivery::Behind(from) = &member.delivery {
            let from = from.encode();
            member.delivery = Delivery::Unsynced;
            match self.replica.diff(&from) {
                Ok(update) => self.send_step2(session, update),
                Err(refusal) => return self.refuse_for(session, &Bytes::new(), refusal),
            }
        }
        self.send_presence(session);
    }
}
