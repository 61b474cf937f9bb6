//! The schedule that a plan makes: its sessions that have a place and a time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Unit};
use serde_json::Value as Json;

use super::super::{Place, Report, guid};
use super::{Conference, Event, Extra, GENERATOR, Named, Person, Schedule, words};
use crate::content::{self, Content, Fields, ONE, Value};
use crate::value::{self, Slot};

/// Minutes after midnight until which a session belongs to the day before, as pretalx has it: 04:00.
pub const DAY_CHANGE_MINUTES: i64 = 4 * 60;
/// Steps of the grid at least, which also is the shortest session of a plan.
pub const TIMESLOT: &str = "00:05";

/// One day of the programme, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// The day that it begins on.
    pub date: Date,
    /// When it begins, RFC 3339.
    pub start: String,
    /// The last minute of it, RFC 3339.
    pub end: String,
    /// Events by room, in the order of the rooms; every room is there.
    pub rooms: Vec<(Named, Vec<Event>)>,
}

/// A plain text of an entity.
pub(in super::super) fn text<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    fields
        .get(name)
        .and_then(Value::plain)
        .and_then(Json::as_str)
}

/// What an entity got from a schedule beyond what a plan knows.
fn extra(fields: &Fields) -> Extra {
    let src = fields.get("src").and_then(Value::plain);
    let extra = src
        .and_then(|src| src.get("extra"))
        .and_then(Json::as_object);
    extra.cloned().unwrap_or_default()
}

/// The schedule of a plan, and what it has no place for.
pub fn schedule(plan: &Content, report: &mut Report) -> Schedule {
    let nothing = Fields::new();
    let meta = plan.entity("meta", ONE).unwrap_or(&nothing);
    let zone = text(meta, "tz")
        .and_then(value::zone)
        .unwrap_or(TimeZone::UTC);
    let mut conference_extra = extra(meta);
    let mut said = |key: &str| match conference_extra.remove(key) {
        Some(Json::String(text)) => Some(text),
        Some(_) | None => None,
    };
    let (version, day_change) = (said("version"), said("day_change"));
    let title = text(meta, "name").unwrap_or("Untitled").to_owned();
    let acronym = guid::reference(meta).map_or_else(|| words::slug(&title), str::to_owned);
    let dates = meta.get("dates").and_then(Value::plain);
    let day = |key: &str| dates.and_then(|dates| dates.get(key)?.as_str().map(str::to_owned));
    let (start, end) = (day("start"), day("end"));
    let rooms = named(plan, "rooms", &acronym, report);
    let tracks = named(plan, "tracks", &acronym, report);
    let mut writing = Writing {
        plan,
        zone: &zone,
        acronym: &acronym,
        rooms: &rooms,
        tracks: &tracks,
        report,
    };
    let events = plan.live("sessions").into_iter();
    let mut events: Vec<Event> = events
        .filter_map(|(id, fields)| writing.event(id, fields))
        .collect();
    number(&mut events);
    let listed = |all: BTreeMap<&str, Named>, root: &str| {
        let order = plan.live(root).into_iter();
        order.filter_map(|(id, _)| all.get(id).cloned()).collect()
    };
    Schedule {
        generator: Some(GENERATOR.to_owned()),
        version: Some(version.unwrap_or_else(|| super::VERSION.to_owned())),
        rooms: listed(rooms, "rooms"),
        tracks: listed(tracks, "tracks"),
        events,
        // Who is on no session is on no schedule.
        persons: Vec::new(),
        conference: Conference {
            acronym: Some(acronym),
            title: Some(title),
            start,
            end,
            day_change,
            zone: Some(text(meta, "tz").unwrap_or("UTC").to_owned()),
            extra: conference_extra,
        },
    }
}

/// The rooms or tracks by their ids.
fn named<'p>(
    plan: &'p Content,
    root: &str,
    acronym: &str,
    report: &mut Report,
) -> BTreeMap<&'p str, Named> {
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for (id, fields) in plan.live(root) {
        let name = text(fields, "name").unwrap_or(id).to_owned();
        let at = Place::Thing(format!("{root}.{id}"));
        if let Some(other) = taken.insert(super::super::normalised(&name), id) {
            report.note(
                &at,
                "name",
                format!("is also the name of {other}; readers take them for one"),
            );
        }
        let cap = fields.get("cap").and_then(Value::plain);
        let mut extra = extra(fields);
        let slug = match extra.remove("slug") {
            Some(Json::String(slug)) => slug,
            Some(_) | None => scoped(fields, acronym).unwrap_or(id).to_owned(),
        };
        let entry = Named {
            guid: Some(guid::exported(id, fields)),
            slug: Some(slug),
            capacity: cap.and_then(|cap| cap.get("theatre")).map(Json::to_string),
            color: text(fields, "color").map(str::to_owned),
            extra,
            name,
        };
        found.insert(id, entry);
    }
    found
}

/// What the schedule that a thing came from calls it: the last part of `acronym/noun/name`.
fn scoped<'f>(fields: &'f Fields, acronym: &str) -> Option<&'f str> {
    let rest = guid::reference(fields)?
        .strip_prefix(acronym)?
        .strip_prefix('/')?;
    rest.split_once('/').map(|(_, name)| name)
}

struct Writing<'p, 'r> {
    plan: &'p Content,
    zone: &'p TimeZone,
    acronym: &'p str,
    rooms: &'p BTreeMap<&'p str, Named>,
    tracks: &'p BTreeMap<&'p str, Named>,
    report: &'r mut Report,
}

impl Writing<'_, '_> {
    fn event(&mut self, id: &str, fields: &Fields) -> Option<Event> {
        let at = Place::Thing(format!("sessions.{id}"));
        if text(fields, "state") == Some("cancelled") {
            self.report
                .note(&at, "state", "is cancelled, and is left out");
            return None;
        }
        let slot: Option<Slot> = fields
            .get("slot")
            .and_then(Value::plain)
            .and_then(value::read);
        let starts = slot.as_ref().and_then(Slot::starts);
        let room = slot
            .as_ref()
            .and_then(|slot| self.rooms.get(slot.room_id.as_str()));
        let (Some(starts), Some(room)) = (starts, room) else {
            self.report.note(
                &at,
                "slot",
                "has no time in a room that is there, and is left out",
            );
            return None;
        };
        let mut extra = extra(fields);
        let kind = text(fields, "kind").unwrap_or("talk");
        let kind = match extra.remove("type") {
            Some(Json::String(word)) if words::kind(&word).is_none_or(|it| it == kind) => word,
            Some(_) | None => words::word(kind).to_owned(),
        };
        let number = match extra.remove("id") {
            Some(Json::String(number)) => Some(number),
            Some(_) | None => scoped(fields, self.acronym).map(str::to_owned),
        };
        let code = match extra.remove("code") {
            Some(Json::String(code)) => Some(code),
            Some(_) | None => None,
        };
        let minutes = fields
            .get("minutes")
            .and_then(Value::plain)
            .and_then(Json::as_i64);
        let track = text(fields, "track_id").and_then(|id| self.tracks.get(id));
        let date = value::in_zone(starts, self.zone);
        Some(Event {
            known_as: None,
            guid: Some(guid::exported(id, fields)),
            code,
            id: number,
            day: None,
            start: date.get(11..16).map(str::to_owned),
            date: Some(date),
            duration: Some(words::hours(minutes.unwrap_or(30))),
            room: Some(room.name.clone()),
            track: track.map(|track| track.name.clone()),
            track_slug: track.and_then(|track| track.slug.clone()),
            title: Some(text(fields, "title").unwrap_or("Untitled").to_owned()),
            subtitle: None,
            summary: match fields.get("abstract") {
                Some(Value::Text(text)) => Some(text.clone()),
                Some(Value::Plain(_) | Value::Map(_)) | None => None,
            },
            description: None,
            kind: Some(kind),
            state: None,
            language: text(fields, "lang").map(str::to_owned),
            is_unrecorded: text(fields, "record") == Some("no"),
            persons: Some(self.persons(fields, &at)),
            extra,
            at,
        })
    }

    /// In the order of their ranks on the session.
    fn persons(&mut self, fields: &Fields, at: &Place) -> Vec<Person> {
        let Some(Value::Map(people)) = fields.get("people") else {
            return Vec::new();
        };
        let rank = |json: &Json| {
            json.get("rank")
                .and_then(Json::as_str)
                .unwrap_or("")
                .to_owned()
        };
        let mut people: Vec<(String, &String)> =
            people.iter().map(|(id, json)| (rank(json), id)).collect();
        people.sort();
        let mut persons = Vec::new();
        for (_, id) in people {
            let speaker = self.plan.entity("speakers", id);
            let Some(speaker) = speaker.filter(|speaker| !content::is_archived(speaker)) else {
                self.report
                    .note(at, "people", format!("{id} is not there, and is left out"));
                continue;
            };
            let mut extra = extra(speaker);
            let mut said = |key: &str| match extra.remove(key) {
                Some(Json::String(text)) => Some(text),
                Some(_) | None => None,
            };
            let (code, number) = (said("code"), said("id"));
            persons.push(Person {
                known_as: None,
                name: text(speaker, "name").unwrap_or(id).to_owned(),
                guid: Some(guid::exported(id, speaker)),
                code,
                id: number.or_else(|| scoped(speaker, self.acronym).map(str::to_owned)),
                biography: match speaker.get("bio") {
                    Some(Value::Text(text)) => Some(text.clone()),
                    Some(Value::Plain(_) | Value::Map(_)) | None => None,
                },
                avatar: text(speaker, "photo").map(str::to_owned),
                extra,
            });
        }
        persons
    }
}

/// Readers ask for whole numbers: those that came from elsewhere stay, others get ones that are free.
fn number(events: &mut [Event]) {
    let is_number = |id: &String| !id.is_empty() && id.bytes().all(|it| it.is_ascii_digit());
    let taken: std::collections::BTreeSet<String> = events
        .iter()
        .filter_map(|event| event.id.clone())
        .filter(is_number)
        .collect();
    let mut free = (1..)
        .map(|number: usize| number.to_string())
        .filter(|id| !taken.contains(id));
    for event in events {
        if !event.id.as_ref().is_some_and(is_number) {
            event.id = free.next();
        }
    }
}

impl Schedule {
    /// The days of the programme: all from the first of the event to the last, and others that sessions
    /// are on, which are reported.
    pub fn days(&self, report: &mut Report) -> Vec<Day> {
        let zone = self
            .conference
            .zone
            .as_deref()
            .and_then(value::zone)
            .unwrap_or(TimeZone::UTC);
        let change = self
            .conference
            .day_change
            .as_deref()
            .and_then(words::minutes);
        let change = SignedDuration::from_mins(change.unwrap_or(DAY_CHANGE_MINUTES));
        let mut by_day: BTreeMap<Date, Vec<&Event>> = BTreeMap::new();
        let day = |text: &Option<String>| text.as_deref().and_then(value::day);
        let (first, last) = (day(&self.conference.start), day(&self.conference.end));
        if let (Some(first), Some(last)) = (first, last) {
            let days = first
                .series(jiff::ToSpan::days(1))
                .take_while(|day| *day <= last);
            by_day.extend(days.take(62).map(|day| (day, Vec::new())));
        }
        for event in &self.events {
            let starts: Option<Timestamp> = event.date.as_deref().and_then(value::instant);
            let Some(starts) = starts else { continue };
            let local = starts.to_zoned(zone.clone()).datetime();
            let date = local.checked_sub(change).unwrap_or(local).date();
            if first.is_some_and(|first| date < first) || last.is_some_and(|last| date > last) {
                report.note(&event.at, "slot", "is not on a day of the event");
            }
            by_day.entry(date).or_default().push(event);
        }
        by_day
            .into_iter()
            .map(|(date, events)| self.day(date, events, (&zone, change)))
            .collect()
    }

    fn day(
        &self,
        date: Date,
        mut events: Vec<&Event>,
        (zone, change): (&TimeZone, SignedDuration),
    ) -> Day {
        let bound = |date: Date| {
            let time = date.to_datetime(jiff::civil::Time::midnight());
            let time = time.checked_add(change).unwrap_or(time);
            time.to_zoned(zone.clone())
                .map(|zoned| zoned.timestamp())
                .unwrap_or_default()
        };
        let end = bound(date.tomorrow().unwrap_or(date));
        let end = end.checked_sub(SignedDuration::from_mins(1)).unwrap_or(end);
        let instant = |event: &Event| event.date.as_deref().and_then(value::instant);
        events.sort_by_key(|event| instant(event));
        let mut rooms: Vec<(Named, Vec<Event>)> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for room in &self.rooms {
            places.entry(&room.name).or_insert_with(|| {
                rooms.push((room.clone(), Vec::new()));
                rooms.len() - 1
            });
        }
        for event in events {
            let place = places.get(event.room.as_deref().unwrap_or(""));
            if let Some((_, events)) = place.and_then(|place| rooms.get_mut(*place)) {
                events.push(event.clone());
            }
        }
        Day {
            date,
            start: value::in_zone(bound(date), zone),
            end: value::in_zone(end, zone),
            rooms,
        }
    }
}

/// How many days there are from the first to the last.
pub(in super::super) fn day_count(days: &[Day]) -> i32 {
    match (days.first(), days.last()) {
        (Some(first), Some(last)) => {
            let span = first.date.until((Unit::Day, last.date));
            span.map_or(0, |span| span.get_days() + 1)
        }
        (None, _) | (_, None) => 0,
    }
}
