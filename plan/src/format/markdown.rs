//! A plan to read and to print: one page of what the event is, and its agenda by day. Out only.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};
use serde_json::Value as Json;

use super::schedule::from_plan::text;
use crate::content::{Content, Fields, ONE, Value};
use crate::value::{self, Money, Slot};

/// Writes the brief and the agenda.
pub fn write(plan: &Content) -> String {
    let mut out = String::new();
    brief(plan, &mut out);
    agenda(plan, &mut out);
    out
}

/// A line that is there even if memory is not: writing to a `String` has no errors.
macro_rules! line {
    ($out:expr, $($arg:tt)*) => {
        writeln!($out, $($arg)*).unwrap_or_default()
    };
}

/// A text in one line without the characters that begin something in Markdown.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '\n' | '\r' => out.push(' '),
            '\\' | '*' | '`' | '[' | ']' | '<' | '|' | '#' => {
                out.push('\\');
                out.push(it);
            }
            it => out.push(it),
        }
    }
    out
}

fn money(fields: &Fields, name: &str) -> Option<String> {
    let money: Money = value::read(fields.get(name)?.plain()?)?;
    Some(format!("{} {}", money.decimal(), money.cur))
}

fn brief(plan: &Content, out: &mut String) {
    let nothing = Fields::new();
    let meta = plan.entity("meta", ONE).unwrap_or(&nothing);
    let brief = plan.entity("brief", ONE).unwrap_or(&nothing);
    line!(
        out,
        "# {}\n",
        plain(text(meta, "name").unwrap_or("Untitled"))
    );
    let inner = |fields: &Fields, name: &str, keys: &[&str]| -> Vec<String> {
        let record = fields.get(name).and_then(Value::plain);
        let field = |key: &&str| match record?.get(*key)? {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
        };
        keys.iter().filter_map(field).collect()
    };
    let dates = inner(meta, "dates", &["start", "end"]);
    let place = inner(meta, "place", &["city", "region", "country"]);
    let people = inner(brief, "attendance", &["min", "expected", "max"]);
    let venue = text(meta, "venue_id").and_then(|id| plan.entity("venues", id));
    let people = match people.as_slice() {
        [min, expected, max] => Some(format!("{expected} expected, {min} to {max}")),
        _ => None,
    };
    for (name, value) in [
        (
            "Dates",
            Some(dates.join(" to ")).filter(|text| !text.is_empty()),
        ),
        (
            "Place",
            Some(place.join(", ")).filter(|text| !text.is_empty()),
        ),
        (
            "Venue",
            venue
                .and_then(|venue| text(venue, "name"))
                .map(str::to_owned),
        ),
        ("Time zone", text(meta, "tz").map(str::to_owned)),
        (
            "Format",
            text(meta, "format").map(|word| word.replace('_', " ")),
        ),
        ("Phase", text(meta, "phase").map(str::to_owned)),
        ("Attendance", people),
        ("Budget cap", money(brief, "budget_cap")),
        ("Revenue target", money(brief, "revenue_target")),
    ] {
        if let Some(value) = value {
            line!(out, "- **{name}:** {}", plain(&value));
        }
    }
    texts(plan, brief, out);
}

/// How large the programme is, and what people wrote.
fn texts(plan: &Content, brief: &Fields, out: &mut String) {
    let counts: Vec<String> = ["sessions", "speakers", "rooms", "tracks", "sponsors"]
        .iter()
        .map(|root| (root, plan.live(root).len()))
        .filter(|(_, count)| *count > 0)
        .map(|(root, count)| format!("{count} {root}"))
        .collect();
    if !counts.is_empty() {
        line!(out, "- **Programme:** {}", counts.join(", "));
    }
    for (name, field) in [
        ("What it is", "description"),
        ("Goal", "goal"),
        ("Audience", "audience"),
        ("Constraints", "constraints"),
    ] {
        if let Some(Value::Text(text)) = brief.get(field)
            && !text.trim().is_empty()
        {
            // People write Markdown in these.
            line!(out, "\n## {name}\n\n{}", text.trim());
        }
    }
}

struct Entry<'p> {
    starts: Zoned,
    ends: Time,
    room: &'p str,
    fields: &'p Fields,
}

fn agenda(plan: &Content, out: &mut String) {
    let nothing = Fields::new();
    let meta = plan.entity("meta", ONE).unwrap_or(&nothing);
    let zone = text(meta, "tz")
        .and_then(value::zone)
        .unwrap_or(TimeZone::UTC);
    let mut days: BTreeMap<Date, Vec<Entry<'_>>> = BTreeMap::new();
    let mut unscheduled = Vec::new();
    for (_, fields) in plan.live("sessions") {
        if text(fields, "state") == Some("cancelled") {
            continue;
        }
        match entry(plan, fields, &zone) {
            Some(entry) => days.entry(entry.starts.date()).or_default().push(entry),
            None => unscheduled.push(fields),
        }
    }
    line!(out, "\n## Agenda");
    for (day, mut entries) in days {
        entries.sort_by(|a, b| (a.starts.timestamp(), a.room).cmp(&(b.starts.timestamp(), b.room)));
        line!(out, "\n### {}\n", day.strftime("%A, %-d %B %Y"));
        line!(out, "| Time | Room | Session | People |\n|---|---|---|---|");
        for entry in entries {
            let time = entry.starts.strftime("%H:%M").to_string();
            let ends = entry.ends.strftime("%H:%M").to_string();
            let title = plain(text(entry.fields, "title").unwrap_or("Untitled"));
            let people = people(plan, entry.fields);
            line!(
                out,
                "| {time}–{ends} | {} | {title} | {people} |",
                plain(entry.room)
            );
        }
    }
    if !unscheduled.is_empty() {
        line!(out, "\n### Not scheduled yet\n");
        for fields in unscheduled {
            line!(
                out,
                "- {}",
                plain(text(fields, "title").unwrap_or("Untitled"))
            );
        }
    }
}

fn entry<'p>(plan: &'p Content, fields: &'p Fields, zone: &TimeZone) -> Option<Entry<'p>> {
    let slot: Slot = value::read(fields.get("slot")?.plain()?)?;
    let starts = slot.starts()?.to_zoned(zone.clone());
    let minutes = fields
        .get("minutes")
        .and_then(Value::plain)
        .and_then(Json::as_i64)
        .unwrap_or(0);
    let ends = starts
        .checked_add(SignedDuration::from_mins(minutes))
        .ok()?;
    Some(Entry {
        ends: ends.time(),
        starts,
        room: plan
            .entity("rooms", &slot.room_id)
            .and_then(|room| text(room, "name"))
            .unwrap_or("?"),
        fields,
    })
}

fn people(plan: &Content, fields: &Fields) -> String {
    let Some(Value::Map(people)) = fields.get("people") else {
        return String::new();
    };
    let name = |id: &String| Some(plain(text(plan.entity("speakers", id)?, "name")?));
    let names: Vec<String> = people.keys().filter_map(name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_is_read_as_a_page() {
        let json = json!({
            "meta": {"name": "Conf *27*", "tz": "Europe/Berlin", "dates": {"start": "2027-05-03", "end": "2027-05-04"},
                "place": {"country": "DE", "city": "Berlin"}, "format": "in_person"},
            "brief": {"goal": "Meet.\n\n- twice", "attendance": {"min": 1, "expected": 2, "max": 3},
                "budget_cap": {"minor": 1_800_050, "cur": "EUR"}},
            "rooms": {"ro_1": {"name": "Big"}},
            "speakers": {"sp_1": {"name": "Ada | Alder"}},
            "sessions": {
                "se_1": {"title": "Kafka", "minutes": 90, "people": {"sp_1": {}}, "slot": {"start": "2027-05-03T21:30:00Z", "room_id": "ro_1"}},
                "se_2": {"title": "Doors", "minutes": 30, "slot": {"start": "2027-05-03T07:00:00Z", "room_id": "ro_1"}},
                "se_3": {"title": "Later"},
                "se_4": {"title": "Never", "state": "cancelled"},
            },
        });
        let text = write(&Content::from_json(&json).unwrap().0);
        let expected = "# Conf \\*27\\*\n\n- **Dates:** 2027-05-03 to 2027-05-04\n- **Place:** Berlin, DE\n\
            - **Time zone:** Europe/Berlin\n- **Format:** in person\n- **Attendance:** 2 expected, 1 to 3\n\
            - **Budget cap:** 18000.50 EUR\n- **Programme:** 4 sessions, 1 speakers, 1 rooms\n\n\
            ## Goal\n\nMeet.\n\n- twice\n\n## Agenda\n\n### Monday, 3 May 2027\n\n\
            | Time | Room | Session | People |\n|---|---|---|---|\n\
            | 09:00–09:30 | Big | Doors |  |\n| 23:30–01:00 | Big | Kafka | Ada \\| Alder |\n\n\
            ### Not scheduled yet\n\n- Later\n";
        assert_eq!(text, expected);
    }
}
