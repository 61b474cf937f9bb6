//! Proposals on a small plan: what is proposed, what happened meanwhile, what becomes of it.

use serde_json::{Value as Json, json};

use super::*;
use crate::content::{Content, Value};
use crate::diff::diff;
use crate::view::Gates;

fn content(json: &Json) -> Content {
    let mut content = Content::from_json(json).unwrap().0;
    for root in crate::schema::ROOTS
        .iter()
        .filter(|root| root.prefix().is_some())
    {
        let ids: Vec<String> = content
            .entities(root.name)
            .map(|(id, _)| id.to_owned())
            .collect();
        for id in ids {
            let fields = content.entity_mut(root.name, &id);
            fields.insert("id".to_owned(), Value::Plain(json!(id)));
            let archived = Value::Plain(json!(false));
            fields.entry("archived".to_owned()).or_insert(archived);
            let rank = Value::Plain(json!("V"));
            fields.entry("rank".to_owned()).or_insert(rank);
        }
    }
    content
}

fn plan() -> Content {
    content(&json!({
        "meta": {"schema": 1, "name": "Days", "dates": {"start": "2027-05-03", "end": "2027-05-04"},
            "tz": "Europe/Berlin", "cur": "EUR", "format": "in_person", "phase": "planning"},
        "brief": {"description": "The venue costs 40000", "attendance": {"min": 10, "expected": 20, "max": 30}},
        "rooms": {"ro_A": {"name": "Aula"}, "ro_B": {"name": "Bar", "archived": true}},
        "sessions": {"se_1": {"title": "Kafka", "kind": "talk", "state": "draft", "minutes": 30,
            "abstract": "All about logs. Bring a laptop.", "people": {"sp_1": {"role": "speaker"}}}},
        "speakers": {"sp_1": {"name": "Ada", "kind": "cfp", "status": "confirmed"},
            "sp_2": {"name": "Ben", "kind": "cfp", "status": "approached"}},
        "budget": {"bu_1": {"side": "expense", "cat": "catering", "label": "Lunch", "state": "quoted",
            "unit": {"minor": 1_000, "cur": "EUR"}, "qty": {"per": "attendee", "n": 1}}},
        "tasks": {"ta_1": {"title": "Sign", "state": "todo", "due": {"anchor": "start", "offset_days": -7}}},
        "needs": {"vegan": 3},
    }))
}

/// The plan after these operations.
fn after(content: &Content, ops: &Json) -> Content {
    let ops: Vec<Op> = serde_json::from_value(ops.clone()).unwrap();
    content.after(&ops).unwrap().0
}

fn set(path: &str, to: &Json) -> Json {
    json!({"op": "set", "path": path.split('/').collect::<Vec<_>>(), "to": to})
}

fn write(path: &str, to: &str) -> Json {
    json!({"op": "text", "path": path.split('/').collect::<Vec<_>>(), "to": to})
}

fn entity(op: &str, path: &str) -> Json {
    json!({"op": op, "path": path.split('/').collect::<Vec<_>>()})
}

fn add(path: &str, fields: &Json) -> Json {
    json!({"op": "add", "path": path.split('/').collect::<Vec<_>>(), "fields": fields})
}

/// What a draft with these operations proposes.
fn proposed(base: &Content, ops: &Json) -> Vec<Change> {
    changes(base, &after(base, ops)).unwrap()
}

/// The only class.
fn class_of(changes: &[Change], present: &Content) -> Class {
    assert_eq!(changes.len(), 1);
    class(&changes[0], present, &[])
}

fn choose(numbers: &[u32]) -> Vec<Choice> {
    let choice = |no: &u32| Choice {
        no: *no,
        resolve: None,
    };
    numbers.iter().map(choice).collect()
}

fn accept(
    present: &Content,
    changes: &[Change],
    numbers: &[u32],
) -> Result<Rehearsal, Vec<NotAcceptable>> {
    rehearse(present, changes, &[], &choose(numbers), &Gates::none())
}

fn say(refused: &[NotAcceptable]) -> Vec<String> {
    refused.iter().map(ToString::to_string).collect()
}

#[test]
fn a_draft_is_told_as_numbered_changes_that_know_what_they_need() {
    let changes = proposed(
        &plan(),
        &json!([
            set("meta/name", &json!("Nights")),
            add("rooms/ro_C", &json!({"name": "Cellar"})),
            entity("restore", "rooms/ro_B"),
            set("rooms/ro_B/name", &json!("Bar 2")),
            set("sessions/se_1/slot", &json!({"start": "2027-05-03T14:00:00+02:00", "room_id": "ro_C"})),
            write("sessions/se_1/abstract", "Logs."),
            {"op": "unlink", "path": ["sessions", "se_1", "people", "sp_1"]},
            {"op": "link", "path": ["sessions", "se_1", "people", "sp_3"], "to": {"role": "host"}},
            add("speakers/sp_3", &json!({"name": "Cy", "kind": "cfp", "status": "idea"})),
            entity("archive", "speakers/sp_2"),
            set("needs/vegan", &json!(null)),
        ]),
    );
    let said: Vec<(u32, Kind, String, Vec<u32>)> = changes
        .iter()
        .map(|it| (it.no, it.op, it.path.join("/"), it.depends_on.clone()))
        .collect();
    let at = |no, op, path: &str, needs: &[u32]| (no, op, path.to_owned(), needs.to_vec());
    assert_eq!(
        said,
        [
            at(1, Kind::Set, "meta/name", &[]),
            at(2, Kind::Restore, "rooms/ro_B", &[]),
            at(3, Kind::Set, "rooms/ro_B/name", &[2]),
            at(4, Kind::Add, "rooms/ro_C", &[]),
            at(5, Kind::Text, "sessions/se_1/abstract", &[]),
            at(6, Kind::Unlink, "sessions/se_1/people/sp_1", &[]),
            at(7, Kind::Link, "sessions/se_1/people/sp_3", &[10]),
            at(8, Kind::Set, "sessions/se_1/slot", &[4]),
            at(9, Kind::Archive, "speakers/sp_2", &[]),
            at(10, Kind::Add, "speakers/sp_3", &[]),
            at(11, Kind::Set, "needs/vegan", &[]),
        ]
    );
    assert_eq!(
        (&changes[10].before, &changes[10].after),
        (&json!(3), &Json::Null)
    );
    assert_eq!(
        serde_json::to_value(&changes[2]).unwrap(),
        json!({"no": 3, "op": "set", "path": ["rooms", "ro_B", "name"], "before": "Bar",
            "after": "Bar 2", "depends_on": [2]})
    );
}

#[test]
fn what_no_change_can_make_is_named_with_what_to_do() {
    let base = plan();
    let mut draft = base.clone();
    let plain = |json: Json| Value::Plain(json);
    let session = draft.entity_mut("sessions", "se_1");
    session.insert("minutes".to_owned(), plain(json!("long")));
    session.insert("abstract".to_owned(), plain(json!("About logs.")));
    session.insert("id".to_owned(), plain(json!("se_2")));
    session.insert("archived".to_owned(), plain(json!("maybe")));
    let people = [("sp_1".to_owned(), Json::Null)].into();
    session.insert("people".to_owned(), Value::Map(people));
    draft
        .entity_mut("rooms", "cellar")
        .insert("name".to_owned(), plain(json!("Cellar")));
    draft.strays.push(("rooms".to_owned(), "ro_X".to_owned()));
    let unsound: Vec<String> = changes(&base, &draft)
        .unwrap_err()
        .into_iter()
        .map(|it| format!("{}: {}", it.path.join("/"), it.say))
        .collect();
    assert_eq!(
        unsound,
        [
            "rooms/ro_X: rooms/ro_X is no shared map; take it out, and add an entity instead",
            "sessions/se_1/abstract: abstract must be a shared text; take back what was made of it, \
             and write in what was there",
            "sessions/se_1/archived: archived must be true or false; archive or restore it",
            "sessions/se_1/id: an id stays as it is; add another entity instead",
            "sessions/se_1/people/sp_1: a member of a shared map cannot be null; give it a value, or \
             take it out",
            "rooms/cellar: the id of a room is ro_ and 1 to 64 letters, digits, - and _",
            "sessions/se_1/minutes: minutes: must be a whole number from 5 to 1440",
        ]
    );
}

#[test]
fn what_a_draft_took_out_is_put_away() {
    let base = plan();
    let mut draft = base.clone();
    draft.remove_entity("rooms", "ro_A");
    draft.remove_entity("rooms", "ro_B");
    let changes = changes(&base, &draft).unwrap();
    assert_eq!(changes.len(), 1, "one was put away before");
    assert_eq!(
        (changes[0].op, changes[0].path.as_slice()),
        (
            Kind::Archive,
            ["rooms".to_owned(), "ro_A".to_owned()].as_slice()
        )
    );
}

#[test]
fn a_proposal_has_a_number_of_changes_and_a_size_at_most() {
    let base = plan();
    let mut draft = base.clone();
    for number in 0..=CHANGES_MAX {
        let tag = Value::Plain(json!(1));
        draft
            .entity_mut("needs", "")
            .insert(format!("tag{number}"), tag);
    }
    let unsound = changes(&base, &draft).unwrap_err();
    assert!(unsound[0].say.contains("2000 at most"), "{unsound:?}");
    let mut draft = base.clone();
    for number in 0..20 {
        let fields = draft.entity_mut("tracks", &format!("tr_{number}"));
        fields.insert("big".to_owned(), Value::Plain(json!("x".repeat(250_000))));
    }
    let unsound = changes(&base, &draft).unwrap_err();
    assert!(unsound[0].say.contains("in parts"), "{unsound:?}");
}

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
fn what_is_in_something_put_away_is_void_unless_the_proposal_brings_it_back() {
    let base = plan();
    let changes = proposed(&base, &json!([set("sessions/se_1/minutes", &json!(45))]));
    let away = after(&base, &json!([entity("archive", "sessions/se_1")]));
    let why = "the session \"Kafka\" was put away; bring it back first".to_owned();
    assert_eq!(class_of(&changes, &away), Class::Void { why: why.clone() });
    let refused = accept(&away, &changes, &[1]).unwrap_err();
    assert_eq!(say(&refused), [format!("change 1: {why}")]);
    let mut gone = base.clone();
    gone.remove_entity("sessions", "se_1");
    let why = "the session \"se_1\" is not there any more".to_owned();
    assert_eq!(class_of(&changes, &gone), Class::Void { why });

    let changes = proposed(
        &away,
        &json!([
            entity("restore", "sessions/se_1"),
            set("sessions/se_1/minutes", &json!(45)),
        ]),
    );
    let classes = classes(&changes, &away, &[]);
    assert_eq!(classes, [(1, Class::Clean), (2, Class::Clean)]);
    let needs = accept(&away, &changes, &[2]).unwrap_err();
    assert_eq!(say(&needs), ["change 2: accept 1 with it, or leave it out"]);
    let rehearsal = accept(&away, &changes, &[2, 1]).unwrap();
    let session = rehearsal.after.entity("sessions", "se_1").unwrap();
    assert_eq!(session["minutes"], Value::Plain(json!(45)));
    assert_eq!(session["archived"], Value::Plain(json!(false)));
    // What somebody else brought back meanwhile needs nothing more.
    assert_eq!(accept(&base, &changes, &[2]).unwrap().took.len(), 1);
    assert!(accept(&gone, &changes, &[1, 2]).is_err());
}

#[test]
fn a_rewrite_never_blends_with_an_edit_inside_it() {
    let base = plan();
    let changes = proposed(
        &base,
        &json!([write("brief/description", "The venue costs 55000")]),
    );
    let rewritten = "Venue price: 40000 EUR incl. VAT.";
    let now = after(&base, &json!([write("brief/description", rewritten)]));
    let conflict = Class::Conflict {
        present: json!(rewritten),
    };
    assert_eq!(class_of(&changes, &now), conflict);
    assert!(accept(&now, &changes, &[1]).is_err());
}

#[test]
fn texts_that_were_edited_elsewhere_are_merged_and_shown_merged() {
    let base = plan();
    let changes = proposed(
        &base,
        &json!([write(
            "sessions/se_1/abstract",
            "All about big logs. Bring a laptop."
        )]),
    );
    let edited = write(
        "sessions/se_1/abstract",
        "All about logs. Bring a laptop and a friend.",
    );
    let now = after(&base, &json!([edited]));
    let merged = "All about big logs. Bring a laptop and a friend.".to_owned();
    let class = class_of(&changes, &now);
    assert_eq!(
        class,
        Class::Mergeable {
            merged: merged.clone()
        }
    );
    let rehearsal = accept(&now, &changes, &[1]).unwrap();
    assert_eq!(rehearsal.took[0].after, json!(merged));
    let text = rehearsal.after.field("sessions", "se_1", "abstract");
    assert_eq!(text, Some(&Value::Text(merged)));
}

#[test]
fn a_change_drifts_when_something_its_author_read_is_different() {
    let base = plan();
    let path = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let reads = [
        Read::of(&base, path("brief/attendance/expected")),
        Read::of(&base, path("sessions/se_1/minutes")),
    ];
    assert_eq!(reads[0].value, json!(20));
    let changes = proposed(
        &base,
        &json!([
            set("meta/name", &json!("Nights")),
            set("sessions/se_1/minutes", &json!(45)),
        ]),
    );
    // What the proposal itself did is no drift of the rest.
    let part = accept(&base, &changes, &[2]).unwrap().after;
    assert_eq!(
        classes(&changes, &part, &reads),
        [(1, Class::Clean), (2, Class::Already)]
    );
    let more = json!({"min": 10, "expected": 25, "max": 30});
    let now = after(&base, &json!([set("brief/attendance", &more)]));
    let drift = ReadDrift {
        path: path("brief/attendance/expected"),
        was: json!(20),
        now: json!(25),
    };
    assert_eq!(
        class(&changes[0], &now, &reads),
        Class::Drifted { reads: vec![drift] }
    );
    let rehearsal = rehearse(&now, &changes, &reads, &choose(&[1]), &Gates::none());
    assert_eq!(rehearsal.unwrap().took.len(), 1);
    // A long value is told by its length.
    let long = write("brief/description", &"long ".repeat(200));
    let read = [Read::of(&base, path("brief"))];
    let drifted = class(&changes[0], &after(&base, &json!([long])), &read);
    let told = serde_json::to_value(drifted).unwrap();
    assert!(
        told["reads"][0]["now"]
            .as_str()
            .unwrap()
            .ends_with(" bytes")
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

/// What undoing an acceptance leaves, told by why it was kept.
fn kept(undo: &Undo) -> Vec<String> {
    undo.kept
        .iter()
        .map(|(no, why)| format!("{no}: {why}"))
        .collect()
}

/// As it comes back from where it was stored.
fn stored(took: &[Took]) -> Vec<Took> {
    serde_json::from_str(&serde_json::to_string(took).unwrap()).unwrap()
}

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

/// The changes between two contents, in short.
fn changes_of(before: &Content, after: &Content) -> Vec<String> {
    let changes = changes(before, after).unwrap();
    let say = |it: &Change| format!("{} {}", json!(it.op).as_str().unwrap(), it.path.join("/"));
    changes.iter().map(say).collect()
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

#[test]
fn what_is_shown_has_one_form() {
    let base = plan();
    let changes = proposed(&base, &json!([set("sessions/se_1/minutes", &json!(45.0))]));
    let shown_now = shown(&changes[0], &Class::Clean);
    assert_eq!(
        String::from_utf8(shown_now.clone()).unwrap(),
        r#"{"change":{"after":45,"before":30,"depends_on":[],"no":1,"op":"set","path":["sessions","se_1","minutes"]},"class":{"class":"clean"}}"#
    );
    let conflict = Class::Conflict { present: json!(60) };
    assert_ne!(shown(&changes[0], &conflict), shown_now);
}
