//! How a room ends.
//!
//! Mirrors `room/task/leaving.rs` and the end of `RoomTask::run`.

use convene::room::core::RoomCore;
use convene::room::handle::JoinRefused;
use convene_protocol::error_code::ErrorCode;

use crate::room::{Request, Room, Stage};
use crate::sabotage::Sabotage;
use crate::world::World;

impl Room {
    pub(crate) fn is_over(&mut self, world: &World, core: &RoomCore) -> bool {
        let now = world.clock.now();
        let never = world.sabotage == Sabotage::NeverIdle;
        if never || !core.is_idle() || !self.requests.is_empty() || !self.inbox.is_empty() {
            self.idle_since = None;
            return false;
        }
        let since = *self.idle_since.get_or_insert(now);
        now.since(since) >= world.limits.room_idle_for
    }

    pub(crate) fn retire(&mut self, world: &mut World, core: &mut RoomCore) {
        world.coverage.count("room: retires");
        world.forget_room(self.node, self.serial);
        self.inbox_open = false;
        self.refuse_joins(world, JoinRefused::RoomGone);
        let effects = core.final_snapshot();
        self.perform(world, core, effects);
        self.ending = true;
        if self.snapshot.is_some() {
            self.stage = Stage::Retiring;
        }
    }

    /// Mirrors the end of `RoomTask::run`.
    pub(crate) fn end(&mut self, world: &mut World) {
        world.coverage.count("room: ends");
        world.forget_room(self.node, self.serial);
        self.gone = true;
        self.inbox_open = false;
        for wire in self.seats.values() {
            wire.end(ErrorCode::Unavailable);
        }
        self.refuse_joins(world, JoinRefused::RoomGone);
        self.stage = Stage::Ended;
    }

    pub(crate) fn end_plan(&mut self) {
        for wire in self.seats.values() {
            wire.end(ErrorCode::NotFound);
        }
        self.ending = true;
    }

    pub(crate) fn refuse_joins(&mut self, world: &mut World, refused: JoinRefused) {
        for request in self.requests.drain(..).chain(self.inbox.drain(..)) {
            if let Request::Join { joined, .. } = request {
                world.answer_join(joined.session, self.serial, Err(refused));
            }
        }
    }
}
