//! Speakers, and when they can come.

use jiff::Timestamp;

use super::field;
use super::money::Amount;
use super::word::SpeakerStatus;
use crate::content::Fields;
use crate::value;

/// From one instant until another, without that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant that is no part of it any more.
    pub to: Timestamp,
}

/// Those intervals of a field that can be read.
pub(super) fn intervals<'a>(
    fields: &'a Fields,
    name: &str,
) -> impl Iterator<Item = Interval> + use<'a> {
    let instant = |item, key| value::instant(field::part(item, key)?);
    field::items(fields, name).iter().filter_map(move |item| {
        let (from, to) = (instant(item, "from")?, instant(item, "to")?);
        (from < to).then_some(Interval { from, to })
    })
}

/// Somebody who speaks, or may.
#[derive(Debug, Clone)]
pub struct Speaker<'a> {
    fields: &'a Fields,
    /// Their id.
    pub id: &'a str,
    /// What they are called.
    pub name: Option<&'a str>,
    /// Whom they work for.
    pub org: Option<&'a str>,
    /// How far the talks with them are.
    pub status: Option<SpeakerStatus>,
    /// What they ask for.
    pub fee: Option<Amount<'a>>,
    /// The country they come from, ISO 3166-1 alpha-2.
    pub country: Option<&'a str>,
}

impl<'a> Speaker<'a> {
    pub(super) fn read(id: &'a str, fields: &'a Fields) -> Self {
        Self {
            fields,
            id,
            name: field::text(fields, "name"),
            org: field::text(fields, "org").filter(|org| !org.trim().is_empty()),
            status: field::text(fields, "status").and_then(SpeakerStatus::read),
            fee: field::json(fields, "fee").and_then(Amount::read),
            country: field::json(fields, "from").and_then(|from| field::part(from, "country")),
        }
    }

    /// When they can come; no intervals mean that nobody knows.
    pub fn available(&self) -> impl Iterator<Item = Interval> + use<'a> {
        intervals(self.fields, "avail")
    }
}
