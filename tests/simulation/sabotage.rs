//! Bugs put in on purpose, where they would be seen from outside: the oracle must find each.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use convene::auth::access::{Grant, Role};
use convene::auth::principal::Actor;
use convene::ids::SessionId;
use convene::relay::envelope::{Batch, Said};
use convene::room::core::RoomCore;
use convene::room::effect::Effect;
use convene::room::input::{Attempt, Elsewhere, Input, UpdateKind};
use convene::storage::journal::{Epoch, Seq};
use convene_protocol::awareness::{self, Entry};
use convene_protocol::control::document::Hash;
use convene_protocol::control::notify;
use convene_protocol::frame::{ServerMessage, SyncStatus};

use crate::edits;

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
    /// That somebody came is not sent on.
    LostArrival,
    /// Updates are not acknowledged.
    LostStatus,
    /// A status goes to whoever sent no update.
    StatusForNothing,
    /// What a full outbox did not take is forgotten.
    ForgottenBehind,
    /// Updates are shown to nobody.
    LostBroadcast,
    /// A snapshot holds a row more than it says.
    SnapshotOfMore,
    /// A hash is sent of what is not committed.
    EarlyHash,
    /// Every role may write.
    EverybodyWrites,
    /// A room is not told of a new role, by nobody.
    LostRoleChange,
    /// The rows of an append are in reverse.
    ReversedRows,
    /// Which appends were committed, is not remembered.
    ForgottenAppends,
    /// A decision counts whatever happened to its proposal meanwhile.
    StaleDecision,
    /// A load leaves out its first row.
    SkippedRow,
    /// Every update is answered with a step 1, which is answered with an update.
    EndlessAnswers,
    /// A room panics over a second load.
    Panic,
    /// A room never finds itself idle.
    NeverIdle,
    /// What a room has missed is neither read nor found by comparing.
    NoGapRepair,
    /// Other nodes are told of rows when their append begins.
    EarlyTell,
    /// That a node is gone is not noticed.
    LostNodeGone,
    /// Comparing with the database leaves out who may do what.
    SkippedAccess,
    /// Rows that do not come next are taken as if they did.
    JumpTaken,
    /// What waited for its client's answer is not tried again.
    ForgottenDeferred,
    /// What waited for its client's answer is acknowledged as it came.
    DeferredAcknowledged,
}

/// What the room was just told, as far as a bug depends on it.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    Step1 { session: SessionId, vector: Bytes },
    Updated { session: SessionId },
    Other,
}

impl Sabotage {
    /// Changes an input to what a room with this bug hears.
    pub(crate) fn mishear(self, input: &mut Input, core: &RoomCore) {
        if let Input::Joined(joined) = input
            && self == Self::EverybodyWrites
        {
            let (plan, user) = (joined.grant.plan(), joined.grant.user());
            joined.grant = Grant::new(plan.into(), Actor::person(user), Role::Editor);
        }
        let Input::Elsewhere(Elsewhere::Committed(batch)) = input else {
            return;
        };
        if self == Self::JumpTaken && batch.first > core.head() {
            batch.first = Seq(core.head().0 + 1);
        }
        if self == Self::ReusedClientId {
            batch.owners.clear();
        }
    }

    /// Whether a look leaves out who may do what.
    pub(crate) fn skips_access(self) -> bool {
        matches!(self, Self::SkippedAccess | Self::LostRoleChange)
    }

    /// The effects as a room with this bug and these `sessions` would have them.
    pub(crate) fn rewrite(
        self,
        told: &Told,
        core: &RoomCore,
        sessions: &[SessionId],
        effects: Vec<Effect>,
    ) -> Vec<Effect> {
        match self {
            Self::None
            | Self::NoSnapshotFence
            | Self::UnloadDuringLoad
            | Self::ReusedClientId
            | Self::ForgottenBehind
            | Self::EverybodyWrites
            | Self::LostRoleChange
            | Self::ForgottenAppends
            | Self::StaleDecision
            | Self::SkippedRow
            | Self::NeverIdle
            | Self::NoGapRepair
            | Self::LostNodeGone
            | Self::SkippedAccess
            | Self::JumpTaken => effects,
            Self::ForgottenDeferred => without(effects, is_tried_in_turn),
            Self::DeferredAcknowledged => effects.into_iter().map(acknowledge_deferred).collect(),
            Self::EarlyTell => tell_early(core, effects),
            Self::EarlyAcknowledgement => acknowledge_early(told, effects),
            Self::EarlyBroadcast => broadcast_early(sessions, effects),
            Self::EarlyStep2 => answer_early(told, core, effects),
            Self::LostRemoval => only_presence(effects, |entry| entry.state.is_some()),
            Self::LostArrival => only_presence(effects, |entry| entry.state.is_none()),
            Self::LostStatus => without(effects, is_applied),
            Self::StatusForNothing => send_for_nothing(told, effects),
            Self::LostBroadcast => {
                without(effects, |effect| matches!(effect, Effect::Broadcast { .. }))
            }
            Self::SnapshotOfMore => effects.into_iter().map(name_row_before).collect(),
            Self::EarlyHash => hash_early(told, core, effects),
            Self::ReversedRows => effects.into_iter().map(reverse_rows).collect(),
            Self::EndlessAnswers => ask_always(told, effects),
            Self::Panic => {
                let loads_again = |effect: &Effect| matches!(effect, Effect::Rebuild);
                assert!(!effects.iter().any(loads_again), "on purpose");
                effects
            }
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

fn is_applied(effect: &Effect) -> bool {
    let applied = ServerMessage::SyncStatus(SyncStatus::Applied);
    matches!(effect, Effect::Send { message, .. } if *message == applied)
}

fn without(mut effects: Vec<Effect>, is_lost: impl Fn(&Effect) -> bool) -> Vec<Effect> {
    effects.retain(|effect| !is_lost(effect));
    effects
}

fn is_tried_in_turn(effect: &Effect) -> bool {
    let in_turn = |attempt: &Attempt| attempt.answered && attempt.kind == UpdateKind::Change;
    matches!(effect, Effect::TryAgain { attempt, .. } if in_turn(attempt))
}

fn acknowledge_deferred(effect: Effect) -> Effect {
    if is_tried_in_turn(&effect)
        && let Effect::TryAgain { session, .. } = effect
    {
        return Effect::Send {
            to: session,
            message: ServerMessage::SyncStatus(SyncStatus::Applied),
        };
    }
    effect
}

fn acknowledge_early(told: &Told, mut effects: Vec<Effect>) -> Vec<Effect> {
    let Told::Updated { session } = told else {
        // What was acknowledged early is not acknowledged again.
        return without(effects, is_applied);
    };
    let is_status = |message: &ServerMessage| matches!(message, ServerMessage::SyncStatus(_));
    let is_settled = |effect: &Effect| {
        matches!(effect, Effect::Disconnect { .. }) || is_send(effect, *session, is_status)
    };
    if !effects.iter().any(is_settled) {
        effects.push(Effect::Send {
            to: *session,
            message: ServerMessage::SyncStatus(SyncStatus::Applied),
        });
    }
    effects
}

fn send_for_nothing(told: &Told, mut effects: Vec<Effect>) -> Vec<Effect> {
    if let Told::Step1 { session, .. } = told {
        effects.push(Effect::Send {
            to: *session,
            message: ServerMessage::SyncStatus(SyncStatus::Applied),
        });
    }
    effects
}

fn ask_always(told: &Told, mut effects: Vec<Effect>) -> Vec<Effect> {
    if let Told::Updated { session } = told {
        effects.push(Effect::Send {
            to: *session,
            message: ServerMessage::SyncStep1(Bytes::from_static(&[0])),
        });
    }
    effects
}

fn hash_early(told: &Told, core: &RoomCore, mut effects: Vec<Effect>) -> Vec<Effect> {
    if let Told::Updated { session } = told
        && let Some(hash) = edits::hash_of(core.replica())
    {
        let hash = notify(&Hash {
            plan: String::new(),
            state_vector: STANDARD.encode(core.replica().state_vector()),
            hash,
            roots: edits::roots().into_iter().collect(),
        });
        effects.push(Effect::Send {
            to: *session,
            message: ServerMessage::Stateless(hash),
        });
    }
    effects
}

fn name_row_before(mut effect: Effect) -> Effect {
    if let Effect::WriteSnapshot { seq, .. } = &mut effect {
        seq.0 -= 1;
    }
    effect
}

fn reverse_rows(mut effect: Effect) -> Effect {
    if let Effect::Append { rows, .. } = &mut effect {
        rows.reverse();
    }
    effect
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

fn tell_early(core: &RoomCore, effects: Vec<Effect>) -> Vec<Effect> {
    let mut out = Vec::new();
    for effect in effects {
        if let Effect::Append { rows, bindings } = &effect {
            let count = i64::try_from(rows.len()).unwrap();
            out.push(Effect::Tell(Said::Committed(Batch {
                epoch: Epoch(1),
                first: Seq(core.head().0 + 1),
                last: Seq(core.head().0 + count),
                updates: rows.iter().map(|row| row.update.clone()).collect(),
                owners: bindings.clone(),
            })));
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

/// The effects with only those entries of presence that are kept.
fn only_presence(effects: Vec<Effect>, is_kept: fn(&Entry<'_>) -> bool) -> Vec<Effect> {
    let keep = |effect: Effect| {
        let Effect::BroadcastPresence { to, update } = effect else {
            return Some(effect);
        };
        let entries = awareness::decode(&update).unwrap();
        let kept: Vec<_> = entries
            .iter()
            .filter(|entry| is_kept(entry))
            .map(|entry| (entry.client_id, entry.clock, entry.state))
            .collect();
        (!kept.is_empty()).then(|| Effect::BroadcastPresence {
            to,
            update: awareness::encode(kept),
        })
    };
    effects.into_iter().filter_map(keep).collect()
}
