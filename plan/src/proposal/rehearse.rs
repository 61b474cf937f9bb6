//! Tries on a copy of a plan what accepting changes does, before it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::class::{is_in_plan, world};
use super::effect::{Effect, effect};
use super::present::{Target, stands};
use super::{Change, Class, Kind, Read, classes, op, trial};
use crate::content::{Content, is_archived, value_from_json};
use crate::op::{Op, between};
use crate::view::Gates;

/// A change that somebody accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChangeChoice"))]
pub struct Choice {
    /// Its number.
    pub no: u32,
    /// What to do where something else is there than it was made on; left out, such a change is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolve: Option<Resolve>,
}

/// What to do about a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Resolve {
    /// The proposed value replaces what is there.
    Mine,
}

/// What accepting changes does.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsal {
    /// The operations, each expecting what is there now.
    pub ops: Vec<Op>,
    /// The plan after them.
    pub after: Content,
    /// What really becomes of the plan, one for each operation and in their order; kept for [`undo`](super::undo()).
    pub took: Vec<Took>,
    /// The numbers of those that were there already.
    pub already: Vec<u32>,
    /// What follows from it.
    pub effect: Effect,
}

/// What a change made of the plan when it was accepted. A change that is made over something else can take
/// several of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChangeTook"))]
pub struct Took {
    /// The number of the change.
    pub no: u32,
    /// What was done.
    pub op: Kind,
    /// Where.
    pub path: Vec<String>,
    /// What was there, as of a [`Change`].
    pub before: Json,
    /// What is there then.
    pub after: Json,
}

/// A chosen change that cannot be accepted, so that none was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NotAcceptable {
    /// The number of the change.
    pub no: u32,
    /// Why.
    #[serde(flatten)]
    pub why: NotAcceptableWhy,
}

/// Why a change cannot be accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum NotAcceptableWhy {
    /// The proposal has no change with this number.
    Unknown,
    /// It was chosen twice.
    Twice,
    /// It needs others that were not chosen and are not in the plan.
    Needs {
        /// Their numbers.
        needs: Vec<u32>,
    },
    /// What it is about is not there.
    Void {
        /// Why, in a sentence.
        say: String,
    },
    /// Something else is there now, and nothing was chosen about that.
    Conflict {
        /// What is there.
        present: Json,
    },
    /// The plan does not take it.
    Refused {
        /// Why, in a sentence.
        say: String,
    },
}

impl fmt::Display for NotAcceptable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "change {}: ", self.no)?;
        match &self.why {
            NotAcceptableWhy::Unknown => f.write_str("the proposal has no such change"),
            NotAcceptableWhy::Twice => f.write_str("it is chosen twice; name it once"),
            NotAcceptableWhy::Needs { needs } => {
                let needs: Vec<String> = needs.iter().map(u32::to_string).collect();
                write!(f, "accept {} with it, or leave it out", needs.join(", "))
            }
            NotAcceptableWhy::Void { say } | NotAcceptableWhy::Refused { say } => f.write_str(say),
            NotAcceptableWhy::Conflict { .. } => f.write_str(
                "something else is there now; resolve it as \"mine\", or leave that as it is",
            ),
        }
    }
}

/// What accepting the chosen changes makes of the plan as it is `present`. `changes` are all of the proposal,
/// also those that were decided, so that others can need them. Fails with every choice that cannot be, and
/// then nothing is accepted. Whoever performs the operations on a plan that changed since is
/// refused there, since they say what they expect.
pub fn rehearse(
    present: &Content,
    changes: &[Change],
    reads: &[Read],
    choices: &[Choice],
    gates: &Gates,
) -> Result<Rehearsal, Vec<NotAcceptable>> {
    let (chosen, mut refused) = chosen(present, changes, choices);
    let world = world(changes, present);
    let classes: BTreeMap<u32, Class> = classes(changes, present, reads).into_iter().collect();
    let (mut groups, mut already) = (Vec::new(), Vec::new());
    for (change, resolve) in in_order(chosen) {
        let class = classes.get(&change.no).unwrap_or(&Class::Clean);
        match ops(change, class, resolve, &world) {
            Ok(ops) if ops.is_empty() => already.push(change.no),
            Ok(ops) => groups.push((change, ops)),
            Err(why) => refused.push(NotAcceptable { no: change.no, why }),
        }
    }
    let ops: Vec<Vec<Op>> = groups.iter().map(|(_, ops)| ops.clone()).collect();
    let trial = trial::perform(present, ops, usize::MAX);
    for (at, say) in trial.refused {
        if let Some((change, _)) = groups.get(at) {
            let why = NotAcceptableWhy::Refused { say };
            refused.push(NotAcceptable { no: change.no, why });
        }
    }
    let after = trial.after;
    if refused.is_empty() {
        let without = groups
            .iter()
            .filter(|(change, ops)| !took_effect(change, ops, &after));
        refused.extend(without.map(|(change, _)| NotAcceptable {
            no: change.no,
            why: NotAcceptableWhy::Refused {
                say: "it would have no effect; rebase the proposal".to_owned(),
            },
        }));
    }
    if !refused.is_empty() {
        refused.sort_by_key(|it| it.no);
        return Err(refused);
    }
    let took = groups.iter().flat_map(|(change, ops)| {
        let took = |op| took(change.no, op, &world, &after);
        ops.iter().filter_map(took).collect::<Vec<_>>()
    });
    Ok(Rehearsal {
        took: took.collect(),
        effect: effect(present, &after, gates),
        ops: groups.into_iter().flat_map(|(_, ops)| ops).collect(),
        after,
        already,
    })
}

type Chosen<'a> = Vec<(&'a Change, Option<Resolve>)>;

/// The changes that are chosen and can be as far as their numbers say.
fn chosen<'a>(
    present: &Content,
    changes: &'a [Change],
    choices: &[Choice],
) -> (Chosen<'a>, Vec<NotAcceptable>) {
    let by_no: BTreeMap<u32, &Change> = changes.iter().map(|it| (it.no, it)).collect();
    let numbers: BTreeSet<u32> = choices.iter().map(|choice| choice.no).collect();
    let (mut chosen, mut refused, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for Choice { no, resolve } in choices {
        let refuse = |why| NotAcceptable { no: *no, why };
        if !seen.insert(*no) {
            refused.push(refuse(NotAcceptableWhy::Twice));
            continue;
        }
        let Some(change) = by_no.get(no) else {
            refused.push(refuse(NotAcceptableWhy::Unknown));
            continue;
        };
        let is_there = |needed: &u32| {
            let needed = by_no.get(needed);
            needed.is_some_and(|needed| is_in_plan(needed, present))
        };
        let lacks = |needed: &&u32| !numbers.contains(needed) && !is_there(needed);
        let needs: Vec<u32> = change.depends_on.iter().filter(lacks).copied().collect();
        if needs.is_empty() {
            chosen.push((*change, *resolve));
        } else {
            refused.push(refuse(NotAcceptableWhy::Needs { needs }));
        }
    }
    (chosen, refused)
}

/// What makes or brings back entities first, what puts them away last, and else by number.
pub(super) fn in_order(mut chosen: Chosen<'_>) -> Chosen<'_> {
    chosen.sort_by_key(|(change, _)| {
        let turn = match change.op {
            Kind::Add | Kind::Restore => 0,
            Kind::Set | Kind::Text | Kind::Link | Kind::Unlink => 1,
            Kind::Archive => 2,
        };
        (turn, change.no)
    });
    chosen
}

/// The operations that make a change of this class; none where it is there already.
pub(super) fn ops(
    change: &Change,
    class: &Class,
    resolve: Option<Resolve>,
    world: &Content,
) -> Result<Vec<Op>, NotAcceptableWhy> {
    let leads_nowhere = || NotAcceptableWhy::Void {
        say: format!("{} leads nowhere", change.path.join("/")),
    };
    let target = Target::of(&change.path).ok_or_else(leads_nowhere)?;
    let there = || target.value(change.op, world);
    match class {
        Class::Already => Ok(Vec::new()),
        Class::Clean | Class::Drifted { .. } => Ok(vec![change.performed(there())]),
        Class::Mergeable { merged } => {
            let merged = Json::from(merged.as_str());
            Ok(vec![op(change.op, &change.path, there(), merged)])
        }
        Class::Void { why } => Err(NotAcceptableWhy::Void { say: why.clone() }),
        Class::Conflict { present } => match (resolve, change.op) {
            (None, _) => Err(NotAcceptableWhy::Conflict {
                present: present.clone(),
            }),
            (Some(Resolve::Mine), Kind::Add) => over(change, &target, world),
            (
                Some(Resolve::Mine),
                Kind::Set | Kind::Archive | Kind::Restore | Kind::Text | Kind::Link | Kind::Unlink,
            ) => Ok(vec![change.performed(there())]),
        },
    }
}

/// Makes an entity over another one that has its id: what it has replaces what is there, and what only
/// the other has stays.
fn over(
    change: &Change,
    target: &Target<'_>,
    world: &Content,
) -> Result<Vec<Op>, NotAcceptableWhy> {
    let path = |within: &[&str]| target.root.path(target.id, within);
    let (Some(there), Json::Object(mine)) =
        (world.entity(target.root.name, target.id), &change.after)
    else {
        return Ok(vec![change.performed(Json::Null)]);
    };
    let wanted_away = mine.get("archived") == Some(&Json::Bool(true));
    let moves = wanted_away != is_archived(there);
    let mut ops = Vec::new();
    // It is taken back from the last to the first, and only what is there can be edited.
    if moves && !wanted_away {
        ops.push(Op::Restore { path: path(&[]) });
    }
    for (name, json) in mine {
        if name == "id" || name == "archived" {
            continue;
        }
        let wanted = value_from_json(target.root, name, json);
        let between = between(&path(&[name]), there.get(name), &wanted);
        ops.extend(between.ok_or_else(|| NotAcceptableWhy::Refused {
            say: format!(
                "{name} of {} is of another type there; edit it by hand",
                target.say(world)
            ),
        })?);
    }
    if moves && wanted_away {
        ops.push(Op::Archive { path: path(&[]) });
    }
    Ok(ops)
}

/// Whether the plan says then what the operations of a change make.
fn took_effect(change: &Change, ops: &[Op], after: &Content) -> bool {
    let Some(target) = Target::of(&change.path) else {
        return false;
    };
    let merged = match (change.op, ops) {
        (Kind::Text, [Op::Text { to, .. }]) => target.value(Kind::Text, after) == to.as_str(),
        (
            Kind::Text
            | Kind::Set
            | Kind::Add
            | Kind::Archive
            | Kind::Restore
            | Kind::Link
            | Kind::Unlink,
            _,
        ) => false,
    };
    merged || stands(change, &target, after)
}

/// What one operation makes of the plan.
pub(super) fn took(no: u32, op: &Op, before: &Content, after: &Content) -> Option<Took> {
    let kind = match op {
        Op::Add { .. } => Kind::Add,
        Op::Set { .. } => Kind::Set,
        Op::Text { .. } => Kind::Text,
        Op::Link { .. } => Kind::Link,
        Op::Unlink { .. } => Kind::Unlink,
        Op::Archive { .. } => Kind::Archive,
        Op::Restore { .. } => Kind::Restore,
    };
    let target = Target::of(op.path())?;
    // What is added is nothing before, whatever else was judged on it.
    let was = match kind {
        Kind::Add => Json::Null,
        Kind::Restore => Json::Bool(true),
        Kind::Set | Kind::Text | Kind::Link | Kind::Unlink | Kind::Archive => {
            target.value(kind, before)
        }
    };
    Some(Took {
        no,
        op: kind,
        path: op.path().to_vec(),
        before: was,
        after: target.value(kind, after),
    })
}
