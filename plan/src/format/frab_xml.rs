//! The schedule XML of pentabarf and frab, which pretalx and FOSDEM export too, both ways.
//!
//! Written after <https://c3voc.de/schedule/schema.xsd>: required are version, title, acronym, start, end,
//! days, `timeslot_duration`, and a guid for every event.

mod element;
mod writer;

use std::collections::BTreeSet;

use serde_json::json;

use self::element::Element;
use super::schedule::from_plan::TIMESLOT;
use super::schedule::{Conference, Event, Extra, Named, Person, Schedule, into_plan};
use super::{Import, Place, Report, Unreadable};

pub use self::writer::write;

/// Elements of an event whose text is what they say.
const TEXTS: &[&str] = &[
    "date",
    "start",
    "duration",
    "room",
    "title",
    "subtitle",
    "track",
    "type",
    "language",
    "abstract",
    "description",
];

/// Reads a schedule leniently.
pub fn read(file: &[u8]) -> Result<Import, Unreadable> {
    let root = element::parse(file)?;
    if root.name != "schedule" {
        return Err(Unreadable::Other {
            format: "schedule XML",
            say: format!("its outermost element is <{}>, not <schedule>", root.name),
        });
    }
    let mut reading = Reading::default();
    let mut extra = Extra::new();
    for child in &root.children {
        match child.name.as_str() {
            "generator" => {
                reading.schedule.generator = child.attribute("name").map(str::to_owned);
            }
            "version" => reading.schedule.version = Some(child.text.trim().to_owned()),
            "conference" => reading.conference(child, &mut extra),
            "tracks" => child.children.iter().for_each(|track| reading.track(track)),
            // FOSDEM lists everybody here too.
            "persons" => reading.persons(child),
            "day" => reading.day(child),
            _ => {
                extra.insert(child.name.clone(), child.to_json());
            }
        }
    }
    let said = extra.remove("days");
    let days = root
        .children
        .iter()
        .filter(|child| child.name == "day")
        .count();
    if let Some(said) = said.filter(|said| *said != json!(days.to_string())) {
        let say = format!("says {said}, and there are {days}");
        reading.report.note(&Place::Whole, "days", say);
    }
    if extra.get("timeslot_duration") == Some(&json!(TIMESLOT)) {
        extra.remove("timeslot_duration");
    }
    reading.schedule.conference = Conference::read(extra);
    into_plan::import(reading.schedule, reading.report)
}

#[derive(Default)]
struct Reading {
    schedule: Schedule,
    rooms: BTreeSet<String>,
    report: Report,
}

/// The attributes of an element as fields.
fn attributes(element: &Element) -> Extra {
    let fields = element.attributes.iter();
    fields
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect()
}

impl Reading {
    fn conference(&mut self, element: &Element, extra: &mut Extra) {
        for child in &element.children {
            match child.name.as_str() {
                // pretalx lists tracks here.
                "track" => self.track(child),
                "title" | "acronym" | "start" | "end" | "day_change" | "time_zone_name"
                | "days" => {
                    extra.insert(child.name.clone(), json!(child.text.trim()));
                }
                _ => {
                    extra.insert(child.name.clone(), child.to_json());
                }
            }
        }
    }

    /// `<track slug="web">Web</track>` or `<track name="Web" slug="web" color="#112233"/>`.
    fn track(&mut self, element: &Element) {
        let mut fields = attributes(element);
        if !element.text.trim().is_empty() {
            fields.insert("name".to_owned(), json!(element.text.trim()));
        }
        let track = Named::read(fields.into(), ("tracks", &mut self.report));
        self.schedule.tracks.extend(track);
    }

    fn persons(&mut self, element: &Element) {
        for listed in &element.children {
            let at = Place::Line(listed.line);
            let read = Person::read(person(listed).into(), &at, &mut self.report);
            self.schedule.persons.extend(read);
        }
    }

    fn day(&mut self, day: &Element) {
        for room in &day.children {
            if room.name != "room" {
                let say = format!("<{}> is not known there, and is left out", room.name);
                self.report.note(&Place::Line(room.line), "day", say);
                continue;
            }
            let name = room.attribute("name").unwrap_or("").trim();
            // A room is repeated on every day that it is used on.
            if !name.is_empty() && self.rooms.insert(name.to_owned()) {
                let named = Named::read(attributes(room).into(), ("room", &mut self.report));
                self.schedule.rooms.extend(named);
            }
            for event in &room.children {
                if event.name == "event" {
                    self.event(event, (day.attribute("date"), name));
                } else {
                    let say = format!("<{}> is not known there, and is left out", event.name);
                    self.report.note(&Place::Line(event.line), "room", say);
                }
            }
        }
    }

    fn event(&mut self, element: &Element, (day, room): (Option<&str>, &str)) {
        let at = Place::Line(element.line);
        let mut fields = attributes(element);
        for child in &element.children {
            let name = child.name.as_str();
            match name {
                "persons" => {
                    let persons: Vec<Extra> = child.children.iter().map(person).collect();
                    fields.insert(name.to_owned(), json!(persons));
                }
                "recording" => self.recording(child, &mut fields),
                _ if TEXTS.contains(&name) => {
                    for (key, value) in &child.attributes {
                        let key = match (name, key.as_str()) {
                            ("track", "slug") => "track_slug".to_owned(),
                            _ => format!("{name}@{key}"),
                        };
                        fields.insert(key, json!(value));
                    }
                    for stray in &child.children {
                        let say = format!("<{}> in it is not known, and is left out", stray.name);
                        self.report.note(&Place::Line(stray.line), name, say);
                    }
                    fields.insert(name.to_owned(), json!(child.text));
                }
                _ => {
                    fields.insert(name.to_owned(), child.to_json());
                }
            }
        }
        let mut event = Event::read(fields, at, &mut self.report);
        event.day = day.map(str::to_owned);
        if !room.is_empty() {
            event.room.get_or_insert_with(|| room.to_owned());
        }
        self.schedule.events.push(event);
    }

    /// `<recording><license/><optout>true</optout></recording>`.
    fn recording(&mut self, element: &Element, fields: &mut Extra) {
        let mut rest = element.clone();
        rest.children.retain(|child| child.name != "optout");
        if rest
            .children
            .iter()
            .any(|child| !child.text.trim().is_empty())
        {
            fields.insert("recording".to_owned(), rest.to_json());
        }
        match element.child("optout").map(|optout| optout.text.trim()) {
            Some("true") => {
                fields.insert("do_not_record".to_owned(), json!(true));
            }
            Some("false" | "") | None => {}
            Some(other) => {
                let say = format!("optout is {other:?}, neither true nor false, and is left out");
                self.report
                    .note(&Place::Line(element.line), "recording", say);
            }
        }
    }
}

fn person(element: &Element) -> Extra {
    let mut fields = attributes(element);
    for child in &element.children {
        fields.insert(child.name.clone(), child.to_json());
    }
    if !element.text.trim().is_empty() {
        fields.insert("name".to_owned(), json!(element.text.trim()));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r##"<?xml version="1.0"?>
<schedule>
 <conference><title>Conf</title><acronym>conf</acronym><start>2027-05-03</start><end>2027-05-03</end>
  <days>2</days><day_change>04:00</day_change><time_zone_name>Europe/Berlin</time_zone_name>
  <track name="Web" slug="web" color="#112233"/></conference>
 <day index="1" date="2027-05-03"><room name="Big">
  <event id="7"><start>01:30</start><duration>0:45</duration><title>Late</title><track>Web</track>
   <recording><license>CC0</license><optout>true</optout></recording>
   <persons><person id="2">Ada</person><person>Ada</person></persons>
   <links><link href="https://x.org/">x</link></links></event>
  <event id="8"><start>9h</start><duration>1</duration><title>Odd<b/></title><type>dance</type></event>
  <evnt/></room></day>
</schedule>"##;

    #[test]
    fn early_hours_belong_to_the_day_before() {
        let plan = read(FILE.as_bytes()).unwrap().content.to_json();
        let late = &plan["sessions"]["conf/event/7"];
        assert_eq!(late["slot"]["start"], "2027-05-04T01:30:00+02:00");
        assert_eq!(late["minutes"], 45);
        assert_eq!(late["record"], "no");
        assert_eq!(late["track_id"], "conf/track/web");
        assert_eq!(late["people"].as_object().unwrap().len(), 1);
        let extra = json!({"links": {"link": {"@href": "https://x.org/", "$": "x"}}, "recording": {"license": "CC0"}});
        assert_eq!(late["src"]["extra"], extra);
        assert_eq!(plan["tracks"]["conf/track/web"]["color"], "#112233");
    }

    #[test]
    fn what_is_not_understood_is_reported_with_its_line() {
        let import = read(FILE.as_bytes()).unwrap();
        let said: Vec<String> = import
            .report
            .notes
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            said,
            [
                "line 11: title: <b> in it is not known, and is left out",
                "line 12: room: <evnt> is not known there, and is left out",
                "the file: days: says \"2\", and there are 1",
                "line 7: persons: \"Ada\" is listed twice",
                "line 11: type: \"dance\" is no kind of session; a new one becomes a talk",
                "line 11: duration: \"1\" is no length as 00:30; a new session gets 30 minutes",
                "line 11: date: \"9h\" is no start; the session is not scheduled",
                "the file: day_change: has no place in a plan, and is kept in src.extra (once)",
                "the file: duration: has no place in a plan, and is kept in src.extra (once)",
                "the file: links: has no place in a plan, and is kept in src.extra (once)",
                "the file: recording: has no place in a plan, and is kept in src.extra (once)",
                "the file: room: has no place in a plan, and is kept in src.extra (once)",
                "the file: start: has no place in a plan, and is kept in src.extra (once)",
                "the file: type: has no place in a plan, and is kept in src.extra (once)",
            ]
        );
    }

    #[test]
    fn more_than_a_plan_holds_is_refused() {
        let events = "<event><title>x</title></event>".repeat(5_001);
        let file = format!("<schedule><day><room name=\"a\">{events}</room></day></schedule>");
        let error = read(file.as_bytes()).unwrap_err();
        assert_eq!(error, Unreadable::TooMany("sessions".to_owned()));
        let persons = (0..5_001).map(|number| format!("<person id=\"{number}\">x</person>"));
        let persons: String = persons.collect();
        let event = format!("<event><title>x</title><persons>{persons}</persons></event>");
        let file = format!("<schedule><day><room name=\"a\">{event}</room></day></schedule>");
        let error = read(file.as_bytes()).unwrap_err();
        assert_eq!(error, Unreadable::TooMany("speakers".to_owned()));
        let error = read(&vec![b' '; super::super::FILE_BYTES_MAX + 1]).unwrap_err();
        assert!(matches!(error, Unreadable::TooLarge(_)), "{error}");
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        let say = read(b"<html></html>").unwrap_err().to_string();
        assert!(say.contains("<html>, not <schedule>"), "{say}");
    }
}
