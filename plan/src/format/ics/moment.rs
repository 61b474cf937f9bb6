//! The times of a calendar: in UTC, in a zone by any name for it, on nobody's clock, or a whole day.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use calcard::common::timezone::Tz;
use calcard::icalendar::{ICalendar, ICalendarComponentType, ICalendarEntry, ICalendarValue};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};

use super::properties::{Properties, is, is_imported, parameter, text};
use crate::value;

/// A time of a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Instant(Timestamp),
    Day(Date),
}

/// The zones that a calendar names, and the one that it is in.
pub(super) struct Zones {
    by_id: BTreeMap<String, TimeZone>,
    /// Names that nobody knows.
    pub(super) unknown: BTreeSet<String>,
    /// Where the calendar says that it is, else where most of it begins.
    pub(super) main: Option<TimeZone>,
}

impl Zones {
    pub(super) fn read(calendars: &[ICalendar]) -> Self {
        let components = || calendars.iter().flat_map(|calendar| &calendar.components);
        let mut places = BTreeMap::new();
        let mut said = None;
        for component in components() {
            let mut properties = Properties::of(component);
            if component.component_type == ICalendarComponentType::VTimezone {
                let id = properties.text("TZID");
                places.extend(id.zip(properties.text("X-LIC-LOCATION")));
            } else if !is_imported(component) {
                said = said.or_else(|| zone(properties.text("X-WR-TIMEZONE")?.trim()));
            }
        }
        let mut zones = Self {
            by_id: BTreeMap::new(),
            unknown: BTreeSet::new(),
            main: said,
        };
        let mut begins: BTreeMap<&str, usize> = BTreeMap::new();
        let events = components().filter(|component| is_imported(component));
        for entry in events.flat_map(|component| &component.entries) {
            let Some(id) = parameter(entry, "TZID") else {
                continue;
            };
            if is(entry, "DTSTART") {
                *begins.entry(id).or_default() += 1;
            }
            if zones.by_id.contains_key(id) || zones.unknown.contains(id) {
                continue;
            }
            let place = || zone(places.get(id)?);
            match zone(id).or_else(place) {
                Some(zone) => zones.by_id.insert(id.to_owned(), zone).is_none(),
                None => zones.unknown.insert(id.to_owned()),
            };
        }
        let known = begins
            .into_iter()
            .filter_map(|(id, times)| Some((times, zones.by_id.get(id)?)));
        let most = known.max_by_key(|(times, _)| *times);
        let most = most.map(|(_, zone)| zone.clone());
        zones.main = zones.main.or(most);
        zones
    }

    /// The time that a property says, if it says one.
    pub(super) fn moment(&self, entry: &ICalendarEntry) -> Option<Moment> {
        let said = entry.values.first()?.as_partial_date_time()?;
        let small = |part: Option<u8>| i8::try_from(part?).ok();
        let date = Date::new(
            i16::try_from(said.year?).ok()?,
            small(said.month)?,
            small(said.day)?,
        );
        let date = date.ok()?;
        let Some(hour) = small(said.hour) else {
            return Some(Moment::Day(date));
        };
        // A leap second has no place in other clocks.
        let second = small(said.second).unwrap_or(0).min(59);
        let time = Time::new(hour, small(said.minute).unwrap_or(0), second, 0).ok()?;
        let wall = date.to_datetime(time);
        if let Some(hours) = said.tz_hour {
            let minutes = i32::from(hours) * 60 + i32::from(said.tz_minute.unwrap_or(0));
            let sign = if said.tz_minus { -1 } else { 1 };
            let offset = Offset::from_seconds(sign * minutes * 60).ok()?;
            return Some(Moment::Instant(offset.to_timestamp(wall).ok()?));
        }
        let named = parameter(entry, "TZID").and_then(|id| self.by_id.get(id));
        let zone = named.cloned().unwrap_or_else(|| self.main());
        Some(Moment::Instant(wall.to_zoned(zone).ok()?.timestamp()))
    }

    /// The calendar's zone, else UTC.
    pub(super) fn main(&self) -> TimeZone {
        self.main.clone().unwrap_or(TimeZone::UTC)
    }

    /// A moment as it is written in a plan.
    pub(super) fn written(&self, moment: Moment) -> String {
        match moment {
            Moment::Instant(instant) => value::in_zone(instant, &self.main()),
            Moment::Day(day) => day.to_string(),
        }
    }
}

/// Seconds of a DURATION.
pub(super) fn seconds(entry: &ICalendarEntry) -> Option<i64> {
    let Some(ICalendarValue::Duration(said)) = entry.values.first() else {
        return None;
    };
    let days = i64::from(said.weeks) * 7 + i64::from(said.days);
    let minutes = (days * 24 + i64::from(said.hours)) * 60 + i64::from(said.minutes);
    let seconds = minutes * 60 + i64::from(said.seconds);
    Some(if said.neg { -seconds } else { seconds })
}

/// The zone that a calendar means: an IANA name, one behind somebody's prefix, or one of Windows.
fn zone(name: &str) -> Option<TimeZone> {
    let known = |name: &str| value::zone(name).filter(|zone| zone.iana_name().is_some());
    let foreign = || known(&Tz::from_str(name).ok()?.name()?);
    // As `/mozilla.org/20070129_1/Europe/Berlin`.
    let last = || {
        let parts: Vec<&str> = name.rsplitn(3, '/').collect();
        known(&format!("{}/{}", parts.get(1)?, parts.first()?))
    };
    known(name).or_else(foreign).or_else(last)
}

/// What a property says, for notes and as part of a name.
pub(super) fn said(zones: &Zones, entry: &ICalendarEntry) -> String {
    let moment = zones.moment(entry).map(|moment| zones.written(moment));
    moment.or_else(|| text(entry)).unwrap_or_default()
}
