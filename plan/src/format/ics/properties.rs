//! The properties of one component: those that are understood are taken out, the rest is kept as it is.

use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarProperty,
};
use serde_json::{Value as Json, json};

use super::super::schedule::Extra;

/// Properties that say who somebody is and how to reach them.
const PERSONAL: &[&str] = &["ATTENDEE", "ORGANIZER", "CONTACT", "CALENDAR-ADDRESS"];

/// What is left of the properties of a component.
pub(super) struct Properties<'c> {
    left: Vec<&'c ICalendarEntry>,
}

/// What of a component was not understood.
#[derive(Default)]
pub(super) struct Kept {
    /// Lines by the names of their properties, and those of components inside.
    pub(super) extra: Extra,
    /// Lines with addresses of people, which are not kept.
    pub(super) personal: usize,
    /// Components that are nested too deep to be kept.
    pub(super) deep: usize,
}

impl<'c> Properties<'c> {
    pub(super) fn of(component: &'c ICalendarComponent) -> Self {
        Self {
            left: component.entries.iter().collect(),
        }
    }

    /// The first property of this name; further ones stay.
    pub(super) fn take(&mut self, name: &str) -> Option<&'c ICalendarEntry> {
        let at = self.left.iter().position(|entry| is(entry, name))?;
        Some(self.left.remove(at))
    }

    pub(super) fn take_all(&mut self, name: &str) -> Vec<&'c ICalendarEntry> {
        let (taken, left) = std::mem::take(&mut self.left)
            .into_iter()
            .partition(|entry| is(entry, name));
        self.left = left;
        taken
    }

    /// A property that stays.
    pub(super) fn peek(&self, name: &str) -> Option<&'c ICalendarEntry> {
        self.left.iter().copied().find(|entry| is(entry, name))
    }

    /// The text of the first property of this name, if it says something.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        text(self.take(name)?)
    }

    /// All that is left, and the components inside.
    pub(super) fn kept(self, calendar: &ICalendar, component: &ICalendarComponent) -> Kept {
        let mut kept = Kept::default();
        for entry in &self.left {
            if let Some(line) = kept.line(entry) {
                kept.add(entry.name.as_str(), line);
            }
        }
        for id in &component.component_ids {
            let inside = usize::try_from(*id).ok();
            let Some(inside) = inside.and_then(|id| calendar.components.get(id)) else {
                continue;
            };
            // Those are imported wherever they stand: where an END is missing, the next begins inside.
            // Zones are known by their names.
            let is_zone = inside.component_type == ICalendarComponentType::VTimezone;
            if is_zone || is_imported(inside) {
                continue;
            }
            let lines = inside.entries.iter().filter_map(|entry| kept.line(entry));
            let lines: Vec<Json> = lines.collect();
            kept.deep += inside.component_ids.len();
            kept.add(inside.component_type.as_str(), json!(lines));
        }
        kept
    }
}

impl Kept {
    fn line(&mut self, entry: &ICalendarEntry) -> Option<Json> {
        let mut line = String::new();
        // Writing into a text cannot fail.
        entry.write_to(&mut line).ok();
        let line = line.replace("\r\n ", "");
        let name = entry.name.as_str();
        let is_personal = PERSONAL.iter().any(|it| it.eq_ignore_ascii_case(name))
            || line.to_ascii_lowercase().contains("mailto:");
        self.personal += usize::from(is_personal);
        (!is_personal).then(|| json!(line.trim_end()))
    }

    /// Several of one name are a list.
    fn add(&mut self, name: &str, json: Json) {
        match self.extra.get_mut(name) {
            Some(Json::Array(all)) => all.push(json),
            Some(one) => *one = json!([one.take(), json]),
            None if json.is_array() => {
                self.extra.insert(name.to_owned(), json!([json]));
            }
            None => {
                self.extra.insert(name.to_owned(), json);
            }
        }
    }
}

/// Whether it is something of its own that a plan has.
pub(super) fn is_imported(component: &ICalendarComponent) -> bool {
    let kind = &component.component_type;
    *kind == ICalendarComponentType::VEvent || *kind == ICalendarComponentType::VTodo
}

pub(super) fn is(entry: &ICalendarEntry, name: &str) -> bool {
    entry.name.as_str().eq_ignore_ascii_case(name)
}

/// The texts of a property that has several.
pub(super) fn texts(entry: &ICalendarEntry) -> impl Iterator<Item = String> {
    let texts = entry.values.iter();
    texts.filter_map(|value| Some(value.clone().into_text()?.into_owned()))
}

/// The text of a property, if it says something.
pub(super) fn text(entry: &ICalendarEntry) -> Option<String> {
    let texts: Vec<String> = texts(entry).collect();
    let is_list = entry.name == ICalendarProperty::Categories;
    // Of what it does not know, the parser takes `;` for the end of one.
    let between = if is_list { "," } else { ";" };
    Some(texts.join(between)).filter(|text| !text.trim().is_empty())
}

/// A parameter by its name.
pub(super) fn parameter<'e>(entry: &'e ICalendarEntry, name: &str) -> Option<&'e str> {
    let mut params = entry.params.iter();
    let found = params.find(|param| param.name.as_str().eq_ignore_ascii_case(name))?;
    found.value.as_text()
}
