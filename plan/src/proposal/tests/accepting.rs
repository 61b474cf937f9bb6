//! Accepting all or a part of a proposal.

use serde_json::json;

use super::*;

#[test]
fn a_part_of_a_proposal_can_be_accepted_and_nothing_else_happens() {
    let base = plan();
    let changes = proposed(
        &base,
        &json!([
            set("meta/name", &json!("Nights")),
            set("sessions/se_1/minutes", &json!(45)),
        ]),
    );
    let rehearsal = accept(&base, &changes, &[2]).unwrap();
    assert_eq!(
        rehearsal.after,
        after(&base, &json!([set("sessions/se_1/minutes", &json!(45))]))
    );
    assert_eq!(
        rehearsal.ops,
        [Op::Set {
            path: changes[1].path.clone(),
            from: Some(json!(30)),
            to: json!(45)
        }]
    );
    assert_eq!(rehearsal.took.len(), 1);
    // The rest is as acceptable as it was.
    let rest = accept(&rehearsal.after, &changes, &[1]).unwrap();
    assert_eq!(rest.after.to_json()["meta"]["name"], "Nights");
}

#[test]
fn a_value_that_was_edited_meanwhile_never_vanishes_unseen() {
    let base = plan();
    let changes = proposed(&base, &json!([set("sessions/se_1/minutes", &json!(45))]));
    let now = after(&base, &json!([set("sessions/se_1/minutes", &json!(60))]));
    let conflict = Class::Conflict { present: json!(60) };
    assert_eq!(class_of(&changes, &now), conflict);
    let refused = accept(&now, &changes, &[1]).unwrap_err();
    assert_eq!(
        say(&refused),
        ["change 1: something else is there now; resolve it as \"mine\", or leave that as it is"]
    );
    let mine = [Choice {
        no: 1,
        resolve: Some(Resolve::Mine),
    }];
    let rehearsal = rehearse(&now, &changes, &[], &mine, &Gates::none()).unwrap();
    assert_eq!(rehearsal.took[0].before, json!(60));
    // Whoever performs it after yet another edit is refused.
    let later = after(&now, &json!([set("sessions/se_1/minutes", &json!(90))]));
    assert!(later.after(&rehearsal.ops).is_err());
    let done = after(&base, &json!([set("sessions/se_1/minutes", &json!(45))]));
    assert_eq!(class_of(&changes, &done), Class::Already);
    let rehearsal = accept(&done, &changes, &[1]).unwrap();
    assert_eq!(
        (rehearsal.ops.len(), rehearsal.already.as_slice()),
        (0, [1].as_slice())
    );
}

#[test]
fn what_is_made_again_under_a_taken_id_is_a_conflict() {
    let base = plan();
    let changes = proposed(
        &base,
        &json!([add(
            "rooms/ro_C",
            &json!({"name": "Cellar", "features": {"stage": true}})
        )]),
    );
    let ops = accept(&base, &changes, &[1]).unwrap();
    assert_eq!(class_of(&changes, &ops.after), Class::Already);
    let other = after(
        &base,
        &json!([add(
            "rooms/ro_C",
            &json!({"name": "Chapel", "area_m2": 90, "features": {"loop": true}})
        )]),
    );
    assert!(matches!(class_of(&changes, &other), Class::Conflict { .. }));
    let mine = [Choice {
        no: 1,
        resolve: Some(Resolve::Mine),
    }];
    let rehearsal = rehearse(&other, &changes, &[], &mine, &Gates::none()).unwrap();
    let room = &rehearsal.after.to_json()["rooms"]["ro_C"];
    assert_eq!(
        (&room["name"], &room["area_m2"], &room["features"]),
        (&json!("Cellar"), &json!(90), &json!({"stage": true}))
    );
    let away = after(&ops.after, &json!([entity("archive", "rooms/ro_C")]));
    assert!(matches!(class_of(&changes, &away), Class::Conflict { .. }));
    let back = rehearse(&away, &changes, &[], &mine, &Gates::none()).unwrap();
    assert_eq!(diff(&back.after, &ops.after), []);
}

#[test]
fn choices_that_cannot_be_are_all_named_and_nothing_is_accepted() {
    let base = plan();
    let slot = json!({"start": "2027-05-03T14:00:00+02:00", "room_id": "ro_C"});
    let changes = proposed(
        &base,
        &json!([
            add("rooms/ro_C", &json!({"name": "Cellar"})),
            set("sessions/se_1/slot", &slot),
            set("meta/name", &json!("Nights")),
        ]),
    );
    let refused = accept(&base, &changes, &[3, 7, 1, 1]).unwrap_err();
    assert_eq!(
        say(&refused),
        [
            "change 1: it is chosen twice; name it once",
            "change 3: accept 2 with it, or leave it out",
            "change 7: the proposal has no such change",
        ]
    );
    // The plan takes no more entities of this root.
    let mut full = base.clone();
    for number in 0..crate::schema::ENTITIES_MAX {
        full.entity_mut("rooms", &format!("ro_{number}"));
    }
    let refused = accept(&full, &changes, &[2]).unwrap_err();
    assert_eq!(say(&refused), ["change 2: rooms holds 5000 at most"]);
}

#[test]
fn a_rehearsal_says_what_follows() {
    let base = plan();
    let changes = proposed(
        &base,
        &json!([
            set("brief/attendance", &json!({"min": 10, "expected": 25, "max": 30})),
            set("meta/dates", &json!({"start": "2027-05-10", "end": "2027-05-11"})),
            set("sessions/se_1/state", &json!("confirmed")),
            {"op": "unlink", "path": ["sessions", "se_1", "people", "sp_1"]},
        ]),
    );
    let effect = accept(&base, &changes, &[1, 2, 3, 4]).unwrap().effect;
    let total = TotalMoved {
        name: "expense planned".to_owned(),
        cur: "EUR".to_owned(),
        before: 20_000,
        after: 25_000,
    };
    assert_eq!(effect.totals, [total]);
    let moved: Vec<String> = effect
        .dates
        .iter()
        .map(|it| {
            let day = |day: &Option<String>| day.clone().unwrap_or_default();
            format!(
                "{} {} {} -> {}",
                it.path.join("/"),
                it.name,
                day(&it.before),
                day(&it.after)
            )
        })
        .collect();
    assert_eq!(
        moved,
        [
            "meta/dates/end event 2027-05-04 -> 2027-05-11",
            "meta/dates/start event 2027-05-03 -> 2027-05-10",
            "tasks/ta_1/due/day Sign 2027-04-26 -> 2027-05-03",
        ]
    );
    assert!(!effect.caused.is_empty(), "{:?}", effect.caused);
    let back = accept(&base, &changes, &[3, 4]).unwrap().after;
    let undone = proposed(&back, &json!([set("sessions/se_1/state", &json!("draft"))]));
    let effect = accept(&back, &undone, &[1]).unwrap().effect;
    assert_eq!((effect.cleared.len(), effect.caused.len()), (1, 0));
}
