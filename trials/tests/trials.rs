//! A few cases of every part; `make fuzz` runs them by the million.

use convene_trials::part::{Part, run_seed};

/// Runs the first cases of a part, and so every seed that once found something.
#[track_caller]
fn expect_no_finding(part: Part, cases: u64, taken_percent: u64) {
    let mut tally = convene_trials::finding::Tally::default();
    for seed in 0..cases {
        match run_seed(part, seed) {
            Ok(case) => tally = tally.and(case),
            Err(finding) => panic!(
                "seed {seed}: {finding}\nagain: make fuzz FUZZ_PART={} FUZZ_SEED={seed}",
                part.name()
            ),
        }
    }
    // A generator of which nothing is ever taken tests nothing but the first rule it breaks.
    assert!(
        tally.taken * 100 >= tally.inputs * taken_percent,
        "{tally:?}"
    );
}

#[test]
fn stock_clients_are_never_refused_and_converge() {
    expect_no_finding(Part::History, 100, 100);
}

#[test]
fn changed_updates_never_harm_a_document() {
    expect_no_finding(Part::Mutation, 400, 20);
}

#[test]
fn wild_updates_never_harm_a_document() {
    expect_no_finding(Part::Wiring, 3_000, 5);
}

#[test]
fn sequences_of_several_users_never_harm_a_document() {
    expect_no_finding(Part::Sequence, 300, 20);
}

#[test]
fn many_structs_take_no_more_than_their_share() {
    expect_no_finding(Part::Bulk, 20, 50);
}

#[test]
fn frames_are_read_as_they_are_written_or_refused() {
    expect_no_finding(Part::Frame, 500, 10);
}

#[test]
fn nobody_speaks_for_anybody_else() {
    expect_no_finding(Part::Presence, 500, 50);
}

#[test]
fn requests_are_answered_whatever_they_hold() {
    expect_no_finding(Part::Control, 300, 10);
}

#[test]
fn a_room_shows_only_what_is_committed_and_answers_every_update() {
    expect_no_finding(Part::Room, 200, 5);
}

/// Needs what `make test-tools` sets up.
#[test]
fn stock_yjs_clients_are_never_refused_and_converge() {
    expect_no_finding(Part::Yjs, 40, 90);
}
