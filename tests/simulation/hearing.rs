//! Counts what a room makes of other nodes, as far as it is seen from outside.

use convene::relay::envelope::Said;
use convene::room::core::RoomCore;
use convene::room::effect::Effect;
use convene::room::input::{Elsewhere, Input};
use convene::storage::journal::Seq;
use convene_protocol::frame::ServerMessage;

use crate::world::World;

/// What an input is among nodes, and how far its room had come before it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hears {
    /// Rows up to here, which come next.
    Next(Seq),
    /// Rows that do not come next.
    Jump,
    /// Rows of this room beyond what it knows.
    OwnBeyond,
    Present,
    Read(Seq),
    Nothing,
}

impl Hears {
    pub(crate) fn of(input: &Input, core: &RoomCore) -> Self {
        let head = core.head();
        if let Input::Elsewhere(elsewhere) = input {
            return Self::of_others(elsewhere, head);
        }
        if let Input::Appended { committed } = input
            && committed.first.0 > head.0 + 1
        {
            return Self::OwnBeyond;
        }
        if let Input::RowsRead { rows: Some(rows) } = input {
            return Self::Read(rows.last().map_or(head, |row| row.seq));
        }
        Self::Nothing
    }

    fn of_others(elsewhere: &Elsewhere, head: Seq) -> Self {
        if let Elsewhere::Committed(batch) = elsewhere
            && batch.last > head
        {
            if batch.first.0 > head.0 + 1 {
                Self::Jump
            } else {
                Self::Next(batch.last)
            }
        } else if let Elsewhere::Present { .. } = elsewhere {
            Self::Present
        } else {
            Self::Nothing
        }
    }

    pub(crate) fn count(self, world: &mut World, core: &RoomCore, effects: &[Effect]) {
        if effects.iter().any(tells_apart) {
            world
                .coverage
                .count("nodes: a shared client id is told apart");
        }
        let name = match self {
            Self::Jump => "nodes: rows jump and are kept",
            Self::OwnBeyond => "nodes: own rows are beyond the head",
            Self::Next(last) if core.head() > last => "nodes: what was kept comes next",
            Self::Read(last) if core.head() > last => "nodes: what was kept follows a read",
            Self::Present if effects.iter().any(is_asked) => "nodes: a client was seen to go",
            Self::Present if effects.iter().any(is_answer) => "nodes: a clock is too old",
            Self::Next(_) | Self::Read(_) | Self::Present | Self::Nothing => return,
        };
        world.coverage.count(name);
    }
}

fn is_asked(effect: &Effect) -> bool {
    let asked = ServerMessage::QueryAwareness;
    matches!(effect, Effect::Send { message, .. } if *message == asked)
}

fn tells_apart(effect: &Effect) -> bool {
    matches!(effect, Effect::Refuse { say, .. } if say.starts_with("two pages wrote"))
}

fn is_answer(effect: &Effect) -> bool {
    matches!(effect, Effect::Tell(Said::Present(_)))
}
