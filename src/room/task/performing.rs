//! Performs what the core decides, in order.

use convene_protocol::frame::ServerMessage;

use super::RoomTask;
use crate::room::core::RoomCore;
use crate::room::effect::Effect;
use crate::room::input::Input;

/// Whether effects asked for a new replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    Nothing,
    Rebuild,
}

impl RoomTask {
    pub(super) fn perform(&mut self, core: &mut RoomCore, effects: Vec<Effect>) -> Wants {
        let mut wants = Wants::Nothing;
        let mut behind = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send {
                    to,
                    message: ServerMessage::SyncStep2(_),
                } if self.is_put_off(to) => {
                    self.feed(core, Input::CatchUpPutOff { session: to });
                }
                Effect::Send { to, message } => self.send(to, &message),
                Effect::Broadcast { mut to, update } => {
                    // A smaller update that fits must not be shown without the one before.
                    to.retain(|session| !behind.contains(session));
                    for session in self.broadcast(&to, update) {
                        behind.push(session);
                        self.feed(core, Input::FellBehind { session });
                    }
                }
                Effect::BroadcastPresence { to, update } => self.broadcast_presence(&to, update),
                Effect::Append { rows, bindings } => {
                    let append = self.append_of(rows, bindings);
                    self.begin_append(append);
                }
                Effect::Tell(said) => self.shared.relay.say(self.plan, said),
                Effect::ReadRows { after } => self.read_rows(after),
                Effect::TryAgain {
                    session,
                    update,
                    attempt,
                } => self.apply(
                    core,
                    Input::TriedAgain {
                        session,
                        update,
                        attempt,
                    },
                ),
                Effect::Reply { ticket, reply } => self.reply(ticket, reply),
                Effect::WriteSnapshot { seq, bytes } => self.write_snapshot(seq, bytes),
                Effect::Quarantine {
                    update,
                    author,
                    session,
                    reason,
                } => {
                    self.shared.poison.add(&update);
                    self.quarantine_update(update, author, session, reason);
                }
                Effect::Refuse { session, code, say } => self.refuse(session, code, say),
                Effect::Disconnect { session, code, say } => self.disconnect(session, code, say),
                Effect::TellAccess { session, scope } => self.tell_access(session, scope),
                Effect::Rebuild => wants = Wants::Rebuild,
                Effect::EndPlan => self.end_plan(),
                Effect::End => self.ending = true,
            }
        }
        wants
    }
}
