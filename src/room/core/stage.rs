//! What the core's own tests share: a room to begin with, who comes in, and what was said.

use bytes::Bytes;
use convene_protocol::frame::{ServerMessage, SyncStatus};

use super::{RoomCore, Start};
use crate::auth::access::{Grant, Role};
use crate::auth::principal::Actor;
use crate::clock::{Clock, Timestamp};
use crate::document::{Replica, Stored};
use crate::ids::{PlanId, SessionId, UserId};
use crate::room::effect::Effect;
use crate::room::input::{Input, Joined, UpdateKind};
use crate::storage::journal::{Committed, Epoch, Seq};

/// What a room of `plan` starts from whose journal has these rows.
pub(super) fn start(plan: PlanId, rows: &[&[u8]]) -> Start {
    let stored = Stored {
        snapshot: None,
        rows: rows.to_vec(),
        bindings: Vec::new(),
    };
    Start {
        plan,
        epoch: Epoch(1),
        replica: Replica::load(&stored).replica,
        head: Seq(i64::try_from(rows.len()).unwrap()),
        snapshot_seq: Seq(0),
        bytes: rows.iter().map(|row| row.len()).sum(),
        epoch_marker: None,
    }
}

/// Somebody comes in and syncs.
pub(super) fn join(core: &mut RoomCore, now: Timestamp, role: Role) -> SessionId {
    let clock = Clock::system();
    let session = SessionId::generate(&clock);
    let joined = Joined {
        session,
        grant: Grant::new(
            core.plan.into(),
            Actor::person(UserId::generate(&clock)),
            role,
        ),
        name: "Ada".to_owned(),
    };
    core.handle(now, Input::Joined(joined));
    let state_vector = Bytes::from_static(&[0]);
    core.handle(
        now,
        Input::SyncStep1 {
            session,
            state_vector,
        },
    );
    session
}

/// A change by `session`.
pub(super) fn updated(session: SessionId, update: Bytes) -> Input {
    let kind = UpdateKind::Change;
    Input::Updated {
        session,
        update,
        kind,
    }
}

/// The row `seq` is committed.
pub(super) fn appended(seq: i64) -> Input {
    let (first, last) = (Seq(seq), Seq(seq));
    let committed = Committed { first, last };
    Input::Appended { committed }
}

/// What an effect that has an update tried again is to the room.
pub(super) fn tried_again(effect: &Effect) -> Option<Input> {
    if let Effect::TryAgain {
        session,
        update,
        attempt,
    } = effect
    {
        return Some(Input::TriedAgain {
            session: *session,
            update: update.clone(),
            attempt: *attempt,
        });
    }
    None
}

/// The statuses that were sent, in order.
pub(super) fn statuses(effects: &[Effect]) -> Vec<SyncStatus> {
    let mut statuses = Vec::new();
    for effect in effects {
        if let Effect::Send {
            message: ServerMessage::SyncStatus(status),
            ..
        } = effect
        {
            statuses.push(*status);
        }
    }
    statuses
}
