//! One event of a schedule as a session: its texts, its place and time, and the people on it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::{Value as Json, json};

use super::super::super::report::quote;
use super::super::super::{Place, html, normalised};
use super::super::{Event, Extra, Named, Person, words};
use super::{KNOWN_AS, Reading, plain, slug_key};
use crate::content::{Fields, Value};
use crate::rank::spread;

impl Reading {
    pub(super) fn event(&mut self, mut event: Event) {
        let at = event.at.clone();
        let mut extra = std::mem::take(&mut event.extra);
        let names = [
            (KNOWN_AS, event.known_as.take()),
            ("guid", event.guid.take()),
            ("code", event.code.take()),
            ("id", event.id.take()),
        ];
        let reference = self.reference("event", names, &mut extra);
        let reference = reference.unwrap_or_else(|| {
            let title = words::slug(event.title.as_deref().unwrap_or(""));
            format!("{}/event/{title}", self.scope)
        });
        let mut fields = Fields::new();
        fields.insert("title".to_owned(), plain(self.title(&event)));
        let texts = [event.summary.take(), event.description.take()];
        let texts: Vec<String> = texts
            .into_iter()
            .flatten()
            .map(|text| self.markdown(text))
            .collect();
        if !texts.is_empty() {
            fields.insert("abstract".to_owned(), Value::Text(texts.join("\n\n")));
        }
        if let Some(track) = event.track.take() {
            let found = event
                .track_slug
                .take()
                .and_then(|slug| self.tracks.by_name.get(&slug_key(&slug)).cloned());
            let found = found.or_else(|| self.tracks.by_name.get(&normalised(&track)).cloned());
            let key = found.unwrap_or_else(|| {
                self.track(Named {
                    name: track,
                    ..Named::default()
                })
            });
            fields.insert("track_id".to_owned(), plain(key));
        }
        self.kind_and_language(&event, &mut fields, &mut extra);
        self.place_in_time(&event, &mut fields, &mut extra);
        if event.is_unrecorded {
            fields.insert("record".to_owned(), plain("no"));
        }
        if let Some(state) = event.state.take() {
            fields.insert("state".to_owned(), plain(state));
        }
        if let Some(persons) = event.persons.take() {
            fields.insert("people".to_owned(), self.people(persons, &at));
        }
        let title = event.title.as_deref().unwrap_or("");
        let (key, known_as) = self.sessions.insert(&reference, title);
        if known_as != reference {
            let say = format!("{reference} is another session too; this one is {known_as}");
            self.report.note(&at, "guid", say);
        }
        fields.insert("src".to_owned(), self.src(&known_as, extra, &at));
        *self.content.entity_mut("sessions", &key) = fields;
    }

    fn people(&mut self, persons: Vec<Person>, at: &Place) -> Value {
        let ranks = spread(None, persons.len());
        let mut people = BTreeMap::new();
        for (person, rank) in persons.into_iter().zip(ranks) {
            let said = format!("{} is listed twice", quote(&person.name));
            let key = self.person(person, at);
            if let Entry::Vacant(free) = people.entry(key) {
                free.insert(json!({ "rank": rank }));
            } else {
                self.report.note(at, "persons", said);
            }
        }
        Value::Map(people)
    }

    fn title(&mut self, event: &Event) -> String {
        let title = event.title.as_deref().unwrap_or("").trim();
        let subtitle = event.subtitle.as_deref().unwrap_or("").trim();
        match (title, subtitle) {
            ("", "") => {
                self.report.note(
                    &event.at,
                    "title",
                    "is missing; the session is called Untitled",
                );
                "Untitled".to_owned()
            }
            ("", one) | (one, "") => one.to_owned(),
            (title, subtitle) => format!("{title}: {subtitle}"),
        }
    }

    fn markdown(&self, text: String) -> String {
        if self.is_markdown {
            text
        } else {
            html::to_markdown(&text).into_owned()
        }
    }

    fn kind_and_language(&mut self, event: &Event, fields: &mut Fields, extra: &mut Extra) {
        if let Some(word) = &event.kind {
            let kind = words::kind(word);
            if let Some(kind) = kind {
                fields.insert("kind".to_owned(), plain(kind));
            } else {
                let say = format!(
                    "{} is no kind of session; a new one becomes a talk",
                    quote(word)
                );
                self.report.note(&event.at, "type", say);
            }
            if kind.is_none_or(|kind| words::word(kind) != word) {
                extra.insert("type".to_owned(), json!(word));
            }
        }
        if let Some(language) = &event.language {
            fields.insert("lang".to_owned(), plain(language.trim()));
        }
    }

    /// When and where, and for how long.
    fn place_in_time(&mut self, event: &Event, fields: &mut Fields, extra: &mut Extra) {
        let minutes = event.duration.as_deref().and_then(words::minutes);
        if let Some(minutes) = minutes {
            fields.insert("minutes".to_owned(), plain(minutes));
        } else {
            let said = event
                .duration
                .as_deref()
                .map_or_else(|| "nothing".to_owned(), quote);
            let say = format!("{said} is no length as 00:30; a new session gets 30 minutes");
            self.report.note(&event.at, "duration", say);
            extra.extend(
                event
                    .duration
                    .iter()
                    .map(|said| ("duration".to_owned(), json!(said))),
            );
        }
        let start = self.start(event);
        if start.is_none() && (event.date.is_some() || event.start.is_some()) {
            let said = event
                .date
                .as_deref()
                .or(event.start.as_deref())
                .unwrap_or("");
            let say = format!("{} is no start; the session is not scheduled", quote(said));
            self.report.note(&event.at, "date", say);
            extra.extend(
                event
                    .date
                    .iter()
                    .map(|said| ("date".to_owned(), json!(said))),
            );
            extra.extend(
                event
                    .start
                    .iter()
                    .map(|said| ("start".to_owned(), json!(said))),
            );
        }
        let room = event.room.as_deref().filter(|room| !room.trim().is_empty());
        match (start, room) {
            (Some(start), Some(room)) => {
                let known = self.rooms.by_name.get(&normalised(room)).cloned();
                let key = known.unwrap_or_else(|| {
                    self.room(Named {
                        name: room.to_owned(),
                        ..Named::default()
                    })
                });
                self.days.extend(words::day(&start));
                fields.insert(
                    "slot".to_owned(),
                    plain(json!({ "start": start, "room_id": key })),
                );
            }
            (Some(start), None) => {
                let say = "is missing; the session is not scheduled, its start is kept aside";
                self.report.note(&event.at, "room", say);
                extra.insert("date".to_owned(), json!(start));
            }
            (None, Some(room)) => {
                extra.insert("room".to_owned(), json!(room));
            }
            (None, None) => {}
        }
    }

    /// By its instant, else by the day it is listed under; early hours belong to the day before.
    fn start(&self, event: &Event) -> Option<String> {
        let by_instant = event
            .date
            .as_deref()
            .and_then(|date| words::instant(date, self.zone.as_ref()));
        by_instant.or_else(|| {
            let day = event
                .day
                .as_deref()
                .or(event.date.as_deref())
                .and_then(words::day)?;
            let text = event.start.as_deref()?;
            let is_next = words::minutes(text)? < self.day_change && event.day.is_some();
            let day = if is_next { day.tomorrow().ok()? } else { day };
            words::at(day, words::time(text)?, self.zone.as_ref())
        })
    }

    pub(super) fn person(&mut self, person: Person, at: &Place) -> String {
        let mut extra = person.extra;
        let names = [
            (KNOWN_AS, person.known_as),
            ("guid", person.guid),
            ("code", person.code),
            ("id", person.id),
        ];
        let reference = self.reference("person", names, &mut extra);
        let name = normalised(&person.name);
        let known = match &reference {
            Some(reference) => self.speakers.key(reference),
            None => self.speakers.by_name.get(&name).cloned(),
        };
        if let Some(key) = known {
            let called = self
                .content
                .field("speakers", &key, "name")
                .and_then(Value::plain);
            let called = called.and_then(Json::as_str).unwrap_or("");
            if normalised(called) != name {
                let say = format!("{} is also called {}", quote(called), quote(&person.name));
                self.report.note(at, "persons", say);
            }
            return key;
        }
        let reference = reference
            .unwrap_or_else(|| format!("{}/person/{}", self.scope, words::slug(&person.name)));
        let mut fields = Fields::new();
        fields.insert("name".to_owned(), plain(person.name.trim()));
        if let Some(biography) = person.biography {
            fields.insert("bio".to_owned(), Value::Text(self.markdown(biography)));
        }
        if let Some(avatar) = person.avatar {
            fields.insert("photo".to_owned(), plain(avatar));
        }
        let (key, reference) = self.speakers.insert(&reference, &person.name);
        fields.insert("src".to_owned(), self.src(&reference, extra, at));
        *self.content.entity_mut("speakers", &key) = fields;
        key
    }
}
