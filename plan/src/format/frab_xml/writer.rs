//! Writes the schedule of a plan as XML.

use serde_json::Value as Json;

use super::super::schedule::from_plan::{self, Day, TIMESLOT, day_count};
use super::super::schedule::{Event, Extra, GENERATOR, Schedule};
use super::super::{Place, Report};
use super::element::{escaped, is_name};
use crate::content::Content;

/// Writes the schedule of a plan, and reports what it has no place for.
pub fn write(plan: &Content) -> (String, Report) {
    let mut report = Report::default();
    let schedule = from_plan::schedule(plan, &mut report);
    let days = schedule.days(&mut report);
    let mut writer = Writer {
        out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(),
        depth: 0,
        at: Place::Whole,
        report,
    };
    writer.open("schedule", &[]);
    let version = ("version", env!("CARGO_PKG_VERSION"));
    writer.leaf("generator", &[("name", GENERATOR), version], "");
    writer.leaf("version", &[], schedule.version.as_deref().unwrap_or(""));
    writer.conference(&schedule, &days);
    for (number, day) in days.iter().enumerate() {
        writer.day(&(number + 1).to_string(), day);
    }
    writer.close("schedule");
    (writer.out, writer.report)
}

struct Writer {
    out: String,
    depth: usize,
    /// What is being written.
    at: Place,
    report: Report,
}

impl Writer {
    fn escaped(&mut self, name: &str, text: &str) -> String {
        let (text, has_lost) = escaped(text);
        if has_lost {
            let say = "has characters that XML cannot hold; they are replaced";
            self.report.note(&self.at, name, say);
        }
        text
    }

    fn write(&mut self, parts: &[&str]) {
        for part in parts {
            self.out.push_str(part);
        }
    }

    fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push_str(&" ".repeat(2 * self.depth));
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            // A reader makes a blank of an end of line in an attribute.
            let value = self.escaped(key, value).replace('\n', "&#10;");
            self.write(&[" ", key, "=\"", &value, "\""]);
        }
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.out.push_str(">\n");
        self.depth += 1;
    }

    fn close(&mut self, name: &str) {
        self.depth -= 1;
        self.out.push_str(&" ".repeat(2 * self.depth));
        self.write(&["</", name, ">\n"]);
    }

    fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.begin(name, attributes);
        if text.is_empty() {
            self.out.push_str("/>\n");
        } else {
            let text = self.escaped(name, text);
            self.write(&[">", &text, "</", name, ">\n"]);
        }
    }

    fn conference(&mut self, schedule: &Schedule, days: &[Day]) {
        let conference = &schedule.conference;
        self.open("conference", &[]);
        let first = days.first().map(|day| day.date.to_string());
        let last = days.last().map(|day| day.date.to_string());
        let count = day_count(days).to_string();
        let timeslot = conference
            .extra
            .get("timeslot_duration")
            .and_then(Json::as_str);
        for (name, text) in [
            ("acronym", conference.acronym.as_deref()),
            ("title", conference.title.as_deref()),
            ("start", conference.start.as_deref().or(first.as_deref())),
            ("end", conference.end.as_deref().or(last.as_deref())),
            ("days", Some(count.as_str())),
            ("timeslot_duration", Some(timeslot.unwrap_or(TIMESLOT))),
            ("time_zone_name", conference.zone.as_deref()),
        ] {
            self.leaf(name, &[], text.unwrap_or(""));
        }
        if let Some(day_change) = &conference.day_change {
            self.leaf("day_change", &[], day_change);
        }
        self.extra(&conference.extra, &["timeslot_duration"]);
        self.close("conference");
        self.open("tracks", &[]);
        for track in &schedule.tracks {
            let mut attributes = Vec::new();
            let named = [
                ("slug", &track.slug),
                ("guid", &track.guid),
                ("color", &track.color),
            ];
            for (key, value) in named {
                attributes.extend(value.as_deref().map(|value| (key, value)));
            }
            let more = more(&track.extra);
            attributes.extend(
                more.iter()
                    .map(|(key, value)| (key.as_str(), value.as_str())),
            );
            self.leaf("track", &attributes, &track.name);
        }
        self.close("tracks");
    }

    fn day(&mut self, number: &str, day: &Day) {
        let date = day.date.to_string();
        let (start, end) = (day.start.as_str(), day.end.as_str());
        self.open(
            "day",
            &[
                ("index", number),
                ("date", &date),
                ("start", start),
                ("end", end),
            ],
        );
        for (room, events) in &day.rooms {
            let more = more(&room.extra);
            let mut attributes = vec![("name", room.name.as_str())];
            for (key, value) in [("guid", &room.guid), ("slug", &room.slug)] {
                attributes.extend(value.as_deref().map(|value| (key, value)));
            }
            attributes.extend(
                more.iter()
                    .map(|(key, value)| (key.as_str(), value.as_str())),
            );
            self.open("room", &attributes);
            for event in events {
                self.at = event.at.clone();
                self.event(event);
            }
            self.at = Place::Whole;
            self.close("room");
        }
        self.close("day");
    }

    fn event(&mut self, event: &Event) {
        let mut attributes = Vec::new();
        for (key, value) in [
            ("guid", &event.guid),
            ("id", &event.id),
            ("code", &event.code),
        ] {
            attributes.extend(value.as_deref().map(|value| (key, value)));
        }
        self.open("event", &attributes);
        for (name, text) in [
            ("date", &event.date),
            ("start", &event.start),
            ("duration", &event.duration),
            ("room", &event.room),
            ("title", &event.title),
            ("subtitle", &event.subtitle),
        ] {
            self.leaf(name, &[], text.as_deref().unwrap_or(""));
        }
        let slug = event.track_slug.as_deref();
        let slug: Vec<(&str, &str)> = slug.map(|slug| ("slug", slug)).into_iter().collect();
        self.leaf("track", &slug, event.track.as_deref().unwrap_or(""));
        for (name, text) in [
            ("type", &event.kind),
            ("language", &event.language),
            ("abstract", &event.summary),
            ("description", &event.description),
        ] {
            self.leaf(name, &[], text.as_deref().unwrap_or(""));
        }
        self.recording(event);
        self.open("persons", &[]);
        for person in event.persons.iter().flatten() {
            let mut attributes = Vec::new();
            for (key, value) in [
                ("guid", &person.guid),
                ("id", &person.id),
                ("code", &person.code),
            ] {
                attributes.extend(value.as_deref().map(|value| (key, value)));
            }
            let more = more(&person.extra);
            attributes.extend(
                more.iter()
                    .map(|(key, value)| (key.as_str(), value.as_str())),
            );
            self.leaf("person", &attributes, &person.name);
        }
        self.close("persons");
        self.extra(&event.extra, &["recording"]);
        self.close("event");
    }

    fn recording(&mut self, event: &Event) {
        let rest = event.extra.get("recording").and_then(Json::as_object);
        if rest.is_none() && !event.is_unrecorded {
            return;
        }
        self.open("recording", &[]);
        if event.is_unrecorded {
            self.leaf("optout", &[], "true");
        }
        if let Some(rest) = rest {
            self.extra(rest, &[]);
        }
        self.close("recording");
    }

    /// What was kept of a file, as it was; `known` is written elsewhere.
    fn extra(&mut self, extra: &Extra, known: &[&str]) {
        for (name, json) in extra {
            if known.contains(&name.as_str()) {
                continue;
            }
            if is_name(name) {
                self.json(name, json);
            } else {
                self.report
                    .note(&self.at, name, "is no name of an element, and is left out");
            }
        }
    }

    fn json(&mut self, name: &str, json: &Json) {
        match json {
            Json::Null => self.leaf(name, &[], ""),
            Json::Bool(_) | Json::Number(_) => self.leaf(name, &[], &json.to_string()),
            Json::String(text) => self.leaf(name, &[], text),
            Json::Array(items) => items.iter().for_each(|item| self.json(name, item)),
            Json::Object(members) => {
                let mut attributes = Vec::new();
                let mut children = Extra::new();
                for (key, json) in members {
                    match (key.strip_prefix('@'), json) {
                        (Some(key), Json::String(value)) if is_name(key) => {
                            attributes.push((key, value.as_str()));
                        }
                        _ if key == "$" => {}
                        _ => {
                            children.insert(key.clone(), json.clone());
                        }
                    }
                }
                let text = members.get("$").and_then(Json::as_str).unwrap_or("");
                if children.is_empty() {
                    self.leaf(name, &attributes, text);
                } else {
                    self.open(name, &attributes);
                    let text = self.escaped(name, text);
                    self.out.push_str(&text);
                    self.extra(&children, &[]);
                    self.close(name);
                }
            }
        }
    }
}

/// What can be attributes.
fn more(extra: &Extra) -> Vec<(String, String)> {
    let fields = extra.iter().filter(|(key, _)| is_name(key));
    let pairs = fields.filter_map(|(key, json)| match json {
        Json::String(text) => Some((key.clone(), text.clone())),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(json: &Json) -> Content {
        Content::from_json(json).unwrap().0
    }

    #[test]
    fn what_readers_ask_for_is_there_even_of_a_plan_that_says_little() {
        let slot = json!({"start": "2027-05-03T23:30:00Z", "room_id": "ro_1"});
        let plan = plan(&json!({"rooms": {"ro_1": {"name": "Big"}},
            "sessions": {"se_1": {"title": "Kafka", "minutes": 90, "slot": slot}}}));
        let (text, report) = write(&plan);
        assert!(report.is_empty(), "{report:?}");
        for line in [
            "<version>1</version>",
            "<acronym>untitled</acronym>",
            "<title>Untitled</title>",
            "<start>2027-05-03</start>",
            "<end>2027-05-03</end>",
            "<days>1</days>",
            "<timeslot_duration>00:05</timeslot_duration>",
            "<day index=\"1\" date=\"2027-05-03\" start=\"2027-05-03T04:00:00+00:00\" end=\"2027-05-04T03:59:00+00:00\">",
            "<duration>01:30</duration>",
            "<type>lecture</type>",
        ] {
            assert!(text.lines().any(|it| it.trim() == line), "{line}\n{text}");
        }
        let guid = super::super::super::guid::of("se_1");
        assert!(
            text.contains(&format!("<event guid=\"{guid}\" id=\"1\">")),
            "{text}"
        );
    }

    #[test]
    fn what_has_no_place_in_a_schedule_is_reported() {
        let slot = |start: &str| json!({"start": start, "room_id": "ro_1"});
        let plan = plan(&json!({
            "meta": {"name": "Conf", "dates": {"start": "2027-05-03", "end": "2027-05-03"}},
            "rooms": {"ro_1": {"name": "Big"}, "ro_2": {"name": "big"}},
            "sessions": {
                "se_1": {"title": "a\u{1}b", "slot": slot("2027-05-03T10:00:00Z"), "people": {"sp_1": {}},
                    "src": {"extra": {"x y": 1, "n": 2}}},
                "se_2": {"title": "Off", "state": "cancelled"},
                "se_3": {"title": "Tray"},
                "se_4": {"title": "Late", "slot": slot("2027-05-09T10:00:00Z")},
            },
        }));
        let (text, report) = write(&plan);
        let said: Vec<String> = report.notes.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "rooms.ro_2: name: is also the name of ro_1; readers take them for one",
                "sessions.se_1: people: sp_1 is not there, and is left out",
                "sessions.se_2: state: is cancelled, and is left out",
                "sessions.se_3: slot: has no time in a room that is there, and is left out",
                "sessions.se_4: slot: is not on a day of the event",
                "sessions.se_1: title: has characters that XML cannot hold; they are replaced",
                "sessions.se_1: x y: is no name of an element, and is left out",
            ]
        );
        assert!(text.contains("<title>a\u{fffd}b</title>") && text.contains("<n>2</n>"));
    }
}
