//! Proposals among concurrent edits, partial decisions, rebases and undos, by the seed: what must always hold.

#![cfg(test)]

#[path = "proposals/act.rs"]
mod act;
#[path = "proposals/promise.rs"]
mod promise;
#[path = "proposals/seed.rs"]
mod seed;

use std::collections::BTreeMap;

use convene_plan::content::Content;
use convene_plan::format::plan_json::{Layout, write};
use convene_plan::op::Op;
use convene_plan::proposal::{
    Change, Choice, Class, NotAcceptableWhy, Read, Resolve, Took, changes, classes, rebase,
    rehearse, undo,
};
use convene_plan::view::Gates;

use self::seed::Seed;

/// How often everything happened, so that nothing is only thought to be tried.
type Counts = BTreeMap<&'static str, u64>;

/// A proposal with what was decided of it.
struct Proposal {
    changes: Vec<Change>,
    reads: Vec<Read>,
    /// Its numbers that were accepted.
    accepted: Vec<u32>,
}

/// A plan that people edit, with proposals for it.
struct Scenario {
    seed: Seed,
    plan: Content,
    /// Everything that was done to it, in order.
    log: Vec<Op>,
    proposals: Vec<Proposal>,
    /// What each acceptance made of the plan, and the plan right before and after it.
    accepted: Vec<(Vec<Took>, Content, Content)>,
    counts: Counts,
}

impl Scenario {
    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn perform(&mut self, ops: &[Op]) {
        self.plan.apply(ops).unwrap();
        self.log.extend_from_slice(ops);
    }

    fn edit(&mut self) {
        for _ in 0..=self.seed.below(8) {
            let op = act::op(&mut self.seed, &self.plan);
            if let Ok((after, _)) = self.plan.after(std::slice::from_ref(&op)) {
                self.plan = after;
                self.log.push(op);
                self.count("edits");
            }
        }
    }

    fn propose(&mut self) {
        let draft = act::draft(&mut self.seed, &self.plan);
        let changes = changes(&self.plan, &draft).unwrap();
        promise::changes_make_the_draft(&self.plan, &draft, &changes);
        let reads = (0..self.seed.below(3)).map(|_| act::read(&mut self.seed, &self.plan));
        let reads = reads.collect();
        // What is kept is what comes back from where it was kept.
        let stored = serde_json::to_string(&changes).unwrap();
        self.proposals.push(Proposal {
            changes: serde_json::from_str(&stored).unwrap(),
            reads,
            accepted: Vec::new(),
        });
        self.count("proposals");
    }

    fn decide(&mut self) {
        let Some(at) = self.seed.index(self.proposals.len()) else {
            return;
        };
        let proposal = &self.proposals[at];
        let of = classes(&proposal.changes, &self.plan, &proposal.reads);
        promise::classes_are_what_they_say(&self.plan, &proposal.changes, &of);
        let open = proposal
            .changes
            .iter()
            .filter(|change| !proposal.accepted.contains(&change.no));
        let mut choices = Vec::new();
        // At times few of them, so that what they need is left out.
        let chance = if self.seed.one_in(3) { 2 } else { 4 };
        for change in open {
            if self.seed.one_in(chance) {
                continue;
            }
            let resolve = self.seed.one_in(2).then_some(Resolve::Mine);
            choices.push(Choice {
                no: change.no,
                resolve,
            });
        }
        let (changes, reads) = (proposal.changes.clone(), proposal.reads.clone());
        let now = self.plan.clone();
        for (_, class) in &of {
            self.count(name(class));
        }
        loop {
            match rehearse(&now, &changes, &reads, &choices, &Gates::none()) {
                Ok(rehearsal) => {
                    let of: BTreeMap<u32, Class> = of.into_iter().collect();
                    promise::what_was_accepted_holds(&now, &changes, (&choices, &of), &rehearsal);
                    self.perform(&rehearsal.ops);
                    assert_eq!(self.plan, rehearsal.after);
                    let numbers = choices.iter().map(|choice| choice.no);
                    self.proposals[at].accepted.extend(numbers);
                    if !rehearsal.took.is_empty() {
                        let took = serde_json::to_string(&rehearsal.took).unwrap();
                        let took = serde_json::from_str(&took).unwrap();
                        self.accepted.push((took, now, rehearsal.after));
                    }
                    self.count("acceptances");
                    return;
                }
                Err(refused) => {
                    assert!(!refused.is_empty());
                    let of: BTreeMap<u32, Class> = of.iter().cloned().collect();
                    for refused in &refused {
                        promise::a_refusal_is_true(&now, &changes, (&choices, &of), refused);
                        self.count(reason(&refused.why));
                    }
                    let before = choices.len();
                    choices.retain(|choice| refused.iter().all(|it| it.no != choice.no));
                    assert!(choices.len() < before, "{refused:?}");
                }
            }
        }
    }

    fn rebase(&mut self) {
        let Some(at) = self.seed.index(self.proposals.len()) else {
            return;
        };
        let proposal = &self.proposals[at];
        let open = proposal
            .changes
            .iter()
            .filter(|change| !proposal.accepted.contains(&change.no));
        let open: Vec<Change> = open.cloned().collect();
        let rebased = rebase(&self.plan, &open, &proposal.reads);
        let revision = changes(&self.plan, &rebased.draft).unwrap();
        promise::a_rebased_draft_holds(&self.plan, &open, &rebased, &revision);
        self.proposals[at] = Proposal {
            changes: revision,
            reads: Vec::new(),
            accepted: Vec::new(),
        };
        self.count("rebases");
    }

    fn undo(&mut self) {
        let Some(at) = self.seed.index(self.accepted.len()) else {
            return;
        };
        let (took, before, after) = self.accepted.swap_remove(at);
        let undo = undo(&self.plan, &took);
        promise::what_was_undone_holds(&self.plan, &took, &undo);
        if self.plan == after {
            promise::undone_at_once_is_as_before(&before, &took, &undo);
            self.count("undone at once");
        }
        if !undo.kept.is_empty() {
            self.count("kept");
        }
        let ops = undo.ops.clone();
        self.perform(&ops);
        assert_eq!(self.plan, undo.after);
        self.count("undos");
    }

    fn play(&mut self) {
        let first = self.plan.clone();
        for _ in 0..8 + self.seed.below(10) {
            match self.seed.below(10) {
                0..=1 => self.propose(),
                2..=3 => self.edit(),
                4..=6 => self.decide(),
                7 => self.rebase(),
                _ => self.undo(),
            }
        }
        let mut again = first;
        again.apply(&self.log).unwrap();
        let text = |content| write(content, Layout::Compact);
        assert_eq!(text(&again), text(&self.plan), "a replay is the same plan");
    }
}

fn name(class: &Class) -> &'static str {
    match class {
        Class::Clean => "clean",
        Class::Already => "already",
        Class::Mergeable { .. } => "mergeable",
        Class::Drifted { .. } => "drifted",
        Class::Conflict { .. } => "conflict",
        Class::Void { .. } => "void",
    }
}

fn reason(why: &NotAcceptableWhy) -> &'static str {
    match why {
        NotAcceptableWhy::Unknown => "refused as unknown",
        NotAcceptableWhy::Twice => "refused as chosen twice",
        NotAcceptableWhy::Needs { .. } => "refused for what it needs",
        NotAcceptableWhy::Void { .. } => "refused as void",
        NotAcceptableWhy::Conflict { .. } => "refused as a conflict",
        NotAcceptableWhy::Refused { .. } => "refused by the plan",
    }
}

fn scenario(number: u64) -> Counts {
    let mut seed = Seed::new(number);
    let plan = act::plan(&mut seed);
    let mut scenario = Scenario {
        seed,
        plan,
        log: Vec::new(),
        proposals: Vec::new(),
        accepted: Vec::new(),
        counts: Counts::new(),
    };
    scenario.propose();
    scenario.play();
    scenario.counts
}

#[test]
fn what_is_accepted_takes_effect_or_is_reported_in_every_scenario() {
    let setting = |name: &str, otherwise: u64| {
        let text = std::env::var(name).ok();
        text.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let first = setting("CONVENE_PROPOSAL_FIRST", 0);
    let mut counts = Counts::new();
    for number in first..first + setting("CONVENE_PROPOSAL_SCENARIOS", 2_000) {
        let counted = std::panic::catch_unwind(|| scenario(number)).unwrap_or_else(|panic| {
            eprintln!("again: CONVENE_PROPOSAL_FIRST={number} CONVENE_PROPOSAL_SCENARIOS=1");
            std::panic::resume_unwind(panic)
        });
        for (what, count) in counted {
            *counts.entry(what).or_default() += count;
        }
    }
    println!("{counts:?}");
    if first == 0 && counts["proposals"] > 2_000 {
        for what in [
            "clean",
            "already",
            "mergeable",
            "drifted",
            "conflict",
            "void",
            "edits",
            "refused for what it needs",
            "refused as void",
            "refused as a conflict",
            "acceptances",
            "rebases",
            "undos",
            "undone at once",
            "kept",
        ] {
            assert!(
                counts.get(what) > Some(&50),
                "{what} is hardly tried: {counts:?}"
            );
        }
    }
}
