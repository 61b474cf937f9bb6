//! Updates that are sound in structure and wild in meaning: few clients and low clocks, so that
//! everything meets everything.

use convene_protocol::lib0::{write_var_bytes, write_var_string, write_var_uint};

use crate::dice::Dice;
use crate::finding::{Finding, Tally};
use crate::judge::{Judge, Likeness, Outcome};

/// Updates of one case.
const UPDATES: usize = 14;
/// Clients of one case; each is somebody's.
pub(crate) const CLIENTS: usize = 5;

/// One case: a short sequence of wild updates by one user.
pub(crate) fn case(dice: &mut Dice) -> Result<Tally, Finding> {
    let mut judge = Judge::default();
    let mut wild = Wild::default();
    for _ in 0..UPDATES {
        let before = wild.clone();
        let update = wild.update(dice);
        if let Outcome::Refused(_) = judge.apply(0, &update)? {
            wild = before;
        }
    }
    judge.conclude(Likeness::AnyOrder)
}

/// Writes wild updates and knows how far its clients have come.
#[derive(Debug, Clone)]
pub(crate) struct Wild {
    ids: [u64; CLIENTS],
    clocks: [u64; CLIENTS],
    out: Vec<u8>,
}

impl Default for Wild {
    fn default() -> Self {
        Self::with_ids([0, 1, 2, 3, 4])
    }
}

impl Wild {
    /// Clients of these ids, of whom nothing is known.
    pub(crate) fn with_ids(ids: [u64; CLIENTS]) -> Self {
        Self {
            ids,
            clocks: [0; CLIENTS],
            out: Vec::new(),
        }
    }

    /// Of several clients.
    pub(crate) fn update(&mut self, dice: &mut Dice) -> Vec<u8> {
        let sections = if dice.percent(80) {
            1
        } else {
            dice.between(2, 3)
        };
        let first = dice.below(CLIENTS);
        write_var_uint(&mut self.out, sections as u64);
        for number in 0..sections {
            self.section(dice, (first + number) % CLIENTS);
        }
        self.deletes(dice);
        std::mem::take(&mut self.out)
    }

    /// Of one client.
    pub(crate) fn update_of(&mut self, dice: &mut Dice, client: usize) -> Vec<u8> {
        self.out.push(1);
        self.section(dice, client % CLIENTS);
        self.deletes(dice);
        std::mem::take(&mut self.out)
    }

    fn deletes(&mut self, dice: &mut Dice) {
        let clients = if dice.percent(60) {
            0
        } else {
            dice.between(1, 2)
        };
        let first = dice.below(CLIENTS);
        self.out.push(u8::try_from(clients).unwrap_or(0));
        for number in 0..clients {
            let (id, clock) = self.one_of(first + number);
            let mut start = dice.below(clock + 1) as u64;
            write_var_uint(&mut self.out, id);
            let ranges = if dice.percent(80) { 1 } else { 2 };
            write_var_uint(&mut self.out, ranges);
            for _ in 0..ranges {
                let len = dice.between(1, 4) as u64;
                write_var_uint(&mut self.out, start);
                write_var_uint(&mut self.out, len);
                start += len + dice.below(2) as u64;
            }
        }
    }

    /// The id and the clock of a client.
    fn one_of(&self, client: usize) -> (u64, usize) {
        let at = client % CLIENTS;
        let clock = self.clocks.get(at).copied().unwrap_or(0);
        let id = self.ids.get(at).copied().unwrap_or(0);
        (id, usize::try_from(clock).unwrap_or(0))
    }

    fn section(&mut self, dice: &mut Dice, client: usize) {
        let (id, known) = self.one_of(client);
        let structs = dice.between(1, 3);
        let again = if dice.percent(10) {
            dice.between(1, 3)
        } else {
            0
        };
        let mut clock = known.saturating_sub(again) as u64;
        for number in [structs as u64, id, clock] {
            write_var_uint(&mut self.out, number);
        }
        for _ in 0..structs {
            clock += self.one(dice, id, clock);
        }
        if let Some(known) = self.clocks.get_mut(client) {
            *known = clock.max(*known);
        }
    }

    fn id(&mut self, dice: &mut Dice) {
        let (id, clock) = self.one_of(dice.below(CLIENTS));
        write_var_uint(&mut self.out, id);
        write_var_uint(&mut self.out, dice.below(clock) as u64);
    }

    fn one(&mut self, dice: &mut Dice, id: u64, clock: u64) -> u64 {
        if dice.percent(5) {
            return self.length(dice, &[0]);
        }
        let kind = dice.pick(&[1, 3, 4, 4, 4, 5, 6, 6, 7, 7, 8, 8, 8]);
        let wires = dice.pick(&[0, 0, 0, 0x80, 0x80, 0x40, 0xc0]);
        let key = if dice.percent(30) { 0x20 } else { 0 };
        self.out.push(kind | wires | key);
        if wires & 0x80 != 0 {
            if clock > 0 && dice.percent(40) {
                write_var_uint(&mut self.out, id);
                write_var_uint(&mut self.out, clock - 1);
            } else {
                self.id(dice);
            }
        }
        if wires & 0x40 != 0 {
            self.id(dice);
        }
        if wires == 0 {
            self.parent(dice, kind, key);
        }
        self.content(dice, kind)
    }

    fn parent(&mut self, dice: &mut Dice, kind: u8, key: u8) {
        if dice.percent(70) {
            self.out.push(1);
            let fitting = match (key, kind) {
                (0, 4..=6) => "t",
                (0, 3 | 8) => "a",
                (0, _) => "x",
                _ => "m",
            };
            let other = dice.pick(&["t", "m", "a", "x"]);
            let root = if dice.percent(80) { fitting } else { other };
            write_var_string(&mut self.out, root);
        } else {
            self.out.push(0);
            self.id(dice);
        }
        if key != 0 {
            write_var_string(&mut self.out, dice.pick(&["k", "l"]));
        }
    }

    /// A few bytes and a length.
    fn length(&mut self, dice: &mut Dice, before: &[u8]) -> u64 {
        let len = dice.between(1, 3) as u64;
        self.out.extend_from_slice(before);
        write_var_uint(&mut self.out, len);
        len
    }

    fn content(&mut self, dice: &mut Dice, kind: u8) -> u64 {
        match kind {
            1 => return self.length(dice, &[]),
            3 => write_var_bytes(&mut self.out, &[1, 2]),
            4 => {
                let text = dice.pick(&["a", "bc", "é", "def", "\u{1f600}", "a\u{1f600}b"]);
                write_var_string(&mut self.out, text);
                return text.encode_utf16().count() as u64;
            }
            5 => write_var_string(&mut self.out, dice.pick(&["{\"e\":1}", "1", "\"s\""])),
            6 => {
                write_var_string(&mut self.out, dice.pick(&["b", "c"]));
                write_var_string(&mut self.out, dice.pick(&["true", "null", "1"]));
            }
            7 => match dice.pick(&[0, 1, 2, 3, 3, 4, 6, 6]) {
                3 => {
                    self.out.push(3);
                    write_var_string(&mut self.out, "p");
                }
                kind => self.out.push(kind),
            },
            _ => {
                let len = self.length(dice, &[]);
                for _ in 0..len {
                    let value =
                        dice.pick(&[&[125, 5][..], &[126], &[119, 1, b'v'], &[117, 1, 126]]);
                    self.out.extend_from_slice(value);
                }
                return len;
            }
        }
        1
    }
}
