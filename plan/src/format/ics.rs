//! The scheduled sessions of a plan as one calendar (iCalendar, RFC 5545 and 7986), both ways.
//!
//! Written by hand, as it is three rules: lines of at most 75 octets, escaping, and a time zone that says
//! just the offsets that the calendar needs. Reading is another matter, as calendars are dirty: see [`read`].
//!
//! What calendars have no word for, and what would be guessed when it comes in again, is in properties that
//! begin with `X-CONVENE-`; other programs pass over them.

mod moment;
mod properties;
mod read;
mod task;
mod zone;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::schedule::from_plan::text;
use super::{Place, Report};
use crate::content::{Content, Fields, ONE, Value};
use crate::value::{self, Slot};

pub use self::read::read;

/// How the name of the program begins in calendars that are ours.
const PRODUCT: &str = "-//convene//convene ";
/// What ids are followed by in our UIDs.
const UID_HOST: &str = "@convene";
/// Octets of a line at most, without its end (RFC 5545, 3.1).
const LINE_OCTETS_MAX: usize = 75;

/// Writes a calendar; `now` is when the calendar was made, as its DTSTAMP. Cancelled sessions are in it as
/// cancelled, as calendars that have them must learn of it. Sessions without a time are reported.
pub fn write(plan: &Content, now: Timestamp) -> (String, Report) {
    let mut report = Report::default();
    let nothing = Fields::new();
    let meta = plan.entity("meta", ONE).unwrap_or(&nothing);
    let (name, zone) = match text(meta, "tz").and_then(|name| Some((name, value::zone(name)?))) {
        Some((name, zone)) => (Some(name), zone),
        None => (None, TimeZone::UTC),
    };
    let mut sessions = Vec::new();
    for (id, fields) in plan.live("sessions") {
        if let Some(session) = Session::read(plan, id, fields) {
            sessions.push(session);
        } else {
            let at = Place::Thing(format!("sessions.{id}"));
            report.note(
                &at,
                "slot",
                "has no time in a room that is there, and is left out",
            );
        }
    }
    sessions.sort_by_key(|session| (session.starts, session.id));
    let mut calendar = Calendar::default();
    calendar.line("BEGIN", "VCALENDAR");
    calendar.line("VERSION", "2.0");
    let version = env!("CARGO_PKG_VERSION");
    calendar.line("PRODID", &format!("{PRODUCT}{version}//EN"));
    calendar.line("CALSCALE", "GREGORIAN");
    calendar.line("METHOD", "PUBLISH");
    if let Some(title) = text(meta, "name") {
        calendar.text("NAME", title);
        calendar.text("X-WR-CALNAME", title);
    }
    if let Some(name) = name {
        calendar.line("X-WR-TIMEZONE", name);
    }
    let dates = meta.get("dates").and_then(Value::plain);
    let day = |key: &str| value::day(dates?.get(key)?.as_str()?);
    if let (Some(start), Some(end)) = (day("start"), day("end")) {
        calendar.line("X-CONVENE-DATES", &format!("{start}/{end}"));
    }
    let span = sessions
        .iter()
        .map(|session| session.starts)
        .min()
        .zip(sessions.iter().map(Session::ends).max());
    // UTC has a form of its own, and no VTIMEZONE.
    let named = name.filter(|name| !matches!(*name, "UTC" | "Etc/UTC"));
    if let (Some(name), Some(span)) = (named, span) {
        zone::write(&mut calendar, name, (&zone, span));
    }
    for session in &sessions {
        calendar.session(session, (named, &zone), now);
    }
    calendar.line("END", "VCALENDAR");
    (calendar.out, report)
}

struct Session<'p> {
    id: &'p str,
    fields: &'p Fields,
    starts: Timestamp,
    minutes: i64,
    room: &'p str,
    venue: Option<&'p str>,
    track: Option<&'p str>,
    /// Ids and names, in the order of the session.
    people: Vec<(&'p str, &'p str)>,
}

impl<'p> Session<'p> {
    fn read(plan: &'p Content, id: &'p str, fields: &'p Fields) -> Option<Self> {
        let slot: Slot = value::read(fields.get("slot")?.plain()?)?;
        let room = plan.entity("rooms", &slot.room_id)?;
        let venue = text(room, "venue_id").and_then(|id| plan.entity("venues", id));
        let track = text(fields, "track_id").and_then(|id| plan.entity("tracks", id));
        Some(Self {
            id,
            fields,
            starts: slot.starts()?,
            minutes: fields
                .get("minutes")
                .and_then(Value::plain)
                .and_then(Json::as_i64)
                .unwrap_or(30),
            room: text(room, "name").unwrap_or(""),
            venue: venue.and_then(|venue| text(venue, "name")),
            track: track.and_then(|track| text(track, "name")),
            people: people(plan, fields),
        })
    }

    fn ends(&self) -> Timestamp {
        let ends = self
            .starts
            .checked_add(SignedDuration::from_mins(self.minutes));
        ends.unwrap_or(self.starts)
    }
}

/// Those on a session who have a name.
fn people<'p>(plan: &'p Content, fields: &'p Fields) -> Vec<(&'p str, &'p str)> {
    let Some(Value::Map(people)) = fields.get("people") else {
        return Vec::new();
    };
    let rank = |json: &'p Json| json.get("rank").and_then(Json::as_str).unwrap_or("");
    let mut people: Vec<(&str, &str)> = people
        .iter()
        .map(|(id, json)| (rank(json), id.as_str()))
        .collect();
    people.sort_unstable();
    let named = people.into_iter().filter_map(|(_, id)| {
        let speaker = plan.entity("speakers", id)?;
        Some((id, text(speaker, "name").filter(|name| !name.is_empty())?))
    });
    named.collect()
}

/// The calendar as far as it is written.
#[derive(Default)]
struct Calendar {
    out: String,
}

impl Calendar {
    /// A line as it is, folded.
    fn line(&mut self, name: &str, value: &str) {
        let mut octets = 0;
        for it in name.chars().chain(":".chars()).chain(value.chars()) {
            if octets + it.len_utf8() > LINE_OCTETS_MAX {
                self.out.push_str("\r\n ");
                octets = 1;
            }
            self.out.push(it);
            octets += it.len_utf8();
        }
        self.out.push_str("\r\n");
    }

    /// A line whose value is a text.
    fn text(&mut self, name: &str, value: &str) {
        self.line(name, &escaped(value));
    }

    fn instant(
        &mut self,
        name: &str,
        instant: Timestamp,
        (named, zone): (Option<&str>, &TimeZone),
    ) {
        match named {
            Some(id) => {
                let local = instant
                    .to_zoned(zone.clone())
                    .strftime("%Y%m%dT%H%M%S")
                    .to_string();
                self.line(&format!("{name};TZID={id}"), &local);
            }
            None => self.line(name, &utc(instant)),
        }
    }

    fn session(&mut self, session: &Session<'_>, zone: (Option<&str>, &TimeZone), now: Timestamp) {
        self.line("BEGIN", "VEVENT");
        self.line("UID", &format!("{}{UID_HOST}", session.id));
        self.line("DTSTAMP", &utc(now));
        self.instant("DTSTART", session.starts, zone);
        self.instant("DTEND", session.ends(), zone);
        self.text(
            "SUMMARY",
            text(session.fields, "title").unwrap_or("Untitled"),
        );
        let place = match session.venue {
            Some(venue) => format!("{}, {venue}", session.room),
            None => session.room.to_owned(),
        };
        self.text("LOCATION", &place);
        if let Some(venue) = session.venue {
            self.text("X-CONVENE-VENUE", venue);
        }
        let state = text(session.fields, "state");
        let status = match state {
            Some("cancelled") => "CANCELLED",
            Some("confirmed") => "CONFIRMED",
            Some(_) | None => "TENTATIVE",
        };
        self.line("STATUS", status);
        if let Some(state @ ("draft" | "submitted")) = state {
            self.line("X-CONVENE-STATE", state);
        }
        let mut words = Vec::new();
        if !session.people.is_empty() {
            let names: Vec<&str> = session.people.iter().map(|(_, name)| *name).collect();
            words.push(names.join(", "));
        }
        for (id, name) in &session.people {
            // An id of a client may hold what ends a parameter.
            let id: String = id.chars().filter(|it| is_id(*it)).collect();
            self.text(&format!("X-CONVENE-PERSON;ID={id}"), name);
        }
        if let Some(Value::Text(text)) = session.fields.get("abstract") {
            words.push(text.clone());
        }
        if !words.is_empty() {
            self.text("DESCRIPTION", &words.join("\n\n"));
        }
        let categories = [text(session.fields, "kind"), session.track];
        let categories: Vec<String> = categories.into_iter().flatten().map(escaped).collect();
        if !categories.is_empty() {
            self.line("CATEGORIES", &categories.join(","));
        }
        self.line("END", "VEVENT");
    }
}

fn is_id(it: char) -> bool {
    it.is_ascii_alphanumeric() || matches!(it, '-' | '_')
}

/// A text as a value (RFC 5545, 3.3.11).
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(it) = characters.next() {
        match it {
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(it);
            }
            // An end of line is one, however it is written.
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' => escaped.push_str("\\n"),
            it if it.is_control() && it != '\t' => {}
            it => escaped.push(it),
        }
    }
    escaped
}

fn utc(instant: Timestamp) -> String {
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(zone: &str, starts: &[&str]) -> Content {
        let mut sessions = serde_json::Map::new();
        for (number, start) in starts.iter().enumerate() {
            let session = json!({"title": "A; b, c\\d\r\ne", "minutes": 45, "state": "confirmed", "kind": "talk",
                "abstract": "é".repeat(100), "slot": {"start": start, "room_id": "ro_1"}});
            sessions.insert(format!("se_{number}"), session);
        }
        sessions.insert("se_x".to_owned(), json!({"title": "Nowhere"}));
        let json = json!({"meta": {"name": "Conf", "tz": zone}, "rooms": {"ro_1": {"name": "Big", "venue_id": "ve_1"}},
            "venues": {"ve_1": {"name": "Hall"}}, "sessions": sessions});
        Content::from_json(&json).unwrap().0
    }

    fn now() -> Timestamp {
        "2027-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_session_is_an_event_with_a_stable_uid_in_the_zone_of_the_plan() {
        let (text, report) = write(
            &plan("Europe/Berlin", &["2027-05-03T14:00:00+02:00"]),
            now(),
        );
        let unfolded = text.replace("\r\n ", "");
        let lines: Vec<&str> = unfolded.lines().collect();
        for line in [
            "UID:se_0@convene",
            "DTSTAMP:20270101T000000Z",
            "DTSTART;TZID=Europe/Berlin:20270503T140000",
            "DTEND;TZID=Europe/Berlin:20270503T144500",
            "SUMMARY:A\\; b\\, c\\\\d\\ne",
            "LOCATION:Big\\, Hall",
            "STATUS:CONFIRMED",
        ] {
            assert!(lines.contains(&line), "{line}\n{text}");
        }
        assert!(
            text.split("\r\n")
                .all(|line| line.len() <= LINE_OCTETS_MAX && !line.contains('\n'))
        );
        assert_eq!(report.notes.len(), 1);
        assert_eq!(report.notes[0].at, Place::Thing("sessions.se_x".to_owned()));
    }

    #[test]
    fn the_zone_says_the_offsets_of_the_event_and_no_others() {
        let (text, _) = write(
            &plan("Europe/Berlin", &["2027-05-03T14:00:00+02:00"]),
            now(),
        );
        let zone = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:DAYLIGHT\r\nDTSTART:20270328T020000\r\n\
            TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n";
        assert!(text.contains(zone), "{text}");
        // Over the end of summer time there are two.
        let starts = ["2027-10-30T14:00:00+02:00", "2027-10-31T14:00:00+01:00"];
        let (text, _) = write(&plan("Europe/Berlin", &starts), now());
        assert_eq!(text.matches("BEGIN:DAYLIGHT").count(), 1);
        let standard = "BEGIN:STANDARD\r\nDTSTART:20271031T030000\r\n";
        assert!(text.contains(standard), "{text}");
        assert!(text.contains("DTSTART;TZID=Europe/Berlin:20271031T140000"));
    }

    #[test]
    fn zones_without_changes_and_utc_are_written_too() {
        let (text, _) = write(&plan("Asia/Kolkata", &["2027-05-03T14:00:00+05:30"]), now());
        assert!(text.contains("TZOFFSETTO:+0530"), "{text}");
        let (text, _) = write(&plan("UTC", &["2027-05-03T14:00:00Z"]), now());
        assert!(text.contains("DTSTART:20270503T140000Z") && !text.contains("VTIMEZONE"));
    }
}
