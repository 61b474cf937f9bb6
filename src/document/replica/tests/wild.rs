//! Updates that are sound in structure and wild in meaning, in sequences.

use convene_protocol::lib0::{write_var_bytes, write_var_string, write_var_uint};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

/// Sequences that only together could do harm: after each the document can be read and loaded.
/// Neighbours in the wrong order pass the guard, so what is loaded may be in another order.
#[test]
fn wild_sequences_never_harm_a_document() {
    let seeds = std::env::var("WILD_SEEDS").map_or(4_000, |seeds| seeds.parse().unwrap());
    let (mut taken, mut refused) = (0_u32, 0_u32);
    for seed in 0..seeds {
        let rng = StdRng::seed_from_u64(seed);
        let mut wild = Wild {
            rng,
            clocks: [0; 5],
            out: Vec::new(),
        };
        let (mut replica, user) = (empty(), user());
        for _ in 0..14 {
            let before = wild.clocks;
            let update = wild.update();
            match replica.apply(&update, user) {
                Ok(_) => taken += 1,
                Err(Refusal::Poisoned(reason)) => panic!("seed {seed}: {reason}"),
                Err(_) => {
                    wild.clocks = before;
                    refused += 1;
                }
            }
        }
        assert_loads(&replica);
    }
    assert!(
        taken > refused / 20,
        "the generator hits something: {taken} taken, {refused} not"
    );
}

/// Writes updates that are sound in structure and wild in meaning: few clients and low clocks, so
/// that everything meets everything.
struct Wild {
    rng: StdRng,
    clocks: [u64; 5],
    out: Vec<u8>,
}

impl Wild {
    fn update(&mut self) -> Vec<u8> {
        let sections = if self.rng.random_bool(0.8) {
            1
        } else {
            3_usize
        };
        let mut clients: Vec<usize> = (0..self.clocks.len()).collect();
        write_var_uint(&mut self.out, sections as u64);
        for _ in 0..sections {
            let client = clients.swap_remove(self.rng.random_range(0..clients.len()));
            self.section(client);
        }
        let deletes = if self.rng.random_bool(0.6) { 0 } else { 2_u8 };
        self.out.push(deletes);
        for client in 0..deletes {
            let start = self.rng.random_range(0..=self.clocks[usize::from(client)]);
            self.out.extend([
                client,
                1,
                u8::try_from(start).unwrap(),
                self.rng.random_range(1..3),
            ]);
        }
        std::mem::take(&mut self.out)
    }

    fn section(&mut self, client: usize) {
        let structs = self.rng.random_range(1..4);
        let again = u64::from(self.rng.random_bool(0.1));
        let mut clock = self.clocks[client].saturating_sub(again);
        for number in [structs, client as u64, clock] {
            write_var_uint(&mut self.out, number);
        }
        for _ in 0..structs {
            clock += self.one(client as u64, clock);
        }
        self.clocks[client] = clock;
    }

    fn id(&mut self) {
        let client = self.rng.random_range(0..self.clocks.len());
        let clock = self.rng.random_range(0..self.clocks[client].max(1));
        write_var_uint(&mut self.out, client as u64);
        write_var_uint(&mut self.out, clock);
    }

    fn one(&mut self, client: u64, clock: u64) -> u64 {
        if self.rng.random_bool(0.05) {
            let len = self.rng.random_range(1..4);
            self.out.extend([0, len]);
            return u64::from(len);
        }
        let kind = [1, 3, 4, 4, 4, 5, 6, 7, 7, 8, 8, 8][self.rng.random_range(0..12)];
        let wires = [0, 0, 0, 0x80, 0x80, 0x40, 0xc0][self.rng.random_range(0..7)];
        let key = if self.rng.random_bool(0.3) { 0x20 } else { 0 };
        self.out.push(kind | wires | key);
        if wires & 0x80 != 0 {
            if clock > 0 && self.rng.random_bool(0.4) {
                write_var_uint(&mut self.out, client);
                write_var_uint(&mut self.out, clock - 1);
            } else {
                self.id();
            }
        }
        if wires & 0x40 != 0 {
            self.id();
        }
        if wires == 0 {
            self.parent(kind, key);
        }
        self.content(kind)
    }

    fn parent(&mut self, kind: u8, key: u8) {
        if self.rng.random_bool(0.7) {
            self.out.push(1);
            let fitting = match kind {
                4..=6 => "t",
                3 | 8 => "a",
                _ => "x",
            };
            let any = ["t", "m", "a", "x"][self.rng.random_range(0..4)];
            let root = if self.rng.random_bool(0.8) {
                fitting
            } else {
                any
            };
            write_var_string(&mut self.out, root);
        } else {
            self.out.push(0);
            self.id();
        }
        if key != 0 {
            let key = ["k", "l"][self.rng.random_range(0..2)];
            write_var_string(&mut self.out, key);
        }
    }

    fn content(&mut self, kind: u8) -> u64 {
        match kind {
            1 => {
                let len = self.rng.random_range(1..4);
                self.out.push(len);
                return u64::from(len);
            }
            3 => write_var_bytes(&mut self.out, &[1, 2]),
            4 => {
                // No character of two halves: split ones are replaced, but not by every reader.
                let text = ["a", "bc", "é", "def"][self.rng.random_range(0..4)];
                write_var_string(&mut self.out, text);
                return text.encode_utf16().count() as u64;
            }
            5 => write_var_string(&mut self.out, "{\"e\":1}"),
            6 => {
                let value = ["true", "null"][self.rng.random_range(0..2)];
                write_var_string(&mut self.out, "b");
                write_var_string(&mut self.out, value);
            }
            7 => match self.rng.random_range(0..6) {
                3 => {
                    self.out.push(3);
                    write_var_string(&mut self.out, "p");
                }
                5 => self.out.push(6),
                kind => self.out.push(kind),
            },
            _ => {
                let len = self.rng.random_range(1..3);
                self.out.push(len);
                self.out.extend([125, 5].repeat(usize::from(len)));
                return u64::from(len);
            }
        }
        1
    }
}
