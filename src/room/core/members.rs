//! The sessions in a room: what each may do and how far it was sent the document.

use std::collections::BTreeMap;

use convene_protocol::control::member::Changed;
use convene_protocol::control::notify;
use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::{Scope, ServerMessage};

use crate::auth::access::{Grant, Role};
use crate::clock::Timestamp;
use crate::document::StateVector;
use crate::ids::{SessionId, UserId};
use crate::room::core::RoomCore;
use crate::room::effect::Effect;
use crate::room::input::Joined;

/// One session.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) grant: Grant,
    pub(super) name: String,
    pub(super) delivery: Delivery,
    /// Steps 1 it was sent and has not answered with a step 2.
    answers_due: u32,
    /// When updates of this session were turned away for a hole, within the last minute.
    pub(super) rejects: Vec<Timestamp>,
    /// Its replica cannot be accepted any more: what it still sends is not looked at.
    pub(super) refused: bool,
}

/// How a session gets what is committed.
#[derive(Debug)]
pub(super) enum Delivery {
    /// It has not asked yet, or its first sync step 2 waits for a commit.
    Unsynced,
    /// It is sent every update.
    Live,
    /// Its queue was full: it is sent nothing until it has drained, then one sync step 2 from here.
    Behind(StateVector),
}

/// Every session of the room.
#[derive(Debug, Default)]
pub(super) struct Members(BTreeMap<SessionId, Member>);

impl Members {
    pub(super) fn insert(&mut self, joined: Joined) {
        let member = Member {
            grant: joined.grant,
            name: joined.name,
            delivery: Delivery::Unsynced,
            answers_due: 0,
            rejects: Vec::new(),
            refused: false,
        };
        self.0.insert(joined.session, member);
    }

    pub(super) fn remove(&mut self, session: SessionId) {
        self.0.remove(&session);
    }

    pub(super) fn get(&self, session: SessionId) -> Option<&Member> {
        self.0.get(&session)
    }

    pub(super) fn get_mut(&mut self, session: SessionId) -> Option<&mut Member> {
        self.0.get_mut(&session)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn all(&self) -> Vec<SessionId> {
        self.0.keys().copied().collect()
    }

    /// How `session` has named the document, for what it is told of it.
    pub(super) fn name_for(&self, session: SessionId) -> String {
        let member = self.0.get(&session);
        member.map_or_else(String::new, |member| member.grant.document().to_string())
    }

    pub(super) fn of(&self, user: UserId) -> Vec<SessionId> {
        let is_theirs = |member: &Member| member.grant.user() == user;
        self.0
            .iter()
            .filter(|(_, member)| is_theirs(member))
            .map(|(session, _)| *session)
            .collect()
    }

    /// Whose each session is, with what it may do: sessions of one user may have come with different
    /// roles.
    pub(super) fn roles(&self) -> impl Iterator<Item = (UserId, Role)> {
        let role = |member: &Member| (member.grant.user(), member.grant.role());
        self.0.values().map(role)
    }

    /// Who is sent what happens. Not those whose replica was refused: some of them are members no
    /// more, and the others load the document anew.
    pub(super) fn live(&self) -> Vec<SessionId> {
        let live = |member: &Member| matches!(member.delivery, Delivery::Live) && !member.refused;
        self.0
            .iter()
            .filter(|(_, member)| live(member))
            .map(|(session, _)| *session)
            .collect()
    }

    pub(super) fn is_refused(&self, session: SessionId) -> bool {
        self.0.get(&session).is_some_and(|member| member.refused)
    }

    /// `session` is sent a step 1, which a client answers with a step 2.
    pub(super) fn asks(&mut self, session: SessionId) {
        if let Some(member) = self.0.get_mut(&session) {
            member.answers_due = member.answers_due.saturating_add(1);
        }
    }

    /// `session` sent a step 2.
    pub(super) fn answered(&mut self, session: SessionId) {
        if let Some(member) = self.0.get_mut(&session) {
            member.answers_due = member.answers_due.saturating_sub(1);
        }
    }

    /// How many steps 2 of `session` are on their way.
    pub(super) fn answers_due(&self, session: SessionId) -> u32 {
        self.0.get(&session).map_or(0, |member| member.answers_due)
    }

    /// An answer that waited for a commit is on its way to `session`: it gets updates from now on.
    pub(super) fn settle_sync(&mut self, session: SessionId) {
        if let Some(member) = self.0.get_mut(&session)
            && matches!(member.delivery, Delivery::Unsynced)
        {
            member.delivery = Delivery::Live;
        }
    }
}

impl RoomCore {
    /// Brings every session of `user` to its new role, without waiting for it to ask.
    pub(super) fn change_role(&mut self, user: UserId, role: Option<Role>) {
        for session in self.members.of(user) {
            let changed = notify(&Changed {
                plan: self.members.name_for(session),
                role: role.map(|role| role.to_string()),
            });
            self.send(session, ServerMessage::Stateless(changed));
            let Some(role) = role else {
                let say = "you are no longer a member of this plan; ask its owner".to_owned();
                self.end_replica(session, ErrorCode::Forbidden, say);
                continue;
            };
            let Some(member) = self.members.get_mut(session) else {
                continue;
            };
            member.grant = member.grant.with_role(role);
            let writes = member.grant.write().is_some();
            let scope = if writes {
                Scope::ReadWrite
            } else {
                Scope::ReadOnly
            };
            self.effects.push(Effect::TellAccess { session, scope });
        }
    }

    /// Accepts nothing more from a session and shows it nothing more; others see it leave.
    pub(super) fn end_replica(&mut self, session: SessionId, code: ErrorCode, say: String) {
        if let Some(member) = self.members.get_mut(session) {
            member.refused = true;
        }
        self.hash_watch.forget(session);
        self.deferred.forget(session);
        self.presence.leave(session);
        self.effects.push(Effect::Refuse { session, code, say });
    }
}
