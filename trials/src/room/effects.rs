//! What a room asks for: performed as its task would, and checked.

use std::collections::BTreeSet;

use bytes::Bytes;
use convene::document::verify_snapshot;
use convene::ids::SessionId;
use convene::room::effect::Effect;
use convene::room::input::Input;
use convene_protocol::awareness;
use convene_protocol::frame::{ServerMessage, SyncStatus};

use super::{Seat, Stage, load};
use crate::dice::Dice;
use crate::finding::{Finding, must};
use crate::presence::session_number;

/// In so many of a hundred cases a session's queue does not take an update.
const FULL_PERCENT: usize = 5;

impl Stage {
    pub(super) fn perform(&mut self, dice: &mut Dice, effects: Vec<Effect>) -> Result<(), Finding> {
        let mut behind = BTreeSet::new();
        for effect in effects {
            match effect {
                Effect::Send { to, message } => self.receive(to, message)?,
                Effect::Broadcast { to, update } => {
                    self.check_committed(&update)?;
                    for session in to {
                        if self.show(dice, session, &update)? {
                            behind.insert(session);
                        }
                    }
                }
                Effect::BroadcastPresence { update, .. } => check_presence(&update)?,
                Effect::Append { rows, .. } => {
                    must!(self.under_way.is_none(), "two appends at once");
                    must!(!rows.is_empty(), "an append of nothing");
                    self.under_way = Some(rows);
                }
                Effect::WriteSnapshot { seq, bytes } => {
                    must!(verify_snapshot(&bytes), "a snapshot that cannot be read");
                    self.check_committed(&bytes)?;
                    self.snapshots.push_back(seq);
                }
                Effect::Refuse { session, .. } | Effect::Disconnect { session, .. } => {
                    self.end(session);
                }
                Effect::TellAccess { .. } => {}
                Effect::Quarantine { reason, .. } => {
                    return Err(Finding::Broken(format!("quarantined: {reason}")));
                }
                Effect::TryAgain {
                    session,
                    update,
                    attempt,
                } => {
                    let input = Input::TriedAgain {
                        session,
                        update,
                        attempt,
                    };
                    self.handle(dice, input)?;
                }
                Effect::Rebuild
                | Effect::EndPlan
                | Effect::End
                | Effect::Tell(_)
                | Effect::ReadRows { .. }
                | Effect::Reply { .. } => {
                    return Err(Finding::Broken(format!("{effect:?} for no reason")));
                }
            }
        }
        for session in behind {
            self.handle(dice, Input::FellBehind { session })?;
        }
        // Now, not at each status: the status of a refusal that is about no update comes before it.
        for (number, seat) in self.seats.iter().filter(|(_, seat)| seat.is_live) {
            must!(seat.owed >= 0, "session {number} had a status for nothing");
        }
        Ok(())
    }

    fn seat(&mut self, session: SessionId) -> Option<&mut Seat> {
        let is_theirs = |(number, _): &(&usize, &mut Seat)| session_number(**number) == session;
        self.seats.iter_mut().find(is_theirs).map(|(_, seat)| seat)
    }

    fn end(&mut self, session: SessionId) {
        if let Some(seat) = self.seat(session) {
            seat.is_live = false;
        }
    }

    fn receive(&mut self, to: SessionId, message: ServerMessage) -> Result<(), Finding> {
        match message {
            ServerMessage::SyncStep2(update) => {
                self.check_committed(&update)?;
                if let Some(seat) = self.seat(to) {
                    seat.received.push(update);
                }
            }
            ServerMessage::SyncStatus(status) => {
                self.was_refused |= status == SyncStatus::NotApplied;
                let Some(seat) = self.seat(to) else {
                    return Ok(());
                };
                seat.owed -= 1;
            }
            ServerMessage::Awareness(update) => check_presence(&update)?,
            ServerMessage::Stateless(text) => {
                let json = serde_json::from_str::<serde::de::IgnoredAny>(&text);
                must!(json.is_ok(), "a notification that is no JSON: {text}");
            }
            ServerMessage::SyncStep1(_)
            | ServerMessage::Update(_)
            | ServerMessage::QueryAwareness
            | ServerMessage::Authenticated(_)
            | ServerMessage::PermissionDenied(_)
            | ServerMessage::AskToken
            | ServerMessage::Close(_)
            | ServerMessage::Keepalive => {}
        }
        Ok(())
    }

    /// Puts an update into a session's queue; whether it is full.
    fn show(
        &mut self,
        dice: &mut Dice,
        session: SessionId,
        update: &Bytes,
    ) -> Result<bool, Finding> {
        let is_full = dice.percent(FULL_PERCENT);
        let Some(seat) = self.seat(session) else {
            return Err(Finding::broken("an update for somebody who is gone"));
        };
        if is_full || seat.is_behind {
            seat.is_behind = true;
            return Ok(true);
        }
        seat.received.push(update.clone());
        Ok(false)
    }

    /// Nobody sees what is not in the journal.
    fn check_committed(&self, update: &[u8]) -> Result<(), Finding> {
        let contains = load(&self.journal)?.contains(update);
        must!(
            matches!(contains, Ok(true)),
            "shown before it is committed: {contains:?} for {update:02x?}"
        );
        Ok(())
    }
}

fn check_presence(update: &[u8]) -> Result<(), Finding> {
    let read = awareness::decode(update);
    must!(read.is_ok(), "presence that cannot be read: {read:?}");
    Ok(())
}
