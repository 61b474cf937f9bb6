//! A published schedule as pentabarf, frab and pretalx know it, whichever syntax it is written in.
//!
//! Everything is still the words of the file: [`into_plan`] understands them, [`from_plan`] writes them.
//! What a syntax says beyond this is kept as `extra`.

pub mod from_plan;
pub mod into_plan;
pub(super) mod words;

use serde_json::{Map, Value as Json, json};

use super::{Place, Report};

/// By which name exports say that they are ours.
pub const GENERATOR: &str = "convene";

/// The name of a schedule's state when nobody gave one.
pub const VERSION: &str = "1";

/// What a schedule says beyond what is read, by the file's own names.
pub type Extra = Map<String, Json>;

/// A whole schedule.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schedule {
    /// Which program wrote it: ours writes Markdown, others HTML.
    pub generator: Option<String>,
    /// The organisers' name of this state of the schedule.
    pub version: Option<String>,
    /// The event as a whole.
    pub conference: Conference,
    /// In the order of the file, without those that only events name.
    pub rooms: Vec<Named>,
    /// In the order of the file, without those that only events name.
    pub tracks: Vec<Named>,
    /// People beside those of the events, where the file lists them apart.
    pub persons: Vec<Person>,
    /// In the order of the file.
    pub events: Vec<Event>,
}

/// The event as a whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conference {
    /// A short name, which also tells this schedule's numbers from those of others.
    pub acronym: Option<String>,
    /// The name.
    pub title: Option<String>,
    /// The first day.
    pub start: Option<String>,
    /// The last day.
    pub end: Option<String>,
    /// When one day of the programme becomes the next.
    pub day_change: Option<String>,
    /// The IANA time zone.
    pub zone: Option<String>,
    /// What else there is.
    pub extra: Extra,
}

/// A room or a track.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Named {
    /// What it is called.
    pub name: String,
    /// A UUID.
    pub guid: Option<String>,
    /// A name for addresses.
    pub slug: Option<String>,
    /// How many people a room holds.
    pub capacity: Option<String>,
    /// A track's colour.
    pub color: Option<String>,
    /// What else there is.
    pub extra: Extra,
}

/// One session.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Where in the file.
    pub at: Place,
    /// By what it is known beyond this file, in the format's own words: instead of the names below.
    pub known_as: Option<String>,
    /// A UUID.
    pub guid: Option<String>,
    /// A short code, as pretalx gives.
    pub code: Option<String>,
    /// A number.
    pub id: Option<String>,
    /// The day of the programme that it is listed under.
    pub day: Option<String>,
    /// The instant of its start.
    pub date: Option<String>,
    /// The time of its start.
    pub start: Option<String>,
    /// How long it is.
    pub duration: Option<String>,
    /// The room's name.
    pub room: Option<String>,
    /// The track's name.
    pub track: Option<String>,
    /// The track's name for addresses.
    pub track_slug: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// What stands below the title.
    pub subtitle: Option<String>,
    /// The short text.
    pub summary: Option<String>,
    /// The long text.
    pub description: Option<String>,
    /// What kind of session it is, in the words of the organisers.
    pub kind: Option<String>,
    /// How sure it is, in a plan's words, where a format says it.
    pub state: Option<String>,
    /// A language tag.
    pub language: Option<String>,
    /// Whether it must not be recorded.
    pub is_unrecorded: bool,
    /// Who is on it; none where the file says nothing of people, which is not that there are none.
    pub persons: Option<Vec<Person>>,
    /// What else there is.
    pub extra: Extra,
}

/// Somebody on a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// What they are called.
    pub name: String,
    /// By what they are known beyond this file, in the format's own words.
    pub known_as: Option<String>,
    /// A UUID.
    pub guid: Option<String>,
    /// A short code, as pretalx gives.
    pub code: Option<String>,
    /// A number.
    pub id: Option<String>,
    /// Who they are.
    pub biography: Option<String>,
    /// The address of their picture.
    pub avatar: Option<String>,
    /// What else there is.
    pub extra: Extra,
}

impl Event {
    /// An event of the fields that c3voc's JSON has for one.
    pub(super) fn read(mut fields: Extra, at: Place, report: &mut Report) -> Self {
        let persons = match fields.remove("persons") {
            Some(Json::Array(persons)) => persons,
            Some(Json::Null) | None => Vec::new(),
            Some(other) => {
                report.note(&at, "persons", "is no list, and is kept as it is");
                fields.insert("persons".to_owned(), other);
                Vec::new()
            }
        };
        let persons = persons
            .into_iter()
            .filter_map(|person| Person::read(person, &at, report))
            .collect();
        let is_unrecorded = match fields.remove("do_not_record") {
            Some(Json::Bool(is_unrecorded)) => is_unrecorded,
            Some(Json::Null) | None => false,
            Some(other) => {
                report.note(
                    &at,
                    "do_not_record",
                    "is neither true nor false, and is kept as it is",
                );
                fields.insert("do_not_record".to_owned(), other);
                false
            }
        };
        let mut event = {
            let mut text = |key: &str| take_text(&mut fields, key);
            Self {
                known_as: None,
                guid: text("guid"),
                code: text("code"),
                id: text("id"),
                day: None,
                date: text("date"),
                start: text("start"),
                duration: text("duration"),
                room: text("room"),
                track: text("track"),
                track_slug: text("track_slug"),
                title: text("title"),
                subtitle: text("subtitle"),
                summary: text("abstract"),
                description: text("description"),
                kind: text("type"),
                state: None,
                language: text("language"),
                is_unrecorded,
                persons: Some(persons),
                extra: Extra::new(),
                at,
            }
        };
        event.extra = said(fields);
        event
    }
}

impl Person {
    /// A person of the fields that c3voc's JSON has for one.
    pub(super) fn read(json: Json, at: &Place, report: &mut Report) -> Option<Self> {
        let mut fields = match json {
            Json::Object(fields) => fields,
            Json::String(name) => [("name".to_owned(), json!(name))].into_iter().collect(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => {
                report.note(at, "persons", "one of them is no person, and is left out");
                return None;
            }
        };
        // Newer and older exports differ in which of these they have.
        let mut found: Option<String> = None;
        for key in ["full_public_name", "public_name", "name"] {
            match (take_text(&mut fields, key), &found) {
                (Some(name), None) if !name.trim().is_empty() => found = Some(name),
                (Some(other), Some(name)) if other != *name => {
                    fields.insert(key.to_owned(), json!(other));
                }
                (Some(_) | None, _) => {}
            }
        }
        let Some(name) = found else {
            report.note(at, "persons", "one of them has no name, and is left out");
            return None;
        };
        let mut text = |key: &str| take_text(&mut fields, key);
        let mut person = Self {
            name,
            known_as: None,
            guid: text("guid"),
            code: text("code"),
            id: text("id"),
            biography: text("biography"),
            avatar: text("avatar"),
            extra: Extra::new(),
        };
        person.extra = said(fields);
        Some(person)
    }
}

impl Named {
    /// A room or track of the fields that c3voc's JSON has for one.
    pub(super) fn read(json: Json, (field, report): (&str, &mut Report)) -> Option<Self> {
        let mut fields = match json {
            Json::Object(fields) => fields,
            Json::String(name) => [("name".to_owned(), json!(name))].into_iter().collect(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => Extra::new(),
        };
        let Some(name) = take_text(&mut fields, "name") else {
            report.note(
                &Place::Whole,
                field,
                "one of them has no name, and is left out",
            );
            return None;
        };
        let mut text = |key: &str| take_text(&mut fields, key);
        let mut named = Self {
            name,
            guid: text("guid"),
            slug: text("slug"),
            capacity: text("capacity"),
            color: text("color"),
            extra: Extra::new(),
        };
        named.extra = said(fields);
        Some(named)
    }
}

impl Conference {
    /// The fields that both syntaxes have under the same names.
    pub(super) fn read(mut fields: Extra) -> Self {
        let mut text = |key: &str| take_text(&mut fields, key);
        let mut conference = Self {
            acronym: text("acronym"),
            title: text("title"),
            start: text("start"),
            end: text("end"),
            day_change: text("day_change"),
            zone: text("time_zone_name"),
            extra: Extra::new(),
        };
        conference.extra = said(fields);
        conference
    }
}

/// Takes a text out; numbers are texts too. Anything else stays.
fn take_text(fields: &mut Extra, key: &str) -> Option<String> {
    match fields.get(key)? {
        Json::Null | Json::Number(_) | Json::String(_) => {}
        Json::Bool(_) | Json::Array(_) | Json::Object(_) => return None,
    }
    match fields.remove(key)? {
        Json::String(text) if !text.is_empty() => Some(text),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Bool(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Without what says nothing.
fn said(fields: Extra) -> Extra {
    let is_said = |json: &Json| match json {
        Json::Null => false,
        Json::String(text) => !text.trim().is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(members) => !members.is_empty(),
        Json::Bool(_) | Json::Number(_) => true,
    };
    fields
        .into_iter()
        .filter(|(_, json)| is_said(json))
        .collect()
}
