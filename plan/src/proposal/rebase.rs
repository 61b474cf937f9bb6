//! Makes the same changes on the plan as it is now, for a new revision of a draft.

use std::collections::BTreeMap;

use super::class::{void_dependents, world};
use super::rehearse::{in_order, ops};
use super::{Change, Class, NotAcceptableWhy, Read, Resolve, classes, trial};
use crate::content::Content;

/// A draft on the plan as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Rebased {
    /// The plan with every change in it that is not void.
    pub draft: Content,
    /// What became of each change, by its number: conflicts are in the draft as its author wants them, void
    /// ones are not.
    pub classes: Vec<(u32, Class)>,
}

/// Makes `changes`, those that are not decided, on `present`. What is there already stays, what can be merged is, and what conflicts is
/// made over what is there: whoever decides sees that as a change of what is there now.
pub fn rebase(present: &Content, changes: &[Change], reads: &[Read]) -> Rebased {
    let world = world(changes, present);
    let mut classes = classes(changes, present, reads);
    loop {
        let by_no: BTreeMap<u32, &Class> = classes.iter().map(|(no, it)| (*no, it)).collect();
        let all = changes.iter().map(|change| (change, Some(Resolve::Mine)));
        let (mut groups, mut of, mut wrong) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (change, resolve) in in_order(all.collect()) {
            match by_no.get(&change.no) {
                None | Some(Class::Void { .. } | Class::Already) => {}
                Some(
                    class @ (Class::Clean
                    | Class::Mergeable { .. }
                    | Class::Drifted { .. }
                    | Class::Conflict { .. }),
                ) => match ops(change, class, resolve, &world) {
                    Ok(ops) => {
                        groups.push(ops);
                        of.push(change.no);
                    }
                    Err(why) => {
                        wrong.insert(change.no, sentence(why));
                    }
                },
            }
        }
        let trial = trial::perform(present, groups, usize::MAX);
        for (at, say) in trial.refused {
            wrong.extend(of.get(at).map(|no| (*no, say)));
        }
        if wrong.is_empty() {
            let draft = trial.after;
            return Rebased { draft, classes };
        }
        for (no, class) in &mut classes {
            if let Some(why) = wrong.get(no) {
                *class = Class::Void { why: why.clone() };
            }
        }
        void_dependents(changes, present, &mut classes);
    }
}

fn sentence(why: NotAcceptableWhy) -> String {
    match why {
        NotAcceptableWhy::Void { say } | NotAcceptableWhy::Refused { say } => say,
        NotAcceptableWhy::Unknown
        | NotAcceptableWhy::Twice
        | NotAcceptableWhy::Needs { .. }
        | NotAcceptableWhy::Conflict { .. } => "it cannot be made".to_owned(),
    }
}
