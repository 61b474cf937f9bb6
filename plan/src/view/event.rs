//! The event itself, what it is for, and where it may be.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::field;
use super::money::Amount;
use super::word::{Phase, VenueStatus};
use crate::content::Fields;
use crate::value;

/// The hour at which an event's day begins: what begins earlier belongs to the night before.
const DAY_BEGINS_HOUR: i8 = 3;

/// The event itself.
#[derive(Debug, Clone, Default)]
pub struct Meta<'a> {
    /// What it is called.
    pub name: Option<&'a str>,
    /// Its first and its last day.
    pub dates: Option<(Date, Date)>,
    /// The zone its clocks show.
    pub zone: Option<TimeZone>,
    /// ISO 4217.
    pub currency: Option<&'a str>,
    /// How far it is.
    pub phase: Option<Phase>,
    /// The country it is in, ISO 3166-1 alpha-2.
    pub country: Option<&'a str>,
    /// The venue that was chosen.
    pub venue_id: Option<&'a str>,
}

impl<'a> Meta<'a> {
    pub(super) fn read(fields: Option<&'a Fields>) -> Self {
        let Some(fields) = fields else {
            return Self::default();
        };
        let day = |key| value::day(field::part(field::json(fields, "dates")?, key)?);
        Self {
            name: field::text(fields, "name"),
            dates: day("start")
                .zip(day("end"))
                .filter(|(start, end)| start <= end),
            zone: field::text(fields, "tz").and_then(value::zone),
            currency: field::text(fields, "cur"),
            phase: field::text(fields, "phase").and_then(Phase::read),
            country: field::json(fields, "place").and_then(|place| field::part(place, "country")),
            venue_id: field::text(fields, "venue_id").filter(|id| !id.is_empty()),
        }
    }

    /// The day of the event that an instant belongs to: what begins before 03:00
    /// belongs to the day before. None without a zone.
    pub fn day(&self, instant: Timestamp) -> Option<Date> {
        let wall = self.zone.as_ref()?.to_datetime(instant);
        if wall.hour() < DAY_BEGINS_HOUR {
            wall.date().yesterday().ok()
        } else {
            Some(wall.date())
        }
    }

    /// A span of time for people, on the event's clocks, or in UTC when it has none:
    /// `2027-05-03, 14:00-14:30`.
    pub fn span(&self, start: Timestamp, end: Timestamp) -> String {
        let utc = TimeZone::UTC;
        let zone = self.zone.as_ref().unwrap_or(&utc);
        let (start, end) = (zone.to_datetime(start), zone.to_datetime(end));
        let note = if self.zone.is_none() { " UTC" } else { "" };
        format!(
            "{}, {}-{}{note}",
            start.date(),
            start.strftime("%H:%M"),
            end.strftime("%H:%M")
        )
    }
}

/// How many people come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attendance {
    /// At least.
    pub min: i64,
    /// As it looks now.
    pub expected: i64,
    /// At most.
    pub max: i64,
}

/// What the event is for.
#[derive(Debug, Clone, Default)]
pub struct Brief<'a> {
    fields: Option<&'a Fields>,
    /// How many people come.
    pub attendance: Option<Attendance>,
    /// What may be spent.
    pub budget_cap: Option<Amount<'a>>,
    /// What should come in.
    pub revenue_target: Option<Amount<'a>>,
}

impl<'a> Brief<'a> {
    pub(super) fn read(fields: Option<&'a Fields>) -> Self {
        let Some(some) = fields else {
            return Self::default();
        };
        let count = |key| field::json(some, "attendance")?.get(key)?.as_i64();
        let attendance = || {
            Some(Attendance {
                min: count("min")?,
                expected: count("expected")?,
                max: count("max")?,
            })
        };
        Self {
            fields,
            attendance: attendance(),
            budget_cap: field::json(some, "budget_cap").and_then(Amount::read),
            revenue_target: field::json(some, "revenue_target").and_then(Amount::read),
        }
    }

    /// Whether one of its switches is on: `paid`, `minors`, `alcohol`, `music`, `outdoor`.
    pub fn is(&self, switch: &str) -> bool {
        self.fields
            .is_some_and(|fields| field::flag(fields, switch))
    }
}

/// A venue, chosen or not.
#[derive(Debug, Clone)]
pub struct Venue<'a> {
    fields: &'a Fields,
    /// Its id.
    pub id: &'a str,
    /// What it is called.
    pub name: Option<&'a str>,
    /// How far the talks about it are.
    pub status: Option<VenueStatus>,
    /// Until when it is kept free.
    pub hold_until: Option<Date>,
}

impl<'a> Venue<'a> {
    pub(super) fn read(id: &'a str, fields: &'a Fields) -> Self {
        Self {
            fields,
            id,
            name: field::text(fields, "name"),
            status: field::text(fields, "status").and_then(VenueStatus::read),
            hold_until: field::day(fields, "hold_until"),
        }
    }

    /// Whether it is known to be accessible in this way; unknown counts as no.
    pub fn has_access(&self, feature: &str) -> bool {
        let access = field::members(self.fields, "access");
        access.and_then(|access| access.get(feature)?.as_str()) == Some("yes")
    }
}
