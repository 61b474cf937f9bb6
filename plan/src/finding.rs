//! What is wrong with a plan: rules, and what they find.
//!
//! ```text
//! PlanView ──> Rule, Rule … ──> Finding { key, severity, what it is about, say, fixes }
//!                  ^
//!   changed roots ─┘ only rules that read one of them run again (Findings::refresh)
//! ```
//!
//! Findings are derived and never stored; nothing here refuses an edit. A finding has the same key for as
//! long as it is about the same things, so that somebody can dismiss it, and a proposal can say what it
//! solves.

mod agenda;
mod gate;
mod money;
mod overlap;
mod person;
mod reference;
mod rules;
mod schema;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use self::rules::RULES;
use crate::content::Content;
use crate::op::Op;
use crate::schema::Root;
use crate::view::{Gates, PlanView};

/// How many findings a rule, or its part for one root, makes at most. Were thousands of sessions put into one room at one time, there
/// would be millions; one more finding says then how many were left out.
pub const FINDINGS_MAX: usize = 1_000;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing can be approved or published with it.
    Block,
    /// Somebody should look at it.
    Warn,
    /// Good to know.
    Info,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ref {
    /// The root.
    pub root: String,
    /// The entity; empty where the root holds one thing.
    pub id: String,
    /// The field, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// A way out of a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fix {
    /// What it does, as an order.
    pub say: String,
    /// The operations that do it, with what they expect to find. Empty when it is done beside the plan.
    pub ops: Vec<Op>,
}

/// Something that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The rule and the ids it is about, with `|` between: the same whenever the same is found.
    pub key: String,
    /// The rule's name.
    pub rule: Cow<'static, str>,
    /// How grave it is.
    pub severity: Severity,
    /// What it is about.
    pub refs: Vec<Ref>,
    /// What is wrong, for people.
    pub say: String,
    /// Ways out, the best first.
    pub fixes: Vec<Fix>,
}

impl Finding {
    /// A finding about these ids, in an order that does not depend on who came first. Its rule is filled
    /// in by [`Found::add`].
    fn new(severity: Severity, ids: &[&str], say: String) -> Self {
        Self {
            key: ids.join("|"),
            rule: Cow::Borrowed(""),
            severity,
            refs: Vec::new(),
            say,
            fixes: Vec::new(),
        }
    }

    fn on(mut self, root: &str, id: &str) -> Self {
        self.refs.push(Ref {
            root: root.to_owned(),
            id: id.to_owned(),
            field: None,
        });
        self
    }

    fn at(mut self, root: &str, id: &str, field: &str) -> Self {
        self.refs.push(Ref {
            root: root.to_owned(),
            id: id.to_owned(),
            field: Some(field.to_owned()),
        });
        self
    }

    fn fix(mut self, say: impl Into<String>, ops: Vec<Op>) -> Self {
        let say = say.into();
        self.fixes.push(Fix { say, ops });
        self
    }
}

/// What one rule found.
#[derive(Debug)]
pub struct Found {
    rule: &'static str,
    /// The root that is looked at by itself, else empty.
    part: &'static str,
    findings: Vec<Finding>,
    left_out: usize,
}

impl Found {
    fn new(rule: &'static str, part: &'static str) -> Self {
        Self {
            rule,
            part,
            findings: Vec::new(),
            left_out: 0,
        }
    }

    /// Takes a finding, which is made only as long as there is room for one.
    fn add(&mut self, make: impl FnOnce() -> Finding) {
        if self.findings.len() >= FINDINGS_MAX {
            self.left_out += 1;
            return;
        }
        let mut finding = make();
        finding.key = format!("{}|{}", self.rule, finding.key);
        finding.rule = Cow::Borrowed(self.rule);
        self.findings.push(finding);
    }

    /// The findings by their keys, and a last one when some were left out.
    fn done(mut self) -> Vec<Finding> {
        self.findings.sort_by(|a, b| a.key.cmp(&b.key));
        if self.left_out > 0 {
            let gravest = self.findings.iter().map(|it| it.severity).min();
            self.findings.push(Finding {
                key: format!("{}|{}|", self.rule, self.part),
                rule: Cow::Borrowed(self.rule),
                severity: gravest.unwrap_or(Severity::Warn),
                refs: Vec::new(),
                say: format!("and {} more of these", self.left_out),
                fixes: Vec::new(),
            });
        }
        self.findings
    }
}

/// Something that can be wrong with a plan.
pub struct Rule {
    /// Its name, with which keys begin.
    pub name: &'static str,
    /// The roots that it reads: it finds something else only after one of them changed.
    pub reads: &'static [&'static str],
    /// How it is looked for.
    pub find: Find,
}

/// How a rule looks at a plan.
pub enum Find {
    /// At all that it reads together.
    Together(fn(&PlanView<'_>, &mut Found)),
    /// At each root that it reads by itself.
    EachRoot(fn(&PlanView<'_>, &'static Root, &mut Found)),
}

/// A rule, or its part for one root: the least that runs again.
#[derive(Clone, Copy)]
enum Job {
    Together(&'static Rule, fn(&PlanView<'_>, &mut Found)),
    Root(
        &'static Rule,
        &'static Root,
        fn(&PlanView<'_>, &'static Root, &mut Found),
    ),
}

impl Job {
    fn all() -> impl Iterator<Item = Self> {
        RULES.iter().flat_map(|rule| {
            let jobs: Vec<Self> = match rule.find {
                Find::Together(find) => vec![Self::Together(rule, find)],
                Find::EachRoot(find) => {
                    let roots = rule.reads.iter().filter_map(|name| Root::of(name));
                    roots.map(|root| Self::Root(rule, root, find)).collect()
                }
            };
            jobs
        })
    }

    fn reads(self, root: &str) -> bool {
        match self {
            Self::Together(rule, _) => rule.reads.contains(&root),
            Self::Root(_, own, _) => own.name == root,
        }
    }

    fn run(self, view: &PlanView<'_>) -> Vec<Finding> {
        let found = match self {
            Self::Together(rule, find) => {
                let mut found = Found::new(rule.name, "");
                find(view, &mut found);
                found
            }
            Self::Root(rule, root, find) => {
                let mut found = Found::new(rule.name, root.name);
                find(view, root, &mut found);
                found
            }
        };
        found.done()
    }
}

/// Everything that is wrong with a plan, by rule and then by key.
pub fn find(content: &Content, gates: &Gates) -> Vec<Finding> {
    let view = PlanView::with_gates(content, gates);
    Job::all().flat_map(|job| job.run(&view)).collect()
}

/// What is wrong with a plan, kept by rule, so that an edit makes only some rules run again.
pub struct Findings {
    kept: Vec<(Job, Vec<Finding>)>,
}

impl Findings {
    /// Looks at the whole plan.
    pub fn new(content: &Content, gates: &Gates) -> Self {
        let view = PlanView::with_gates(content, gates);
        let kept = Job::all().map(|job| (job, job.run(&view))).collect();
        Self { kept }
    }

    /// Looks again after these roots changed; [`GATES`](crate::view::GATES) stands for the gates. What is
    /// kept then is what [`find`] finds, as long as every root that changed is named.
    pub fn refresh(&mut self, content: &Content, gates: &Gates, changed: &[&str]) {
        let view = PlanView::with_gates(content, gates);
        for (job, findings) in &mut self.kept {
            if changed.iter().any(|root| job.reads(root)) {
                *findings = job.run(&view);
            }
        }
    }

    /// All of them, by rule and then by key.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.kept.iter().flat_map(|(_, findings)| findings)
    }
}

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
