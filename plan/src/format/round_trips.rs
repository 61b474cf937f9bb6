//! Random plans are the same after they went out and came in again, as far as a format can hold them.

pub(crate) mod any;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use self::any::{any_plan, any_schedule};
use super::csv_table::{self, Mapping};
use super::plan_json::{self, Layout};
use super::{Import, c3voc_json, frab_xml, guid, ics, merge};
use crate::content::{Content, Value};
use crate::diff::{changelog, diff, say};
use crate::schema::{ROOTS, Root};

/// A plan without what an import decides by itself, with the ids that things had when they were exported.
fn plain(plan: &Content, original: &Content) -> Json {
    let mut text = serde_json::to_string(&plan.to_json()).unwrap();
    for root in ROOTS {
        for (id, fields) in plan.entities(root.name) {
            let mut originals = original.entities(root.name);
            let found = originals.find(|(old, _)| guid::reference(fields) == Some(&guid::of(old)));
            if let Some((old, _)) = found {
                text = text.replace(&format!("\"{id}\""), &format!("\"{old}\""));
            }
        }
    }
    let mut json: Json = serde_json::from_str(&text).unwrap();
    for (root, entities) in json.as_object_mut().unwrap() {
        if root == "meta" {
            entities.as_object_mut().unwrap().remove("src");
            continue;
        }
        for entity in entities.as_object_mut().unwrap().values_mut() {
            let entity = entity.as_object_mut().unwrap();
            if let Some(Json::Object(people)) = entity.get("people") {
                let mut people: Vec<_> = people
                    .iter()
                    .map(|(id, json)| (json["rank"].to_string(), id.clone()))
                    .collect();
                people.sort();
                let people: Vec<String> = people.into_iter().map(|(_, id)| id).collect();
                entity.insert("people".to_owned(), json!(people));
            }
            for key in ["src", "rank", "id", "archived"] {
                entity.remove(key);
            }
        }
    }
    json
}

/// The import again gives no operations, and in an empty plan it makes the same plan.
/// Without the empty shared types that are made with entities.
fn without_empty(mut roots: Json) -> Json {
    let roots_of = roots.as_object_mut().unwrap();
    for entities in roots_of.values_mut().filter_map(Json::as_object_mut) {
        for entity in entities.values_mut().filter_map(Json::as_object_mut) {
            entity.retain(|_, json| *json != json!({}) && *json != json!(""));
        }
    }
    roots
}

fn is_the_same(plan: &Content, import: &Import) -> Result<(), TestCaseError> {
    let mut number = 0;
    let mut ids = |prefix: &str| {
        number += 1;
        format!("{prefix}_made{number:04}")
    };
    prop_assert_eq!(merge::ops(plan, import, &mut ids), []);
    let mut again = Content::default();
    again.apply(&merge::ops(&again, import, &mut ids)).unwrap();
    for root in ["rooms", "tracks"] {
        let order = |plan: &Content| -> Vec<Option<Value>> {
            plan.live(root)
                .into_iter()
                .map(|(_, fields)| fields.get("name").cloned())
                .collect()
        };
        prop_assert_eq!(order(&again), order(plan));
    }
    let mut expected = plain(plan, plan);
    // A root without entities is none.
    expected
        .as_object_mut()
        .unwrap()
        .retain(|_, entities| entities.as_object().is_some_and(|it| !it.is_empty()));
    prop_assert_eq!(without_empty(plain(&again, plan)), without_empty(expected));
    Ok(())
}

/// What a calendar says of every session: with names in place of ids of what it names.
pub(super) fn agenda(plan: &Content) -> Vec<Json> {
    let name = |root: &str, id: &Json| {
        let name = plan.field(root, id.as_str()?, "name")?;
        name.plain().cloned()
    };
    let session = |(id, fields): (&str, &crate::content::Fields)| {
        let said = |key: &str| {
            let value = fields.get(key).and_then(Value::plain);
            value.cloned().unwrap_or_default()
        };
        let text = match fields.get("abstract") {
            Some(Value::Text(text)) => text.as_str(),
            _ => "",
        };
        let people = match fields.get("people") {
            Some(Value::Map(people)) => people.clone(),
            _ => std::collections::BTreeMap::new(),
        };
        let mut people: Vec<(String, Option<Json>)> = people
            .into_iter()
            .map(|(id, json)| (json["rank"].to_string(), name("speakers", &json!(id))))
            .collect();
        people.sort_by(|a, b| a.0.cmp(&b.0));
        let people: Vec<Option<Json>> = people.into_iter().map(|(_, name)| name).collect();
        let slot = said("slot");
        json!([
            id,
            said("title"),
            said("minutes"),
            said("state"),
            said("kind"),
            text,
            slot["start"],
            name("rooms", &slot["room_id"]),
            name("tracks", &said("track_id")),
            people
        ])
    };
    plan.entities("sessions").map(session).collect()
}

/// A plan in whose texts lines end as they do in calendars.
fn with_plain_lines(mut plan: Content) -> Content {
    let ids: Vec<String> = plan
        .entities("sessions")
        .map(|(id, _)| id.to_owned())
        .collect();
    for id in ids {
        let fields = plan.entity_mut("sessions", &id);
        if let Some(Value::Text(text)) = fields.get_mut("abstract") {
            *text = text.replace("\r\n", "\n").replace('\r', "\n");
        }
    }
    plan
}

proptest! {
    #[test]
    fn sessions_are_the_same_after_a_calendar(
        plan in any_schedule(Json::Null),
        states in prop::collection::vec(
            proptest::sample::select(vec!["draft", "submitted", "accepted", "confirmed", "cancelled"]), 8),
        venue in prop::option::of("[a-z, ]{1,9}[a-z]"),
    ) {
        let mut plan = with_plain_lines(plan);
        for (number, state) in states.into_iter().enumerate() {
            let id = format!("se_{number}");
            if plan.entity("sessions", &id).is_some() {
                let fields = plan.entity_mut("sessions", &id);
                fields.insert("state".to_owned(), Value::Plain(json!(state)));
            }
        }
        if let Some(venue) = venue {
            plan.entity_mut("venues", "ve_1").insert("name".to_owned(), Value::Plain(json!(venue)));
            plan.entity_mut("rooms", "ro_1").insert("venue_id".to_owned(), Value::Plain(json!("ve_1")));
        }
        let (text, report) = ics::write(&plan, jiff::Timestamp::UNIX_EPOCH);
        prop_assert!(report.is_empty(), "{:#?}", report);
        let import = ics::read(text.as_bytes()).unwrap();
        let mut number = 0;
        let mut ids = |prefix: &str| {
            number += 1;
            format!("{prefix}_made{number:04}")
        };
        prop_assert_eq!(merge::ops(&plan, &import, &mut ids), [], "{}", text);
        let mut again = Content::default();
        again.apply(&merge::ops(&again, &import, &mut ids)).unwrap();
        prop_assert_eq!(agenda(&again), agenda(&plan), "{}", text);
        prop_assert_eq!(merge::ops(&again, &import, &mut ids), []);
    }

    #[test]
    fn every_difference_is_one_sentence_of_one_line(before in any_plan(), after in any_plan()) {
        for (before, after) in [(&before, &after), (&after, &before), (&Content::default(), &after)] {
            let differences = diff(before, after);
            for difference in &differences {
                let say = say(difference, before, after);
                prop_assert!(!say.is_empty() && !say.contains(char::is_control), "{}", say);
                prop_assert!(say.chars().count() < 2_000, "{}", say);
            }
            for entry in changelog(&differences, before, after) {
                prop_assert!(!entry.say.contains(char::is_control), "{}", entry.say);
            }
        }
    }

    #[test]
    fn a_plan_is_the_same_after_plan_json(plan in any_plan()) {
        for layout in [Layout::Pretty, Layout::Compact] {
            let text = plan_json::write(&plan, layout);
            let import = plan_json::read(text.as_bytes()).unwrap();
            prop_assert_eq!(&import.content, &plan);
            prop_assert_eq!(plan_json::write(&import.content, layout), text);
            // The plans are sound, or this proves little.
            prop_assert!(import.report.is_empty(), "{:#?}", import.report);
            let mut again = Content::default();
            again.apply(&merge::ops(&again, &import, &mut |_| unreachable!("all have ids"))).unwrap();
            // Empty shared types are made with entities.
            prop_assert_eq!(diff(&again, &plan), []);
        }
    }

    #[test]
    fn a_schedule_is_the_same_after_xml(plan in any_schedule(Json::Null)) {
        let (text, report) = frab_xml::write(&plan);
        prop_assert!(report.is_empty(), "{:#?}", report);
        is_the_same(&plan, &frab_xml::read(text.as_bytes()).unwrap())?;
    }

    #[test]
    fn a_schedule_is_the_same_after_json(plan in any_schedule(json!({}))) {
        let (text, report) = c3voc_json::write(&plan);
        prop_assert!(report.is_empty(), "{:#?}", report);
        is_the_same(&plan, &c3voc_json::read(text.as_bytes()).unwrap())?;
    }

    #[test]
    fn every_root_is_the_same_after_a_table(plan in any_plan()) {
        for root in ROOTS {
            let (text, report) = csv_table::write(&plan, root);
            prop_assert!(report.is_empty(), "{:#?}", report);
            let import = csv_table::read(text.as_bytes(), root, &Mapping::new()).unwrap();
            prop_assert!(import.report.is_empty(), "{:#?}\n{}", import.report, text);
            let entities = |plan: &Content| -> Vec<_> {
                plan.entities(root.name).map(|(id, fields)| (id.to_owned(), fields.clone())).collect()
            };
            prop_assert_eq!(entities(&import.content), entities(&plan), "{}", text);
            prop_assert_eq!(merge::ops(&plan, &import, &mut |_| unreachable!("all have ids")), []);
        }
    }

    #[test]
    fn broken_files_are_no_panic(
        plan in any_schedule(Json::Null),
        cuts in prop::collection::vec((0_usize..9_999, 0_usize..40, "[<>&;\"'a{}\\[\\],:=\\\\\\n ]{0,3}"), 1..4),
    ) {
        let texts = [frab_xml::write(&plan).0, c3voc_json::write(&plan).0, plan_json::write(&plan, Layout::Compact),
            csv_table::write(&plan, Root::of("sessions").unwrap()).0, ics::write(&plan, jiff::Timestamp::UNIX_EPOCH).0];
        for (number, mut text) in texts.into_iter().enumerate() {
            for (at, length, insert) in &cuts {
                let characters: Vec<char> = text.chars().collect();
                let at = at % (characters.len() + 1);
                let rest = characters.iter().skip(at + length);
                text = characters.iter().take(at).copied().chain(insert.chars()).chain(rest.copied()).collect();
            }
            let file = text.as_bytes();
            let read = match number {
                0 => frab_xml::read(file),
                1 => c3voc_json::read(file),
                2 => plan_json::read(file),
                4 => ics::read(file),
                _ => csv_table::read(file, Root::of("sessions").unwrap(), &Mapping::new()),
            };
            match read {
                Err(error) => prop_assert!(!error.to_string().is_empty()),
                Ok(mut import) => {
                    import.fit();
                    let mut number = 0;
                    let mut ids = |prefix: &str| { number += 1; format!("{prefix}_made{number}") };
                    let mut all = plan.clone();
                    all.apply(&merge::ops(&plan, &import, &mut ids)).unwrap();
                    prop_assert_eq!(merge::ops(&all, &import, &mut |_| unreachable!("all is there")), []);
                }
            }
        }
    }
}
