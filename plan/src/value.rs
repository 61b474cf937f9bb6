//! Values that are more than a string: money, days, instants, places in the agenda.

use iso_currency::Currency;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// An amount in whole minor units, so that nothing is ever rounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Cents of an euro, yen of a yen: by the currency's exponent.
    pub minor: i64,
    /// ISO 4217.
    pub cur: String,
}

impl Money {
    /// Digits behind the point of `currency` (ISO 4217): 2 of EUR, 0 of JPY, 3 of KWD. None for what is
    /// no currency, or has no such digits, as gold.
    pub fn exponent(currency: &str) -> Option<u32> {
        Currency::from_code(currency)?.exponent().map(u32::from)
    }

    /// Reads a decimal number of major units, with a point: `1234.5` EUR is 123450 cents. None when it has
    /// more digits than the currency, or is no number.
    pub fn parse(amount: &str, currency: &str) -> Option<Self> {
        let exponent = usize::try_from(Self::exponent(currency)?).ok()?;
        let (sign, digits) = match amount.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, amount),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(part) || part.len() > exponent {
            return None;
        }
        let minor: i64 = format!("{whole}{part:0<exponent$}").parse().ok()?;
        Some(Self {
            minor: sign * minor,
            cur: currency.to_owned(),
        })
    }

    /// The amount in major units, as [`Money::parse`] reads it.
    pub fn decimal(&self) -> String {
        let exponent = usize::try_from(Self::exponent(&self.cur).unwrap_or(0)).unwrap_or(0);
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!(
            "{:0>width$}",
            self.minor.unsigned_abs(),
            width = exponent + 1
        );
        let (whole, part) = digits.split_at(digits.len() - exponent);
        if part.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{part}")
        }
    }
}

/// Where a session is: replaced as a whole, so that nobody's time meets somebody else's room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// RFC 3339 with the offset that the event's zone has then.
    pub start: String,
    /// A room's id.
    pub room_id: String,
}

impl Slot {
    /// The instant of its start, if it can be read.
    pub fn starts(&self) -> Option<Timestamp> {
        instant(&self.start)
    }
}

/// Reads one of these types from a field; none when it is not one.
pub fn read<T: for<'de> Deserialize<'de>>(value: &Json) -> Option<T> {
    T::deserialize(value).ok()
}

/// JSON whose whole numbers are integers, as far as JavaScript counts: `30.0` is `30`, so that values
/// compare the same wherever they come from.
pub fn normal(json: Json) -> Json {
    match json {
        Json::Number(number) => whole(&number).map_or(Json::Number(number), Json::from),
        Json::Array(items) => items.into_iter().map(normal).collect(),
        Json::Object(members) => members
            .into_iter()
            .map(|(key, json)| (key, normal(json)))
            .collect(),
        Json::Null | Json::Bool(_) | Json::String(_) => json,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "it is looked at what is lost"
)]
fn whole(number: &serde_json::Number) -> Option<i64> {
    const LARGEST: f64 = 9_007_199_254_740_991.0;
    let float = number.as_f64()?;
    let is_whole = number.is_f64() && float.fract() == 0.0 && float.abs() <= LARGEST;
    is_whole.then_some(float as i64)
}

/// A day, `YYYY-MM-DD` and nothing else.
pub fn day(text: &str) -> Option<Date> {
    let day: Date = text.parse().ok()?;
    (day.to_string() == text).then_some(day)
}

/// An instant: RFC 3339 with an offset.
pub fn instant(text: &str) -> Option<Timestamp> {
    // The parser takes a blank and lower case too, which other readers do not.
    (text.as_bytes().get(10) == Some(&b'T')).then(|| text.parse().ok())?
}

/// A zone of the IANA database.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// An instant as clocks in `zone` show it, RFC 3339 with their offset and no fraction of a second.
pub fn in_zone(instant: Timestamp, zone: &TimeZone) -> String {
    let zoned = Zoned::new(instant, zone.clone());
    zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: &str, currency: &str) -> Option<i64> {
        Money::parse(amount, currency).map(|money| money.minor)
    }

    #[test]
    fn money_is_read_by_its_currency_and_never_rounded() {
        assert_eq!(money("18000", "EUR"), Some(1_800_000));
        assert_eq!(money("-0.05", "EUR"), Some(-5));
        assert_eq!(money("1234.5", "EUR"), Some(123_450));
        assert_eq!(money("1234", "JPY"), Some(1_234));
        assert_eq!(money("1.234", "KWD"), Some(1_234));
        for (wrong, currency) in [
            ("1.234", "EUR"),
            ("1.0", "JPY"),
            ("1e3", "EUR"),
            ("", "EUR"),
            (".5", "EUR"),
            ("1", "XYZ"),
            ("99999999999999999999", "EUR"),
        ] {
            assert_eq!(money(wrong, currency), None, "{wrong} {currency}");
        }
    }

    #[test]
    fn money_is_written_as_it_is_read() {
        for (amount, currency) in [
            ("0.05", "EUR"),
            ("-12.30", "EUR"),
            ("7", "JPY"),
            ("0.001", "KWD"),
        ] {
            let money = Money::parse(amount, currency).unwrap();
            assert_eq!(money.decimal(), amount);
        }
    }

    #[test]
    fn days_and_instants_are_read_strictly() {
        assert!(day("2027-05-03").is_some());
        for wrong in ["2027-5-3", "20270503", "2027-02-30", "2027-05-03T00:00"] {
            assert!(day(wrong).is_none(), "{wrong}");
        }
        assert!(instant("2027-05-03T14:00:00+02:00").is_some());
        for wrong in [
            "2027-05-03 14:00:00+02:00",
            "2027-05-03T14:00:00",
            "2027-05-03",
        ] {
            assert!(instant(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn an_instant_is_written_with_the_offset_of_its_zone() {
        let berlin = zone("Europe/Berlin").unwrap();
        let summer = instant("2027-05-03T12:00:00Z").unwrap();
        let winter = instant("2027-01-03T12:00:00Z").unwrap();
        assert_eq!(in_zone(summer, &berlin), "2027-05-03T14:00:00+02:00");
        assert_eq!(in_zone(winter, &berlin), "2027-01-03T13:00:00+01:00");
        assert!(zone("Europe/Nowhere").is_none());
    }
}
