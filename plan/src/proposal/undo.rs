//! Takes back what accepting changes made of a plan, as far as nobody built on it since.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::class::judge;
use super::merge::Merging;
use super::present::{Target, has};
use super::{Change, Class, Kind, Took, op, trial};
use crate::content::{Content, fields_from_json, fields_to_json};
use crate::op::Op;
use crate::schema::ROOTS;
use crate::view::{PlanView, Reference, Standing};

/// What takes changes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Undo {
    /// The operations, each expecting what is there now.
    pub ops: Vec<Op>,
    /// The plan after them.
    pub after: Content,
    /// The numbers of the changes of which nothing is left then.
    pub undone: Vec<u32>,
    /// The numbers of those that stay, or stay in part, and why.
    pub kept: Vec<(u32, String)>,
}

/// Root and id.
type Entity = (&'static str, String);

/// The operations that put back what was there before, the last first. What somebody changed since stays as
/// it is now, and so does an entity that was edited since or that others refer to; texts that were edited
/// elsewhere are merged. Nothing is deleted: what was made is put away.
pub fn undo(present: &Content, took: &[Took]) -> Undo {
    let mut undoing = Undoing {
        now: present.clone(),
        groups: Vec::new(),
        kept: BTreeMap::new(),
        merging: Merging::new(),
    };
    let (made, others): (Vec<&Took>, Vec<&Took>) = took.iter().partition(|it| it.op == Kind::Add);
    for took in others.into_iter().rev() {
        undoing.take_back(took);
    }
    undoing.put_away(&made);
    let (of, groups): (Vec<u32>, Vec<Vec<Op>>) = undoing.groups.into_iter().unzip();
    let mut trial = trial::perform(present, groups.clone(), usize::MAX);
    let refused: BTreeMap<usize, String> = std::mem::take(&mut trial.refused).into_iter().collect();
    let mut ops = Vec::new();
    for (at, (no, group)) in of.into_iter().zip(groups).enumerate() {
        match refused.get(&at) {
            Some(say) => {
                undoing.kept.entry(no).or_insert_with(|| say.clone());
            }
            None => ops.extend(group),
        }
    }
    let numbers: BTreeSet<u32> = took.iter().map(|took| took.no).collect();
    let is_undone = |no: &u32| !undoing.kept.contains_key(no);
    Undo {
        ops,
        after: trial.after,
        undone: numbers.into_iter().filter(is_undone).collect(),
        kept: undoing.kept.into_iter().collect(),
    }
}

/// How far taking back has come.
struct Undoing {
    /// The plan with all in it that was taken back.
    now: Content,
    /// The operations of each step, by the change that it is of.
    groups: Vec<(u32, Vec<Op>)>,
    kept: BTreeMap<u32, String>,
    merging: Merging,
}

impl Undoing {
    fn keep(&mut self, no: u32, why: impl FnOnce() -> String) {
        self.kept.entry(no).or_insert_with(why);
    }

    fn take_back(&mut self, took: &Took) {
        let inverse = Change {
            no: took.no,
            op: inverse(took),
            path: took.path.clone(),
            before: took.after.clone(),
            after: took.before.clone(),
            depends_on: Vec::new(),
        };
        let Some(target) = Target::of(&took.path) else {
            self.keep(took.no, || format!("{} leads nowhere", took.path.join("/")));
            return;
        };
        let to = match judge(&inverse, &self.now, &self.now, &mut self.merging) {
            Class::Already => return,
            Class::Clean | Class::Drifted { .. } => inverse.after.clone(),
            Class::Mergeable { merged } => Json::from(merged),
            Class::Conflict { .. } => {
                let say = target.say(&self.now);
                self.keep(took.no, || match target.field() {
                    Some(field) => format!("{field} of {say} was changed since"),
                    None => format!("{say} was changed since"),
                });
                return;
            }
            Class::Void { why } => {
                self.keep(took.no, || why);
                return;
            }
        };
        let from = target.value(inverse.op, &self.now);
        let op = op(inverse.op, &took.path, from, to.clone());
        self.groups.push((took.no, vec![op]));
        target.put(inverse.op, &mut self.now, &to);
    }

    /// Puts away what was made, the last first, unless it was edited since or something refers to it that stays.
    fn put_away(&mut self, made: &[&Took]) {
        let mut going: BTreeMap<Entity, u32> = BTreeMap::new();
        for took in made {
            let Some(target) = Target::of(&took.path) else {
                continue;
            };
            if target.standing(&self.now) != Standing::Live {
                continue;
            }
            if is_edited(&target, &took.after, &self.now) {
                let say = target.say(&self.now);
                self.keep(took.no, || format!("{say} was edited since"));
            } else {
                going.insert((target.root.name, target.id.to_owned()), took.no);
            }
        }
        for (entity, by) in referred(&self.now, &going) {
            if let Some(no) = going.remove(&entity) {
                let view = PlanView::new(&self.now);
                let name = view.name(by.0, &by.1).to_owned();
                self.keep(no, || format!("\"{name}\" refers to it now"));
            }
        }
        for took in made.iter().rev() {
            let Some(target) = Target::of(&took.path) else {
                continue;
            };
            if going
                .remove(&(target.root.name, target.id.to_owned()))
                .is_some()
            {
                let path = took.path.clone();
                self.groups.push((took.no, vec![Op::Archive { path }]));
            }
        }
    }
}

fn inverse(took: &Took) -> Kind {
    match took.op {
        Kind::Set => Kind::Set,
        Kind::Text => Kind::Text,
        Kind::Add | Kind::Restore => Kind::Archive,
        Kind::Archive => Kind::Restore,
        Kind::Link | Kind::Unlink if took.before.is_null() => Kind::Unlink,
        Kind::Link | Kind::Unlink => Kind::Link,
    }
}

/// Whether an entity says something else than when it was made. Its place in the list is not looked at.
fn is_edited(target: &Target<'_>, made: &Json, now: &Content) -> bool {
    let (Some(now), Json::Object(made)) = (now.entity(target.root.name, target.id), made) else {
        return true;
    };
    let (mut now, mut made) = (now.clone(), fields_from_json(target.root, made));
    now.remove("rank");
    made.remove("rank");
    let json = |fields| fields_to_json(target.root, fields);
    !(has(target.root, &now, &json(&made)) && has(target.root, &made, &json(&now)))
}

/// Those of the entities that would go to which something refers that stays, each with what does, in an
/// order in which all that stays for another one comes after it.
fn referred(now: &Content, going: &BTreeMap<Entity, u32>) -> Vec<(Entity, Entity)> {
    let view = PlanView::new(now);
    let mut by_referrer: BTreeMap<Entity, Vec<Entity>> = BTreeMap::new();
    for root in ROOTS {
        for (id, fields) in view.live(root.name) {
            for reference in Reference::of_entity(root, id, fields) {
                let to = going.get_key_value(&(
                    crate::schema::Root::of(reference.to_root).map_or("", |root| root.name),
                    reference.to_id.to_owned(),
                ));
                if let Some((to, _)) = to.filter(|(to, _)| (to.0, to.1.as_str()) != (root.name, id))
                {
                    let from = (root.name, id.to_owned());
                    by_referrer.entry(from).or_default().push(to.clone());
                }
            }
        }
    }
    let mut open: Vec<Entity> = by_referrer
        .keys()
        .filter(|from| !going.contains_key(*from))
        .cloned()
        .collect();
    let (mut stays, mut seen) = (Vec::new(), BTreeSet::new());
    while let Some(from) = open.pop() {
        for to in by_referrer.remove(&from).unwrap_or_default() {
            if seen.insert(to.clone()) {
                stays.push((to.clone(), from.clone()));
                open.push(to);
            }
        }
    }
    stays
}
