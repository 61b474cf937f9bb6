//! Differences in sentences for people: things by their names, money with its currency, times on the event's clocks.

pub(super) mod value;

use serde_json::Value as Json;

use self::value::{NOTHING, Side, Values, clipped};
use super::{Difference, What};
use crate::content::Content;
use crate::op::splices;
use crate::schema::{Kind, Shape};

/// One difference as a sentence without a full stop: `Session "Kafka" moved from Mon 4 May 09:00, Aula to …`.
/// `before` and `after` are the contents that it is between; names come from there.
pub fn say(difference: &Difference, before: &Content, after: &Content) -> String {
    let values = Values::new(before, after);
    Saying {
        difference,
        values: &values,
    }
    .sentence()
}

struct Saying<'a> {
    difference: &'a Difference,
    values: &'a Values<'a>,
}

impl Saying<'_> {
    fn sentence(&self) -> String {
        let thing = self.thing();
        match &self.difference.what {
            What::Made { fields } => match fields.get("slot").filter(|_| self.is_session()) {
                Some(slot) => format!("{thing} added at {}", self.values.slot(slot, Side::After)),
                None => format!("{thing} added"),
            },
            What::Gone { .. } => format!("{thing} removed"),
            What::Archived => format!("{thing} archived"),
            What::Restored => format!("{thing} restored"),
            What::Set {
                field,
                before,
                after,
            } => self.set(&thing, field, (before.as_ref(), after.as_ref())),
            What::Text {
                field,
                before,
                after,
            } => format!("{thing}: {}", text_changed(field, before, after)),
            What::Linked { field, key, after } => {
                let (member, more) = self.member(field, key, Some((after, Side::After)));
                format!("{thing}: {member}{more} added to {}", label(field))
            }
            What::Relinked {
                field,
                key,
                before,
                after,
            } => {
                let (member, _) = self.member(field, key, None);
                let kind = self.item(field);
                let before = self.values.value(kind, before, Side::Before);
                let after = self.values.value(kind, after, Side::After);
                format!("{thing}: {member} in {} {before} -> {after}", label(field))
            }
            What::Unlinked { field, key, .. } => {
                let (member, _) = self.member(field, key, None);
                format!("{thing}: {member} taken from {}", label(field))
            }
            What::Retyped { field, .. } => {
                format!("{thing}: {} became another kind of value", label(field))
            }
        }
    }

    fn is_session(&self) -> bool {
        self.difference.root() == "sessions"
    }

    /// What it is about, by the name it had before a change of that.
    fn thing(&self) -> String {
        let side = match &self.difference.what {
            What::Set { field, before, .. } if before.is_some() && self.is_naming(field) => {
                Side::Before
            }
            What::Made { .. }
            | What::Gone { .. }
            | What::Archived
            | What::Restored
            | What::Set { .. }
            | What::Text { .. }
            | What::Linked { .. }
            | What::Relinked { .. }
            | What::Unlinked { .. }
            | What::Retyped { .. } => Side::After,
        };
        self.values
            .thing(self.difference.root(), &self.difference.id, side)
    }

    fn is_naming(&self, field: &str) -> bool {
        let naming = self.difference.root.naming();
        naming.is_some_and(|naming| naming.name == field)
    }

    fn set(
        &self,
        thing: &str,
        field: &str,
        (before, after): (Option<&Json>, Option<&Json>),
    ) -> String {
        let root = self.difference.root;
        if let (Some(after), true) = (after, self.is_naming(field)) {
            let name = self
                .values
                .value(Some(&Kind::Line(0, 0)), after, Side::After);
            return format!("{thing} renamed {name}");
        }
        if field == "slot" && self.is_session() {
            return self.moved(thing, (before, after));
        }
        if field == "state" && self.is_session() && after == Some(&Json::from("cancelled")) {
            return format!("{thing} cancelled");
        }
        match (field, root.shape) {
            ("rank", Shape::Many { .. }) => return format!("{thing} moved in the list"),
            ("src", Shape::Many { .. }) => return format!("{thing}: where it came from changed"),
            _ => {}
        }
        let kind = root.field(field).map(|field| &field.kind);
        let name = match root.shape {
            // Tags are people's own words.
            Shape::Counts => format!("\"{}\"", clipped(field)),
            Shape::One | Shape::Many { .. } => label(field),
        };
        let said = |json: &Json, side| self.values.value(kind, json, side);
        match (before, after) {
            (Some(before), Some(after)) => {
                let (before, after) = (said(before, Side::Before), said(after, Side::After));
                format!("{thing}: {name} {before} -> {after}")
            }
            (None, Some(after)) => format!("{thing}: {name} set to {}", said(after, Side::After)),
            (Some(before), None) => {
                format!("{thing}: {name} {} taken away", said(before, Side::Before))
            }
            (None, None) => format!("{thing}: {name} changed"),
        }
    }

    fn moved(&self, thing: &str, (before, after): (Option<&Json>, Option<&Json>)) -> String {
        let before = before.map(|slot| self.values.slot(slot, Side::Before));
        let after = after.map(|slot| self.values.slot(slot, Side::After));
        match (before, after) {
            (Some(before), Some(after)) => format!("{thing} moved from {before} to {after}"),
            (None, Some(after)) => format!("{thing} put at {after}"),
            (Some(before), None) => format!("{thing} taken off the agenda, was at {before}"),
            (None, None) => format!("{thing}: slot changed"),
        }
    }

    /// What the members of a shared map are.
    fn item(&self, field: &str) -> Option<&'static Kind> {
        let kind = self.difference.root.field(field)?.kind;
        if let Kind::Refs(_, item) | Kind::Tags(item) = kind {
            Some(item)
        } else {
            None
        }
    }

    /// A member of a shared map, and in brackets what is said of it.
    fn member(&self, field: &str, key: &str, value: Option<(&Json, Side)>) -> (String, String) {
        let kind = self.difference.root.field(field).map(|field| field.kind);
        let member = if let Some(Kind::Refs(root, _)) = kind {
            self.values.thing(root, key, Side::After)
        } else {
            format!("\"{}\"", label(key))
        };
        let said = value.and_then(|(json, side)| {
            let kind = self.item(field).filter(|kind| **kind != Kind::Present);
            let said = self.values.value(Some(kind?), json, side);
            (said != NOTHING).then(|| format!(" ({said})"))
        });
        (member, said.unwrap_or_default())
    }
}

/// A field or a tag as people read it.
fn label(field: &str) -> String {
    let name = field.strip_suffix("_id").unwrap_or(field);
    clipped(&name.replace('_', " "))
}

/// By how many characters a text changed, counted in whole words.
fn text_changed(field: &str, before: &str, after: &str) -> String {
    let length = |text: &str| text.chars().count();
    let field = label(field);
    if before.is_empty() {
        return format!("{field} written ({} characters)", length(after));
    }
    if after.is_empty() {
        return format!("{field} emptied ({} characters)", length(before));
    }
    let added: usize = splices(before, after)
        .iter()
        .map(|splice| length(&splice.insert))
        .sum();
    // What is not added was there, and the rest of what was there is gone.
    let gone = length(before) + added - length(after);
    format!("{field} changed (+{added} / -{gone} characters)")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::diff::diff;

    fn content(json: &Json) -> Content {
        Content::from_json(json).unwrap().0
    }

    fn said(before: &Json, after: &Json) -> Vec<String> {
        let (before, after) = (content(before), content(after));
        let differences = diff(&before, &after);
        differences
            .iter()
            .map(|it| say(it, &before, &after))
            .collect()
    }

    fn plan() -> Json {
        json!({
            "meta": {"name": "Days", "tz": "Europe/Berlin", "dates": {"start": "2026-05-04", "end": "2026-05-05"}},
            "brief": {"goal": "To meet."},
            "rooms": {"ro_A": {"name": "Room A"}, "ro_B": {"name": "Room B"}},
            "tracks": {"tr_1": {"name": "Web"}},
            "sessions": {"se_1": {"title": "Opening keynote", "minutes": 30, "state": "confirmed", "people": {"sp_1": {}},
                "abstract": "One two three.", "slot": {"start": "2026-05-04T09:00:00+02:00", "room_id": "ro_A"}}},
            "speakers": {"sp_1": {"name": "Ada", "archived": false}},
            "budget": {"bu_1": {"label": "Catering", "unit": {"minor": 2000, "cur": "EUR"}, "due": "2026-03-01"}},
            "needs": {"vegan": 3},
        })
    }

    #[test]
    fn differences_are_said_with_names_times_and_money() {
        let before = plan();
        let mut after = plan();
        after["sessions"]["se_1"]["slot"] =
            json!({"start": "2026-05-04T08:00:00Z", "room_id": "ro_B"});
        after["sessions"]["se_1"]["abstract"] = json!("One and three.");
        after["sessions"]["se_1"]["people"] =
            json!({"sp_1": {"role": "host"}, "sp_2": {"role": "guest"}});
        after["sessions"]["se_1"]["track_id"] = json!("tr_1");
        after["speakers"]["sp_1"]["archived"] = json!(true);
        after["speakers"]["sp_2"] = json!({"name": "Bo"});
        after["budget"]["bu_1"]["unit"]["minor"] = json!(2500);
        after["budget"]["bu_1"]["due"] = json!("2027-03-01");
        after["needs"]["vegan"] = json!(4);
        after["meta"]["dates"]["end"] = json!("2026-05-06");
        after["brief"]["paid"] = json!(true);
        assert_eq!(
            said(&before, &after),
            [
                "Event \"Days\": dates start Mon 4 May, end Tue 5 May -> start Mon 4 May, end Wed 6 May",
                "Brief: paid set to yes",
                "Session \"Opening keynote\": abstract changed (+3 / -3 characters)",
                "Session \"Opening keynote\": Speaker \"Ada\" in people nothing -> role \"host\"",
                "Session \"Opening keynote\": Speaker \"Bo\" (role \"guest\") added to people",
                "Session \"Opening keynote\" moved from Mon 4 May 09:00, Room A to Mon 4 May 10:00, Room B",
                "Session \"Opening keynote\": track set to \"Web\"",
                "Speaker \"Ada\" archived",
                "Speaker \"Bo\" added",
                "Budget line \"Catering\": due Sun 1 Mar -> Mon 1 Mar 2027",
                "Budget line \"Catering\": unit 20.00 EUR -> 25.00 EUR",
                "Need: \"vegan\" 3 -> 4",
            ]
        );
        let back = said(&after, &before);
        assert!(
            back.contains(
                &"Session \"Opening keynote\": Speaker \"Bo\" taken from people".to_owned()
            )
        );
        assert!(back.contains(&"Session \"Opening keynote\": track \"Web\" taken away".to_owned()));
        assert!(back.contains(&"Speaker \"Bo\" removed".to_owned()));
    }

    #[test]
    fn a_new_name_is_said_of_the_old_one() {
        let mut after = plan();
        after["sessions"]["se_1"]["title"] = json!("Closing\nkeynote");
        after["sessions"]["se_1"]["state"] = json!("cancelled");
        after["sessions"]["se_1"]["slot"] = json!(null);
        assert_eq!(
            said(&plan(), &after),
            [
                "Session \"Closing keynote\" taken off the agenda, was at Mon 4 May 09:00, Room A",
                "Session \"Closing keynote\" cancelled",
                "Session \"Opening keynote\" renamed \"Closing keynote\"",
            ]
        );
    }

    #[test]
    fn texts_are_written_changed_and_emptied() {
        assert_eq!(text_changed("bio", "", "é."), "bio written (2 characters)");
        assert_eq!(text_changed("bio", "é.", ""), "bio emptied (2 characters)");
    }

    proptest! {
        #[test]
        fn how_much_a_text_changed_adds_up(before in "[a-cé \n]{1,60}", after in "[a-cé \n]{1,60}") {
            let said = text_changed("bio", &before, &after);
            let numbers: Vec<i64> = said
                .split(|it: char| !it.is_ascii_digit())
                .filter_map(|it| it.parse().ok())
                .collect();
            let length = |text: &str| i64::try_from(text.chars().count()).unwrap();
            prop_assert_eq!(length(&before) + numbers[0] - numbers[1], length(&after), "{}", said);
        }
    }
}
