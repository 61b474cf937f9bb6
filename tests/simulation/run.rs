//! Runs plans, makes failing ones smaller, keeps and replays them.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::coverage::Coverage;
use crate::oracle::{Promise, Violation, violation};
use crate::plan::Plan;
use crate::sabotage::Sabotage;
use crate::world::World;

/// Runs while a failing plan is made smaller.
const SHRINK_RUNS_MAX: usize = 2_000;

/// Plans that broke a promise before a bug was mended.
pub(crate) const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/simulation/plans");

/// What came of one run.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) violation: Option<Violation>,
    pub(crate) coverage: Coverage,
}

/// Runs `plan`; a panic breaks a promise too.
pub(crate) fn run(plan: &Plan, sabotage: Sabotage) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| run_to_end(plan, sabotage))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Outcome {
            violation: Some(violation(Promise::NothingPanics, text.unwrap_or_default())),
            coverage: Coverage::default(),
        }
    })
}

/// Runs `plan` to its healed end or to the first broken promise.
fn run_to_end(plan: &Plan, sabotage: Sabotage) -> Outcome {
    let mut world = World::new(plan.shape, sabotage);
    for step in &plan.steps {
        world.step(*step);
        for node in 0..world.nodes.len() {
            if world.nodes[node].writer_ended {
                world.refuse_queue(node);
            }
        }
        if world.violation.is_some() {
            break;
        }
    }
    if world.violation.is_none() {
        world.heal();
    }
    Outcome {
        violation: world.violation,
        coverage: world.coverage,
    }
}

/// Leaves out steps as long as the same promise is broken.
pub(crate) fn shrink(plan: &Plan, violation: &Violation, sabotage: Sabotage) -> Plan {
    let mut smallest = plan.clone();
    let mut chunk = smallest.steps.len() / 2;
    let mut runs = 0;
    while chunk > 0 {
        let mut at = 0;
        while at < smallest.steps.len() {
            let mut smaller = smallest.clone();
            let end = (at + chunk).min(smaller.steps.len());
            smaller.steps.drain(at..end);
            runs += 1;
            if runs > SHRINK_RUNS_MAX {
                return smallest;
            }
            let fails = run(&smaller, sabotage).violation;
            if fails.is_some_and(|found| found.promise == violation.promise) {
                smallest = smaller;
            } else {
                at += chunk;
            }
        }
        chunk /= 2;
    }
    smallest
}

/// Writes a failing plan beside the build and says how to run it again.
pub(crate) fn keep(plan: &Plan) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path: PathBuf = folder.join(format!("plan-{}.json", plan.seed));
    fs::write(&path, serde_json::to_string_pretty(plan).unwrap()).unwrap();
    format!("make sim PLAN={}", path.display())
}

/// Reads a plan that was kept.
pub(crate) fn read(path: &Path) -> Plan {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
