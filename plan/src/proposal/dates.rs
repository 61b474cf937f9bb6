//! Days and times of a plan by where they are, to say which of them move.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Span;
use serde_json::Value as Json;

use super::effect::DateMoved;
use crate::content::{Fields, Value};
use crate::schema::{Kind, ROOTS, Root};
use crate::view::PlanView;

/// Moved dates that are named at most.
const DATES_MAX: usize = 500;

/// Field, and the part of it that is a record.
type Dates = BTreeMap<(&'static str, &'static str), String>;

/// The dates that are different of things that are there in both, and how many were left out.
pub(super) fn moved_dates(before: &PlanView<'_>, after: &PlanView<'_>) -> (Vec<DateMoved>, u32) {
    let (mut moved, mut left_out) = (Vec::new(), 0_u32);
    for root in ROOTS {
        let old: BTreeMap<&str, &Fields> = before.live(root.name).collect();
        for (id, fields) in after.live(root.name) {
            let Some(old) = old.get(id) else { continue };
            let (old, new) = (dates(root, old, before), dates(root, fields, after));
            let places: BTreeSet<_> = old.keys().chain(new.keys()).collect();
            for place in places {
                if old.get(place) == new.get(place) {
                    continue;
                }
                if moved.len() >= DATES_MAX {
                    left_out = left_out.saturating_add(1);
                    continue;
                }
                let within: Vec<&str> = [place.0, place.1]
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .collect();
                moved.push(DateMoved {
                    path: root.path(id, &within),
                    name: name(root, id, after),
                    before: old.get(place).cloned(),
                    after: new.get(place).cloned(),
                });
            }
        }
    }
    (moved, left_out)
}

fn name(root: &Root, id: &str, view: &PlanView<'_>) -> String {
    match root.prefix() {
        Some(_) => view.name(root.name, id).to_owned(),
        None => root.noun.to_owned(),
    }
}

/// The days and times of one entity, as they are written; those in lists are not looked at.
fn dates(root: &Root, fields: &Fields, view: &PlanView<'_>) -> Dates {
    let is_date = |kind: &Kind| matches!(kind, Kind::Day | Kind::Instant);
    let mut dates = Dates::new();
    for field in root.fields {
        let Some(json) = fields.get(field.name).and_then(Value::plain) else {
            continue;
        };
        if is_date(&field.kind) {
            dates.extend(json.as_str().map(|it| ((field.name, ""), it.to_owned())));
        } else if let Kind::Record(parts) = field.kind {
            for part in parts.iter().filter(|part| is_date(&part.kind)) {
                let text = json.get(part.name).and_then(Json::as_str);
                dates.extend(text.map(|it| ((field.name, part.name), it.to_owned())));
            }
            let day = anchored(json, view);
            dates.extend(day.map(|day| ((field.name, "day"), day)));
        }
    }
    dates
}

/// The day of something that is due so many days from the start of the event, and moves with it.
fn anchored(due: &Json, view: &PlanView<'_>) -> Option<String> {
    if due.get("anchor")?.as_str()? != "start" || due.get("day").is_some() {
        return None;
    }
    let days = due.get("offset_days").map_or(Some(0), Json::as_i64)?;
    let (start, _) = view.meta().dates?;
    let day = start.checked_add(Span::new().try_days(days).ok()?).ok()?;
    Some(day.to_string())
}
