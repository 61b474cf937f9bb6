//! What a draft proposes, and what it cannot.

use serde_json::json;

use super::*;

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
