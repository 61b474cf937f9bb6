//! What became of changes while others edited the plan.

use serde_json::json;

use super::*;

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
