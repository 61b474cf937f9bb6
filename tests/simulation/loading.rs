//! What a room reads from and writes to the database beside its appends.
//!
//! Mirrors `room/task/loading.rs`.

use bytes::Bytes;
use convene::document::verify_snapshot;
use convene::room::core::{RoomCore, RoomLimits, Start};
use convene::room::handle::JoinRefused;
use convene::storage::journal::{Seq, StoredPlan};

use crate::journal::{From, SnapshotWrite};
use crate::oracle::Promise;
use crate::plan::RelayIs;
use crate::room::{Reading, Room, Stage};
use crate::sabotage::Sabotage;
use crate::world::World;

impl Room {
    pub(crate) fn loaded(
        &mut self,
        world: &mut World,
        answer: Result<Option<StoredPlan>, ()>,
    ) -> bool {
        let refused = match answer {
            Ok(Some(stored)) => {
                match self.start_from(world, stored) {
                    Some(start) => {
                        world.nodes[self.node].role_changes += 1;
                        let limits = RoomLimits::from(&world.limits);
                        let core = RoomCore::new(start, limits);
                        self.core = Some(Box::new(match world.between.is {
                            RelayIs::Off if world.nodes.len() > 1 => core.sharing_its_journal(),
                            RelayIs::Off => core,
                            RelayIs::On => core.among_nodes(),
                        }));
                    }
                    None => self.stage = Stage::Loading(Reading::Asked(From::FirstRow)),
                }
                return true;
            }
            Ok(None) => JoinRefused::PlanGone,
            Err(()) => JoinRefused::Unavailable,
        };
        world.coverage.count("fault: load failed");
        world.forget_room(self.node, self.serial);
        self.inbox_open = false;
        self.refuse_joins(world, refused);
        self.end(world);
        true
    }

    pub(crate) fn rebuilt(
        &mut self,
        world: &mut World,
        answer: Result<Option<StoredPlan>, ()>,
    ) -> bool {
        match answer {
            Ok(Some(stored)) => match self.start_from(world, stored) {
                Some(start) => {
                    world.coverage.count("room: rebuilt");
                    let mut core = self.core.take().unwrap();
                    let effects = core.rebuilt(start);
                    self.perform(world, &mut core, effects);
                    self.core = Some(core);
                }
                None => self.stage = Stage::Rebuilding(Reading::Asked(From::FirstRow)),
            },
            Ok(None) => self.end_plan(),
            Err(()) => self.stage = Stage::Rebuilding(Reading::Asked(From::NewestSnapshot)),
        }
        if self.gone {
            self.ending = true;
        }
        if self.ending {
            self.end(world);
        }
        true
    }

    /// What the room starts from; none when the snapshot cannot be read.
    fn start_from(&mut self, world: &mut World, mut stored: StoredPlan) -> Option<Start> {
        if world.sabotage == Sabotage::ReusedClientId {
            stored.bindings.clear();
        }
        if world.sabotage == Sabotage::SkippedRow && !stored.rows.is_empty() {
            stored.rows.remove(0);
        }
        let loaded = Start::load(&stored);
        if loaded.snapshot_broken {
            world.coverage.count("fault: snapshot cannot be read");
            return None;
        }
        world.check_load(&stored, &loaded);
        self.epoch = stored.epoch;
        self.head = stored.head;
        self.standing
            .loaded(stored.head, stored.epoch, stored.access_version);
        Some(Start::of(world.plan, &stored, loaded.replica))
    }

    /// Writes a snapshot, decoded once more first.
    pub(crate) fn write_snapshot(&mut self, world: &mut World, seq: Seq, bytes: Bytes) {
        let write = SnapshotWrite {
            epoch: self.epoch,
            seq,
            bytes,
        };
        if !verify_snapshot(&write.bytes) {
            world.violate(Promise::SnapshotIsItsRows, "it cannot be read again");
        }
        if let Some(difference) = world.journal.snapshot_differs(&write) {
            let seen = format!("the snapshot at {seq:?}: {difference}");
            world.violate(Promise::SnapshotIsItsRows, seen);
        }
        self.snapshot = Some(seq);
        let node = &mut world.nodes[self.node];
        node.snapshots.push((Some(self.serial), write));
    }
}
