//! Says of each change whether it can still be made as its author meant it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::merge::Merging;
use super::present::{Target, stands, value_at};
use super::{Change, Kind};
use crate::content::{Content, json_bytes};
use crate::view::Standing;

/// Reads that are told as drifted at most: every clean change tells them.
const DRIFTS_MAX: usize = 10;
/// Bytes of a drifted value that is told as it is.
const DRIFT_BYTES_MAX: usize = 512;

/// What became of what a change is about since it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChangeClass"))]
#[serde(tag = "class", rename_all = "snake_case")]
pub enum Class {
    /// Nothing: what is there is what it was made on.
    Clean,
    /// What it makes is there already; accepting it does nothing.
    Already,
    /// A text was changed elsewhere in it, and both changes fit together.
    Mergeable {
        /// The text with both.
        merged: String,
    },
    /// What is there is what it was made on, but something that its author read has another value now.
    Drifted {
        /// What was read, and is different: the first 10 of it.
        reads: Vec<ReadDrift>,
    },
    /// Something else is there now: that stays, or this is made over it.
    Conflict {
        /// What is there.
        present: Json,
    },
    /// What it is about was put away, or is not there: it cannot be made.
    Void {
        /// Why, in a sentence.
        why: String,
    },
}

/// Something that the author of a proposal relied on, as it was when the proposal was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProposalRead"))]
pub struct Read {
    /// Where, as [`value_at`] takes it.
    pub path: Vec<String>,
    /// What was there, `null` for nothing.
    pub value: Json,
}

impl Read {
    /// What a plan has at a path now.
    pub fn of(content: &Content, path: Vec<String>) -> Self {
        let value = value_at(content, &path);
        Self { path, value }
    }
}

/// A read value that is another one now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReadDrift {
    /// Where.
    pub path: Vec<String>,
    /// What was there when it was read; of a long value, how long it was.
    pub was: Json,
    /// What is there now, in the same way.
    pub now: Json,
}

/// The class of a change that is judged by itself.
pub fn class(change: &Change, present: &Content, reads: &[Read]) -> Class {
    let mut classes = classes(std::slice::from_ref(change), present, reads);
    classes.pop().map_or(Class::Clean, |(_, class)| class)
}

/// The classes of all changes of a proposal, by their numbers and in their order. A change inside of what
/// the proposal makes or brings back is judged as if that had happened; one that needs a void change is
/// void. What the proposal itself made of a value that was read is no drift.
pub fn classes(changes: &[Change], present: &Content, reads: &[Read]) -> Vec<(u32, Class)> {
    let world = world(changes, present);
    let mut merging = Merging::new();
    let mut judge = |change: &Change| judge(change, present, &world, &mut merging);
    let mut classes: Vec<(u32, Class)> = changes.iter().map(|it| (it.no, judge(it))).collect();
    void_dependents(changes, present, &mut classes);
    let reads = drifts(changes, present, &classes, reads);
    if !reads.is_empty() {
        for (_, class) in &mut classes {
            if *class == Class::Clean {
                *class = Class::Drifted {
                    reads: reads.clone(),
                };
            }
        }
    }
    classes
}

/// What was decided of the changes of a proposal, by their numbers.
#[derive(Debug, Clone, Default)]
pub struct Decided {
    /// They are part of the plan, so that others can need them.
    pub accepted: BTreeSet<u32>,
    /// They are not, or not any more.
    pub turned_down: BTreeSet<u32>,
}

/// The same of those that nobody has decided. What needs a change that was turned down is void, unless what that
/// makes is in the plan in another way.
pub fn open_classes(
    changes: &[Change],
    decided: &Decided,
    present: &Content,
    reads: &[Read],
) -> Vec<(u32, Class)> {
    let counting = changes.iter();
    let counting = counting.filter(|it| !decided.turned_down.contains(&it.no));
    let counting: Vec<Change> = counting.cloned().collect();
    let mut classes = classes(&counting, present, reads);
    classes.retain(|(no, _)| !decided.accepted.contains(no));
    void_without(changes, &decided.turned_down, present, &mut classes);
    classes
}

fn void_without(
    changes: &[Change],
    turned_down: &BTreeSet<u32>,
    present: &Content,
    classes: &mut [(u32, Class)],
) {
    let by_no: BTreeMap<u32, &Change> = changes.iter().map(|it| (it.no, it)).collect();
    let is_gone = |no: &u32| by_no.get(no).is_some_and(|it| !is_in_plan(it, present));
    let mut gone: BTreeSet<u32> = turned_down.iter().copied().filter(is_gone).collect();
    loop {
        let before = gone.len();
        for (no, class) in classes.iter_mut() {
            let needs = by_no.get(no).map_or(&[][..], |it| &it.depends_on);
            let needed = needs.iter().find(|needed| gone.contains(needed));
            if let Some(needed) = needed.filter(|_| !gone.contains(no)) {
                let why = format!("it needs change {needed}, which is not accepted");
                *class = Class::Void { why };
                gone.insert(*no);
            }
        }
        if gone.len() == before {
            return;
        }
    }
}

/// The plan with everything in it that the changes make or bring back.
pub(super) fn world(changes: &[Change], present: &Content) -> Content {
    let mut world = present.clone();
    for change in changes {
        let Some(target) = Target::of(&change.path) else {
            continue;
        };
        let wanted = match change.op {
            Kind::Add => Standing::Missing,
            Kind::Restore => Standing::Archived,
            Kind::Set | Kind::Archive | Kind::Text | Kind::Link | Kind::Unlink => continue,
        };
        if target.standing(present) == wanted {
            target.put(change.op, &mut world, &change.after);
        }
    }
    world
}

/// The class of a change whatever else was read: inside of an entity it is judged on `world`.
pub(super) fn judge(
    change: &Change,
    present: &Content,
    world: &Content,
    merging: &mut Merging,
) -> Class {
    let Some(target) = Target::of(&change.path) else {
        let say = format!("{} leads nowhere", change.path.join("/"));
        return Class::Void { why: say };
    };
    match change.op {
        Kind::Add => match target.standing(present) {
            Standing::Missing => Class::Clean,
            Standing::Live | Standing::Archived => by_value(change, &target, present, merging),
        },
        Kind::Archive | Kind::Restore => match target.standing(present) {
            Standing::Missing => missing(&target, present),
            Standing::Live | Standing::Archived => by_value(change, &target, present, merging),
        },
        Kind::Set | Kind::Text | Kind::Link | Kind::Unlink => match target.standing(world) {
            Standing::Missing => missing(&target, world),
            Standing::Archived => Class::Void {
                why: format!("{} was put away; bring it back first", target.say(world)),
            },
            Standing::Live => by_value(change, &target, world, merging),
        },
    }
}

fn missing(target: &Target<'_>, content: &Content) -> Class {
    let why = format!("{} is not there any more", target.say(content));
    Class::Void { why }
}

fn by_value(
    change: &Change,
    target: &Target<'_>,
    content: &Content,
    merging: &mut Merging,
) -> Class {
    if stands(change, target, content) {
        return Class::Already;
    }
    let present = target.value(change.op, content);
    if present == change.before {
        return Class::Clean;
    }
    if change.op == Kind::Text
        && let (Some(before), Some(after), Some(now)) = (
            change.before.as_str(),
            change.after.as_str(),
            present.as_str(),
        )
        && let Some(merged) = merging.merge(before, after, now)
    {
        return if merged == now {
            Class::Already
        } else {
            Class::Mergeable { merged }
        };
    }
    Class::Conflict { present }
}

/// Has changes be void that need a void one.
pub(super) fn void_dependents(changes: &[Change], present: &Content, classes: &mut [(u32, Class)]) {
    let mut dependents: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        for no in &change.depends_on {
            dependents.entry(*no).or_default().push(at);
        }
    }
    let is_void = |class: &Class| matches!(class, Class::Void { .. });
    let missing: BTreeSet<u32> = changes
        .iter()
        .filter(|change| !is_in_plan(change, present))
        .map(|change| change.no)
        .collect();
    let void = classes.iter().filter(|(_, class)| is_void(class));
    let mut open: Vec<u32> = void.map(|(no, _)| *no).collect();
    while let Some(no) = open.pop() {
        if !missing.contains(&no) {
            continue;
        }
        for at in dependents.remove(&no).unwrap_or_default() {
            if let Some((dependent, class)) = classes.get_mut(at)
                && !is_void(class)
                && *class != Class::Already
            {
                *class = Class::Void {
                    why: format!("it needs change {no}, which cannot be made"),
                };
                open.push(*dependent);
            }
        }
    }
}

/// Whether what a change makes or brings back is in the plan, in whatever shape, so that others can build on it.
pub(super) fn is_in_plan(change: &Change, present: &Content) -> bool {
    Target::of(&change.path).is_some_and(|target| target.standing(present) == Standing::Live)
}

/// What was read and is different, but for what the proposal itself did.
fn drifts(
    changes: &[Change],
    present: &Content,
    classes: &[(u32, Class)],
    reads: &[Read],
) -> Vec<ReadDrift> {
    let drifted = |content: &Content| -> Vec<ReadDrift> {
        let drift = |read: &Read| {
            let now = value_at(content, &read.path);
            (now != read.value).then(|| ReadDrift {
                path: read.path.clone(),
                was: told(&read.value),
                now: told(&now),
            })
        };
        reads.iter().filter_map(drift).take(DRIFTS_MAX).collect()
    };
    if drifted(present).is_empty() {
        return Vec::new();
    }
    let mut without = present.clone();
    for (change, (_, class)) in changes.iter().zip(classes) {
        if let (Class::Already, Some(target)) = (class, Target::of(&change.path)) {
            target.put(change.op, &mut without, &change.before);
        }
    }
    drifted(&without)
}

fn told(value: &Json) -> Json {
    let bytes = json_bytes(value);
    if bytes > DRIFT_BYTES_MAX {
        Json::from(format!("{bytes} bytes"))
    } else {
        value.clone()
    }
}
