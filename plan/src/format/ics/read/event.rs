//! An event of a calendar as one of a schedule.

use std::collections::BTreeSet;

use calcard::icalendar::{ICalendar, ICalendarComponent};
use serde_json::json;

use super::super::super::report::quote;
use super::super::super::schedule::{Event, Extra, Person, words};
use super::super::super::{Place, normalised};
use super::super::moment::{Moment, seconds};
use super::super::properties::{Properties, parameter, text, texts};
use super::Reading;

/// Seconds of an event at most that has a length.
const SECONDS_MAX: i64 = 9_999 * 3_600;

impl Reading {
    pub(super) fn event(&mut self, calendar: &ICalendar, component: &ICalendarComponent) {
        let mut properties = Properties::of(component);
        // When the file was made.
        properties.take("DTSTAMP");
        let start = properties.take("DTSTART");
        let known_as = self.known_as(&mut properties, start);
        let title = properties.text("SUMMARY");
        let name = known_as.as_deref().or(title.as_deref()).unwrap_or("");
        let at = Place::Thing(format!("event {}", quote(name)));
        let begins = start.and_then(|start| self.zones.moment(start));
        let duration = self.duration(&mut properties, begins);
        let persons = self.persons(&mut properties);
        let (kind, track, categories) = self.categories(&mut properties);
        let state = self.state(&mut properties, &at);
        let mut room = properties.text("LOCATION");
        if self.is_ours {
            // Where there is a venue, it stands behind the room.
            let venue = properties.peek("X-CONVENE-VENUE").and_then(text);
            let bare = venue.and_then(|venue| {
                let room = room.as_deref()?.strip_suffix(&venue)?.strip_suffix(", ")?;
                Some(room.to_owned())
            });
            room = bare.or(room);
        }
        let description = properties.text("DESCRIPTION");
        let description = match &persons {
            Some(persons) if self.is_ours => description.and_then(|it| without_names(it, persons)),
            Some(_) | None => description,
        };
        if properties.peek("RRULE").is_some() || properties.peek("RDATE").is_some() {
            let say = "it happens again; only the first time is imported, and the rule is kept";
            self.report.note(&at, "RRULE", say);
        }
        let mut extra = self.kept(properties.kept(calendar, component));
        if let Some(said) = start.filter(|_| begins.is_none()).and_then(text) {
            extra.insert("DTSTART".to_owned(), json!(said));
        }
        if !categories.is_empty() {
            extra.insert("CATEGORIES".to_owned(), json!(categories));
        }
        self.schedule.events.push(Event {
            at,
            known_as,
            guid: None,
            code: None,
            id: None,
            day: None,
            date: begins.map(|begins| self.zones.written(begins)),
            start: None,
            duration,
            room: room.map(|room| room.trim().to_owned()),
            track,
            track_slug: None,
            title,
            subtitle: None,
            summary: description,
            description: None,
            kind,
            state,
            language: None,
            is_unrecorded: false,
            persons,
            extra,
        });
    }

    /// How long it takes, as schedules say it. Of whole days there is no length, and their end is kept.
    fn duration(&self, properties: &mut Properties<'_>, begins: Option<Moment>) -> Option<String> {
        let Some(Moment::Instant(begins)) = begins else {
            return None;
        };
        let ends = properties.peek("DTEND").map(|end| self.zones.moment(end));
        let length = match ends {
            Some(Some(Moment::Instant(ends))) => {
                properties.take("DTEND");
                Some(ends.duration_since(begins).as_secs())
            }
            Some(Some(Moment::Day(_)) | None) => None,
            None => properties.take("DURATION").and_then(seconds),
        };
        let length = length.filter(|seconds| (60..=SECONDS_MAX).contains(seconds))?;
        Some(words::hours(length / 60))
    }

    /// Those with a name; none when nobody has one.
    fn persons(&mut self, properties: &mut Properties<'_>) -> Option<Vec<Person>> {
        let mut persons = Vec::new();
        let mut add = |name: &str, known_as: Option<&str>| {
            persons.push(Person {
                name: name.trim().to_owned(),
                known_as: known_as.map(str::to_owned),
                guid: None,
                code: None,
                id: None,
                biography: None,
                avatar: None,
                extra: Extra::new(),
            });
        };
        if self.is_ours {
            for entry in properties.take_all("X-CONVENE-PERSON") {
                if let Some(name) = text(entry) {
                    add(&name, parameter(entry, "ID"));
                }
            }
        }
        let mut names = BTreeSet::new();
        let attendees = properties.take_all("ATTENDEE").into_iter();
        for entry in attendees.chain(properties.take_all("ORGANIZER")) {
            self.personal += 1;
            let is_thing = parameter(entry, "CUTYPE").is_some_and(|kind| {
                kind.eq_ignore_ascii_case("ROOM") || kind.eq_ignore_ascii_case("RESOURCE")
            });
            let name = parameter(entry, "CN").unwrap_or("").trim();
            // Programs that know no name write the address there.
            if !is_thing
                && !name.is_empty()
                && !name.contains('@')
                && names.insert(normalised(name))
            {
                add(name, None);
            }
        }
        (!persons.is_empty()).then_some(persons)
    }

    /// The kind of session that one of the categories is, the first other one as the track, and the rest.
    fn categories(
        &self,
        properties: &mut Properties<'_>,
    ) -> (Option<String>, Option<String>, Vec<String>) {
        let (mut kind, mut track, mut rest) = (None, None, Vec::new());
        let all = properties.take_all("CATEGORIES").into_iter();
        for category in all.flat_map(texts).filter(|text| !text.trim().is_empty()) {
            match (words::kind(&category), &kind, &track) {
                (Some(known), None, _) if self.is_ours => {
                    kind = Some(words::word(known).to_owned());
                }
                (Some(_), None, _) => kind = Some(category),
                (_, _, None) => track = Some(category.trim().to_owned()),
                (_, _, Some(_)) => rest.push(category),
            }
        }
        (kind, track, rest)
    }

    fn state(&mut self, properties: &mut Properties<'_>, at: &Place) -> Option<String> {
        let own = properties.text("X-CONVENE-STATE").filter(|_| self.is_ours);
        let said = properties.peek("STATUS").and_then(text);
        let state = match said.as_deref().map(str::to_ascii_uppercase).as_deref() {
            Some("CONFIRMED") => "confirmed",
            Some("TENTATIVE") => "accepted",
            Some("CANCELLED") => "cancelled",
            Some(_) => {
                let say = format!(
                    "{} is no state of a session; a new one is confirmed",
                    quote(said.as_deref().unwrap_or(""))
                );
                self.report.note(at, "STATUS", say);
                return own;
            }
            None => return own,
        };
        properties.take("STATUS");
        own.or_else(|| Some(state.to_owned()))
    }
}

/// What our description says behind the names that it begins with.
fn without_names(description: String, persons: &[Person]) -> Option<String> {
    let names: Vec<&str> = persons.iter().map(|person| person.name.as_str()).collect();
    let rest = description.strip_prefix(&names.join(", "));
    match rest {
        Some("") => None,
        Some(rest) => match rest.strip_prefix("\n\n") {
            Some(rest) => Some(rest.to_owned()),
            None => Some(description),
        },
        None => Some(description),
    }
}
