//! The words that schedules have for times, lengths and kinds of sessions, read and written.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::value;

/// Kinds of a plan, and what schedules call them; the first name of each is written.
const KINDS: &[(&str, &[&str])] = &[
    ("talk", &["lecture", "talk", "maintrack", "devroom"]),
    ("panel", &["podium", "panel"]),
    ("lightning", &["lightning_talk", "lightning"]),
    ("workshop", &["workshop"]),
    ("social", &["meeting", "social"]),
    ("keynote", &["keynote"]),
    ("break", &["break"]),
    ("meal", &["meal"]),
    ("registration", &["registration"]),
    ("blocker", &["blocker"]),
];

/// The kind that a plan has for a schedule's word.
pub(in super::super) fn kind(word: &str) -> Option<&'static str> {
    let word = word.trim().to_lowercase().replace([' ', '-'], "_");
    let found = KINDS
        .iter()
        .find(|(_, words)| words.contains(&word.as_str()));
    found.map(|(kind, _)| *kind)
}

/// The word that a schedule has for a plan's kind.
pub(in super::super) fn word(kind: &str) -> &'static str {
    let found = KINDS.iter().find(|(known, _)| *known == kind);
    let first = found.and_then(|(_, words)| words.first());
    first.copied().unwrap_or("lecture")
}

/// Minutes of `HH:MM` or `HH:MM:SS`, where hours go on beyond 24.
pub(super) fn minutes(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.trim().split(':').collect();
    let number = |text: &str| {
        let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
        is_number.then(|| text.parse::<i64>().ok()).flatten()
    };
    let (hours, minutes) = match parts.as_slice() {
        [hours, minutes] => (number(hours)?, number(minutes)?),
        [hours, minutes, seconds] if number(seconds)? == 0 => (number(hours)?, number(minutes)?),
        _ => return None,
    };
    (minutes < 60).then_some(hours * 60 + minutes)
}

/// A length as schedules have it.
pub(in super::super) fn hours(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A day, also as the beginning of an instant.
pub(super) fn day(text: &str) -> Option<Date> {
    let text = text.trim();
    value::day(text.get(..10)?)
        .filter(|_| matches!(text.as_bytes().get(10), None | Some(b'T' | b' ')))
}

/// A time of day.
pub(super) fn time(text: &str) -> Option<Time> {
    let minutes = minutes(text)?;
    let (hour, minute) = (
        i8::try_from(minutes / 60).ok()?,
        i8::try_from(minutes % 60).ok()?,
    );
    Time::new(hour, minute, 0, 0).ok()
}

/// An instant as plans have it: with the zone's offset, or with its own where the zone is not known.
pub(super) fn instant(text: &str, zone: Option<&TimeZone>) -> Option<String> {
    let text = text.trim();
    let instant = value::instant(text)?;
    match zone {
        Some(zone) => Some(value::in_zone(instant, zone)),
        None => Some(text.to_owned()),
    }
}

/// The instant of a wall clock's time on a day; UTC's where the zone is not known.
pub(super) fn at(day: Date, time: Time, zone: Option<&TimeZone>) -> Option<String> {
    let zone = zone.cloned().unwrap_or(TimeZone::UTC);
    let zoned = day.to_datetime(time).to_zoned(zone.clone()).ok()?;
    Some(value::in_zone(zoned.timestamp(), &zone))
}

/// A name for addresses: small letters and digits with `-` between.
pub(in super::super) fn slug(name: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
        .collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        "event".to_owned()
    } else {
        parts.join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_hours_and_minutes() {
        for (text, read) in [
            ("00:20", 20),
            ("1:05", 65),
            ("25:00", 1_500),
            ("00:30:00", 30),
        ] {
            assert_eq!(minutes(text), Some(read));
        }
        for wrong in [
            "",
            "30",
            "00:60",
            "00:30:01",
            "-1:00",
            "PT30M",
            "a:b",
            "99999999999:00",
        ] {
            assert_eq!(minutes(wrong), None, "{wrong}");
        }
        assert_eq!(hours(65), "01:05");
    }

    #[test]
    fn every_kind_has_a_word_that_leads_back() {
        for (known, words) in KINDS {
            assert_eq!(kind(word(known)), Some(*known));
            assert!(words.iter().all(|word| kind(word) == Some(*known)));
        }
        assert_eq!(kind("Lightning Talk"), Some("lightning"));
        assert_eq!(kind("dance"), None);
    }

    #[test]
    fn times_have_the_offset_of_the_zone() {
        let zone = value::zone("Europe/Brussels");
        let summer = instant("2026-07-31T07:30:00Z", zone.as_ref()).unwrap();
        assert_eq!(summer, "2026-07-31T09:30:00+02:00");
        let winter = at(
            day("2026-01-31T00:00").unwrap(),
            time("09:30").unwrap(),
            zone.as_ref(),
        );
        assert_eq!(winter.unwrap(), "2026-01-31T09:30:00+01:00");
        assert!(time("24:00").is_none() && day("2026-01-311").is_none());
    }
}
