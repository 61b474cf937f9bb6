//! Bugs put in on purpose, where they would be seen from outside: the oracle must find each.

use bytes::Bytes;
use convene::ids::SessionId;
use convene::room::core::RoomCore;
use convene::room::effect::Effect;
use convene_protocol::awareness;
use convene_protocol::frame::{ServerMessage, SyncStatus};

/// Which bug is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sabotage {
    None,
    /// An update is acknowledged when it is taken.
    EarlyAcknowledgement,
    /// Updates are shown when their append begins.
    EarlyBroadcast,
    /// A sync step 2 does not wait for what it holds.
    EarlyStep2,
    /// A snapshot replaces whatever is there.
    NoSnapshotFence,
    /// A room that is loading has no sessions yet and is forgotten for it.
    UnloadDuringLoad,
    /// Whose a client id is, is not remembered.
    ReusedClientId,
    /// That somebody left is not sent on.
    LostRemoval,
}

/// What the room was just told, as far as a bug depends on it.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    Step1 { session: SessionId, vector: Bytes },
    Updated { session: SessionId },
    Other,
}

impl Sabotage {
    /// The effects as a room with this bug and these `sessions` would have them.
    pub(crate) fn rewrite(
        self,
        told: &Told,
        core: &RoomCore,
        sessions: &[SessionId],
        effects: Vec<Effect>,
    ) -> Vec<Effect> {
        match self {
            Self::None | Self::NoSnapshotFence | Self::UnloadDuringLoad | Self::ReusedClientId => {
                effects
            }
            Self::EarlyAcknowledgement => acknowledge_early(told, effects),
            Self::EarlyBroadcast => broadcast_early(sessions, effects),
            Self::EarlyStep2 => answer_early(told, core, effects),
            Self::LostRemoval => effects.into_iter().filter_map(without_removals).collect(),
        }
    }
}

fn is_send(effect: &Effect, to: SessionId, matches: impl Fn(&ServerMessage) -> bool) -> bool {
    if let Effect::Send { to: other, message } = effect {
        *other == to && matches(message)
    } else {
        false
    }
}

fn acknowledge_early(told: &Told, mut effects: Vec<Effect>) -> Vec<Effect> {
    let is_applied =
        |message: &ServerMessage| *message == ServerMessage::SyncStatus(SyncStatus::Applied);
    let Told::Updated { session } = told else {
        // What was acknowledged early is not acknowledged again.
        effects.retain(
            |effect| !matches!(effect, Effect::Send { message, .. } if is_applied(message)),
        );
        return effects;
    };
    let is_status = |message: &ServerMessage| matches!(message, ServerMessage::SyncStatus(_));
    if effects
        .iter()
        .all(|effect| !is_send(effect, *session, is_status))
    {
        effects.push(Effect::Send {
            to: *session,
            message: ServerMessage::SyncStatus(SyncStatus::Applied),
        });
    }
    effects
}

fn broadcast_early(sessions: &[SessionId], effects: Vec<Effect>) -> Vec<Effect> {
    let mut out = Vec::new();
    for effect in effects {
        if let Effect::Append { rows, .. } = &effect {
            out.extend(rows.iter().map(|row| Effect::Broadcast {
                to: sessions.to_vec(),
                update: row.update.clone(),
            }));
        }
        out.push(effect);
    }
    out
}

fn answer_early(told: &Told, core: &RoomCore, mut effects: Vec<Effect>) -> Vec<Effect> {
    if let Told::Step1 { session, vector } = told
        && effects.iter().any(|effect| {
            is_send(effect, *session, |message| {
                matches!(message, ServerMessage::SyncStep1(_))
            })
        })
        && let Ok(update) = core.replica().diff(vector)
    {
        effects.push(Effect::Send {
            to: *session,
            message: ServerMessage::SyncStep2(update),
        });
    }
    effects
}

fn without_removals(effect: Effect) -> Option<Effect> {
    let Effect::BroadcastPresence { to, update } = effect else {
        return Some(effect);
    };
    let entries = awareness::decode(&update).unwrap();
    let here: Vec<_> = entries
        .iter()
        .filter(|entry| entry.state.is_some())
        .map(|entry| (entry.client_id, entry.clock, entry.state))
        .collect();
    (!here.is_empty()).then(|| Effect::BroadcastPresence {
        to,
        update: awareness::encode(here),
    })
}
