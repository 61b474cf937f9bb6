//! Reads calendars, of anybody: events become sessions by way of a schedule, to-dos become tasks.
//!
//! An event is known by its UID, and by its start beside it where several events of the file have that UID,
//! as real files have. Addresses of people are personal data, and never get into a plan; names do.

mod event;

use std::collections::{BTreeMap, BTreeSet};

use calcard::icalendar::{ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry};
use calcard::{Entry, Parser};
use serde_json::Value as Json;

use super::super::report::quote;
use super::super::schedule::{Conference, Extra, GENERATOR, Schedule, into_plan, words};
use super::super::{Import, NODES_MAX, Place, Report, Unreadable, guid, text_of};
use super::moment::{Zones, said};
use super::properties::{Kept, Properties, is_imported};
use super::task::{self, Tasks};
use super::{PRODUCT, UID_HOST};

/// Bytes of a UID at most that is a name in a plan; a longer one is known by its UUID.
const UID_BYTES_MAX: usize = 500;

/// Reads a calendar, or several in one file, leniently. Events that happen again are imported once, their
/// first time.
pub fn read(file: &[u8]) -> Result<Import, Unreadable> {
    let text = text_of(file)?;
    bounded(text)?;
    let (calendars, strays) = parsed(text);
    if calendars.is_empty() {
        return Err(Unreadable::Other {
            format: "iCalendar",
            say: "it has no BEGIN:VCALENDAR".to_owned(),
        });
    }
    let mut reading = Reading::new(&calendars);
    if strays > 0 {
        let say = format!("lines outside of a calendar are left out ({strays})");
        reading.report.note(&Place::Whole, "", say);
    }
    let end = text.trim_end().lines().next_back().unwrap_or("");
    if !end.trim().eq_ignore_ascii_case("END:VCALENDAR") {
        let say = "does not end with END:VCALENDAR; something may be missing";
        reading.report.note(&Place::Whole, "", say);
    }
    for calendar in &calendars {
        reading.calendar(calendar);
    }
    reading.finish()
}

/// Refuses a file of more lines, or of more values in them, than it is worth the memory.
fn bounded(text: &str) -> Result<(), Unreadable> {
    let (mut nodes, mut lines, mut before) = (0, 1, b'\n');
    for byte in text.bytes() {
        let is_node = match before {
            // A line that goes on is no new one.
            b'\n' => !matches!(byte, b' ' | b'\t'),
            b'\\' => false,
            _ => matches!(byte, b',' | b';'),
        };
        lines += usize::from(byte == b'\n');
        nodes += usize::from(is_node);
        if nodes > NODES_MAX {
            return Err(Unreadable::TooFull(lines));
        }
        before = byte;
    }
    Ok(())
}

/// The calendars of a text, and how many lines are in none.
fn parsed(text: &str) -> (Vec<ICalendar>, usize) {
    let mut parser = Parser::new(text);
    let (mut calendars, mut strays) = (Vec::new(), 0);
    loop {
        let entry = parser.entry();
        if entry == Entry::Eof {
            return (calendars, strays);
        }
        if let Entry::ICalendar(calendar) = entry {
            calendars.push(calendar);
        } else {
            strays += 1;
        }
    }
}

struct Reading {
    schedule: Schedule,
    tasks: Tasks,
    report: Report,
    zones: Zones,
    /// Whether we wrote the file.
    is_ours: bool,
    /// How many events and to-dos have a UID.
    uids: BTreeMap<String, usize>,
    /// Names that are taken in this file.
    names: BTreeSet<String>,
    /// Lines with addresses of people.
    personal: usize,
    deep: usize,
}

impl Reading {
    fn new(calendars: &[ICalendar]) -> Self {
        let components = || calendars.iter().flat_map(|calendar| &calendar.components);
        let products = components().filter_map(|it| Properties::of(it).text("PRODID"));
        let is_ours = products
            .into_iter()
            .any(|product| product.starts_with(PRODUCT));
        let mut uids: BTreeMap<String, usize> = BTreeMap::new();
        for component in components().filter(|component| is_imported(component)) {
            if let Some(uid) = Properties::of(component).text("UID") {
                *uids.entry(uid.trim().to_owned()).or_default() += 1;
            }
        }
        let zones = Zones::read(calendars);
        let mut report = Report::default();
        for name in &zones.unknown {
            let say = format!(
                "{} is no zone that is known; its times are taken as the calendar's",
                quote(name)
            );
            report.note(&Place::Whole, "TZID", say);
        }
        let zone = zones.main.as_ref().and_then(|zone| zone.iana_name());
        let schedule = Schedule {
            generator: is_ours.then(|| GENERATOR.to_owned()),
            conference: Conference {
                zone: zone.map(str::to_owned),
                ..Conference::default()
            },
            ..Schedule::default()
        };
        Self {
            schedule,
            tasks: Tasks::default(),
            report,
            zones,
            is_ours,
            uids,
            names: BTreeSet::new(),
            personal: 0,
            deep: 0,
        }
    }

    fn calendar(&mut self, calendar: &ICalendar) {
        for component in &calendar.components {
            if component.component_type == ICalendarComponentType::VEvent {
                self.event(calendar, component);
            } else if component.component_type == ICalendarComponentType::VTodo {
                self.task(calendar, component);
            } else if component.component_type == ICalendarComponentType::VCalendar {
                self.whole(calendar, component);
            }
        }
    }

    /// What is said of the calendar as a whole.
    fn whole(&mut self, calendar: &ICalendar, component: &ICalendarComponent) {
        let mut properties = Properties::of(component);
        for known in ["PRODID", "VERSION", "METHOD", "X-WR-TIMEZONE"] {
            properties.take(known);
        }
        let names = [properties.text("NAME"), properties.text("X-WR-CALNAME")];
        let conference = &mut self.schedule.conference;
        if conference.title.is_none() {
            conference.title = names.into_iter().flatten().next();
        }
        if let Some((start, end)) = properties.text("X-CONVENE-DATES").and_then(|dates| {
            dates
                .split_once('/')
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
        }) {
            (conference.start, conference.end) = (Some(start), Some(end));
        }
        let scale = properties.text("CALSCALE");
        if let Some(scale) = scale.filter(|scale| !scale.eq_ignore_ascii_case("GREGORIAN")) {
            let say = format!(
                "{} is no scale that is known; days are read as they are",
                quote(&scale)
            );
            self.report.note(&Place::Whole, "CALSCALE", say);
        }
        let extra = self.kept(properties.kept(calendar, component));
        self.schedule.conference.extra.extend(extra);
    }

    fn kept(&mut self, kept: Kept) -> Extra {
        self.personal += kept.personal;
        self.deep += kept.deep;
        kept.extra
    }

    /// By what an event or to-do is known: its UID if it is the only one with it.
    fn known_as(
        &self,
        properties: &mut Properties<'_>,
        start: Option<&ICalendarEntry>,
    ) -> Option<String> {
        let uid = properties.text("UID")?.trim().to_owned();
        let is_only = self.uids.get(&uid).is_none_or(|count| *count <= 1);
        let own = uid.strip_suffix(UID_HOST);
        let own = own.filter(|id| id.starts_with("se_")).unwrap_or(&uid);
        let name = if own.len() > UID_BYTES_MAX {
            guid::of(own)
        } else {
            own.to_owned()
        };
        // One time of a row of events is told by when it would have been.
        let when = properties.peek("RECURRENCE-ID").or(start);
        match when.filter(|_| !is_only) {
            Some(when) => {
                let when: String = said(&self.zones, when)
                    .chars()
                    .take(UID_BYTES_MAX)
                    .collect();
                Some(format!("{name}/{when}"))
            }
            None => Some(name),
        }
    }

    fn task(&mut self, calendar: &ICalendar, component: &ICalendarComponent) {
        let mut properties = Properties::of(component);
        properties.take("DTSTAMP");
        let start = properties.peek("DTSTART").or(properties.peek("DUE"));
        let known_as = self.known_as(&mut properties, start);
        let (fields, notes) = task::fields(&mut properties, &self.zones);
        let title = fields
            .get("title")
            .and_then(|title| title.plain()?.as_str());
        let name = known_as.unwrap_or_else(|| format!("task/{}", words::slug(title.unwrap_or(""))));
        let at = task::place(&name);
        let mut free = name.clone();
        let mut number = 1;
        while !self.names.insert(free.clone()) {
            number += 1;
            free = format!("{name}#{number}");
        }
        for (field, say) in notes {
            self.report.note(&at, field, say);
        }
        let extra = self.kept(properties.kept(calendar, component));
        if let Err(say) = self.tasks.add(&free, fields, Json::Object(extra)) {
            self.report.note(&at, "", say);
        }
    }

    fn finish(mut self) -> Result<Import, Unreadable> {
        if self.personal > 0 {
            let say = format!(
                "addresses of people are personal data, and are left out ({} times)",
                self.personal
            );
            self.report.note(&Place::Whole, "ATTENDEE", say);
        }
        if self.deep > 0 {
            let say = format!(
                "{} components are nested too deep, and are left out",
                self.deep
            );
            self.report.note(&Place::Whole, "", say);
        }
        // Rooms and tracks of a calendar have no names but their own: they are not those of a schedule.
        let title = self.schedule.conference.title.as_deref().unwrap_or("");
        self.schedule.conference.acronym = Some(format!("calendar/{}", words::slug(title)));
        let mut import = into_plan::import(self.schedule, self.report)?;
        self.tasks.finish(&mut import)?;
        import.fit();
        Ok(import)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::content::Content;
    use crate::format::merge;

    fn calendar(inside: &str) -> String {
        let head =
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Somebody//EN\r\nX-WR-CALNAME:Days\r\n";
        format!(
            "{head}{}\r\nEND:VCALENDAR\r\n",
            inside.trim().replace('\n', "\r\n")
        )
    }

    fn event(lines: &str) -> String {
        format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT\n")
    }

    fn plan_of(text: &str) -> Json {
        read(text.as_bytes()).unwrap().content.to_json()
    }

    fn said(text: &str) -> Vec<String> {
        let import = read(text.as_bytes()).unwrap();
        import
            .report
            .notes
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn ids() -> impl FnMut(&str) -> String {
        let mut number = 0;
        move |prefix| {
            number += 1;
            format!("{prefix}_{number:04}")
        }
    }

    const DIRTY: &str = "VTIMEZONE:Europe/London
X-COLOUR:red
BEGIN:VTIMEZONE
TZID:Somewhere
X-LIC-LOCATION:Europe/Berlin
END:VTIMEZONE
BEGIN:VEVENT
UID:a@x
DTSTAMP:20270101T000000Z
DTSTART;TZID=Somewhere:20270503T140000
DTEND;TZID=Somewhere:20270503T144500
SUMMARY:Kafka\\, in
  depth
DESCRIPTION:First.\\nSecond.
LOCATION:Big room
CATEGORIES:Workshop,Data,Logs
STATUS:TENTATIVE
ATTENDEE;CN=Ada Alder;ROLE=REQ-PARTICIPANT:mailto:ada@x.org
ATTENDEE;CN=bo@x.org:mailto:bo@x.org
ATTENDEE;CUTYPE=ROOM;CN=Big room:mailto:room@x.org
ORGANIZER;CN=\"Cy, Dr.\":mailto:cy@x.org
X-SENDER:mailto:ada@x.org
X-ONE;A=b:c\\,d
URL:https://x.org/1
BEGIN:VALARM
TRIGGER:-PT15M
ACTION:EMAIL
ATTENDEE:mailto:ada@x.org
END:VALARM
END:VEVENT
BEGIN:VTODO
UID:t@x
SUMMARY:Book the hall
DESCRIPTION:By phone.
STATUS:IN-PROCESS
DUE;VALUE=DATE:20270301
END:VTODO
BEGIN:VJOURNAL
SUMMARY:A day
END:VJOURNAL";

    #[test]
    fn a_calendar_of_somebody_comes_in() {
        let plan = plan_of(&calendar(DIRTY));
        let session = &plan["sessions"]["a@x"];
        assert_eq!(session["title"], "Kafka, in depth");
        assert_eq!(session["abstract"], "First.\nSecond.");
        assert_eq!(session["slot"]["start"], "2027-05-03T14:00:00+02:00");
        assert_eq!(session["slot"]["room_id"], "calendar/days/room/big-room");
        assert_eq!(session["minutes"], 45);
        assert_eq!(
            (&session["kind"], &session["state"]),
            (&json!("workshop"), &json!("accepted"))
        );
        assert_eq!(session["track_id"], "calendar/days/track/data");
        let extra = json!({
            "CATEGORIES": ["Logs"], "X-ONE": "X-ONE;A=b:c\\,d", "URL": "URL:https://x.org/1", "type": "Workshop",
            "VALARM": [["TRIGGER:-PT15M", "ACTION:EMAIL"]],
        });
        assert_eq!(session["src"]["extra"], extra);
        let names: Vec<&Json> = plan["speakers"]
            .as_object()
            .unwrap()
            .values()
            .map(|it| &it["name"])
            .collect();
        assert_eq!(names, ["Ada Alder", "Cy, Dr."]);
        assert_eq!(session["people"].as_object().unwrap().len(), 2);
        let task = &plan["tasks"]["t@x"];
        let expected = json!({"title": "Book the hall", "body": "By phone.", "state": "doing", "due": {"day": "2027-03-01"},
            "rank": task["rank"], "src": {"kind": "import", "ref": "t@x", "extra": {"DUE": "DUE;VALUE=DATE:20270301"}}});
        assert_eq!(*task, expected);
        assert_eq!(
            (&plan["meta"]["name"], &plan["meta"]["tz"]),
            (&json!("Days"), &json!("Europe/Berlin"))
        );
        let extra = json!({"VTIMEZONE": "VTIMEZONE:Europe/London", "X-COLOUR": "X-COLOUR:red",
            "VJOURNAL": [["SUMMARY:A day"]]});
        assert_eq!(plan["meta"]["src"]["extra"], extra);
    }

    #[test]
    fn addresses_of_people_never_come_in_and_that_is_said() {
        let text = calendar(DIRTY);
        let plan = plan_of(&text).to_string();
        assert!(
            !plan.contains("x.org\"") && !plan.contains("mailto"),
            "{plan}"
        );
        let said = said(&text);
        let note =
            "the file: ATTENDEE: addresses of people are personal data, and are left out (6 times)";
        assert!(said.contains(&note.to_owned()), "{said:#?}");
    }

    #[test]
    fn events_of_one_uid_are_told_apart_by_their_starts() {
        let start = |day: u32| {
            format!(
                "UID:same\nDTSTART:202705{day:02}T100000Z\nDURATION:PT1H\nSUMMARY:Day {day}\nLOCATION:A"
            )
        };
        let events: String = (1..=30).map(|day| event(&start(day))).collect();
        let other = event("UID:other\nDTSTART:20270501T120000Z\nSUMMARY:Other\nLOCATION:A");
        let text = calendar(&format!("{events}{other}"));
        let import = read(text.as_bytes()).unwrap();
        let mut plan = Content::default();
        plan.apply(&merge::ops(&plan, &import, &mut ids())).unwrap();
        assert_eq!(plan.live("sessions").len(), 31);
        assert_eq!(merge::ops(&plan, &import, &mut ids()), []);
        assert_eq!(
            plan_of(&text)["sessions"]["same/2027-05-07T10:00:00+00:00"]["title"],
            "Day 7"
        );
        // What has a UID of its own is the same when it moves.
        let moved = text
            .replace("SUMMARY:Day 7", "SUMMARY:Seven")
            .replace("20270501T120000Z", "20270501T130000Z");
        let ops = merge::ops(&plan, &read(moved.as_bytes()).unwrap(), &mut ids());
        let fields: Vec<&str> = ops.iter().map(|op| op.path()[2].as_str()).collect();
        assert_eq!(fields, ["title", "slot"]);
    }

    #[test]
    fn times_are_read_in_every_form() {
        for (start, read) in [
            ("DTSTART:20270503T120000Z", "2027-05-03T14:00:00+02:00"),
            ("DTSTART:20270503T140000", "2027-05-03T14:00:00+02:00"),
            (
                "DTSTART;TZID=W. Europe Standard Time:20270503T140000",
                "2027-05-03T14:00:00+02:00",
            ),
            (
                "DTSTART;TZID=/mozilla.org/20070129_1/America/New_York:20270503T080000",
                "2027-05-03T14:00:00+02:00",
            ),
            (
                "DTSTART;TZID=Mars/Base:20270503T140000",
                "2027-05-03T14:00:00+02:00",
            ),
            (
                "DTSTART;TZID=\"Europe/London\":20270503T130000",
                "2027-05-03T14:00:00+02:00",
            ),
        ] {
            let text = calendar(&format!(
                "X-WR-TIMEZONE:Europe/Berlin\n{}",
                event(&format!("UID:a\n{start}\nSUMMARY:A\nLOCATION:B"))
            ));
            assert_eq!(
                plan_of(&text)["sessions"]["a"]["slot"]["start"],
                read,
                "{start}"
            );
        }
        let mars = calendar(&event(
            "UID:a\nDTSTART;TZID=Mars/Base:20270503T140000\nSUMMARY:A\nLOCATION:B",
        ));
        assert!(
            said(&mars)[0].contains("\"Mars/Base\" is no zone that is known"),
            "{:?}",
            said(&mars)
        );
        for end in [
            "DTEND:20270503T124500Z",
            "DURATION:PT45M",
            "DURATION:P0DT0H45M0S",
        ] {
            let text = calendar(&event(&format!(
                "UID:a\nDTSTART:20270503T120000Z\n{end}\nSUMMARY:A"
            )));
            assert_eq!(plan_of(&text)["sessions"]["a"]["minutes"], 45, "{end}");
        }
        for wrong in ["20270503T250000Z", "20271303", "soon", ""] {
            let text = calendar(&event(&format!(
                "UID:a\nDTSTART:{wrong}\nSUMMARY:A\nLOCATION:B"
            )));
            assert_eq!(plan_of(&text)["sessions"]["a"].get("slot"), None, "{wrong}");
        }
    }

    #[test]
    fn whole_days_and_what_happens_again_are_said() {
        let text = calendar(&format!(
            "{}{}",
            event(
                "UID:a\nDTSTART;VALUE=DATE:20270503\nDTEND;VALUE=DATE:20270505\nSUMMARY:Holiday\nLOCATION:B"
            ),
            event(
                "UID:b\nDTSTART:20270503T120000Z\nDURATION:PT1H\nSUMMARY:Weekly\nLOCATION:B\nRRULE:FREQ=WEEKLY;COUNT=5"
            ),
        ));
        let plan = plan_of(&text);
        let holiday = &plan["sessions"]["a"];
        assert_eq!(holiday.get("slot"), None);
        let extra =
            json!({"DTEND": "DTEND;VALUE=DATE:20270505", "date": "2027-05-03", "room": "B"});
        assert_eq!(holiday["src"]["extra"], extra);
        assert_eq!(
            plan["sessions"]["b"]["src"]["extra"],
            json!({"RRULE": "RRULE:FREQ=WEEKLY;COUNT=5"})
        );
        let said = said(&text);
        for note in [
            "event \"a\": date: \"2027-05-03\" is no start; the session is not scheduled",
            "event \"b\": RRULE: it happens again; only the first time is imported, and the rule is kept",
        ] {
            assert!(said.contains(&note.to_owned()), "{said:#?}");
        }
    }

    #[test]
    fn broken_files_are_read_as_far_as_they_go() {
        let open = "BEGIN:VEVENT\nUID:a\nSUMMARY:A\nBEGIN:VEVENT\nUID:b\nSUMMARY:B\nEND:VEVENT";
        let plan = plan_of(&calendar(open));
        assert_eq!(
            (
                &plan["sessions"]["a"]["title"],
                &plan["sessions"]["b"]["title"]
            ),
            (&json!("A"), &json!("B"))
        );
        let cut = "rubbish\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nno colon\nUID:a\nSUMM";
        let said = said(cut);
        assert_eq!(
            said[0],
            "the file: lines outside of a calendar are left out (1)"
        );
        assert_eq!(
            said[1],
            "the file: does not end with END:VCALENDAR; something may be missing"
        );
        assert!(plan_of(cut)["sessions"]["a"].is_object());
    }

    #[test]
    fn what_is_no_calendar_or_too_much_is_refused() {
        for other in ["", "<html></html>", "BEGIN:VCARD\nFN:Ada\nEND:VCARD"] {
            let say = read(other.as_bytes()).unwrap_err().to_string();
            assert_eq!(say, "this is no iCalendar: it has no BEGIN:VCALENDAR");
        }
        let events = event("SUMMARY:A").repeat(5_001);
        let error = read(calendar(&events).as_bytes()).unwrap_err();
        assert_eq!(error, Unreadable::TooMany("sessions".to_owned()));
        let todos = "BEGIN:VTODO\nSUMMARY:A\nEND:VTODO\n".repeat(5_001);
        let error = read(calendar(&todos).as_bytes()).unwrap_err();
        assert_eq!(error, Unreadable::TooMany("tasks".to_owned()));
        for filler in [",", "\nA:b", "\nBEGIN:VEVENT"] {
            let many = format!(
                "BEGIN:VCALENDAR\nCATEGORIES:{}",
                filler.repeat(NODES_MAX + 1)
            );
            let error = read(many.as_bytes()).unwrap_err();
            assert!(matches!(error, Unreadable::TooFull(_)), "{error}");
        }
        let error = read(&vec![b' '; super::super::super::FILE_BYTES_MAX + 1]).unwrap_err();
        assert!(matches!(error, Unreadable::TooLarge(_)), "{error}");
    }

    #[test]
    fn deep_and_endless_files_take_neither_stack_nor_time() {
        let deep = format!(
            "BEGIN:VCALENDAR\n{}",
            "BEGIN:VALARM\n".repeat(NODES_MAX - 2)
        );
        read(deep.as_bytes()).unwrap();
        let long = format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:{}\nEND:VEVENT",
            "\\n".repeat(10_000_000)
        );
        read(long.as_bytes()).unwrap();
        let folded = format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:{}\nEND:VEVENT",
            "\n a".repeat(5_000_000)
        );
        read(folded.as_bytes()).unwrap();
    }
}
