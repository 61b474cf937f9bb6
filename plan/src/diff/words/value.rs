//! Values as people read them, by what the schema says they are.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use crate::content::Content;
use crate::schema::{Field, Kind, Root, Shape};
use crate::value::{self, Money};
use crate::view::PlanView;

/// Characters of a text, or of a name, that are repeated at most.
const CHARS_MAX: usize = 80;

/// What a value says that says nothing.
pub(in crate::diff) const NOTHING: &str = "nothing";

/// Of which content something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diff) enum Side {
    Before,
    After,
}

/// Both contents, read for naming what is in them.
pub(in crate::diff) struct Values<'a> {
    before: PlanView<'a>,
    after: PlanView<'a>,
}

impl<'a> Values<'a> {
    pub(in crate::diff) fn new(before: &'a Content, after: &'a Content) -> Self {
        Self {
            before: PlanView::new(before),
            after: PlanView::new(after),
        }
    }

    pub(in crate::diff) fn of(&self, side: Side) -> &PlanView<'a> {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        }
    }

    /// What something is called on this side, or on the other if it is not there; its id if nobody named it.
    pub(in crate::diff) fn name(&self, root: &str, id: &str, side: Side) -> String {
        let other = match side {
            Side::Before => Side::After,
            Side::After => Side::Before,
        };
        let here = self.of(side).name(root, id);
        let name = if here == id {
            self.of(other).name(root, id)
        } else {
            here
        };
        clipped(name)
    }

    /// What something is, and its name.
    pub(in crate::diff) fn thing(&self, root: &str, id: &str, side: Side) -> String {
        let known = Root::of(root);
        let noun = capital(&clipped(known.map_or(root, |root| root.noun)));
        let has_name = known.is_some_and(|root| root.naming().is_some());
        match known.map(|root| root.shape) {
            Some(Shape::One | Shape::Counts) if !has_name || self.is_unnamed(root, id) => noun,
            _ => format!("{noun} \"{}\"", self.name(root, id, side)),
        }
    }

    fn is_unnamed(&self, root: &str, id: &str) -> bool {
        self.name(root, id, Side::After).trim().is_empty()
    }

    /// The zone of the event as it is now, or as it was if it has none now.
    fn zone(&self) -> Option<&TimeZone> {
        let zone = self.after.meta().zone.as_ref();
        zone.or(self.before.meta().zone.as_ref())
    }

    /// `Mon 4 May`, with the year where it is not the one that the event begins in.
    pub(in crate::diff) fn day(&self, day: Date) -> String {
        let dates = self.after.meta().dates.or(self.before.meta().dates);
        let is_usual = dates.is_some_and(|(start, _)| start.year() == day.year());
        let form = if is_usual {
            "%a %-d %b"
        } else {
            "%a %-d %b %Y"
        };
        day.strftime(form).to_string()
    }

    /// `Mon 4 May 09:00` on the event's clocks, or in UTC if it has none.
    fn instant(&self, text: &str) -> Option<String> {
        let instant = value::instant(text)?;
        let (wall, note) = match self.zone() {
            Some(zone) => (zone.to_datetime(instant), ""),
            None => (TimeZone::UTC.to_datetime(instant), " UTC"),
        };
        let day = self.day(wall.date());
        Some(format!("{day} {}{note}", wall.strftime("%H:%M")))
    }

    /// When and where: `Mon 4 May 09:00, Aula`.
    pub(in crate::diff) fn slot(&self, slot: &Json, side: Side) -> String {
        let text = |key: &str| slot.get(key).and_then(Json::as_str);
        let start = text("start").and_then(|start| self.instant(start));
        let room = text("room_id").map(|id| self.name("rooms", id, side));
        match (start, room) {
            (Some(start), Some(room)) => format!("{start}, {room}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => "a place that cannot be read".to_owned(),
        }
    }

    /// A plain value; what is not as the schema has it is said as JSON.
    pub(in crate::diff) fn value(&self, kind: Option<&Kind>, json: &Json, side: Side) -> String {
        if json.is_null() {
            return NOTHING.to_owned();
        }
        let said = kind.and_then(|kind| self.of_kind(kind, json, side));
        said.unwrap_or_else(|| any(json))
    }

    fn of_kind(&self, kind: &Kind, json: &Json, side: Side) -> Option<String> {
        let text = json.as_str();
        match kind {
            Kind::Day => Some(self.day(value::day(text?)?)),
            Kind::Instant => self.instant(text?),
            Kind::Money => {
                let money: Money = value::read(json)?;
                Some(format!("{} {}", money.decimal(), clipped(&money.cur)))
            }
            Kind::Enum(_) => Some(clipped(&text?.replace('_', " "))),
            Kind::Currency | Kind::Country | Kind::Language | Kind::Zone | Kind::Color => {
                text.map(clipped)
            }
            Kind::Ref(root) => Some(format!("\"{}\"", self.name(root, text?, side))),
            Kind::AnyRef => {
                let part = |key: &str| json.get(key).and_then(Json::as_str);
                Some(self.thing(part("root")?, part("id")?, side))
            }
            Kind::Record(fields) => Some(self.record(fields, json, side)),
            Kind::List(_) => match json.as_array()?.len() {
                1 => Some("one entry".to_owned()),
                length => Some(format!("{length} entries")),
            },
            Kind::Text
            | Kind::Line(..)
            | Kind::Bool
            | Kind::Int(..)
            | Kind::Number(..)
            | Kind::Url
            | Kind::Refs(..)
            | Kind::Tags(_)
            | Kind::Present
            | Kind::Json => None,
        }
    }

    /// The fields of a record with their names, in the schema's order; places in lists are left out.
    fn record(&self, fields: &[Field], record: &Json, side: Side) -> String {
        let said = fields.iter().filter_map(|field| {
            let json = record.get(field.name).filter(|json| !json.is_null())?;
            let name = field.name.strip_suffix("_id").unwrap_or(field.name);
            let value = self.value(Some(&field.kind), json, side);
            (field.name != "rank").then(|| format!("{} {value}", name.replace('_', " ")))
        });
        let said: Vec<String> = said.collect();
        if said.is_empty() {
            NOTHING.to_owned()
        } else {
            said.join(", ")
        }
    }
}

/// A value of which nothing is known.
fn any(json: &Json) -> String {
    match json {
        Json::Bool(true) => "yes".to_owned(),
        Json::Bool(false) => "no".to_owned(),
        Json::String(text) => format!("\"{}\"", clipped(text)),
        Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            clipped(&json.to_string())
        }
    }
}

/// The beginning of a text, in one line.
pub(in crate::diff) fn clipped(text: &str) -> String {
    let line = |it: char| if it.is_control() { ' ' } else { it };
    let mut start: String = text.chars().take(CHARS_MAX).map(line).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        start.push('…');
    }
    start
}

/// With a capital letter at its beginning.
pub(in crate::diff) fn capital(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter();
    let first = first.flat_map(char::to_uppercase);
    first.chain(rest).collect()
}
