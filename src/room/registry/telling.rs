//! What is decided about a plan beside its document, and told to the rooms of this node and to other nodes.

use convene_protocol::error_code::ErrorCode;

use super::Registry;
use crate::auth::access::Role;
use crate::ids::{PlanId, UserId};
use crate::relay::envelope::Said;
use crate::room::comparing::Looks;
use crate::room::input::{Elsewhere, Input};
use crate::storage::journal::Epoch;

impl Registry {
    /// Tells the plan's room, if it is live on this node, which role a user has by now, if any.
    pub async fn tell_role(&self, plan: PlanId, user: UserId, role: Option<Role>) {
        // Before the room is looked for: who joins a room that is not found sees the number move.
        self.tell_changed(plan);
        if let Some(room) = self.find(plan) {
            // A room that is gone has no session to tell.
            room.tell(Input::RoleChanged { user, role }).await.ok();
        }
    }

    /// Tells other nodes that a plan's members, its proposals, its epoch or its existence have changed, and has
    /// its rooms here compared, those of its drafts too.
    pub fn tell_changed(&self, plan: PlanId) {
        // First: who has read an older role, of a draft that is settled now, looks again when it has joined.
        self.roles_have_changed();
        self.0.relay.say(plan, Said::Changed);
        if let Some(looks) = self.0.looks.get() {
            looks.at(plan);
        }
    }

    /// Tells the plan's room, if it is live on this node, that a new line of its history has begun.
    pub fn tell_epoch(&self, plan: PlanId, epoch: Epoch) {
        if let Some(room) = self.find(plan) {
            // What is not heard is found by comparing.
            room.hear(Elsewhere::EpochMoved(epoch));
        }
    }

    /// Ends the plan's room, if it is live on this node, and closes its sessions.
    pub async fn end(&self, plan: PlanId, code: ErrorCode, say: &'static str) {
        if let Some(handle) = self.find(plan) {
            handle.end(code, say).await;
        }
    }

    /// Where rooms are compared out of turn from now on.
    pub(in crate::room) fn compare_by(&self, looks: Looks) {
        self.0.looks.set(looks).ok();
    }
}
