//! The schedule JSON that pretalx exports and c3voc's tools read, both ways.
//!
//! Written after <https://c3voc.de/schedule/schema.json>: required are version, title, acronym, start, end,
//! `daysCount`, `timeslot_duration`, and a guid for every event.

use serde_json::{Map, Value as Json, json};

use super::schedule::from_plan::{self, Day, TIMESLOT, day_count};
use super::schedule::{Conference, Event, Extra, GENERATOR, Named, Person, Schedule, into_plan};
use super::{Import, Place, Report, Unreadable, json_shape};
use crate::content::Content;

/// Reads a schedule leniently.
pub fn read(file: &[u8]) -> Result<Import, Unreadable> {
    let json = json_shape::parse(file)?;
    let other = |say: &str| Unreadable::Other {
        format: "schedule JSON",
        say: say.to_owned(),
    };
    let schedule = json
        .get("schedule")
        .ok_or_else(|| other("it has no \"schedule\""))?;
    let conference = schedule.get("conference").and_then(Json::as_object);
    let mut conference = conference
        .cloned()
        .ok_or_else(|| other("its schedule has no \"conference\""))?;
    let mut report = Report::default();
    let text = |json: Option<&Json>| json.and_then(Json::as_str).map(str::to_owned);
    let name = json.get("generator").or_else(|| schedule.get("generator"));
    let generator = text(name.and_then(|it| it.get("name")));
    let rooms = named(conference.remove("rooms"), "rooms", &mut report);
    let tracks = named(conference.remove("tracks"), "tracks", &mut report);
    let events = events(conference.remove("days"), &mut report);
    conference.remove("daysCount");
    if text(conference.get("timeslot_duration")).as_deref() == Some(TIMESLOT) {
        conference.remove("timeslot_duration");
    }
    // What stands beside the conference is kept with it.
    for (key, json) in schedule.as_object().into_iter().flatten() {
        if !matches!(key.as_str(), "version" | "conference" | "generator") {
            conference
                .entry(key.clone())
                .or_insert_with(|| json.clone());
        }
    }
    for key in json.as_object().into_iter().flatten().map(|(key, _)| key) {
        if !matches!(key.as_str(), "$schema" | "generator" | "schedule") {
            report.note(&Place::Whole, key, "is not known, and is left out");
        }
    }
    let schedule = Schedule {
        generator,
        version: match schedule.get("version") {
            Some(Json::String(version)) => Some(version.clone()),
            Some(Json::Number(version)) => Some(version.to_string()),
            Some(Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_)) | None => None,
        },
        conference: Conference::read(conference),
        rooms,
        tracks,
        persons: Vec::new(),
        events,
    };
    into_plan::import(schedule, report)
}

fn named(json: Option<Json>, field: &str, report: &mut Report) -> Vec<Named> {
    match json {
        Some(Json::Array(items)) => items
            .into_iter()
            .filter_map(|item| Named::read(item, (field, report)))
            .collect(),
        Some(Json::Null) | None => Vec::new(),
        Some(Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_)) => {
            report.note(&Place::Whole, field, "is no list, and is left out");
            Vec::new()
        }
    }
}

fn events(days: Option<Json>, report: &mut Report) -> Vec<Event> {
    let mut events = Vec::new();
    let Some(Json::Array(days)) = days else {
        report.note(&Place::Whole, "days", "is no list: there are no sessions");
        return events;
    };
    for (number, mut day) in days.into_iter().enumerate() {
        let at = Place::Thing(format!("day {}", number + 1));
        let date = day.get("date").and_then(Json::as_str).map(str::to_owned);
        let Some(Json::Object(rooms)) = day.get_mut("rooms").map(Json::take) else {
            report.note(&at, "rooms", "is no object: the day has no sessions");
            continue;
        };
        for (room, listed) in rooms {
            let Json::Array(listed) = listed else {
                report.note(&at, &room, "is no list of events, and is left out");
                continue;
            };
            for event in listed {
                let Json::Object(fields) = event else {
                    report.note(
                        &at,
                        &room,
                        "one of its events is no object, and is left out",
                    );
                    continue;
                };
                let at = Place::Thing(format!("event {}", called(&fields)));
                let mut event = Event::read(fields, at, report);
                event.day.clone_from(&date);
                event.room.get_or_insert_with(|| room.clone());
                events.push(event);
            }
        }
    }
    events
}

/// What people find an event by in the file.
fn called(event: &Extra) -> String {
    let keys = ["guid", "code", "id", "title"];
    let found = keys
        .iter()
        .find_map(|key| event.get(*key).filter(|json| !json.is_null()));
    match found {
        Some(Json::String(text)) => text.chars().take(100).collect(),
        Some(json) => json.to_string(),
        None => "without a name".to_owned(),
    }
}

/// Writes the schedule of a plan, and reports what it has no place for.
pub fn write(plan: &Content) -> (String, Report) {
    let mut report = Report::default();
    let schedule = from_plan::schedule(plan, &mut report);
    let days = schedule.days(&mut report);
    let mut conference = schedule.conference.extra.clone();
    let Conference {
        acronym,
        title,
        start,
        end,
        day_change,
        zone,
        extra: _,
    } = &schedule.conference;
    let first = days.first().map(|day| day.date.to_string());
    let last = days.last().map(|day| day.date.to_string());
    conference.insert("acronym".to_owned(), json!(acronym));
    conference.insert("title".to_owned(), json!(title));
    conference.insert("start".to_owned(), json!(start.as_ref().or(first.as_ref())));
    conference.insert("end".to_owned(), json!(end.as_ref().or(last.as_ref())));
    conference.insert("daysCount".to_owned(), json!(day_count(&days)));
    conference.insert("time_zone_name".to_owned(), json!(zone));
    conference
        .entry("timeslot_duration")
        .or_insert_with(|| json!(TIMESLOT));
    if let Some(day_change) = day_change {
        conference.insert("day_change".to_owned(), json!(day_change));
    }
    let rooms: Vec<Json> = schedule.rooms.iter().map(named_json).collect();
    let tracks: Vec<Json> = schedule.tracks.iter().map(named_json).collect();
    conference.insert("rooms".to_owned(), json!(rooms));
    conference.insert("tracks".to_owned(), json!(tracks));
    let days: Vec<Json> = days
        .iter()
        .enumerate()
        .map(|(number, day)| day_json(number + 1, day))
        .collect();
    conference.insert("days".to_owned(), json!(days));
    let json = json!({
        "$schema": "https://c3voc.de/schedule/schema.json",
        "generator": { "name": GENERATOR, "version": env!("CARGO_PKG_VERSION") },
        "schedule": { "version": schedule.version, "conference": conference },
    });
    (format!("{json:#}\n"), report)
}

/// `extra` with what is said beside it.
fn with<const N: usize>(extra: &Extra, fields: [(&str, Json); N]) -> Map<String, Json> {
    let mut object = extra.clone();
    for (key, json) in fields {
        if !json.is_null() {
            object.insert(key.to_owned(), json);
        }
    }
    object
}

/// A number where it is one.
fn number(text: Option<&String>) -> Json {
    let number = text.and_then(|text| {
        text.parse::<u64>()
            .ok()
            .filter(|it| it.to_string() == *text)
    });
    number.map_or_else(|| json!(text), Json::from)
}

fn named_json(named: &Named) -> Json {
    Json::Object(with(
        &named.extra,
        [
            ("name", json!(named.name)),
            ("guid", json!(named.guid)),
            ("slug", json!(named.slug)),
            ("capacity", number(named.capacity.as_ref())),
            ("color", json!(named.color)),
        ],
    ))
}

fn day_json(number: usize, day: &Day) -> Json {
    let mut rooms = Map::new();
    for (room, events) in &day.rooms {
        let events: Vec<Json> = events.iter().map(event_json).collect();
        rooms.insert(room.name.clone(), json!(events));
    }
    json!({
        "index": number,
        "date": day.date.to_string(),
        "day_start": day.start,
        "day_end": day.end,
        "rooms": rooms,
    })
}

fn event_json(event: &Event) -> Json {
    let persons: Vec<Json> = event.persons.iter().flatten().map(person_json).collect();
    let mut object = with(
        &event.extra,
        [
            ("guid", json!(event.guid)),
            ("code", json!(event.code)),
            ("id", number(event.id.as_ref())),
            ("date", json!(event.date)),
            ("start", json!(event.start)),
            ("duration", json!(event.duration)),
            ("room", json!(event.room)),
            ("title", json!(event.title)),
            ("type", json!(event.kind)),
            ("language", json!(event.language)),
            ("abstract", json!(event.summary)),
            ("do_not_record", json!(event.is_unrecorded)),
            ("persons", json!(persons)),
        ],
    );
    object.insert("track".to_owned(), json!(event.track));
    for empty in ["subtitle", "description"] {
        object.entry(empty).or_insert_with(|| json!(""));
    }
    for empty in ["links", "attachments"] {
        object.entry(empty).or_insert_with(|| json!([]));
    }
    Json::Object(object)
}

fn person_json(person: &Person) -> Json {
    Json::Object(with(
        &person.extra,
        [
            ("name", json!(person.name)),
            ("guid", json!(person.guid)),
            ("code", json!(person.code)),
            ("id", number(person.id.as_ref())),
            ("biography", json!(person.biography)),
            ("avatar", json!(person.avatar)),
        ],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(import: &Import) -> Vec<String> {
        import
            .report
            .notes
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_pretalx_export_is_understood() {
        let event = json!({
            "guid": "1f5a3f4e-0000-4000-8000-000000000002", "code": "ABCDEF", "id": 7,
            "date": "2027-05-03T12:00:00+00:00", "start": "14:00", "duration": "00:45", "room": "Big",
            "title": "Kafka", "subtitle": "in anger", "track": "Web", "type": "Dance", "language": "en",
            "abstract": "<p>Logs &amp; more</p>", "description": "Long.", "do_not_record": true,
            "links": [], "logo": null, "url": "https://x.org/",
            "persons": [{"code": "PPPPPP", "public_name": "Ada Alder", "name": "Ada", "biography": "Writes."}],
        });
        let room = json!({"name": "Big", "guid": "1F5A3F4E-0000-4000-8000-000000000001", "capacity": 300, "description": "x"});
        let conference = json!({
            "acronym": "conf", "title": "Conf", "start": "2027-05-03", "end": "2027-05-04",
            "daysCount": 2, "timeslot_duration": "00:05", "time_zone_name": "Europe/Berlin",
            "rooms": [room], "tracks": [{"name": "Web", "color": "#112233"}],
            "days": [{"index": 1, "date": "2027-05-03", "rooms": {"Big": [event]}}],
        });
        let file = json!({"schedule": {"version": "0.9", "conference": conference}});
        let import = read(file.to_string().as_bytes()).unwrap();
        let plan = import.content.to_json();
        assert_eq!(plan["meta"]["tz"], "Europe/Berlin");
        let (_, session) = plan["sessions"].as_object().unwrap().iter().next().unwrap();
        let expected = json!({
            "title": "Kafka: in anger", "abstract": "Logs & more\n\nLong.", "minutes": 45, "lang": "en", "record": "no",
            "slot": {"start": "2027-05-03T14:00:00+02:00", "room_id": "1f5a3f4e-0000-4000-8000-000000000001"},
            "track_id": "conf/track/web", "people": {"conf/person/PPPPPP": {"rank": session["people"]["conf/person/PPPPPP"]["rank"]}},
            "src": {"kind": "import", "ref": "1f5a3f4e-0000-4000-8000-000000000002",
                "extra": {"code": "ABCDEF", "id": "7", "type": "Dance", "url": "https://x.org/"}},
            "rank": session["rank"],
        });
        assert_eq!(*session, expected);
        assert_eq!(plan["speakers"]["conf/person/PPPPPP"]["name"], "Ada Alder");
        assert!(said(&import).iter().any(|line| line
            == "event 1f5a3f4e-0000-4000-8000-000000000002: type: \"Dance\" is no kind of session; a new one becomes a talk"));
    }

    #[test]
    fn what_is_wrong_is_reported_and_never_a_panic() {
        for (file, say) in [
            ("[1]", "it has no \"schedule\""),
            (r#"{"schedule": 1}"#, "has no \"conference\""),
            ("{\n\n\"schedule\": }", "line 3: "),
        ] {
            let error = read(file.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(say), "{error}");
        }
        let file = json!({"schedule": {"conference": {"title": 5, "rooms": {}, "tracks": [1], "days": [
            {"rooms": []}, 7, {"date": "2027-05-03", "rooms": {"A": [1, {"title": ["x"], "start": "25:99",
                "duration": "soon", "persons": {"a": 1}, "do_not_record": "maybe"}], "B": 3}}]}}});
        let import = read(file.to_string().as_bytes()).unwrap();
        let said = said(&import);
        for line in [
            "the file: rooms: is no list, and is left out",
            "the file: tracks: one of them has no name, and is left out",
            "day 1: rooms: is no object: the day has no sessions",
            "day 3: A: one of its events is no object, and is left out",
            "day 3: B: is no list of events, and is left out",
            "event [\"x\"]: persons: is no list, and is kept as it is",
            "event [\"x\"]: duration: \"soon\" is no length as 00:30; a new session gets 30 minutes",
            "event [\"x\"]: date: \"25:99\" is no start; the session is not scheduled",
        ] {
            assert!(said.iter().any(|it| it == line), "{line}\n{said:#?}");
        }
        assert_eq!(import.content.entities("sessions").count(), 1);
    }
}
