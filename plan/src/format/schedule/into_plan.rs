//! What a schedule says, as the content of a plan.
//!
//! Things are known by `src.ref`: a UUID as it is, a number or name with the conference's acronym before
//! it, as two conferences give the same numbers to different people.

mod session;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::super::report::quote;
use super::super::{Import, Place, Report, Unreadable, guid, limited, normalised};
use super::{Conference, Extra, GENERATOR, Named, Schedule, words};
use crate::content::{Content, Fields, ONE, Value};
use crate::rank::spread;
use crate::value;

/// Bytes of `src.extra` of one thing at most.
const EXTRA_BYTES_MAX: usize = 64 << 10;
/// The name of a reference that is taken as it is.
const KNOWN_AS: &str = "known_as";
/// Characters of a reference at most that can be a key of a shared map.
const KEY_CHARS_MAX: usize = 90;

/// What a plan gets from a schedule. Only a schedule of more than a plan holds is refused.
pub fn import(schedule: Schedule, report: Report) -> Result<Import, Unreadable> {
    limited("sessions", schedule.events.len())?;
    limited("rooms", schedule.rooms.len())?;
    limited("tracks", schedule.tracks.len())?;
    let mut reading = Reading::new(&schedule, report);
    reading.meta(&schedule);
    for room in schedule.rooms {
        reading.room(room);
    }
    for track in schedule.tracks {
        reading.track(track);
    }
    for person in schedule.persons {
        reading.person(person, &Place::Whole);
    }
    for event in schedule.events {
        reading.event(event);
    }
    reading.finish()
}

/// One root's things while they are read: in the order of the file, by every name they have.
#[derive(Default)]
struct Things {
    order: Vec<String>,
    by_name: BTreeMap<String, String>,
    references: BTreeSet<String>,
    /// How many there are of a reference that is taken.
    repeated: BTreeMap<String, usize>,
}

struct Reading {
    content: Content,
    report: Report,
    zone: Option<TimeZone>,
    /// The acronym, or what stands for it.
    scope: String,
    is_markdown: bool,
    day_change: i64,
    rooms: Things,
    tracks: Things,
    speakers: Things,
    sessions: Things,
    days: BTreeSet<Date>,
    /// How often each thing that is not understood is there.
    kept: BTreeMap<String, usize>,
}

fn plain(json: impl Into<Json>) -> Value {
    Value::Plain(json.into())
}

impl Reading {
    fn new(schedule: &Schedule, mut report: Report) -> Self {
        let conference = &schedule.conference;
        let zone = conference
            .zone
            .as_deref()
            .and_then(|name| value::zone(name.trim()));
        if zone.is_none() {
            let said = conference
                .zone
                .as_deref()
                .map_or_else(|| "nothing".to_owned(), quote);
            let say = format!("{said} is no time zone; times keep their own offset, or are UTC");
            report.note(&Place::Whole, "time_zone_name", say);
        }
        let title = conference.title.as_deref().unwrap_or("");
        let scope = conference
            .acronym
            .as_deref()
            .map_or_else(|| words::slug(title), str::to_owned);
        let day_change = conference.day_change.as_deref().and_then(words::minutes);
        Self {
            content: Content::default(),
            report,
            zone,
            scope,
            is_markdown: schedule.generator.as_deref() == Some(GENERATOR),
            day_change: day_change.unwrap_or(super::from_plan::DAY_CHANGE_MINUTES),
            rooms: Things::default(),
            tracks: Things::default(),
            speakers: Things::default(),
            sessions: Things::default(),
            days: BTreeSet::new(),
            kept: BTreeMap::new(),
        }
    }

    fn meta(&mut self, schedule: &Schedule) {
        let Conference {
            title,
            zone,
            day_change,
            extra,
            ..
        } = &schedule.conference;
        let mut extra = extra.clone();
        if let Some(version) = schedule
            .version
            .as_deref()
            .filter(|it| *it != super::VERSION)
        {
            extra.insert("version".to_owned(), json!(version));
        }
        if let Some(day_change) = day_change {
            extra.insert("day_change".to_owned(), json!(day_change));
        }
        let (known, zone) = (self.zone.is_some(), zone.as_deref());
        if let (false, Some(zone)) = (known, zone) {
            extra.insert("time_zone_name".to_owned(), json!(zone));
        }
        let src = self.src(&self.scope.clone(), extra, &Place::Whole);
        let meta = self.content.entity_mut("meta", ONE);
        meta.insert("src".to_owned(), src);
        if let Some(title) = title {
            meta.insert("name".to_owned(), plain(title.trim()));
        } else {
            self.report
                .note(&Place::Whole, "title", "the event has no title");
        }
        if let (true, Some(zone)) = (known, zone) {
            meta.insert("tz".to_owned(), plain(zone.trim()));
        }
        let day = |text: &Option<String>| text.as_deref().and_then(words::day);
        let (start, end) = (
            day(&schedule.conference.start),
            day(&schedule.conference.end),
        );
        if let (Some(start), Some(end)) = (start, end) {
            let dates = json!({ "start": start.to_string(), "end": end.to_string() });
            meta.insert("dates".to_owned(), plain(dates));
        } else {
            let say = "the event has no start and end; the days of its sessions are taken";
            self.report.note(&Place::Whole, "start", say);
        }
    }

    /// Where a thing is from.
    fn src(&mut self, reference: &str, extra: Extra, at: &Place) -> Value {
        let mut src = Extra::new();
        src.insert("kind".to_owned(), json!("import"));
        src.insert("ref".to_owned(), json!(reference));
        for key in extra.keys() {
            *self.kept.entry(key.clone()).or_default() += 1;
        }
        let extra = Json::Object(extra);
        if extra.to_string().len() > EXTRA_BYTES_MAX {
            let say = format!("over {EXTRA_BYTES_MAX} bytes beside what is known are left out");
            self.report.note(at, "", say);
        } else if extra.as_object().is_some_and(|extra| !extra.is_empty()) {
            src.insert("extra".to_owned(), extra);
        }
        plain(Json::Object(src))
    }

    /// What a format says outright, a UUID, or something with the acronym before it. What is no reference is
    /// kept in `extra`.
    fn reference<const NAMES: usize>(
        &self,
        noun: &str,
        names: [(&str, Option<String>); NAMES],
        extra: &mut Extra,
    ) -> Option<String> {
        let mut reference = None;
        for (key, name) in names {
            let Some(name) = name.filter(|name| !name.trim().is_empty()) else {
                continue;
            };
            match reference {
                Some(_) => {
                    extra.insert(key.to_owned(), json!(name));
                }
                None if key == KNOWN_AS => reference = Some(name.trim().to_owned()),
                None if key == "guid" => reference = Some(name.trim().to_lowercase()),
                None => reference = Some(format!("{}/{noun}/{}", self.scope, name.trim())),
            }
        }
        reference
    }

    fn room(&mut self, room: Named) -> String {
        let (at, mut extra) = (Place::Thing(format!("room {}", room.name)), room.extra);
        let names = [("guid", room.guid), ("slug", room.slug)];
        let reference = self.reference("room", names, &mut extra);
        let reference =
            reference.unwrap_or_else(|| format!("{}/room/{}", self.scope, words::slug(&room.name)));
        let mut fields = Fields::new();
        fields.insert("name".to_owned(), plain(room.name.trim()));
        if let Some(capacity) = room.capacity {
            if let Ok(people) = capacity.trim().parse::<u32>() {
                fields.insert("cap".to_owned(), plain(json!({ "theatre": people })));
            } else {
                self.report.note(
                    &at,
                    "capacity",
                    format!("{} is no number", quote(&capacity)),
                );
                extra.insert("capacity".to_owned(), json!(capacity));
            }
        }
        let (key, reference) = self.rooms.insert(&reference, &room.name);
        fields.insert("src".to_owned(), self.src(&reference, extra, &at));
        *self.content.entity_mut("rooms", &key) = fields;
        key
    }

    fn track(&mut self, track: Named) -> String {
        let (at, mut extra) = (Place::Thing(format!("track {}", track.name)), track.extra);
        let slug = track.slug.clone();
        let names = [("guid", track.guid), ("slug", track.slug)];
        let reference = self.reference("track", names, &mut extra);
        let reference = reference
            .unwrap_or_else(|| format!("{}/track/{}", self.scope, words::slug(&track.name)));
        let mut fields = Fields::new();
        fields.insert("name".to_owned(), plain(track.name.trim()));
        if let Some(color) = track.color {
            fields.insert("color".to_owned(), plain(color.trim()));
        }
        let (key, reference) = self.tracks.insert(&reference, &track.name);
        if let Some(slug) = slug {
            self.tracks
                .by_name
                .entry(slug_key(&slug))
                .or_insert_with(|| key.clone());
        }
        fields.insert("src".to_owned(), self.src(&reference, extra, &at));
        *self.content.entity_mut("tracks", &key) = fields;
        key
    }

    fn finish(mut self) -> Result<Import, Unreadable> {
        let roots = [
            ("rooms", &self.rooms),
            ("tracks", &self.tracks),
            ("speakers", &self.speakers),
            ("sessions", &self.sessions),
        ];
        for (root, things) in roots {
            limited(root, things.order.len())?;
            for (key, rank) in things.order.iter().zip(spread(None, things.order.len())) {
                let fields = self.content.entity_mut(root, key);
                fields.insert("rank".to_owned(), plain(rank));
            }
        }
        for (key, times) in std::mem::take(&mut self.kept) {
            let times = if times == 1 {
                "once".to_owned()
            } else {
                format!("{times} times")
            };
            let say = format!("has no place in a plan, and is kept in src.extra ({times})");
            self.report.note(&Place::Whole, &key, say);
        }
        let meta = self.content.entity_mut("meta", ONE);
        if let (None, Some(first), Some(last)) =
            (meta.get("dates"), self.days.first(), self.days.last())
        {
            let dates = json!({ "start": first.to_string(), "end": last.to_string() });
            meta.insert("dates".to_owned(), plain(dates));
        }
        let object = |json: Json| json.as_object().cloned().unwrap_or_default();
        let mut import = Import {
            content: self.content,
            report: self.report,
            if_new: vec![
                (
                    "sessions",
                    object(json!({ "kind": "talk", "state": "confirmed", "minutes": 30 })),
                ),
                (
                    "speakers",
                    object(json!({ "kind": "cfp", "status": "confirmed" })),
                ),
            ],
        };
        import.fit();
        Ok(import)
    }
}

impl Things {
    /// Takes a thing in; one whose reference is taken gets another. Answers its key and its reference.
    fn insert(&mut self, reference: &str, name: &str) -> (String, String) {
        let mut free = reference.to_owned();
        while !self.references.insert(free.clone()) {
            let number = self.repeated.entry(reference.to_owned()).or_insert(1);
            *number += 1;
            free = format!("{reference}#{number}");
        }
        let key = key(&free);
        self.order.push(key.clone());
        self.by_name
            .entry(normalised(name))
            .or_insert_with(|| key.clone());
        (key, free)
    }

    fn key(&self, reference: &str) -> Option<String> {
        self.references.contains(reference).then(|| key(reference))
    }
}

/// What a thing is known by within the import.
fn key(reference: &str) -> String {
    if reference.chars().count() <= KEY_CHARS_MAX {
        reference.to_owned()
    } else {
        guid::of(reference)
    }
}

/// Slugs among names: a line feed is in no name.
fn slug_key(slug: &str) -> String {
    format!("\n{slug}")
}
