//! A room with sessions of several roles: whatever they send, in whatever order, only what is committed
//! is shown, every update gets one status, and whoever stays ends with the document.

mod effects;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use convene::auth::access::{Grant, Role};
use convene::auth::principal::Actor;
use convene::clock::Timestamp;
use convene::config::Limits;
use convene::document::{self, Replica, Stored};
use convene::ids::PlanId;
use convene::room::core::{RoomCore, RoomLimits, Start};
use convene::room::input::{Input, Joined, UpdateKind};
use convene::storage::journal::{Committed, Epoch, NewRow, Seq};
use convene_protocol::control::document::RootKind;

use crate::client::Client;
use crate::dice::Dice;
use crate::finding::{Finding, Tally, must, within_limits};
use crate::judge::user_number;
use crate::mutation::changed;
use crate::presence::{announcement, session_number};
use crate::wiring::{CLIENTS, Wild};

const STEPS: usize = 60;
const SESSIONS: usize = 5;
const ROLES: [Role; 5] = [
    Role::Owner,
    Role::Editor,
    Role::Editor,
    Role::Viewer,
    Role::Suggester,
];
const HONEST_ROOTS: [(&str, document::RootKind); 2] = [
    ("text", document::RootKind::Text),
    ("map", document::RootKind::Map),
];
/// In so many of a hundred cases what a session sends is its step 2.
const ANSWER_PERCENT: usize = 20;
/// Updates that are kept to be changed and sent again.
const KEPT_MAX: usize = 16;

/// What a session was sent and is owed.
#[derive(Debug, Default)]
struct Seat {
    received: Vec<Bytes>,
    /// Updates that have had no status.
    owed: i64,
    /// It asked for the document and was told nothing else since, such as that it is refused.
    is_live: bool,
    /// Its queue is full.
    is_behind: bool,
    /// It claimed to have what it has not, and was sent what follows that.
    has_lied: bool,
    /// What an honest person writes with: an empty document, whose edits need nothing.
    client: Option<Client>,
}

struct Stage {
    core: RoomCore,
    plan: PlanId,
    now: Timestamp,
    seats: BTreeMap<usize, Seat>,
    /// Rows of the append that is under way.
    under_way: Option<Vec<NewRow>>,
    journal: Vec<Bytes>,
    /// Snapshots that are being written.
    snapshots: VecDeque<Seq>,
    kept: Vec<Vec<u8>>,
    wild: Wild,
    /// How many honest documents there were.
    clients: u64,
    /// The last update was not taken.
    was_refused: bool,
    tally: Tally,
}

/// One case.
pub(crate) fn case(dice: &mut Dice) -> Result<Tally, Finding> {
    let mut stage = Stage::new();
    for _ in 0..STEPS {
        stage.step(dice)?;
        if dice.percent(60) {
            let effects = stage.core.end_turn(stage.now);
            stage.perform(dice, effects)?;
        }
        if dice.is_spent() {
            break;
        }
    }
    stage.finish(dice)?;
    Ok(stage.tally)
}

fn load(rows: &[Bytes]) -> Result<Replica, Finding> {
    let loaded = Replica::load(&Stored {
        snapshot: None,
        rows: rows.iter().map(|row| &row[..]).collect(),
        bindings: Vec::new(),
    });
    must!(
        loaded.broken_rows.is_empty(),
        "{} of {} updates cannot be read",
        loaded.broken_rows.len(),
        rows.len()
    );
    Ok(loaded.replica)
}

impl Stage {
    fn new() -> Self {
        let plan = "00000000-0000-7000-a000-000000000000"
            .parse()
            .unwrap_or_else(|error| panic!("the plan: {error}"));
        let start = Start {
            plan,
            epoch: Epoch(1),
            replica: Replica::load(&Stored {
                snapshot: None,
                rows: Vec::new(),
                bindings: Vec::new(),
            })
            .replica,
            head: Seq(0),
            snapshot_seq: Seq(0),
            bytes: 0,
            epoch_marker: None,
        };
        let limits = Limits {
            snapshot_rows: 5,
            presence_bytes_max: 256,
            ..Limits::default()
        };
        Self {
            core: RoomCore::new(start, RoomLimits::from(&limits)),
            plan,
            now: Timestamp::from_micros(0),
            seats: BTreeMap::new(),
            under_way: None,
            journal: Vec::new(),
            snapshots: VecDeque::new(),
            kept: vec![vec![0, 0]],
            wild: Wild::default(),
            clients: 0,
            was_refused: false,
            tally: Tally::default(),
        }
    }

    fn step(&mut self, dice: &mut Dice) -> Result<(), Finding> {
        let number = dice.below(SESSIONS);
        let session = session_number(number);
        match self.seats.get(&number) {
            None => return self.join(dice, number),
            // Comes back with a document of its own.
            Some(seat) if !seat.is_live && dice.percent(50) => {
                self.seats.remove(&number);
                return self.handle(dice, Input::Left { session });
            }
            Some(_) => {}
        }
        if !self.core.takes_input() {
            return self.commit(dice);
        }
        let input = match dice.below(24) {
            0..=8 => return self.update(dice, number),
            9..=12 => return self.commit(dice),
            13 => {
                self.seats.entry(number).or_default().has_lied = true;
                Input::SyncStep1 {
                    session,
                    state_vector: vector(dice),
                }
            }
            14..=15 => Input::PresenceSent {
                session,
                update: announcement(dice).into(),
            },
            16 => Input::PresenceAsked { session },
            17 => Input::HashWatched {
                session,
                roots: roots(dice),
            },
            18 => Input::RoleChanged {
                user: user_number(number),
                role: dice.pick(&[Some(Role::Viewer), Some(Role::Editor), None]),
            },
            19 => {
                self.seats.remove(&number);
                Input::Left { session }
            }
            20 => {
                let seat = self.seats.entry(number).or_default();
                if !seat.is_behind {
                    return Ok(());
                }
                seat.is_behind = false;
                Input::Drained { session }
            }
            21 => return self.settle_snapshot(dice),
            _ => {
                let passed = Duration::from_millis(dice.between(1, 40_000) as u64);
                self.now = self.now.after(passed);
                Input::Ticked
            }
        };
        self.handle(dice, input)
    }

    fn join(&mut self, dice: &mut Dice, number: usize) -> Result<(), Finding> {
        let session = session_number(number);
        let role = ROLES.get(number).copied().unwrap_or(Role::Viewer);
        let joined = Joined {
            session,
            grant: Grant::new(self.plan.into(), Actor::person(user_number(number)), role),
            name: format!("User {number}"),
        };
        self.seats.insert(number, Seat::default());
        self.handle(dice, Input::Joined(joined))?;
        if let Some(seat) = self.seats.get_mut(&number) {
            seat.is_live = true;
        }
        let state_vector = Bytes::from_static(&[0]);
        self.handle(
            dice,
            Input::SyncStep1 {
                session,
                state_vector,
            },
        )
    }

    /// A wild update, a changed one, or one that was sent before.
    fn update(&mut self, dice: &mut Dice, number: usize) -> Result<(), Finding> {
        let before = self.wild.clone();
        let update = match dice.below(8) {
            5.. => self.edit(dice, number),
            0 => changed(dice, &self.kept),
            1 => {
                let at = dice.below(self.kept.len());
                self.kept.get(at).cloned().unwrap_or_default()
            }
            _ => self.wild.update_of(dice, number % CLIENTS),
        };
        if self.kept.len() >= KEPT_MAX {
            self.kept.remove(0);
        }
        self.kept.push(update.clone());
        if let Some(seat) = self.seats.get_mut(&number) {
            seat.owed += 1;
        }
        self.tally.inputs += 1;
        let session = session_number(number);
        let kind = if dice.percent(ANSWER_PERCENT) {
            UpdateKind::Answer
        } else {
            UpdateKind::Change
        };
        let input = Input::Updated {
            session,
            update: update.into(),
            kind,
        };
        self.was_refused = false;
        self.handle(dice, input)?;
        if self.was_refused || self.core.has_deferred(session) {
            self.wild = before;
        }
        Ok(())
    }

    /// An honest edit, in roots that nobody else writes to.
    fn edit(&mut self, dice: &mut Dice, number: usize) -> Vec<u8> {
        self.clients += 1;
        let id = 1_000 + self.clients;
        let seat = self.seats.entry(number).or_default();
        let client = seat.client.get_or_insert_with(|| Client::new(id, number));
        client.edit(dice, &HONEST_ROOTS)
    }

    /// The journal has written what was under way.
    fn commit(&mut self, dice: &mut Dice) -> Result<(), Finding> {
        let Some(rows) = self.under_way.take() else {
            return Ok(());
        };
        let first = self.journal.len() + 1;
        self.tally.taken += rows.len() as u64;
        self.journal.extend(rows.into_iter().map(|row| row.update));
        let seq = |number: usize| Seq(i64::try_from(number).unwrap_or(i64::MAX));
        let committed = Committed {
            first: seq(first),
            last: seq(self.journal.len()),
        };
        self.handle(dice, Input::Appended { committed })
    }

    fn settle_snapshot(&mut self, dice: &mut Dice) -> Result<(), Finding> {
        let Some(seq) = self.snapshots.pop_front() else {
            return Ok(());
        };
        let covered = dice.percent(80);
        self.handle(dice, Input::SnapshotSettled { seq, covered })
    }

    fn handle(&mut self, dice: &mut Dice, input: Input) -> Result<(), Finding> {
        let (core, now) = (&mut self.core, self.now);
        // An input is answered with the document at most.
        let bytes = self.journal.iter().map(Bytes::len).sum::<usize>() + (4 << 10);
        let effects = within_limits("an input of a room", bytes, || core.handle(now, input))?;
        self.perform(dice, effects)
    }

    /// A session has nothing to add to what it sent.
    fn answer(&mut self, dice: &mut Dice, number: usize) -> Result<(), Finding> {
        if let Some(seat) = self.seats.get_mut(&number) {
            seat.owed += 1;
        }
        let input = Input::Updated {
            session: session_number(number),
            update: Bytes::from_static(&[0, 0]),
            kind: UpdateKind::Answer,
        };
        self.handle(dice, input)
    }

    /// Everything is committed and every queue drains.
    fn finish(&mut self, dice: &mut Dice) -> Result<(), Finding> {
        // Each commits what had gathered; far fewer are needed.
        for _ in 0..=STEPS {
            let effects = self.core.end_turn(self.now);
            self.perform(dice, effects)?;
            self.commit(dice)?;
        }
        for number in 0..SESSIONS {
            self.answer(dice, number)?;
        }
        for _ in 0..=STEPS {
            let effects = self.core.end_turn(self.now);
            self.perform(dice, effects)?;
            self.commit(dice)?;
        }
        for number in 0..SESSIONS {
            let is_behind = self.seats.get_mut(&number).map(|seat| &mut seat.is_behind);
            if is_behind.is_some_and(std::mem::take) {
                let session = session_number(number);
                self.handle(dice, Input::Drained { session })?;
            }
        }
        let journal = load(&self.journal)?;
        for (number, seat) in self.seats.iter().filter(|(_, seat)| seat.is_live) {
            must!(
                seat.owed <= 0,
                "session {number} waits for {} statuses",
                seat.owed
            );
            if seat.has_lied {
                continue;
            }
            let peer = load(&seat.received)?;
            must!(
                peer.state_vector() == journal.state_vector(),
                "session {number} was not sent everything"
            );
        }
        Ok(())
    }
}

fn vector(dice: &mut Dice) -> Bytes {
    let mut vector = vec![u8::try_from(CLIENTS).unwrap_or(0)];
    for client in 0..CLIENTS {
        vector.push(u8::try_from(client).unwrap_or(0));
        vector.push(u8::try_from(dice.below(12)).unwrap_or(0));
    }
    if dice.percent(10) {
        vector.truncate(dice.below(vector.len()));
    }
    vector.into()
}

fn roots(dice: &mut Dice) -> Vec<(String, RootKind)> {
    let kinds = [
        RootKind::Text,
        RootKind::Map,
        RootKind::Array,
        RootKind::Xml,
    ];
    (0..dice.below(3))
        .map(|_| {
            let name = dice.pick(&["t", "m", "a", "x", ""]);
            (name.to_owned(), dice.pick(&kinds))
        })
        .collect()
}
