//! Random plans: of anything that the schema allows, and of what schedules can hold.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::content::{Content, ONE, Value};
use crate::schema::check::check_entity;
use crate::schema::roots::EVERY_ENTITY;
use crate::schema::{Field, Kind, ROOTS, Root, Shape};
use crate::value::normal;

/// A plain value that the schema allows for a field.
fn any_plain(name: &'static str, kind: Kind) -> BoxedStrategy<Json> {
    let text = |pattern: &'static str| pattern.prop_map(Json::from).boxed();
    let of = |words: &[&str]| {
        let words: Vec<Json> = words.iter().map(|word| json!(word)).collect();
        proptest::sample::select(words).boxed()
    };
    match kind {
        Kind::Line(..) if name == "rank" => text("[A-Z]{1,2}[1-9]"),
        Kind::Line(..) => text("[=+@'-]?[a-z;=,\"'\\\\ é🎤]{0,8}[a-z]"),
        Kind::Bool => any::<bool>().prop_map(Json::from).boxed(),
        Kind::Present => Just(json!(true)).boxed(),
        Kind::Int(..) if matches!(name, "min" | "expected" | "max") => Just(json!(
            ["max", "min", "expected"]
                .iter()
                .position(|it| *it == name)
                .map(|it| [9, 1, 5][it])
        ))
        .boxed(),
        Kind::Int(min, max) => (min..=max.min(min + 900)).prop_map(Json::from).boxed(),
        Kind::Number(min, max) => (0_u8..=20)
            .prop_map(move |part| json!((min + f64::from(part) * 0.25).min(max)))
            .boxed(),
        Kind::Enum(words) => of(words),
        Kind::Day if name == "end" => of(&["2027-05-04", "2027-05-05"]),
        Kind::Day => of(&["2027-05-03", "2027-05-04"]),
        Kind::Instant if name == "to" => Just(json!("2027-05-04T09:00:00+02:00")).boxed(),
        Kind::Instant => of(&["2027-05-03T09:00:00+02:00", "2027-05-03T07:00:00Z"]),
        Kind::Zone => of(&["Europe/Berlin", "UTC"]),
        Kind::Currency => of(&["EUR", "JPY"]),
        Kind::Country => of(&["DE", "GB"]),
        Kind::Language => of(&["en", "pt-BR"]),
        Kind::Color => text("#[0-9a-f]{6}"),
        Kind::Url => text("https://[a-z]{1,5}\\.org/"),
        Kind::Money => (
            any::<i32>(),
            proptest::sample::select(vec!["EUR", "JPY", "KWD"]),
        )
            .prop_map(|(minor, cur)| json!({"minor": minor, "cur": cur}))
            .boxed(),
        Kind::Ref(_) => text("[a-z]{2}_[A-Z0-9]{4}"),
        Kind::AnyRef => text("sp_[A-Z]{3}")
            .prop_map(|id| json!({"root": "speakers", "id": id}))
            .boxed(),
        Kind::Json => prop_oneof![
            Just(json!({"a": [1, null, "x"]})),
            Just(json!("text")),
            Just(json!(7))
        ]
        .boxed(),
        Kind::Record(fields) => any_record(fields),
        Kind::List(fields) => prop::collection::vec(any_record(fields), 0..3)
            .prop_map(Json::from)
            .boxed(),
        Kind::Text | Kind::Refs(..) | Kind::Tags(_) => unreachable!("{name} is a shared type"),
    }
}

/// A value that is always there where it is needed, and else half the time.
fn perhaps<T: std::fmt::Debug + Clone + 'static>(
    field: &Field,
    value: BoxedStrategy<T>,
) -> BoxedStrategy<Option<T>> {
    if field.is_needed {
        value.prop_map(Some).boxed()
    } else {
        prop::option::of(value).boxed()
    }
}

fn any_record(fields: &'static [Field]) -> BoxedStrategy<Json> {
    let fields: Vec<_> = fields
        .iter()
        .map(|field| {
            let value = any_plain(field.name, field.kind);
            perhaps(field, value).prop_map(|value| Some((field.name, value?)))
        })
        .collect();
    fields
        .prop_map(|fields| fields.into_iter().flatten().collect::<BTreeMap<_, _>>())
        .prop_map(|all| json!(all))
        .boxed()
}

fn any_value(field: &'static Field) -> BoxedStrategy<Value> {
    if let Kind::Refs(_, item) | Kind::Tags(item) = field.kind {
        // No name has a digit: a table's cell that is a name means the thing of that name.
        let key = "[a-z]([a-z;=_ ]{0,4}[A-Z])?[0-9]";
        let members = prop::collection::btree_map(key, any_plain("", *item), 1..4);
        members.prop_map(Value::Map).boxed()
    } else if field.kind == Kind::Text {
        let text = "[a-z<>&;=\"'\n\r\t é🎤-]{0,30}[a-z]";
        text.prop_map(Value::Text).boxed()
    } else {
        any_plain(field.name, field.kind)
            .prop_map(Value::Plain)
            .boxed()
    }
}

fn any_entity(root: &'static Root) -> BoxedStrategy<Vec<(String, Value)>> {
    let every = EVERY_ENTITY
        .iter()
        .filter(|field| field.name != "id" && root.prefix().is_some());
    let fields: Vec<_> = root
        .fields
        .iter()
        .chain(every)
        .map(|field| {
            perhaps(field, any_value(field)).prop_map(|value| Some((field.name.to_owned(), value?)))
        })
        .collect();
    fields
        .prop_map(|fields| fields.into_iter().flatten().collect())
        .boxed()
}

fn whole(value: Value) -> Value {
    match value {
        Value::Plain(json) => Value::Plain(normal(json)),
        Value::Map(members) => {
            let member = |(key, json)| (key, normal(json));
            Value::Map(members.into_iter().map(member).collect())
        }
        Value::Text(text) => Value::Text(text),
    }
}

/// Entities of any roots, a few.
pub(crate) fn any_plan() -> impl Strategy<Value = Content> {
    let entity = (0..ROOTS.len(), "[A-Z0-9]{4}").prop_flat_map(|(number, tail)| {
        let root = &ROOTS[number];
        let id = root
            .prefix()
            .map_or_else(|| ONE.to_owned(), |prefix| format!("{prefix}_{tail}"));
        let fields = if root.shape == Shape::Counts {
            prop::collection::vec(
                (
                    "[a-z]{1,5}",
                    (0_u8..9).prop_map(|it| Value::Plain(json!(it))),
                ),
                1..4,
            )
            .boxed()
        } else {
            any_entity(root)
        };
        (Just(root), Just(id), fields)
    });
    prop::collection::vec(entity, 0..12).prop_map(|entities| {
        let mut plan = Content::default();
        for (root, id, fields) in entities {
            // A root that holds nothing is none.
            if root.prefix().is_none() && fields.is_empty() {
                continue;
            }
            let entity = plan.entity_mut(root.name, &id);
            // A plan's whole numbers are integers, however they were written.
            entity.extend(fields.into_iter().map(|(name, value)| (name, whole(value))));
            if root.prefix().is_some() {
                entity.insert("id".to_owned(), Value::Plain(json!(id)));
            }
        }
        plan
    })
}

/// What a session of a schedule says, apart from its references.
fn any_session() -> BoxedStrategy<Json> {
    let kinds = ROOTS
        .iter()
        .find(|root| root.name == "sessions")
        .unwrap()
        .field("kind")
        .unwrap()
        .kind;
    let title = "[a-zA-Z<&>\"']([a-z <&>\"'é🎤/]{0,20}[a-z.])?";
    let words = prop::option::of("[a-z<>/&;#*\n\r\t \\]é🎤]{0,40}x");
    let start = (0_i64..2 * 24 * 12).prop_map(|step| {
        let first: jiff::Timestamp = "2027-05-03T04:00:00+02:00".parse().unwrap();
        let zone = crate::value::zone("Europe/Berlin").unwrap();
        crate::value::in_zone(first + jiff::SignedDuration::from_mins(5 * step), &zone)
    });
    let language = prop::option::of(proptest::sample::select(vec!["en", "de-AT"]));
    (title, words, any_plain("kind", kinds), 5_i64..=1_440, start, language, any::<bool>())
        .prop_map(|(title, words, kind, minutes, start, language, is_unrecorded)| {
            let mut session = json!({"title": title, "kind": kind, "minutes": minutes, "state": "confirmed",
                "slot": {"start": start}});
            for (key, value) in [("abstract", words.map(Json::from)), ("lang", language.map(Json::from)),
                ("record", is_unrecorded.then(|| json!("no")))] {
                if let Some(value) = value {
                    session[key] = value;
                }
            }
            session
        })
        .boxed()
}

/// A plan that says what schedules can hold: rooms, tracks, and sessions with people on them.
pub(super) fn any_schedule(has_more: Json) -> impl Strategy<Value = Content> {
    let session = (
        any_session(),
        0_usize..3,
        prop::option::of(0_usize..3),
        prop::collection::btree_set(0_usize..5, 0..4),
    );
    let names = prop::collection::vec("[a-z<&>\" é]{0,6}[a-z]", 11);
    let colors = prop::collection::vec(prop::option::of("#[0-9a-f]{6}"), 3);
    (prop::collection::vec(session, 0..8), names, colors).prop_map(move |(sessions, names, colors)| {
        let mut plan = json!({
            "meta": {"name": format!("Conf {}", names[0]), "tz": "Europe/Berlin", "dates": {"start": "2027-05-03", "end": "2027-05-04"}},
            "rooms": {}, "tracks": {}, "speakers": {}, "sessions": {},
        });
        for number in 0..3 {
            let rank = format!("I{}", 3 - number);
            let (room, track) = (format!("ro_{number}"), format!("tr_{number}"));
            plan["rooms"][&room] = json!({"name": format!("R{number} {}", names[1 + number]), "rank": rank});
            plan["tracks"][&track] = json!({"name": format!("T{number} {}", names[4 + number]), "rank": rank});
            if let Some(color) = &colors[number] {
                plan["tracks"][&track]["color"] = json!(color);
            }
            if has_more.is_object() {
                plan["rooms"][&room]["cap"] = json!({"theatre": 10 * number});
            }
        }
        for (number, (mut session, room, track, people)) in sessions.into_iter().enumerate() {
            session["slot"]["room_id"] = json!(format!("ro_{room}"));
            if let Some(track) = track {
                session["track_id"] = json!(format!("tr_{track}"));
            }
            session["people"] = json!({});
            session["rank"] = json!(format!("I{}", number + 1));
            for person in people {
                let id = format!("sp_{person}");
                session["people"][&id] = json!({"rank": format!("I{}", 9 - person)});
                // Two of them have the same name.
                plan["speakers"][&id] = json!({"name": names[7 + person % 4].trim(), "kind": "cfp", "status": "confirmed", "rank": "I"});
                if has_more.is_object() {
                    plan["speakers"][&id]["bio"] = json!(format!("# About\n\n<b>{}</b>", names[7]));
                }
            }
            plan["sessions"][format!("se_{number}")] = session;
        }
        Content::from_json(&plan).unwrap().0
    })
}

#[test]
fn random_plans_fit_the_schema() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    for root in ROOTS {
        let fields = any_entity(root).new_tree(&mut runner).unwrap().current();
        let problems = check_entity(root, &fields.into_iter().collect());
        let problems: Vec<_> = problems
            .iter()
            .filter(|problem| problem.at != "id")
            .collect();
        assert!(problems.is_empty(), "{}: {problems:?}", root.name);
    }
}
