//! Taking back what was accepted, and making it again on the plan of now.

use serde_json::json;

use super::*;

#[test]
fn what_was_accepted_is_taken_back_from_stored_values() {
    let base = plan();
    let changes = proposed(
        &base,
        &json!([
            set("meta/name", &json!("Nights")),
            write("brief/description", "A rewrite"),
            entity("restore", "rooms/ro_B"),
            add("rooms/ro_C", &json!({"name": "Cellar"})),
            set("sessions/se_1/slot", &json!({"start": "2027-05-03T14:00:00+02:00", "room_id": "ro_C"})),
            {"op": "unlink", "path": ["sessions", "se_1", "people", "sp_1"]},
            entity("archive", "speakers/sp_1"),
        ]),
    );
    let all: Vec<u32> = changes.iter().map(|it| it.no).collect();
    let accepted = accept(&base, &changes, &all).unwrap();
    let undo = undo(&accepted.after, &stored(&accepted.took));
    assert_eq!((undo.undone, undo.kept), (all, Vec::new()));
    let (after, _) = accepted.after.after(&undo.ops).unwrap();
    assert_eq!(after, undo.after);
    // What was made stays, put away.
    let left = changes_of(&base, &after);
    assert_eq!(left, ["add rooms/ro_C"]);
    assert_eq!(after.live("rooms").len(), base.live("rooms").len());
}

#[test]
fn what_others_built_on_since_is_kept_and_the_rest_is_undone() {
    let base = plan();
    let changes = proposed(
        &base,
        &json!([
            set("meta/name", &json!("Nights")),
            add("rooms/ro_C", &json!({"name": "Cellar"})),
            add("rooms/ro_D", &json!({"name": "Dome"})),
            add("rooms/ro_E", &json!({"name": "Eyrie"})),
            write(
                "sessions/se_1/abstract",
                "All about big logs. Bring a laptop."
            ),
            set("sessions/se_1/minutes", &json!(45)),
        ]),
    );
    let accepted = accept(&base, &changes, &[1, 2, 3, 4, 5, 6]).unwrap();
    let now = after(
        &accepted.after,
        &json!([
            set("rooms/ro_C/area_m2", &json!(90)),
            set("rooms/ro_D/rank", &json!("A")),
            write(
                "sessions/se_1/abstract",
                "All about big logs. Bring a laptop and a friend."
            ),
            set(
                "sessions/se_1/slot",
                &json!({"start": "2027-05-03T14:00:00+02:00", "room_id": "ro_E"})
            ),
            set("sessions/se_1/minutes", &json!(60)),
        ]),
    );
    let undo = undo(&now, &accepted.took);
    assert_eq!(undo.undone, [1, 3, 5]);
    assert_eq!(
        kept(&undo),
        [
            "2: the room \"Cellar\" was edited since",
            "4: \"Kafka\" refers to it now",
            "6: minutes of the session \"Kafka\" was changed since",
        ]
    );
    let (after, _) = now.after(&undo.ops).unwrap();
    let text = after.field("sessions", "se_1", "abstract");
    let both = "All about logs. Bring a laptop and a friend.".to_owned();
    assert_eq!(text, Some(&Value::Text(both)));
    assert_eq!(
        changes_of(&now, &after),
        [
            "set meta/name",
            "archive rooms/ro_D",
            "text sessions/se_1/abstract"
        ]
    );
}

#[test]
fn what_was_made_together_goes_together_or_stays_together() {
    let base = plan();
    let task = |after: &str| json!({"title": "T", "state": "todo", "after": {after: true}});
    let changes = proposed(
        &base,
        &json!([
            add("tasks/ta_2", &task("ta_3")),
            add("tasks/ta_3", &task("ta_2")),
        ]),
    );
    assert_eq!(
        (&changes[0].depends_on, &changes[1].depends_on),
        (&vec![2], &vec![1])
    );
    assert!(accept(&base, &changes, &[1]).is_err());
    let accepted = accept(&base, &changes, &[1, 2]).unwrap();
    assert_eq!(undo(&accepted.after, &accepted.took).undone, [1, 2]);
    let edited = after(
        &accepted.after,
        &json!([set("tasks/ta_2/owner", &json!("Ada"))]),
    );
    let undone = undo(&edited, &accepted.took);
    assert_eq!(
        (undone.undone.as_slice(), undone.kept.len()),
        ([0_u32; 0].as_slice(), 2)
    );
    // One that somebody put away already is as good as undone.
    let away = after(&accepted.after, &json!([entity("archive", "tasks/ta_2")]));
    let undone = undo(&away, &accepted.took);
    assert_eq!((undone.undone, undone.ops.len()), (vec![1, 2], 1));
}

#[test]
fn a_rebased_draft_has_the_same_changes_on_the_plan_of_now() {
    let base = plan();
    let proposal = proposed(
        &base,
        &json!([
            set("meta/name", &json!("Nights")),
            add("rooms/ro_C", &json!({"name": "Cellar"})),
            set("rooms/ro_A/area_m2", &json!(90)),
            write(
                "sessions/se_1/abstract",
                "All about big logs. Bring a laptop."
            ),
            set("sessions/se_1/minutes", &json!(45)),
            set(
                "sessions/se_1/slot",
                &json!({"start": "2027-05-03T14:00:00+02:00", "room_id": "ro_C"})
            ),
        ]),
    );
    let now = after(
        &base,
        &json!([
            set("meta/name", &json!("Nights")),
            entity("archive", "rooms/ro_A"),
            write(
                "sessions/se_1/abstract",
                "All about logs. Bring a laptop and a friend."
            ),
            set("sessions/se_1/minutes", &json!(60)),
        ]),
    );
    let rebased = rebase(&now, &proposal, &[]);
    let says: Vec<&str> = rebased
        .classes
        .iter()
        .map(|(_, class)| match class {
            Class::Clean => "clean",
            Class::Already => "already",
            Class::Mergeable { .. } => "mergeable",
            Class::Drifted { .. } => "drifted",
            Class::Conflict { .. } => "conflict",
            Class::Void { .. } => "void",
        })
        .collect();
    assert_eq!(
        says,
        ["already", "void", "clean", "mergeable", "conflict", "clean"]
    );
    let revision = changes(&now, &rebased.draft).unwrap();
    assert_eq!(
        changes_of(&now, &rebased.draft),
        [
            "add rooms/ro_C",
            "text sessions/se_1/abstract",
            "set sessions/se_1/minutes",
            "set sessions/se_1/slot",
        ]
    );
    assert_eq!(revision[2].before, json!(60));
    assert_eq!(revision[3].depends_on, [1]);
}

#[test]
fn what_the_plan_does_not_take_any_more_is_dropped_with_what_needs_it() {
    let base = plan();
    let slot = json!({"start": "2027-05-03T14:00:00+02:00", "room_id": "ro_C"});
    let proposal = proposed(
        &base,
        &json!([
            add("rooms/ro_C", &json!({"name": "Cellar"})),
            set("sessions/se_1/slot", &slot),
            set("meta/name", &json!("Nights")),
        ]),
    );
    let mut full = base.clone();
    for number in 0..crate::schema::ENTITIES_MAX {
        full.entity_mut("rooms", &format!("ro_{number}"));
    }
    let rebased = rebase(&full, &proposal, &[]);
    let void = |why: &str| Class::Void {
        why: why.to_owned(),
    };
    assert_eq!(
        rebased.classes,
        [
            (1, Class::Clean),
            (2, void("rooms holds 5000 at most")),
            (3, void("it needs change 2, which cannot be made")),
        ]
    );
    assert_eq!(changes_of(&full, &rebased.draft), ["set meta/name"]);
}
