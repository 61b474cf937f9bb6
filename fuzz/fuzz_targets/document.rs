//! Sequences against one document. The first byte chooses: updates as they are, or a generator whose
//! choices the fuzzer makes.
//!
//! Updates as they are: two bytes of length, of which the highest bit asks for a restart first; one
//! that says whose the update is; the update.

#![no_main]

use convene_trials::finding::Finding;
use convene_trials::judge::{From, Judge, Likeness};
use convene_trials::part::{Part, run_script};
use libfuzzer_sys::fuzz_target;

const RESTART: usize = 0x8000;

fuzz_target!(|input: &[u8]| {
    let [choice, rest @ ..] = input else { return };
    let outcome = match choice {
        1 => run_script(Part::Wiring, rest).map(drop),
        2 => run_script(Part::Sequence, rest).map(drop),
        3 => run_script(Part::Mutation, rest).map(drop),
        _ => updates(rest),
    };
    if let Err(finding) = outcome {
        panic!("{finding}");
    }
});

fn updates(mut rest: &[u8]) -> Result<(), Finding> {
    let mut judge = Judge::default();
    while let [low, high, user, after @ ..] = rest {
        let word = usize::from(*low) | usize::from(*high) << 8;
        let (update, after) = after.split_at((word & !RESTART).min(after.len()));
        rest = after;
        if word & RESTART != 0 {
            judge.take_snapshot()?;
            judge.restart(From::Snapshot, Likeness::AnyOrder)?;
        }
        judge.examine(update)?;
        judge.apply(usize::from(*user % 3), update)?;
    }
    judge.conclude(Likeness::AnyOrder).map(drop)
}
