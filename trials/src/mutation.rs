//! Updates that were sound before a few of their bytes or words were changed.

use convene_protocol::lib0::write_var_uint;

use crate::client::Client;
use crate::dice::Dice;
use crate::finding::{Finding, Tally};
use crate::judge::{From, Judge, Likeness, ROOTS};
use crate::wire::{Update, Word};

/// Honest edits that changed ones are made of.
const EDITS: usize = 10;
/// Changed updates of one case.
const CHANGED: usize = 24;

/// One case: an honest history, most of it applied, and changed pieces of all of it.
pub(crate) fn case(dice: &mut Dice) -> Result<Tally, Finding> {
    let mut judge = Judge::default();
    let clients: Vec<Client> = (0..2)
        .map(|user| Client::new(10 + user as u64, user))
        .collect();
    let mut pool: Vec<Vec<u8>> = Vec::new();
    for number in 0..EDITS {
        let [one, other] = &clients[..] else { break };
        let (writer, reader) = if dice.percent(50) {
            (one, other)
        } else {
            (other, one)
        };
        let update = writer.edit(dice, &ROOTS);
        reader.receive(&update)?;
        if number < EDITS - 2 {
            judge.apply(writer.user, &update)?;
        }
        pool.push(update);
    }
    pool.extend(clients.iter().map(Client::state));
    for _ in 0..CHANGED {
        let update = changed(dice, &pool);
        let user = dice.below(clients.len());
        judge.examine(&update)?;
        judge.apply(user, &update)?;
        if dice.percent(5) {
            judge.restart(From::Rows, Likeness::AnyOrder)?;
        }
    }
    judge.conclude(Likeness::AnyOrder)
}

/// One of `pool`, changed in one to three ways.
pub(crate) fn changed(dice: &mut Dice, pool: &[Vec<u8>]) -> Vec<u8> {
    let mut update = one_of(dice, pool);
    for _ in 0..dice.between(1, 3) {
        if dice.percent(60)
            && let Ok(mut parts) = Update::parse(&update)
        {
            change_parts(dice, &mut parts, pool);
            update = parts.write();
        } else {
            change_bytes(dice, &mut update, pool);
        }
    }
    update
}

fn one_of(dice: &mut Dice, pool: &[Vec<u8>]) -> Vec<u8> {
    pool.get(dice.below(pool.len()))
        .cloned()
        .unwrap_or_default()
}

/// Changes bytes without knowing what they mean.
pub(crate) fn change_bytes(dice: &mut Dice, bytes: &mut Vec<u8>, pool: &[Vec<u8>]) {
    let at = dice.below(bytes.len());
    match dice.below(7) {
        0 => {
            let bit = 1 << dice.below(8);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= bit;
            }
        }
        1 => {
            let new = dice.byte();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = new;
            }
        }
        2 => bytes.truncate(at.max(1)),
        3 => {
            let count = dice.between(1, 4).min(bytes.len() - at);
            bytes.drain(at..at + count);
        }
        4 => {
            let mut number = Vec::new();
            write_var_uint(&mut number, dice.number());
            let count = dice.below(3).min(bytes.len() - at);
            bytes.splice(at..at + count, number);
        }
        5 => {
            // The beginning of this one and the end of another.
            let other = one_of(dice, pool);
            let from = dice.below(other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(other.split_at(from).1);
        }
        _ => {
            let count = dice.between(1, 8).min(bytes.len() - at);
            let again: Vec<u8> = bytes.iter().skip(at).take(count).copied().collect();
            bytes.splice(at..at, again);
        }
    }
}

fn change_parts(dice: &mut Dice, update: &mut Update, pool: &[Vec<u8>]) {
    let section = dice.below(update.sections.len());
    match dice.below(9) {
        0 => {
            let other = dice.below(update.sections.len());
            if other != section {
                update.sections.swap(section, other);
            }
        }
        1 => {
            if let Ok(mut other) = Update::parse(&one_of(dice, pool)) {
                update.sections.append(&mut other.sections);
                update.deletes.append(&mut other.deletes);
            }
        }
        2 => {
            let by = dice.between(1, 3) as u64;
            let up = dice.percent(50);
            if let Some(section) = update.sections.get_mut(section) {
                section.clock = if up {
                    section.clock + by
                } else {
                    section.clock.saturating_sub(by)
                };
            }
        }
        3 => {
            let client = client(dice);
            if let Some(section) = update.sections.get_mut(section) {
                section.client = client;
            }
        }
        4 => change_deletes(dice, update),
        _ => change_structs(dice, update, section),
    }
}

/// The clients of the history, one that nobody is, or none that can be.
fn client(dice: &mut Dice) -> u64 {
    let number = dice.number();
    dice.pick(&[10, 10, 11, 11, 12, 0, number])
}

fn clock(dice: &mut Dice) -> u64 {
    if dice.percent(90) {
        dice.below(40) as u64
    } else {
        dice.number()
    }
}

fn change_deletes(dice: &mut Dice, update: &mut Update) {
    let (client, clock, len) = (client(dice), clock(dice), dice.between(0, 4) as u64);
    let at = dice.below(update.deletes.len());
    match (dice.below(3), update.deletes.get_mut(at)) {
        (0, Some((_, ranges))) => ranges.push((clock, len)),
        (1, Some((whose, _))) => *whose = client,
        _ => update.deletes.push((client, vec![(clock, len)])),
    }
}

fn change_structs(dice: &mut Dice, update: &mut Update, section: usize) {
    let Some(section) = update.sections.get_mut(section) else {
        return;
    };
    let count = section.structs.len();
    if count == 0 {
        return;
    }
    let (at, other) = (dice.below(count), dice.below(count));
    match dice.below(8) {
        0 => section.structs.swap(at, other),
        1 => drop(section.structs.remove(at)),
        2 => {
            let again = section.structs.get(other).cloned().unwrap_or_default();
            section.structs.insert(at, again);
        }
        _ => {
            let words = section
                .structs
                .get_mut(at)
                .map_or(&mut [][..], |one| &mut one[..]);
            let word = dice.below(words.len());
            if let Some(word) = words.get_mut(word) {
                change_word(dice, word);
            }
        }
    }
}

fn change_word(dice: &mut Dice, word: &mut Word) {
    match word {
        Word::Info(byte) => *byte ^= 1 << dice.below(8),
        Word::Choice(byte) => *byte = u8::try_from(dice.below(9)).unwrap_or(0),
        Word::Id(whose, when) => {
            if dice.percent(50) {
                *whose = client(dice);
            } else {
                *when = clock(dice);
            }
        }
        Word::Count(count) => *count = clock(dice),
        Word::Text(text) => {
            let others = [
                "",
                "t",
                "m",
                "a",
                "x",
                "k",
                "null",
                "{",
                "\u{1f600}\u{1f600}",
                "[[[[1]]]]",
            ];
            dice.pick(&others).clone_into(text);
        }
        Word::Bytes(bytes) => bytes.push(dice.byte()),
        Word::Values(values) => change_bytes(dice, values, &[]),
    }
}
