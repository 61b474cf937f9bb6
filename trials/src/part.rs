//! The parts of the trials by name, and how one case of each is run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::ValueEnum;

use crate::dice::Dice;
use crate::finding::{Finding, Tally, said};
use crate::{history, mutation, sequence, wiring};

/// What is generated and judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Stock clients: nothing is refused, all converge
    History,
    /// Updates with a few bytes or words changed
    Mutation,
    /// Updates that are sound in structure and wild in meaning
    Wiring,
    /// Sequences that do harm only together
    Sequence,
}

impl Part {
    /// What it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Mutation => "mutation",
            Self::Wiring => "wiring",
            Self::Sequence => "sequence",
        }
    }
}

/// Runs one case. A panic is a finding.
pub fn run(part: Part, dice: &mut Dice) -> Result<Tally, Finding> {
    let case = match part {
        Part::History => history::case,
        Part::Mutation => mutation::case,
        Part::Wiring => wiring::case,
        Part::Sequence => sequence::case,
    };
    catch_unwind(AssertUnwindSafe(|| case(dice)))
        .unwrap_or_else(|panic| Err(Finding::Broken(format!("a panic: {}", said(&*panic)))))
}

/// Runs the case of a seed. What was slow once may be the machine: it counts when it is slow again.
pub fn run_seed(part: Part, seed: u64) -> Result<Tally, Finding> {
    let mut outcome = Ok(Tally::default());
    for _ in 0..3 {
        outcome = run(part, &mut Dice::seeded(seed));
        if !matches!(outcome, Err(Finding::Slow(_))) {
            break;
        }
    }
    outcome
}
