//! Updates of very many structs, each as short as its kind can be: what costs most memory and time for
//! what it takes on the wire.

use convene_protocol::lib0::{write_var_string, write_var_uint};

use crate::dice::Dice;
use crate::finding::{Finding, Tally};
use crate::judge::{Judge, Likeness};

const STRUCTS_MAX: usize = 4_000;
/// Where the work per byte must not grow with the number of bytes: squared it would take seconds.
const MANY: usize = 60_000;
/// The wiring in which each stands behind the one before it.
const BEHIND: usize = 0;
/// In all others everything is written at one spot, and compared with everything else there. That is how
/// Yjs merges, and no rule before it can tell; what takes too long so is for the server's watchdog.
const SAME_SPOT_MAX: usize = 100;

/// One case: of what is short, what is looked up, or what is compared.
pub(crate) fn case(dice: &mut Dice) -> Result<Tally, Finding> {
    match dice.below(16) {
        0 => many_clients(dice),
        1 => known_in_pieces(dice),
        _ => short_structs(dice),
    }
}

/// Two updates of short structs, of one kind each.
fn short_structs(dice: &mut Dice) -> Result<Tally, Finding> {
    let mut judge = Judge::default();
    for client in 1..=2 {
        let count = dice.between(1, STRUCTS_MAX);
        let update = update(dice, client, count);
        judge.examine(&update)?;
        judge.apply(0, &update)?;
    }
    judge.conclude(Likeness::AnyOrder)
}

/// Many structs, and deletions that name many clients.
fn many_clients(dice: &mut Dice) -> Result<Tally, Finding> {
    let mut judge = Judge::default();
    let mut update = vec![1];
    write_var_uint(&mut update, MANY as u64);
    update.extend([1, 0]);
    let one = dice.pick(&[&[0, 1][..], &[8, 1, 1, b'a', 2, 126, 126]]);
    update.extend(one.repeat(MANY));
    write_var_uint(&mut update, MANY as u64);
    for client in 0..MANY as u64 {
        write_var_uint(&mut update, client + 1);
        update.extend([1, 0, 1]);
    }
    judge.examine(&update)?;
    judge.apply(0, &update)?;
    judge.conclude(Likeness::AnyOrder)
}

/// A long text or list that is there, told again letter by letter, whole or but for what was deleted.
fn known_in_pieces(dice: &mut Dice) -> Result<Tally, Finding> {
    let mut judge = Judge::default();
    let kind = dice.pick(&[4, 8]);
    let mut told = vec![1];
    write_var_uint(&mut told, MANY as u64);
    told.extend([1, 0]);
    for clock in 0..MANY as u64 {
        one(&mut told, kind, BEHIND, (1, clock));
    }
    let whole = [&told[..], &[0]].concat();
    judge.apply(0, &whole)?;
    judge.examine(&whole)?;
    judge.apply(0, &whole)?;
    // What is deleted in between cannot be joined to what is not. It is not applied: yrs copies all that
    // is behind each of so many cuts, which is for the server's watchdog too.
    deletes(dice, &mut told, 1, MANY as u64);
    judge.examine(&told)?;
    judge.conclude(Likeness::AnyOrder)
}

fn update(dice: &mut Dice, client: u64, count: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let kind = dice.pick(&[0, 1, 4, 5, 6, 7, 8]);
    let wiring = dice.below(4);
    let count = if wiring == BEHIND {
        count
    } else {
        count.min(SAME_SPOT_MAX)
    };
    write_var_uint(&mut out, 1);
    write_var_uint(&mut out, count as u64);
    write_var_uint(&mut out, client);
    out.push(0);
    // Forms that no encoder writes, and that must not keep structs apart which are one.
    let (is_keyed, is_long) = (dice.percent(10), dice.percent(10));
    for clock in 0..count as u64 {
        if kind == 0 {
            out.extend([0, 1]);
            continue;
        }
        let info = out.len();
        one(&mut out, kind, wiring, (client, clock));
        if is_keyed
            && clock > 0
            && let Some(info) = out.get_mut(info)
        {
            *info |= 0x20;
        }
        if is_long && kind == 4 {
            out.truncate(out.len() - 2);
            out.extend([0x81, 0, b'a']);
        }
    }
    deletes(dice, &mut out, client, count as u64);
    out
}

/// One struct: after the one before it, before it, or a root's first.
fn one(out: &mut Vec<u8>, kind: u8, wiring: usize, (client, clock): (u64, u64)) {
    let neighbour = match wiring {
        BEHIND if clock > 0 => 0x80,
        1 if clock > 0 => 0x40,
        _ => 0,
    };
    let key = if wiring == 3 { 0x20 } else { 0 };
    out.push(kind | neighbour | key);
    if neighbour == 0 {
        out.push(1);
        write_var_string(out, root(kind, wiring));
        if key != 0 {
            write_var_string(out, "k");
        }
    } else {
        write_var_uint(out, client);
        write_var_uint(out, clock - 1);
    }
    match kind {
        1 => out.push(1),
        4 => write_var_string(out, "a"),
        5 => write_var_string(out, "1"),
        6 => {
            write_var_string(out, "b");
            write_var_string(out, "1");
        }
        7 => out.push(6),
        _ => out.extend([1, 126]),
    }
}

fn root(kind: u8, wiring: usize) -> &'static str {
    match (wiring, kind) {
        (3, _) => "m",
        (_, 7) => "x",
        (_, 8) => "a",
        _ => "t",
    }
}

/// Nothing, everything, or every second one.
fn deletes(dice: &mut Dice, out: &mut Vec<u8>, client: u64, count: u64) {
    let ranges = match dice.below(3) {
        0 => return out.push(0),
        1 => vec![(0, count)],
        _ => (0..count).step_by(2).map(|clock| (clock, 1)).collect(),
    };
    out.push(1);
    write_var_uint(out, client);
    write_var_uint(out, ranges.len() as u64);
    for (clock, len) in ranges {
        write_var_uint(out, clock);
        write_var_uint(out, len);
    }
}
