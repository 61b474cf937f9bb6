//! What holds of any plan and any draft of it that the schema allows.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::content::{Content, Value, is_archived};
use crate::diff::diff;
use crate::format::round_trips::any::any_plan;
use crate::schema::ROOTS;
use crate::view::Gates;

/// A plan, and a draft of it in which things came, and had some of their fields set, and others taken away.
fn any_draft() -> impl Strategy<Value = (Content, Content)> {
    let halves = (any_plan(), any_plan(), any_plan());
    (halves, any::<u64>(), any::<u64>()).prop_map(|((one, other, donor), set, unset)| {
        let mut base = one;
        for root in ROOTS {
            for (id, fields) in other.entities(root.name) {
                *base.entity_mut(root.name, id) = fields.clone();
            }
        }
        let mut draft = base.clone();
        for root in ROOTS {
            let ids: Vec<&str> = base.entities(root.name).map(|(id, _)| id).collect();
            for (at, (id, fields)) in donor.entities(root.name).enumerate() {
                let Some(known) = ids.get(at) else {
                    *draft.entity_mut(root.name, id) = fields.clone();
                    continue;
                };
                change(draft.entity_mut(root.name, known), fields, (set, unset));
            }
        }
        (base, draft)
    })
}

fn change(fields: &mut crate::content::Fields, donor: &crate::content::Fields, masks: (u64, u64)) {
    let stays_away = is_archived(fields);
    for (bit, (name, value)) in (0..).zip(donor.clone()) {
        if name != "id" && masks.0 >> (bit % 64) & 1 == 1 {
            fields.insert(name, value);
        }
    }
    let gone: Vec<String> = (0..)
        .zip(fields.keys())
        .filter(|(bit, name)| {
            let is_every = ["id", "rank", "archived"].contains(&name.as_str());
            !is_every && masks.1 >> (bit % 64) & 3 == 3
        })
        .map(|(_, name)| name.clone())
        .collect();
    for name in gone {
        fields.remove(&name);
    }
    // What is put away is brought back before it is edited.
    if stays_away {
        fields.insert("archived".to_owned(), Value::Plain(json!(false)));
    }
}

fn choose(numbers: impl IntoIterator<Item = u32>) -> Vec<Choice> {
    let choice = |no| Choice { no, resolve: None };
    numbers.into_iter().map(choice).collect()
}

fn accept(base: &Content, all: &[Change], choices: &[Choice]) -> Result<Rehearsal, Vec<u32>> {
    let refused = |all: Vec<NotAcceptable>| all.into_iter().map(|it| it.no).collect();
    rehearse(base, all, &[], choices, &Gates::none()).map_err(refused)
}

proptest! {
    #[test]
    fn all_clean_changes_make_the_draft_and_undoing_them_the_base((base, draft) in any_draft()) {
        let all = changes(&base, &draft).unwrap();
        for (no, class) in classes(&all, &base, &[]) {
            prop_assert_eq!(class, Class::Clean, "{}", no);
        }
        let accepted = accept(&base, &all, &choose(all.iter().map(|it| it.no))).unwrap();
        prop_assert_eq!(diff(&accepted.after, &draft), []);
        for (change, (_, class)) in all.iter().zip(classes(&all, &accepted.after, &[])) {
            // What it also put away cannot be edited any more.
            let is_away = change.path.get(1).is_some_and(|id| {
                let fields = accepted.after.entity(&change.path[0], id);
                fields.is_some_and(is_archived)
            });
            let is_void = matches!(class, Class::Void { .. });
            prop_assert!(class == Class::Already || (is_away && is_void), "{:?}", change);
        }
        let undone = undo(&accepted.after, &accepted.took);
        prop_assert_eq!(&undone.kept, &[]);
        for left in changes(&base, &undone.after).unwrap() {
            prop_assert_eq!(left.op, Kind::Add);
            prop_assert_eq!(&left.after["archived"], &json!(true));
        }
    }

    #[test]
    fn any_part_is_acceptable_that_has_what_it_needs((base, draft) in any_draft(), mask in any::<u64>()) {
        let all = changes(&base, &draft).unwrap();
        let chosen = all.iter().map(|it| it.no).filter(|no| mask >> (no % 64) & 1 == 1);
        let mut chosen: BTreeSet<u32> = chosen.collect();
        while let Err(refused) = accept(&base, &all, &choose(chosen.clone())) {
            for no in refused {
                let needs = &all[no as usize - 1].depends_on;
                prop_assert!(needs.iter().any(|needed| !chosen.contains(needed)));
                chosen.remove(&no);
            }
        }
        let accepted = accept(&base, &all, &choose(chosen.clone())).unwrap();
        let took: BTreeSet<u32> = accepted.took.iter().map(|took| took.no).collect();
        prop_assert_eq!(took, chosen);
        // What was left is what the rest proposes.
        let rest = changes(&accepted.after, &draft).unwrap();
        prop_assert_eq!(rest.len() + accepted.took.len(), all.len());
    }

    #[test]
    fn a_rebase_onto_the_same_plan_is_the_same_draft((base, draft) in any_draft()) {
        let all = changes(&base, &draft).unwrap();
        let rebased = rebase(&base, &all, &[]);
        prop_assert_eq!(diff(&rebased.draft, &draft), []);
    }
}
