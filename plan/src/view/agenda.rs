//! Sessions, and the rooms and tracks they are in.

use jiff::{SignedDuration, Timestamp};

use super::field;
use super::people::{Interval, intervals};
use super::word::{SessionKind, SessionState};
use crate::content::Fields;
use crate::value;

/// A session.
#[derive(Debug, Clone)]
pub struct Session<'a> {
    fields: &'a Fields,
    /// Its id.
    pub id: &'a str,
    /// What it is called.
    pub title: Option<&'a str>,
    /// What it is.
    pub kind: Option<SessionKind>,
    /// How sure it is.
    pub state: Option<SessionState>,
    /// How long it takes, in minutes; at least one.
    pub minutes: Option<i64>,
    /// When it begins, if it is on the agenda.
    pub start: Option<Timestamp>,
    /// When it ends: `minutes` after its start.
    pub end: Option<Timestamp>,
    /// The room it is in, whether that room is there or not.
    pub room_id: Option<&'a str>,
    /// The track it belongs to.
    pub track_id: Option<&'a str>,
    /// How many people are expected.
    pub expected: Option<i64>,
    /// Minutes that its room needs after it.
    pub turnaround: i64,
    /// Who pays for it.
    pub sponsor_id: Option<&'a str>,
    /// Whether it stays where it is.
    pub is_locked: bool,
}

impl<'a> Session<'a> {
    pub(super) fn read(id: &'a str, fields: &'a Fields) -> Self {
        let slot = field::json(fields, "slot");
        let minutes = field::int(fields, "minutes").filter(|it| *it > 0);
        let start = slot
            .and_then(|slot| field::part(slot, "start"))
            .and_then(value::instant);
        // Minutes beyond what a clock can count to have no end.
        let end = start.zip(minutes).and_then(|(start, minutes)| {
            let length = SignedDuration::try_from_mins(minutes)?;
            start.checked_add(length).ok()
        });
        Self {
            fields,
            id,
            title: field::text(fields, "title"),
            kind: field::text(fields, "kind").and_then(SessionKind::read),
            state: field::text(fields, "state").and_then(SessionState::read),
            minutes,
            start,
            end,
            room_id: slot.and_then(|slot| field::part(slot, "room_id")),
            track_id: field::text(fields, "track_id"),
            expected: field::int(fields, "expected"),
            turnaround: field::int(fields, "turnaround").unwrap_or(0),
            sponsor_id: field::text(fields, "sponsor_id"),
            is_locked: field::flag(fields, "locked"),
        }
    }

    /// The ids of those who give it, whether they are there or not.
    pub fn people(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let people = field::members(self.fields, "people").into_iter().flatten();
        people.map(|(id, _)| id.as_str())
    }

    /// What it needs: `captions`, `interpreter`…
    pub fn needs(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let needs = field::members(self.fields, "needs").into_iter().flatten();
        needs.map(|(tag, _)| tag.as_str())
    }

    /// When it takes place, if it does: it is on the agenda, and not cancelled.
    pub fn time(&self) -> Option<(Timestamp, Timestamp)> {
        let is_cancelled = self.state == Some(SessionState::Cancelled);
        self.start.zip(self.end).filter(|_| !is_cancelled)
    }

    /// What to call it: its title, else its id.
    pub fn name(&self) -> &'a str {
        self.title.unwrap_or(self.id)
    }

    /// All of its fields.
    pub fn fields(&self) -> &'a Fields {
        self.fields
    }
}

/// A room.
#[derive(Debug, Clone)]
pub struct Room<'a> {
    fields: &'a Fields,
    /// Its id.
    pub id: &'a str,
    /// What it is called.
    pub name: Option<&'a str>,
    /// The venue it is in.
    pub venue_id: Option<&'a str>,
    /// Its floor, in square metres.
    pub area_m2: Option<f64>,
}

impl<'a> Room<'a> {
    pub(super) fn read(id: &'a str, fields: &'a Fields) -> Self {
        Self {
            fields,
            id,
            name: field::text(fields, "name"),
            venue_id: field::text(fields, "venue_id"),
            area_m2: field::json(fields, "area_m2").and_then(serde_json::Value::as_f64),
        }
    }

    /// How many people it holds in a layout: `theatre`, `classroom`, `banquet`, `reception`, `boardroom`.
    pub fn cap(&self, layout: &str) -> Option<i64> {
        field::json(self.fields, "cap")?.get(layout)?.as_i64()
    }

    /// Whether it has a feature: `step_free`, `projector`…
    pub fn has_feature(&self, tag: &str) -> bool {
        field::members(self.fields, "features").is_some_and(|tags| tags.contains_key(tag))
    }

    /// When it can be used; no intervals at all mean always.
    pub fn available(&self) -> impl Iterator<Item = Interval> + use<'a> {
        intervals(self.fields, "avail")
    }
}

/// A track.
#[derive(Debug, Clone)]
pub struct Track<'a> {
    /// Its id.
    pub id: &'a str,
    /// What it is called.
    pub name: Option<&'a str>,
    /// `#rrggbb`
    pub color: Option<&'a str>,
}

impl<'a> Track<'a> {
    pub(super) fn read(id: &'a str, fields: &'a Fields) -> Self {
        Self {
            id,
            name: field::text(fields, "name"),
            color: field::text(fields, "color"),
        }
    }
}
