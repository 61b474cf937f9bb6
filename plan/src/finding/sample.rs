//! Plans to try rules on: a sound one, with something planted in it, and a large one.

use serde_json::{Value as Json, json};

use super::{Finding, find};
use crate::content::{Content, Value};
use crate::op::Op;
use crate::value;
use crate::view::Gates;

/// The keys of nothing found.
pub(super) const NOTHING: [&str; 0] = [];

/// A plan in which everything is right.
pub(super) fn sound() -> Json {
    let session = |title: &str, start: &str, room: &str, person: &str| {
        json!({"title": title, "kind": "talk", "state": "confirmed", "minutes": 30, "track_id": "tr_1",
            "slot": {"start": format!("2027-05-{start}:00+02:00"), "room_id": room},
            "people": {person: {"role": "speaker"}}})
    };
    let speaker = |name: &str| json!({"name": name, "kind": "cfp", "status": "confirmed"});
    json!({
        "meta": {"schema": 1, "name": "Days", "dates": {"start": "2027-05-03", "end": "2027-05-04"},
            "tz": "Europe/Berlin", "cur": "EUR", "format": "in_person", "phase": "planning"},
        "brief": {"budget_cap": {"minor": 5_000_000, "cur": "EUR"}},
        "venues": {"ve_1": {"name": "Hall", "status": "quoted"}},
        "rooms": {"ro_A": {"name": "Room A", "venue_id": "ve_1"}, "ro_B": {"name": "Room B"}},
        "tracks": {"tr_1": {"name": "Data"}},
        "sessions": {
            "se_1": session("Kafka", "03T14:00", "ro_A", "sp_1"),
            // Right behind the first, in the same room.
            "se_2": session("CRDTs", "03T14:30", "ro_A", "sp_2"),
            "se_3": session("Ropes", "03T14:00", "ro_B", "sp_3"),
            "se_4": {"title": "Lunch", "kind": "meal", "state": "confirmed", "minutes": 60},
        },
        "speakers": {"sp_1": speaker("Ada Lovelace"), "sp_2": speaker("Ben Bit"), "sp_3": speaker("Cy Cle")},
        "contracts": {"co_1": {"party": "Hall", "kind": "venue", "state": "review",
            "value": {"minor": 1_800_000, "cur": "EUR"}}},
        "campaigns": {"ca_1": {"title": "Call", "channel": "email", "state": "ready"}},
        "travel": {"tl_1": {"who": {"speaker_id": "sp_2"}, "kind": "rail", "state": "booked"}},
        "tasks": {"ta_1": {"title": "Sign", "state": "todo", "ref": {"root": "contracts", "id": "co_1"}}},
    })
}

/// The sound plan with other values at these places, `null` for none.
pub(super) fn with(changes: &[(&str, Json)]) -> Content {
    let mut plan = sound();
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = plan.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        if value.is_null() {
            parent.remove(key);
        } else {
            parent.insert(key.to_owned(), value.clone());
        }
    }
    Content::from_json(&plan).unwrap().0
}

/// The sound plan with one plain value, whatever the schema has there.
pub(super) fn value_at(root: &str, id: &str, field: &str, json: &Json) -> Content {
    let mut content = with(&[]);
    let value = Value::Plain(json.clone());
    content.entity_mut(root, id).insert(field.to_owned(), value);
    content
}

/// What is found in the sound plan with these changes.
pub(super) fn findings(changes: &[(&str, Json)]) -> Vec<Finding> {
    find(&with(changes), &Gates::none())
}

/// The keys of that.
pub(super) fn keys(changes: &[(&str, Json)]) -> Vec<String> {
    findings(changes).into_iter().map(|it| it.key).collect()
}

/// A slot in May 2027, from its day and time: `03T14:00`.
pub(super) fn slot(start: &str, room_id: &str) -> Json {
    json!({"start": format!("2027-05-{start}:00+02:00"), "room_id": room_id})
}

/// An agenda in which nothing overlaps, of `rooms` rooms by `rows` rows of half an hour, one person each.
pub(super) fn agenda(rooms: usize, rows: usize) -> Content {
    let mut plan = sound();
    plan["sessions"] = json!({});
    plan["travel"] = json!({});
    plan["rooms"] = json!({});
    plan["speakers"] = json!({});
    let morning = value::instant("2027-05-03T06:00:00Z").unwrap();
    let berlin = value::zone("Europe/Berlin").unwrap();
    for room in 0..rooms {
        plan["rooms"][format!("ro_{room}")] = json!({"name": format!("Room {room}")});
        for row in 0..rows {
            // 24 half hours a day.
            let minutes = (row / 24) * 24 * 60 + (row % 24) * 30;
            let start = morning + jiff::SignedDuration::from_mins(i64::try_from(minutes).unwrap());
            let number = room * rows + row;
            plan["speakers"][format!("sp_{number}")] = json!({"name": format!("Person {number}"),
                "org": "ACME", "kind": "cfp", "status": "confirmed", "agreement": "signed", "rank": "V",
                "bio": "Has written about logs for years.", "archived": false});
            plan["sessions"][format!("se_{number}")] = json!({"title": format!("Talk {number}"),
                "kind": "talk", "state": "confirmed", "minutes": 30, "track_id": "tr_1", "rank": "V",
                "archived": false, "abstract": "All about logs.", "record": "yes", "lang": "en",
                "people": {format!("sp_{number}"): {"role": "speaker"}}, "expected": 60,
                "slot": {"start": value::in_zone(start, &berlin), "room_id": format!("ro_{room}")}});
        }
    }
    Content::from_json(&plan).unwrap().0
}

/// An operation as clients write it.
pub(super) fn op(json: Json) -> Op {
    serde_json::from_value(json).unwrap()
}
