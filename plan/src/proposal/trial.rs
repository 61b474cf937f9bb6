//! Performs groups of operations on a copy of a plan: each group as a whole or not at all.

use crate::content::Content;
use crate::op::{Op, Refused};

/// What became of groups of operations.
pub(super) struct Trial {
    /// The plan after those that could be performed.
    pub(super) after: Content,
    /// Which groups could not, counted from 0, and why.
    pub(super) refused: Vec<(usize, String)>,
}

/// Performs the groups in order. After `refused_max` that cannot be, the rest is left out.
pub(super) fn perform(present: &Content, groups: Vec<Vec<Op>>, refused_max: usize) -> Trial {
    let mut ends = Vec::with_capacity(groups.len());
    let mut ops: Vec<Op> = Vec::with_capacity(groups.len());
    for group in groups {
        ops.extend(group);
        ends.push(ops.len());
    }
    let mut trial = Trial {
        after: present.clone(),
        refused: Vec::new(),
    };
    let mut done = 0;
    while let Some(rest) = ops.get(done..).filter(|rest| !rest.is_empty()) {
        let Err(Refused { number, why }) = trial.after.apply(rest) else {
            break;
        };
        let group = ends.partition_point(|end| *end <= done + number);
        let begins = group.checked_sub(1).and_then(|it| ends.get(it)).copied();
        // The groups before it were fine just now, and are again.
        let before = ops.get(done..begins.unwrap_or(0)).unwrap_or_default();
        if trial.after.apply(before).is_err() {
            break;
        }
        trial.refused.push((group, why.to_string()));
        if trial.refused.len() >= refused_max {
            break;
        }
        done = ends.get(group).copied().unwrap_or(ops.len());
    }
    trial
}
