//! The parts of the trials by name, and how one case of each is run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use clap::ValueEnum;

use crate::dice::Dice;
use crate::finding::{Finding, TIME_MAX, Tally, said};
use crate::{bulk, control, frames, history, mutation, presence, room, sequence, wiring, yjs};

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
    /// Updates of very many structs
    Bulk,
    /// Frames of both dialects
    Frame,
    /// Presence of several sessions
    Presence,
    /// Texts of the control channel
    Control,
    /// A room with sessions of several roles
    Room,
    /// Stock Yjs clients in Node: nothing is refused, all converge
    Yjs,
}

impl Part {
    /// What it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Mutation => "mutation",
            Self::Wiring => "wiring",
            Self::Sequence => "sequence",
            Self::Bulk => "bulk",
            Self::Frame => "frame",
            Self::Presence => "presence",
            Self::Control => "control",
            Self::Room => "room",
            Self::Yjs => "yjs",
        }
    }
}

/// How often a case is tried on a machine that is busy with something else.
const TRIES: usize = 5;

/// Runs the case of a seed; a panic is a finding. What was slow may be the machine: it counts when the
/// processor spent that long on it, and otherwise the case is tried again and in the end left out.
pub fn run_seed(part: Part, seed: u64) -> Result<Tally, Finding> {
    for _ in 0..TRIES {
        let before = processor_time();
        let outcome = caught(|| match generator(part) {
            Some(case) => case(&mut Dice::seeded(seed)),
            None => yjs::case(seed),
        });
        let spent = before.zip(processor_time());
        let is_machine =
            spent.is_some_and(|(before, after)| after.saturating_sub(before) <= TIME_MAX);
        if !is_machine || !matches!(outcome, Err(Finding::Slow(_))) {
            return outcome;
        }
    }
    Ok(Tally::default())
}

/// How long this thread has run, where the kernel tells it.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

/// Runs the case that a script chooses. Panics are the caller's.
pub fn run_script(part: Part, script: &[u8]) -> Result<Tally, Finding> {
    match generator(part) {
        Some(case) => case(&mut Dice::scripted(script)),
        None => Ok(Tally::default()),
    }
}

type Case = fn(&mut Dice) -> Result<Tally, Finding>;

/// What makes the cases of a part; `None` where another process makes them.
fn generator(part: Part) -> Option<Case> {
    match part {
        Part::History => Some(history::case),
        Part::Mutation => Some(mutation::case),
        Part::Wiring => Some(wiring::case),
        Part::Sequence => Some(sequence::case),
        Part::Bulk => Some(bulk::case),
        Part::Frame => Some(frames::case),
        Part::Presence => Some(presence::case),
        Part::Control => Some(control::case),
        Part::Room => Some(room::case),
        Part::Yjs => None,
    }
}

fn caught(case: impl FnOnce() -> Result<Tally, Finding>) -> Result<Tally, Finding> {
    catch_unwind(AssertUnwindSafe(case))
        .unwrap_or_else(|panic| Err(Finding::Broken(format!("a panic: {}", said(&*panic)))))
}
