//! The VTIMEZONE of a calendar, trimmed to the time that the calendar is about.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::Calendar;

/// One stretch of time with the same offset.
struct Observance {
    /// When it begins; none for the one that was always there.
    starts: Option<Timestamp>,
    before: Offset,
    offset: Offset,
    name: String,
    is_summer: bool,
}

/// Writes the offsets that `zone` has from the first instant of `span` to the last.
pub(super) fn write(
    calendar: &mut Calendar,
    name: &str,
    (zone, (first, last)): (&TimeZone, (Timestamp, Timestamp)),
) {
    calendar.line("BEGIN", "VTIMEZONE");
    calendar.line("TZID", name);
    for observance in observances(zone, first, last) {
        let kind = if observance.is_summer {
            "DAYLIGHT"
        } else {
            "STANDARD"
        };
        calendar.line("BEGIN", kind);
        // The start is the wall clock's time before the change (RFC 5545, 3.6.5).
        let starts = observance.starts.map_or_else(
            || "19700101T000000".to_owned(),
            |starts| {
                let local = observance.before.to_datetime(starts);
                local.strftime("%Y%m%dT%H%M%S").to_string()
            },
        );
        calendar.line("DTSTART", &starts);
        calendar.line("TZOFFSETFROM", &offset(observance.before));
        calendar.line("TZOFFSETTO", &offset(observance.offset));
        calendar.text("TZNAME", &observance.name);
        calendar.line("END", kind);
    }
    calendar.line("END", "VTIMEZONE");
}

fn observances(zone: &TimeZone, first: Timestamp, last: Timestamp) -> Vec<Observance> {
    let info = zone.to_offset_info(first);
    let earlier = zone.preceding(first).next();
    let starts = earlier.map(|change| change.timestamp());
    let mut found = vec![Observance {
        starts,
        before: starts.map_or(info.offset(), |starts| before(zone, starts)),
        offset: info.offset(),
        name: info.abbreviation().to_owned(),
        is_summer: info.dst().is_dst(),
    }];
    for change in zone
        .following(first)
        .take_while(|change| change.timestamp() <= last)
    {
        found.push(Observance {
            starts: Some(change.timestamp()),
            before: before(zone, change.timestamp()),
            offset: change.offset(),
            name: change.abbreviation().to_owned(),
            is_summer: change.dst().is_dst(),
        });
    }
    found
}

/// The offset just before a change.
fn before(zone: &TimeZone, change: Timestamp) -> Offset {
    let earlier = change.checked_sub(jiff::SignedDuration::from_secs(1));
    zone.to_offset(earlier.unwrap_or(change))
}

/// `+0200`, with seconds where there are some.
fn offset(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.unsigned_abs();
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if rest == 0 {
        format!("{sign}{hours:02}{minutes:02}")
    } else {
        format!("{sign}{hours:02}{minutes:02}{rest:02}")
    }
}
