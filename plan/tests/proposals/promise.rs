//! What must hold of proposals, judged on the plain JSON of plans and not by what is tried.

use std::collections::{BTreeMap, BTreeSet};

use convene_plan::content::Content;
use convene_plan::proposal::{
    Change, Choice, Class, Kind, NotAcceptable, NotAcceptableWhy, Rebased, Rehearsal, Took, Undo,
    changes,
};
use serde_json::{Value as Json, json};

/// A plan as JSON, in which nothing is told apart that means the same.
struct Plain(Json);

impl Plain {
    fn of(content: &Content) -> Self {
        Self(content.to_json())
    }

    fn at(&self, path: &[String]) -> Json {
        let pointer: String = path.iter().flat_map(|key| ["/", key]).collect();
        self.0.pointer(&pointer).cloned().unwrap_or(Json::Null)
    }

    /// What a change of this kind is about.
    fn value(&self, kind: Kind, path: &[String]) -> Json {
        let json = self.at(path);
        match kind {
            Kind::Text if json.is_null() => json!(""),
            Kind::Archive | Kind::Restore if !json.is_null() => json!(json["archived"] == true),
            Kind::Add
            | Kind::Set
            | Kind::Text
            | Kind::Archive
            | Kind::Restore
            | Kind::Link
            | Kind::Unlink => json,
        }
    }

    fn is_live(&self, path: &[String]) -> bool {
        match entity(path) {
            Some(entity) => {
                let json = self.at(entity);
                json.is_object() && json["archived"] != true
            }
            None => true,
        }
    }

    /// The live entities that name another one.
    fn referrers(&self, to: &[String]) -> Vec<String> {
        let roots = self.0.as_object().unwrap().iter();
        let entities = roots.flat_map(|(root, entities)| {
            let entities = entities.as_object().unwrap().iter();
            entities.map(move |(id, fields)| (vec![root.clone(), id.clone()], fields))
        });
        let names = |(path, fields): &(Vec<String>, &Json)| {
            let is_entity = entity(path).is_some();
            let name = format!("\"{}\"", to[1]);
            is_entity && path != to && self.is_live(path) && fields.to_string().contains(&name)
        };
        entities
            .filter(names)
            .map(|(path, _)| path.join("/"))
            .collect()
    }

    /// Whether what a change makes is there.
    fn has(&self, change: &Change) -> bool {
        let json = self.value(change.op, &change.path);
        if change.op != Kind::Add {
            return json == change.after;
        }
        let fields = change.after.as_object().unwrap();
        json.is_object()
            && fields
                .iter()
                .all(|(name, wanted)| meant(wanted) == meant(&json[name]))
    }
}

/// `null` for what says as much as nothing.
fn meant(json: &Json) -> Json {
    let is_nothing = json == "" || *json == json!({}) || *json == false;
    if is_nothing { Json::Null } else { json.clone() }
}

/// The path of the entity that a path leads into, if it leads into one.
fn entity(path: &[String]) -> Option<&[String]> {
    let has_none = ["meta", "brief", "needs"].contains(&path[0].as_str());
    (!has_none).then(|| &path[..2])
}

fn by_no(changes: &[Change]) -> BTreeMap<u32, &Change> {
    changes.iter().map(|it| (it.no, it)).collect()
}

/// The changes of a draft make all of it, and know what they need.
pub(crate) fn changes_make_the_draft(base: &Content, draft: &Content, all: &[Change]) {
    let (before, after) = (Plain::of(base), Plain::of(draft));
    let mut paths = BTreeSet::new();
    for (change, no) in all.iter().zip(1..) {
        assert_eq!(change.no, no);
        assert!(paths.insert(&change.path), "{change:?}");
        if change.op != Kind::Add {
            assert_eq!(before.value(change.op, &change.path), change.before);
        }
        let is_gone = change.op == Kind::Archive && after.at(&change.path).is_null();
        assert!(is_gone || after.has(change), "{change:?}");
        let brings = |it: &&Change| matches!(it.op, Kind::Add | Kind::Restore);
        for other in all.iter().filter(brings).filter(|it| it.no != change.no) {
            let is_inside = change.path.starts_with(&other.path);
            let names = change
                .after
                .to_string()
                .contains(&format!("\"{}\"", other.path[1]))
                || (change.op == Kind::Link && change.path.last() == other.path.last());
            let is_text = change.op == Kind::Text;
            assert_eq!(
                change.depends_on.contains(&other.no),
                is_inside || (names && !is_text),
                "{change:?} {other:?}"
            );
        }
    }
}

/// Each class says what is so.
pub(crate) fn classes_are_what_they_say(now: &Content, all: &[Change], of: &[(u32, Class)]) {
    let plain = Plain::of(now);
    assert_eq!(of.len(), all.len());
    for (change, (no, class)) in all.iter().zip(of) {
        assert_eq!(change.no, *no);
        let present = plain.value(change.op, &change.path);
        let is_brought = |it: &Change| {
            matches!(it.op, Kind::Add | Kind::Restore)
                && Some(it.path.as_slice()) == entity(&change.path)
        };
        let can_be = plain.is_live(&change.path) || all.iter().any(is_brought);
        let is_there = plain.has(change);
        match class {
            Class::Clean | Class::Drifted { .. } => {
                assert_eq!(present, change.before, "{change:?}");
                assert!(
                    can_be || matches!(change.op, Kind::Add | Kind::Restore),
                    "{change:?}"
                );
            }
            Class::Already => {
                let is_in = change.op == Kind::Text && present != change.before;
                assert!(is_there || is_in, "{change:?}");
            }
            Class::Mergeable { merged } => {
                assert_eq!(change.op, Kind::Text);
                assert!(present != change.before && !is_there && *merged != present);
                no_word_of_nobody(change, &present, merged);
            }
            Class::Conflict { present: shown } => {
                assert!(present != change.before && !is_there, "{change:?}");
                assert_eq!(*shown, present);
            }
            Class::Void { why } => {
                let needs_void = why.starts_with("it needs change ");
                assert!(
                    !can_be || needs_void || present.is_null(),
                    "{change:?} {why}"
                );
            }
        }
    }
}

fn no_word_of_nobody(change: &Change, present: &Json, merged: &str) {
    let texts = [&change.before, &change.after, present].map(|it| it.as_str().unwrap_or_default());
    let known: BTreeSet<&str> = texts.iter().flat_map(|text| text.split(' ')).collect();
    for word in merged.split(' ') {
        assert!(known.contains(word), "{merged} of {texts:?}");
    }
}

type Chosen<'a> = (&'a [Choice], &'a BTreeMap<u32, Class>);

/// What is accepted is in the plan then, and nothing else is different.
pub(crate) fn what_was_accepted_holds(
    now: &Content,
    all: &[Change],
    (choices, of): Chosen<'_>,
    rehearsal: &Rehearsal,
) {
    let (before, after, all) = (Plain::of(now), Plain::of(&rehearsal.after), by_no(all));
    let took: BTreeSet<u32> = rehearsal.took.iter().map(|took| took.no).collect();
    let chosen: BTreeSet<u32> = choices.iter().map(|choice| choice.no).collect();
    let already: BTreeSet<u32> = rehearsal.already.iter().copied().collect();
    assert_eq!(&took | &already, chosen);
    assert!(took.is_disjoint(&already));
    for choice in choices {
        let change = all[&choice.no];
        match &of[&choice.no] {
            Class::Mergeable { merged } => {
                assert_eq!(after.value(change.op, &change.path), json!(merged));
            }
            Class::Already => assert!(already.contains(&choice.no)),
            Class::Clean | Class::Drifted { .. } | Class::Conflict { .. } => {
                assert!(after.has(change), "{change:?}");
                assert!(took.contains(&choice.no));
            }
            Class::Void { .. } => panic!("{change:?} is void and was accepted"),
        }
        for needed in &change.depends_on {
            let is_there = || before.is_live(&all[needed].path);
            assert!(chosen.contains(needed) || is_there(), "{change:?}");
        }
    }
    let told = |op, path: &[String], before: &Json, after: &Json| {
        json!([op, path, before, after]).to_string()
    };
    let took = rehearsal.took.iter();
    let took: BTreeSet<String> = took
        .map(|it| told(it.op, &it.path, &it.before, &it.after))
        .collect();
    let became: BTreeSet<String> = changes(now, &rehearsal.after)
        .unwrap()
        .iter()
        .map(|it| told(it.op, &it.path, &it.before, &it.after))
        .collect();
    assert_eq!(became, took);
}

/// What is refused cannot be.
pub(crate) fn a_refusal_is_true(
    now: &Content,
    all: &[Change],
    (choices, of): Chosen<'_>,
    refused: &NotAcceptable,
) {
    let (plain, all) = (Plain::of(now), by_no(all));
    let choice = choices
        .iter()
        .find(|choice| choice.no == refused.no)
        .unwrap();
    match &refused.why {
        NotAcceptableWhy::Needs { needs } => {
            assert!(!needs.is_empty());
            for needed in needs {
                assert!(all[&refused.no].depends_on.contains(needed));
                assert!(choices.iter().all(|choice| choice.no != *needed));
                assert!(!plain.is_live(&all[needed].path));
            }
        }
        NotAcceptableWhy::Void { .. } => {
            assert!(matches!(of[&refused.no], Class::Void { .. }));
        }
        NotAcceptableWhy::Conflict { .. } => {
            assert!(choice.resolve.is_none());
            assert!(matches!(of[&refused.no], Class::Conflict { .. }));
        }
        NotAcceptableWhy::Unknown | NotAcceptableWhy::Twice | NotAcceptableWhy::Refused { .. } => {
            panic!("{refused} {:?}", all[&refused.no])
        }
    }
}

/// A rebased draft is the plan of now with the changes in it, as a proposal without conflicts.
pub(crate) fn a_rebased_draft_holds(
    now: &Content,
    all: &[Change],
    rebased: &Rebased,
    revision: &[Change],
) {
    let (before, draft) = (Plain::of(now), Plain::of(&rebased.draft));
    let mut meant = BTreeSet::new();
    for (change, (no, class)) in all.iter().zip(&rebased.classes) {
        assert_eq!(change.no, *no);
        match class {
            Class::Mergeable { merged } => {
                assert_eq!(draft.value(change.op, &change.path), json!(merged));
            }
            Class::Clean | Class::Drifted { .. } | Class::Conflict { .. } => {
                assert!(draft.has(change), "{change:?}");
            }
            Class::Already => {
                let value = |plain: &Plain| plain.value(change.op, &change.path);
                assert_eq!(value(&draft), value(&before));
                continue;
            }
            Class::Void { .. } => continue,
        }
        meant.insert(change.path.clone());
    }
    for change in revision {
        let is_meant = |path: &Vec<String>| change.path.starts_with(path);
        assert!(meant.iter().any(is_meant), "{change:?}");
    }
}

/// What is undone is as it was, and nothing else is different.
pub(crate) fn what_was_undone_holds(now: &Content, took: &[Took], undo: &Undo) {
    let (before, after) = (Plain::of(now), Plain::of(&undo.after));
    let undone: BTreeSet<u32> = undo.undone.iter().copied().collect();
    let kept: BTreeSet<u32> = undo.kept.iter().map(|(no, _)| *no).collect();
    let all: BTreeSet<u32> = took.iter().map(|took| took.no).collect();
    assert_eq!(&undone | &kept, all);
    assert!(undone.is_disjoint(&kept));
    for took in took.iter().filter(|took| undone.contains(&took.no)) {
        let value = |plain: &Plain| plain.value(took.op, &took.path);
        if took.op == Kind::Add {
            assert!(!after.is_live(&took.path), "{took:?}");
            if before.is_live(&took.path) {
                assert_eq!(after.referrers(&took.path), [""; 0], "{took:?}");
            }
        } else if took.op == Kind::Text && value(&before) != took.after {
            // Others wrote in it: what is left of that is theirs.
        } else {
            assert_eq!(value(&after), took.before, "{took:?}");
        }
    }
    let paths: BTreeSet<&[String]> = took.iter().map(|took| took.path.as_slice()).collect();
    for change in changes(now, &undo.after).unwrap() {
        assert!(paths.contains(change.path.as_slice()), "{change:?}");
        let whose = took.iter().find(|took| took.path == change.path).unwrap();
        let is_part = took.iter().filter(|took| took.no == whose.no).count() > 1;
        assert!(is_part || undone.contains(&whose.no), "{change:?}");
    }
}

/// What is undone before anything else happens leaves nothing but what was made, put away.
pub(crate) fn undone_at_once_is_as_before(before: &Content, took: &[Took], undo: &Undo) {
    let made: BTreeSet<&[String]> = took
        .iter()
        .filter(|took| took.op == Kind::Add)
        .map(|took| took.path.as_slice())
        .collect();
    // What something pointed at before it was made stays for that.
    let kept = |(no, why): &(u32, String)| {
        let is_made = |took: &&Took| took.no == *no && took.op == Kind::Add;
        took.iter().any(|took| is_made(&took)) && why.ends_with("refers to it now")
    };
    assert!(undo.kept.iter().all(kept), "{:?}", undo.kept);
    for change in changes(before, &undo.after).unwrap() {
        assert!(made.contains(change.path.as_slice()), "{change:?}");
    }
}
