//! How a room ends: when it has been idle for long, when its plan is gone, when it cannot be loaded.

use std::sync::Arc;

use convene_protocol::error_code::ErrorCode;

use super::loading::LoadError;
use super::{RoomTask, until_written};
use crate::ids::SessionId;
use crate::room::core::RoomCore;
use crate::room::handle::{JoinRefused, Request, RoomGone};
use crate::room::outbox::Ending;

impl RoomTask {
    /// Forgets sessions whose socket's task ended without saying so.
    pub(super) fn reap(&mut self, core: &mut RoomCore) {
        let lost: Vec<SessionId> = self
            .seats
            .iter()
            .filter(|(_, seat)| Arc::strong_count(&seat.outbox) == 1)
            .map(|(session, _)| *session)
            .collect();
        for session in lost {
            self.remove(core, session);
        }
    }

    pub(super) fn is_over(&mut self, core: &RoomCore) -> bool {
        let now = self.shared.clock.now();
        if !core.is_idle() || !self.requests.is_empty() || !self.inbox.is_empty() {
            self.idle_since = None;
            return false;
        }
        let since = *self.idle_since.get_or_insert(now);
        now.since(since) >= self.shared.limits.room_idle_for || self.shared.is_draining()
    }

    /// Leaves memory: first out of the registry, so that whoever comes next starts a new room.
    pub(super) async fn retire(&mut self, core: &mut RoomCore) {
        self.shared.forget(self.plan, self.serial);
        self.inbox.close();
        while let Ok(request) = self.inbox.try_recv() {
            match request {
                // The session asks the registry again, and so does whoever asked something.
                Request::Join { reply, .. } => {
                    reply.send(Err(JoinRefused::RoomGone)).ok();
                }
                Request::Ask { reply, .. } => {
                    reply.send(Err(RoomGone)).ok();
                }
                Request::Input(_) | Request::End { .. } => {}
            }
        }
        let effects = core.final_snapshot();
        self.perform(core, effects);
        if self.snapshot.is_some() {
            until_written(&mut self.snapshot).await;
        }
        self.ending = true;
    }

    pub(super) fn refuse_all(&mut self, error: &LoadError) {
        let refused = match error {
            LoadError::PlanGone => JoinRefused::PlanGone,
            LoadError::Storage(source) => {
                tracing::warn!(plan.id = %self.plan, error = %source, "plan {} cannot be loaded", self.plan);
                JoinRefused::Unavailable
            }
        };
        self.shared.forget(self.plan, self.serial);
        self.inbox.close();
        while let Ok(request) = self.inbox.try_recv() {
            if let Request::Join { reply, .. } = request {
                // Whoever does not wait any more needs no answer.
                reply.send(Err(refused)).ok();
            }
        }
    }

    pub(super) fn end_plan(&mut self) {
        for seat in self.seats.values() {
            seat.outbox
                .end(Ending::new(ErrorCode::NotFound, "this plan was deleted"));
        }
        self.ending = true;
    }
}
