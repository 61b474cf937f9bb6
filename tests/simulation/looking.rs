//! A node compares its room with the database, with the world moving on in between.
//!
//! Mirrors `room/comparing.rs` for one plan, with what `room/standing.rs` keeps of its room.

use std::collections::HashMap;
use std::time::Duration;

use convene::auth::access::Role;
use convene::clock::Timestamp;
use convene::ids::UserId;
use convene::room::input::Elsewhere;
use convene::storage::journal::{Epoch, Seq};
use convene::storage::plans::PlanHead;
use convene_protocol::error_code::ErrorCode;

use crate::plan::Outcome;
use crate::room::{Request, Room};
use crate::sabotage::Sabotage;
use crate::world::World;

/// `LOOK_EVERY` of the server.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How far a room has come, as whoever compares sees it.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) head: Seq,
    /// None while the room loads.
    pub(crate) epoch: Option<Epoch>,
    pub(crate) access_version: i64,
    snapshot: Seq,
}

impl Standing {
    pub(crate) fn new() -> Self {
        Self {
            head: Seq(0),
            epoch: None,
            access_version: 0,
            snapshot: Seq(0),
        }
    }

    /// Mirrors `Standing::loaded`.
    pub(crate) fn loaded(&mut self, head: Seq, epoch: Epoch, access_version: i64) {
        self.head = head;
        if self.epoch.is_none() {
            self.access_version = access_version;
        }
        self.epoch = Some(epoch);
    }
}

/// How far a node is with its look at the room with this serial.
#[derive(Debug, Default)]
pub(crate) enum Look {
    #[default]
    Idle,
    /// It knows where the plan stands; none when it is deleted.
    Head(u64, Option<PlanHead>),
    /// It knows the roles too.
    Roles(u64, PlanHead, HashMap<UserId, Role>),
}

impl World {
    /// The plan's room on `node`, if it is live there.
    pub(crate) fn live_room(&self, node: usize) -> Option<&Room> {
        let node = &self.nodes[node];
        node.rooms.get(&node.registry?).map(|room| &**room)
    }

    /// Looks once, from beginning to end. Whether the room was told anything.
    pub(crate) fn look(&mut self, node: usize) -> bool {
        let mut told = self.look_further(node, Outcome::Done);
        while !matches!(self.nodes[node].look, Look::Idle) {
            told |= self.look_further(node, Outcome::Done);
        }
        told
    }

    /// Looks if it is time. Whether the room was told anything.
    pub(crate) fn look_in_time(&mut self, node: usize, now: Timestamp) -> bool {
        self.nodes[node].looks_at <= now && self.look(node)
    }

    /// One question to the database, or what is made of the last answer. Whether the room was told
    /// anything.
    pub(crate) fn look_further(&mut self, node: usize, outcome: Outcome) -> bool {
        let now = self.clock.now();
        match std::mem::take(&mut self.nodes[node].look) {
            Look::Idle => {
                self.nodes[node].looks_at = now.after(LOOK_EVERY);
                if self.nodes[node].is_up
                    && outcome == Outcome::Done
                    && self.has_neighbours()
                    && let Some(room) = self.live_room(node)
                    && room.standing.epoch.is_some()
                {
                    let serial = room.serial;
                    self.nodes[node].look = Look::Head(serial, self.journal.plan_head());
                }
                false
            }
            Look::Head(serial, None) => {
                self.coverage.count("look: plan is gone");
                let code = ErrorCode::NotFound;
                self.tell_room(node, serial, Request::End { code })
            }
            Look::Head(serial, Some(head)) => {
                let Some(room) = self.nodes[node].rooms.get(&serial) else {
                    return false;
                };
                let is_behind = room.standing.access_version != head.access_version;
                if is_behind && !self.sabotage.skips_access() {
                    self.nodes[node].role_changes += 1;
                    if outcome == Outcome::Done {
                        let roles = self.current_roles();
                        self.nodes[node].look = Look::Roles(serial, head, roles);
                    }
                    return false;
                }
                self.tell_head(node, serial, &head)
            }
            Look::Roles(serial, head, roles) => {
                self.coverage.count("look: access has changed");
                if self.tell_room_elsewhere(node, serial, Elsewhere::Roles(roles))
                    && let Some(room) = self.nodes[node].rooms.get_mut(&serial)
                {
                    room.standing.access_version = head.access_version;
                }
                self.tell_head(node, serial, &head);
                true
            }
        }
    }

    fn current_roles(&self) -> HashMap<UserId, Role> {
        let roles = self.users.iter().zip(&self.journal.roles);
        roles
            .filter_map(|(user, role)| Some((*user, (*role)?)))
            .collect()
    }

    fn tell_head(&mut self, node: usize, serial: u64, head: &PlanHead) -> bool {
        let Some(room) = self.nodes[node].rooms.get(&serial) else {
            return false;
        };
        if room.standing.epoch.is_some_and(|epoch| epoch < head.epoch) {
            self.coverage.count("look: epoch has moved");
            return self.tell_room_elsewhere(node, serial, Elsewhere::EpochMoved(head.epoch));
        }
        let has_missed = room.standing.head < head.head;
        let is_new = has_missed || room.standing.snapshot != head.snapshot_seq;
        if !is_new || self.sabotage == Sabotage::NoGapRepair {
            return false;
        }
        self.coverage.count(if has_missed {
            "look: head has moved"
        } else {
            "look: snapshot has moved"
        });
        let moved = Elsewhere::Moved {
            head: head.head,
            snapshot: Some(head.snapshot_seq),
        };
        let is_told = self.tell_room_elsewhere(node, serial, moved);
        if is_told && let Some(room) = self.nodes[node].rooms.get_mut(&serial) {
            room.standing.snapshot = head.snapshot_seq;
        }
        is_told
    }
}
