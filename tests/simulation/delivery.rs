//! What a room is told and what it does: the seam between the core and the oracle.
//!
//! Mirrors `RoomTask::perform` and `room/task/delivery.rs`.

use std::sync::atomic::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use convene::document::StateVector;
use convene::ids::SessionId;
use convene::room::core::RoomCore;
use convene::room::effect::Effect;
use convene::room::input::{Attempt, Elsewhere, Input, UpdateKind};
use convene::storage::journal::{Append, Origin};
use convene_protocol::error_code::{Dialect, ErrorCode};
use convene_protocol::frame::{ServerMessage, SyncStatus};

use crate::hearing::Hears;
use crate::names::{name_of, name_of_elsewhere, refusal};
use crate::oracle::{Answers, Promise, Seat};
use crate::room::{Read, Room, Wants};
use crate::sabotage::{Sabotage, Told};
use crate::world::World;

/// Whose update the effects answer, if it was one.
type Cause = Option<SessionId>;

impl Room {
    /// Tells the core and performs what it decides.
    pub(crate) fn feed(&mut self, world: &mut World, core: &mut RoomCore, mut input: Input) {
        let cause = watch(world, self.serial, &input);
        world.sabotage.mishear(&mut input, core);
        let told = match &input {
            Input::SyncStep1 {
                session,
                state_vector,
            } => Told::Step1 {
                session: *session,
                vector: state_vector.clone(),
            },
            Input::Updated { session, .. } | Input::TriedAgain { session, .. } => {
                Told::Updated { session: *session }
            }
            Input::Joined(_)
            | Input::Left { .. }
            | Input::HarmfulUpdate { .. }
            | Input::FrameTooLarge { .. }
            | Input::PresenceSent { .. }
            | Input::PresenceAsked { .. }
            | Input::FellBehind { .. }
            | Input::CatchUpPutOff { .. }
            | Input::Drained { .. }
            | Input::HashWatched { .. }
            | Input::RoleChanged { .. }
            | Input::Appended { .. }
            | Input::AppendRefused { .. }
            | Input::SnapshotSettled { .. }
            | Input::Asked { .. }
            | Input::Elsewhere(_)
            | Input::RowsRead { .. }
            | Input::Ticked => Told::Other,
        };
        let is_refused = matches!(input, Input::AppendRefused { .. });
        let hears = Hears::of(&input, core);
        let effects = core.handle(world.clock.now(), input);
        self.head = core.head();
        hears.count(world, core, &effects);
        self.perform_for(world, core, (cause, &told), effects);
        if is_refused && !self.ending {
            self.check_given_up(world, core);
        }
    }

    /// Whoever waited for what will never be committed must come back to send it again.
    fn check_given_up(&self, world: &mut World, core: &RoomCore) {
        for session in world
            .watched
            .gives_up(self.serial, |session| core.has_deferred(session))
        {
            let Some(wire) = self.seats.get(&session) else {
                continue;
            };
            let is_refused = wire.seat.refused.load(Ordering::Acquire);
            let is_over = is_refused || wire.seat.outbox.ending().is_some();
            if !is_over {
                let seen = format!("{session} waits for a status that will never come");
                world.violate(Promise::OneStatusPerUpdate, seen);
            }
        }
    }

    fn is_put_off(&self, session: SessionId) -> bool {
        let wire = self.seats.get(&session);
        wire.is_some_and(|wire| wire.seat.outbox.put_off(session))
    }

    pub(crate) fn perform(
        &mut self,
        world: &mut World,
        core: &mut RoomCore,
        effects: Vec<Effect>,
    ) -> Wants {
        self.perform_for(world, core, (None, &Told::Other), effects)
    }

    fn perform_for(
        &mut self,
        world: &mut World,
        core: &mut RoomCore,
        (cause, told): (Cause, &Told),
        effects: Vec<Effect>,
    ) -> Wants {
        let sessions: Vec<SessionId> = self.seats.keys().copied().collect();
        let effects = world.sabotage.rewrite(told, core, &sessions, effects);
        let mut wants = Wants::Nothing;
        let mut behind = Vec::new();
        for effect in effects {
            world.coverage.count(name_of(&effect));
            match effect {
                Effect::Send {
                    to,
                    message: ServerMessage::SyncStep2(_),
                } if self.is_put_off(to) => {
                    self.feed(world, core, Input::CatchUpPutOff { session: to });
                }
                Effect::Send { to, message } => self.send(world, cause, to, message),
                Effect::Broadcast { mut to, update } => {
                    to.retain(|session| !behind.contains(session));
                    let full = self.broadcast(world, &to, &update);
                    let forgets = world.sabotage == Sabotage::ForgottenBehind;
                    for session in full.into_iter().filter(|_| !forgets) {
                        behind.push(session);
                        self.feed(world, core, Input::FellBehind { session });
                    }
                }
                Effect::BroadcastPresence { to, update } => self.broadcast_presence(&to, &update),
                Effect::Append { rows, bindings } => {
                    // The future of an append whose room ends in this turn is never polled.
                    if !self.ending {
                        let append = self.append_of(world, rows, bindings);
                        self.begin_append(world, append);
                    }
                }
                Effect::Tell(said) => world.say(self.node, &said),
                Effect::ReadRows { after } => {
                    if world.sabotage != Sabotage::NoGapRepair {
                        self.reading = Some(Read::Asked(after));
                    }
                }
                Effect::TryAgain {
                    session,
                    update,
                    attempt,
                } => self.feed(world, core, tried_again(session, update, attempt)),
                Effect::Reply { ticket, reply } => Self::check_reply(world, ticket, &reply),
                Effect::WriteSnapshot { seq, bytes } => self.write_snapshot(world, seq, bytes),
                Effect::Quarantine { update, .. } => {
                    world.nodes[self.node].poison.insert(update);
                }
                Effect::Refuse { session, code, say } => self.refuse(session, code, say),
                Effect::Disconnect { session, code, .. } => {
                    if cause == Some(session) {
                        world.watched.ends_over_update((self.serial, session));
                    }
                    if let Some(wire) = self.seats.get(&session) {
                        wire.end(code);
                    }
                }
                Effect::TellAccess { session, scope } => {
                    self.send(world, None, session, ServerMessage::Authenticated(scope));
                }
                Effect::Rebuild => wants = Wants::Rebuild,
                Effect::EndPlan => self.end_plan(),
                Effect::End => self.ending = true,
            }
        }
        wants
    }

    fn begin_append(&self, world: &mut World, append: Append) {
        for row in &append.rows {
            if let Origin::Session(session) = row.origin {
                let broken = world.watched.appends((self.serial, session), row.author);
                world.note(broken);
            }
        }
        world.enqueue(self.node, self.serial, append);
    }

    fn send(&mut self, world: &mut World, cause: Cause, to: SessionId, message: ServerMessage) {
        match &message {
            ServerMessage::SyncStatus(status) => {
                check_status(world, cause, (self.serial, to), *status);
            }
            ServerMessage::SyncStep2(update) | ServerMessage::Update(update) => {
                check_shown(world, update, "a sync step 2");
            }
            ServerMessage::Stateless(text) => self.check_hash(world, text),
            ServerMessage::SyncStep1(_)
            | ServerMessage::Awareness(_)
            | ServerMessage::QueryAwareness
            | ServerMessage::Authenticated(_)
            | ServerMessage::PermissionDenied(_)
            | ServerMessage::AskToken
            | ServerMessage::Close(_)
            | ServerMessage::Keepalive => {}
        }
        if let Some(wire) = self.seats.get(&to) {
            wire.answer(message);
        }
    }

    fn broadcast(&self, world: &mut World, to: &[SessionId], update: &Bytes) -> Vec<SessionId> {
        check_shown(world, update, "a broadcast");
        let seats = to
            .iter()
            .filter_map(|session| Some((session, self.seats.get(session)?)));
        seats
            .filter(|(session, wire)| wire.push_update(**session, update).is_err())
            .map(|(session, _)| *session)
            .collect()
    }

    fn broadcast_presence(&self, to: &[SessionId], update: &Bytes) {
        for session in to {
            if let Some(wire) = self.seats.get(session) {
                // Whoever cannot take it is marked as behind.
                wire.push_presence(*session, update).ok();
            }
        }
    }

    fn refuse(&self, session: SessionId, code: ErrorCode, say: String) {
        let Some(wire) = self.seats.get(&session) else {
            return;
        };
        wire.seat.refused.store(true, Ordering::Release);
        match wire.seat.dialect() {
            Dialect::YWebsocket => wire.end(code),
            Dialect::Hocuspocus => wire.answer(ServerMessage::PermissionDenied(say)),
        }
    }

    /// A content hash must be of what is committed, when the room knows all of it.
    fn check_hash(&self, world: &mut World, text: &str) {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        if value["method"] != "document.hash" || self.head != world.journal.head() {
            return;
        }
        world.coverage.count("room: sends a content hash");
        let vector = STANDARD
            .decode(value["params"]["state_vector"].as_str().unwrap())
            .unwrap();
        let vector = StateVector::decode(&vector, usize::MAX).unwrap();
        let told = value["params"]["hash"].as_str().unwrap();
        let is_true = world.true_hash().is_none_or(|hash| hash == told);
        if !world.journal.truth.is_at(&vector) || !is_true {
            world.violate(Promise::HashIsTrue, text);
        }
    }
}

/// Tells the oracle what a room is told.
fn watch(world: &mut World, serial: u64, input: &Input) -> Cause {
    let (name, cause) = match input {
        Input::Joined(joined) => {
            world.watched.joined((serial, joined.session), joined.grant);
            ("input: Joined", None)
        }
        Input::Left { session } => {
            world.watched.left((serial, *session));
            ("input: Left", None)
        }
        Input::SyncStep1 { .. } => ("input: SyncStep1", None),
        Input::Updated {
            session, update, ..
        } => {
            world.watched.updated((serial, *session), update.clone());
            ("input: Updated", Some(*session))
        }
        // Its status is owed since it came.
        Input::TriedAgain {
            session,
            update,
            attempt,
        } => {
            let seat = (serial, *session);
            if attempt.kind == UpdateKind::AnswerAhead {
                world.watched.tried_ahead(seat);
                // A refusal now is announced by a status of its own; each update has one in its turn.
                ("input: TriedAgain, ahead", None)
            } else {
                world.watched.tried_again(seat, update);
                let name = if attempt.answered {
                    "input: TriedAgain, answered"
                } else {
                    "input: TriedAgain, journal read"
                };
                (name, Some(*session))
            }
        }
        // An update that is not looked at is owed a status all the same.
        Input::HarmfulUpdate { session } => {
            world.watched.updated((serial, *session), Bytes::new());
            ("input: HarmfulUpdate", Some(*session))
        }
        Input::FrameTooLarge { session, .. } => {
            world.watched.updated((serial, *session), Bytes::new());
            ("input: FrameTooLarge", Some(*session))
        }
        Input::PresenceSent { .. } => ("input: PresenceSent", None),
        Input::PresenceAsked { .. } => ("input: PresenceAsked", None),
        Input::FellBehind { .. } => ("input: FellBehind", None),
        Input::CatchUpPutOff { .. } => ("input: CatchUpPutOff", None),
        Input::Drained { .. } => ("input: Drained", None),
        Input::HashWatched { .. } => ("input: HashWatched", None),
        Input::RoleChanged { user, role } => {
            world.watched.role_changed(serial, *user, *role);
            ("input: RoleChanged", None)
        }
        Input::Appended { .. } => ("input: Appended", None),
        Input::AppendRefused { why } => (refusal(why), None),
        Input::SnapshotSettled { covered: true, .. } => ("input: SnapshotSettled, covered", None),
        Input::SnapshotSettled { covered: false, .. } => ("input: SnapshotSettled, failed", None),
        Input::Asked { .. } => ("input: Asked", None),
        Input::Elsewhere(elsewhere) => {
            if let Elsewhere::Roles(roles) = elsewhere {
                world.watched.roles(serial, roles);
            }
            (name_of_elsewhere(elsewhere), None)
        }
        Input::RowsRead { rows: Some(_) } => ("input: RowsRead", None),
        Input::RowsRead { rows: None } => ("input: RowsRead, failed", None),
        Input::Ticked => ("input: Ticked", None),
    };
    world.coverage.count(name);
    cause
}

fn tried_again(session: SessionId, update: Bytes, attempt: Attempt) -> Input {
    Input::TriedAgain {
        session,
        update,
        attempt,
    }
}

fn check_shown(world: &mut World, update: &Bytes, what: &str) {
    if let Some(lacking) = world.journal.truth.lacks(update) {
        world.violate(Promise::ShownIsCommitted, format!("{what} shows {lacking}"));
    }
}

fn check_status(world: &mut World, cause: Cause, to: Seat, status: SyncStatus) {
    let answers = if cause == Some(to.1) {
        Answers::Newest
    } else {
        Answers::Oldest
    };
    match world.watched.status(to, status, answers) {
        Ok(Some(update)) => {
            if let Some(lacking) = world.journal.truth.lacks(&update) {
                let seen = format!("{to:?} was told of {lacking}");
                world.violate(Promise::AcknowledgedIsCommitted, seen);
            }
        }
        Ok(None) => {}
        Err(violation) => world.note(Some(violation)),
    }
}
