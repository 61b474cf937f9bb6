//! Deterministic simulation: the real room core among models of everything around it, by the seed.

#![cfg(test)]

#[path = "simulation/asking.rs"]
mod asking;
#[path = "simulation/awareness.rs"]
mod awareness;
#[path = "simulation/client_end.rs"]
mod client_end;
#[path = "simulation/coverage.rs"]
mod coverage;
#[path = "simulation/delivery.rs"]
mod delivery;
#[path = "simulation/edits.rs"]
mod edits;
#[path = "simulation/faults.rs"]
mod faults;
#[path = "simulation/generate.rs"]
mod generate;
#[path = "simulation/heal.rs"]
mod heal;
#[path = "simulation/hearing.rs"]
mod hearing;
#[path = "simulation/journal.rs"]
mod journal;
#[path = "simulation/leaving.rs"]
mod leaving;
#[path = "simulation/loading.rs"]
mod loading;
#[path = "simulation/looking.rs"]
mod looking;
#[path = "simulation/names.rs"]
mod names;
#[path = "simulation/oracle.rs"]
mod oracle;
#[path = "simulation/peer.rs"]
mod peer;
#[path = "simulation/plan.rs"]
mod plan;
#[path = "simulation/relay.rs"]
mod relay;
#[path = "simulation/room.rs"]
mod room;
#[path = "simulation/run.rs"]
mod run;
#[path = "simulation/sabotage.rs"]
mod sabotage;
#[path = "simulation/socket.rs"]
mod socket;
#[path = "simulation/steps.rs"]
mod steps;
#[path = "simulation/world.rs"]
mod world;
#[path = "simulation/writing.rs"]
mod writing;

use std::time::Instant;

use coverage::{Coverage, MUST_HAPPEN};
use oracle::{Promise, Violation};
use plan::Plan;
use run::run;
use sabotage::Sabotage;

/// Seeds of the usual run: a few seconds.
const SEEDS: u64 = 2_000;
/// Seeds within which a bug that was put in must be found.
const SEEDS_PER_BUG: u64 = 1_000;

/// A number that the environment may set.
fn setting(name: &str, by_default: u64) -> u64 {
    std::env::var(name).map_or(by_default, |text| text.parse().unwrap())
}

/// Fails with a smaller plan and the command that runs it, if `seed` breaks a promise.
fn check(seed: u64, coverage: &mut Coverage) {
    let plan = Plan::generate(seed);
    let outcome = run(&plan, Sabotage::None);
    if let Some(violation) = outcome.violation {
        let smallest = run::shrink(&plan, &violation, Sabotage::None);
        let again = run(&smallest, Sabotage::None).violation;
        let (steps, replay) = (smallest.steps.len(), run::keep(&smallest));
        panic!("seed {seed} breaks a promise: {again:#?}\n{steps} steps; again with: {replay}");
    }
    coverage.merge(&outcome.coverage);
}

/// Every seed from `first` on, each `stride`-th.
fn check_share(first: u64, stride: usize, end: u64) -> Coverage {
    let mut coverage = Coverage::default();
    for seed in (first..end).step_by(stride) {
        check(seed, &mut coverage);
    }
    coverage
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "how fast the simulation is, is not simulated"
)]
fn every_seed_keeps_every_promise() {
    let first = setting("CONVENE_SIM_FIRST", 0);
    let end = first + setting("CONVENE_SIM_SEEDS", SEEDS);
    let threads = setting("CONVENE_SIM_THREADS", 1).clamp(1, 64);
    let started = Instant::now();
    let mut coverage = Coverage::default();
    std::thread::scope(|scope| {
        let stride = usize::try_from(threads).unwrap();
        let shares: Vec<_> = (first..first + threads)
            .map(|share| scope.spawn(move || check_share(share, stride, end)))
            .collect();
        for share in shares {
            let Ok(counted) = share.join() else {
                panic!("a promise was broken; see above");
            };
            coverage.merge(&counted);
        }
    });
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "there are few seeds")]
    let speed = (end - first) as f64 / seconds;
    println!("{coverage}seeds {first}..{end} in {seconds:.1} s: {speed:.0} seeds/s");
    if end - first >= SEEDS {
        for name in MUST_HAPPEN {
            assert!(
                coverage.of(name) > 0,
                "{name} did not happen in {SEEDS} seeds"
            );
        }
    }
}

#[test]
fn plans_that_broke_a_promise_once_keep_it() {
    let kept = std::fs::read_dir(run::KEPT)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let named = std::env::var("CONVENE_SIM_PLAN").ok().map(Into::into);
    for path in kept.chain(named) {
        let violation = run(&run::read(&path), Sabotage::None).violation;
        assert_eq!(violation, None, "{}", path.display());
    }
}

#[test]
fn a_seed_is_the_same_run_every_time() {
    for seed in 0..50 {
        let plan = Plan::generate(seed);
        let text = serde_json::to_string(&plan).unwrap();
        let again: Plan = serde_json::from_str(&text).unwrap();
        let (one, other) = (run(&plan, Sabotage::None), run(&again, Sabotage::None));
        assert_eq!(one.coverage, other.coverage, "seed {seed}");
    }
}

/// The first promise that breaks with a bug put in.
fn first_broken(sabotage: Sabotage) -> Violation {
    let broken = |seed| run(&Plan::generate(seed), sabotage).violation;
    let found = (0..SEEDS_PER_BUG).find_map(broken);
    found.unwrap_or_else(|| panic!("{sabotage:?} is not found in {SEEDS_PER_BUG} seeds"))
}

#[test]
fn an_acknowledgement_before_the_commit_is_found() {
    let found = first_broken(Sabotage::EarlyAcknowledgement);
    assert_eq!(found.promise, Promise::AcknowledgedIsCommitted, "{found:?}");
}

#[test]
fn a_broadcast_before_the_commit_is_found() {
    let found = first_broken(Sabotage::EarlyBroadcast);
    assert_eq!(found.promise, Promise::ShownIsCommitted, "{found:?}");
}

#[test]
fn a_sync_step_2_before_the_commit_is_found() {
    let found = first_broken(Sabotage::EarlyStep2);
    assert_eq!(found.promise, Promise::ShownIsCommitted, "{found:?}");
}

#[test]
fn an_older_snapshot_in_the_place_of_a_newer_one_is_found() {
    let found = first_broken(Sabotage::NoSnapshotFence);
    assert_eq!(found.promise, Promise::SnapshotOnlyForward, "{found:?}");
}

#[test]
fn a_second_room_of_a_plan_that_loads_is_found() {
    let found = first_broken(Sabotage::UnloadDuringLoad);
    assert_eq!(found.promise, Promise::OneRoomPerPlan, "{found:?}");
}

#[test]
fn a_client_id_of_somebody_else_is_found() {
    let found = first_broken(Sabotage::ReusedClientId);
    assert_eq!(found.promise, Promise::ClientIdHasOneOwner, "{found:?}");
}

#[test]
fn a_leaving_that_nobody_hears_of_is_found() {
    let found = first_broken(Sabotage::LostRemoval);
    assert_eq!(found.promise, Promise::AbsentAreNotSeen, "{found:?}");
}

#[test]
fn a_newcomer_that_nobody_hears_of_is_found() {
    let found = first_broken(Sabotage::LostArrival);
    assert_eq!(found.promise, Promise::PresentAreSeen, "{found:?}");
}

#[test]
fn an_update_without_a_status_is_found() {
    let found = first_broken(Sabotage::LostStatus);
    assert_eq!(found.promise, Promise::OneStatusPerUpdate, "{found:?}");
}

#[test]
fn a_status_without_an_update_is_found() {
    let found = first_broken(Sabotage::StatusForNothing);
    assert_eq!(found.promise, Promise::OneStatusPerUpdate, "{found:?}");
}

#[test]
fn a_full_outbox_that_is_forgotten_is_found() {
    let found = first_broken(Sabotage::ForgottenBehind);
    assert_eq!(found.promise, Promise::ShownIsWhole, "{found:?}");
}

#[test]
fn an_update_that_nobody_is_shown_is_found() {
    let found = first_broken(Sabotage::LostBroadcast);
    assert_eq!(found.promise, Promise::Converged, "{found:?}");
}

#[test]
fn a_snapshot_of_more_rows_than_it_says_is_found() {
    let found = first_broken(Sabotage::SnapshotOfMore);
    assert_eq!(found.promise, Promise::SnapshotIsItsRows, "{found:?}");
}

#[test]
fn a_hash_before_the_commit_is_found() {
    let found = first_broken(Sabotage::EarlyHash);
    assert_eq!(found.promise, Promise::HashIsTrue, "{found:?}");
}

#[test]
fn a_viewer_who_writes_is_found() {
    let found = first_broken(Sabotage::EverybodyWrites);
    assert_eq!(found.promise, Promise::OnlyWritersWrite, "{found:?}");
}

#[test]
fn a_role_that_its_room_does_not_hear_of_is_found() {
    let found = first_broken(Sabotage::LostRoleChange);
    assert_eq!(found.promise, Promise::RoleIsCurrent, "{found:?}");
}

#[test]
fn rows_in_the_wrong_order_are_found() {
    let found = first_broken(Sabotage::ReversedRows);
    assert_eq!(found.promise, Promise::JournalHasNoHoles, "{found:?}");
}

#[test]
fn an_append_that_is_written_twice_is_found() {
    let found = first_broken(Sabotage::ForgottenAppends);
    assert_eq!(found.promise, Promise::AppendedOnce, "{found:?}");
}

#[test]
fn a_decision_that_counts_although_another_came_first_is_found() {
    let found = first_broken(Sabotage::StaleDecision);
    assert_eq!(found.promise, Promise::DecidedOnce, "{found:?}");
}

#[test]
fn a_row_that_a_load_leaves_out_is_found() {
    let found = first_broken(Sabotage::SkippedRow);
    assert_eq!(found.promise, Promise::LoadIsWhole, "{found:?}");
}

#[test]
fn an_exchange_without_end_is_found() {
    let found = first_broken(Sabotage::EndlessAnswers);
    assert_eq!(found.promise, Promise::Settles, "{found:?}");
}

#[test]
fn a_panic_is_found() {
    let found = first_broken(Sabotage::Panic);
    assert_eq!(found.promise, Promise::NothingPanics, "{found:?}");
}

#[test]
fn a_room_of_nobody_that_stays_is_found() {
    let found = first_broken(Sabotage::NeverIdle);
    assert_eq!(found.promise, Promise::RoomsEnd, "{found:?}");
}

#[test]
fn rows_that_are_missed_and_never_read_are_found() {
    let found = first_broken(Sabotage::NoGapRepair);
    let is_behind = matches!(found.promise, Promise::NodesAreLevel | Promise::Converged);
    assert!(is_behind, "{found:?}");
}

#[test]
fn rows_that_are_told_before_the_commit_are_found() {
    let found = first_broken(Sabotage::EarlyTell);
    // Whichever comes first at the other node: somebody to show it to, or a snapshot.
    let expected = [Promise::ShownIsCommitted, Promise::SnapshotIsItsRows];
    assert!(expected.contains(&found.promise), "{found:?}");
}

#[test]
fn a_node_that_is_gone_and_still_seen_is_found() {
    let found = first_broken(Sabotage::LostNodeGone);
    assert_eq!(found.promise, Promise::AbsentAreNotSeen, "{found:?}");
}

#[test]
fn a_role_that_changed_at_another_node_and_is_not_compared_is_found() {
    let found = first_broken(Sabotage::SkippedAccess);
    assert_eq!(found.promise, Promise::RoleIsCurrent, "{found:?}");
}

#[test]
fn rows_that_are_taken_although_they_jump_are_found() {
    let found = first_broken(Sabotage::JumpTaken);
    let expected = [Promise::ShownIsWhole, Promise::SnapshotIsItsRows];
    assert!(expected.contains(&found.promise), "{found:?}");
}

#[test]
fn updates_that_waited_for_an_answer_and_are_forgotten_are_found() {
    let found = first_broken(Sabotage::ForgottenDeferred);
    assert_eq!(found.promise, Promise::OneStatusPerUpdate, "{found:?}");
}

#[test]
fn updates_that_are_acknowledged_without_being_tried_again_are_found() {
    let found = first_broken(Sabotage::DeferredAcknowledged);
    let expected = Promise::AcknowledgedIsCommitted;
    assert_eq!(found.promise, expected, "{found:?}");
}
