//! Plans, and what people and drafts do to them: few things and few values, so that they meet.

use convene_plan::content::{Content, Fields, Value, is_archived};
use convene_plan::op::Op;
use convene_plan::proposal::Read;
use serde_json::{Value as Json, json};

use crate::seed::Seed;

/// Roots with entities, the prefixes of their ids, and fields with values to set.
const ROOTS: &[(&str, &str)] = &[
    ("sessions", "se"),
    ("rooms", "ro"),
    ("speakers", "sp"),
    ("tasks", "ta"),
];
/// Ids of one root, of which the plan has the first ones.
const IDS: usize = 5;
const WORDS: &[&str] = &[
    "the", "hall", "costs", "40000", "euros", "and", "opens", "at", "nine",
];

fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

/// A plan to begin with.
pub(crate) fn plan(seed: &mut Seed) -> Content {
    let json = json!({
        "meta": {"schema": 1, "name": "Days", "cur": "EUR"},
        "brief": {"description": "The hall costs 40000 euros a day. It opens at nine. Lunch is at noon.",
            "attendance": {"min": 1, "expected": 2, "max": 3}},
        "needs": {"vegan": 1},
    });
    let mut plan = Content::from_json(&json).unwrap().0;
    for _ in 0..12 {
        let op = add(seed, &plan);
        plan = plan.after(&[op]).map_or(plan, |(after, _)| after);
    }
    for _ in 0..3 {
        let op = op(seed, &plan);
        plan = plan.after(&[op]).map_or(plan, |(after, _)| after);
    }
    plan
}

/// A draft made of a plan: a few operations, and at times what only a client of the document does.
pub(crate) fn draft(seed: &mut Seed, plan: &Content) -> Content {
    let mut draft = plan.clone();
    for _ in 0..=seed.below(8) {
        let op = op(seed, &draft);
        draft = draft.after(&[op]).map_or(draft, |(after, _)| after);
    }
    if seed.one_in(2) {
        draft = with_dependence(seed, draft);
    }
    if seed.one_in(10) {
        let (root, id) = entity(seed);
        draft.remove_entity(root, &id);
    }
    if seed.one_in(10) {
        let (root, id) = entity(seed);
        if let Some(fields) = draft.entity(root, &id).filter(|it| !is_archived(it)) {
            let mut fields: Fields = fields.clone();
            fields.remove("archived");
            fields.insert("title".to_owned(), Value::Plain(json!("by hand")));
            *draft.entity_mut(root, &id) = fields;
        }
    }
    draft
}

/// A draft in which something is made or brought back, and other things need that.
fn with_dependence(seed: &mut Seed, mut draft: Content) -> Content {
    let room = id(seed, "ro");
    let brings = [
        Op::Add {
            path: path(&["rooms", &room]),
            fields: [("name".to_owned(), json!(title(seed)))]
                .into_iter()
                .collect(),
        },
        Op::Restore {
            path: path(&["rooms", &room]),
        },
    ];
    let slot = json!({"start": "2027-05-03T18:00:00+02:00", "room_id": room});
    let needs = [
        (path(&["sessions", &id(seed, "se"), "slot"]), slot),
        (path(&["rooms", &room, "name"]), json!("Needed")),
    ];
    let needs = needs.map(|(path, to)| Op::Set {
        path,
        from: None,
        to,
    });
    for op in brings.into_iter().chain(needs) {
        draft = draft.after(&[op]).map_or(draft, |(after, _)| after);
    }
    draft
}

/// Something that its author read.
pub(crate) fn read(seed: &mut Seed, plan: &Content) -> Read {
    let (root, id) = entity(seed);
    let read = match seed.below(4) {
        0 => path(&["brief", "attendance", "expected"]),
        1 => path(&[root, &id]),
        2 => path(&["sessions", &id, "minutes"]),
        _ => path(&["meta", "name"]),
    };
    Read::of(plan, read)
}

fn entity(seed: &mut Seed) -> (&'static str, String) {
    let (root, prefix) = ROOTS[seed.below(ROOTS.len())];
    (root, id(seed, prefix))
}

fn id(seed: &mut Seed, prefix: &str) -> String {
    format!("{prefix}_{}", seed.below(IDS))
}

fn add(seed: &mut Seed, plan: &Content) -> Op {
    let (root, id) = entity(seed);
    let fields = match root {
        "sessions" => json!({"title": title(seed), "kind": "talk", "state": "draft", "minutes": 30,
            "abstract": words(seed), "people": {self::id(seed, "sp"): {"role": "speaker"}}}),
        "rooms" => json!({"name": title(seed)}),
        "speakers" => json!({"name": title(seed), "kind": "cfp", "status": "idea"}),
        _ => {
            json!({"title": title(seed), "state": "todo", "after": {self::id(seed, "ta"): true}})
        }
    };
    let Json::Object(mut fields) = fields else {
        unreachable!()
    };
    if seed.one_in(3) && plan.entity(root, &id).is_none() {
        fields.insert("other".to_owned(), json!([1, 2.5, {"a": null}]));
    }
    Op::Add {
        path: path(&[root, &id]),
        fields,
    }
}

fn title(seed: &mut Seed) -> &'static str {
    seed.of(&["Kafka", "Logs", "Trees", "Ropes"])
}

fn words(seed: &mut Seed) -> String {
    let words = (0..seed.below(12)).map(|_| seed.of(WORDS));
    words.collect::<Vec<_>>().join(" ")
}

/// A text after somebody wrote in it.
fn written(seed: &mut Seed, text: &str) -> String {
    if text.is_empty() || seed.one_in(6) {
        return words(seed);
    }
    let mut words: Vec<&str> = text.split(' ').collect();
    for _ in 0..=seed.below(2) {
        let at = seed.below(words.len());
        match seed.below(3) {
            0 => words[at] = seed.of(WORDS),
            1 => words.insert(at, seed.of(WORDS)),
            _ if words.len() > 1 => drop(words.remove(at)),
            _ => {}
        }
    }
    words.join(" ")
}

/// One operation of anybody. Some lead nowhere, or to what is there.
pub(crate) fn op(seed: &mut Seed, plan: &Content) -> Op {
    let (root, entity) = entity(seed);
    match seed.below(16) {
        0..=1 => add(seed, plan),
        2 => Op::Archive {
            path: path(&[root, &entity]),
        },
        3..=4 => Op::Restore {
            path: path(&[root, &entity]),
        },
        5..=8 => {
            let at = if seed.below(3) > 0 {
                path(&["brief", "description"])
            } else {
                path(&["sessions", &id(seed, "se"), "abstract"])
            };
            let id = at.get(2).map_or("", |_| at[1].as_str());
            let text = match plan.field(&at[0], id, at.last().unwrap()) {
                Some(Value::Text(text)) => text.clone(),
                Some(Value::Plain(_) | Value::Map(_)) | None => String::new(),
            };
            Op::Text {
                from: None,
                to: written(seed, &text),
                path: at,
            }
        }
        9..=10 => member(seed),
        _ => set(seed),
    }
}

fn member(seed: &mut Seed) -> Op {
    let path = match seed.below(6) {
        0 => path(&["sessions", &id(seed, "se"), "people", &id(seed, "sp")]),
        // One that many people have to do with.
        1..=3 => path(&["sessions", "se_0", "people", "sp_0"]),
        4 => path(&["tasks", &id(seed, "ta"), "after", &id(seed, "ta")]),
        _ => path(&["rooms", &id(seed, "ro"), "features", "stage"]),
    };
    if seed.one_in(3) {
        return Op::Unlink { path, from: None };
    }
    let to = match path[0].as_str() {
        "sessions" => json!({"role": seed.of(&["speaker", "host", "guest"])}),
        _ => json!(true),
    };
    Op::Link {
        path,
        from: None,
        to,
    }
}

fn set(seed: &mut Seed) -> Op {
    let (path, to) = match seed.below(8) {
        0 => (path(&["meta", "name"]), json!(title(seed))),
        1 => (
            path(&["sessions", &id(seed, "se"), "minutes"]),
            json!(30 + 15 * seed.below(3)),
        ),
        2 => {
            let room = id(seed, "ro");
            let start = format!("2027-05-03T1{}:00:00+02:00", seed.below(3));
            (
                path(&["sessions", &id(seed, "se"), "slot"]),
                json!({"start": start, "room_id": room}),
            )
        }
        3 => (path(&["sessions", &id(seed, "se"), "slot"]), Json::Null),
        4 => (
            path(&["rooms", &id(seed, "ro"), "name"]),
            json!(title(seed)),
        ),
        5 => (
            path(&["tasks", &id(seed, "ta"), "ref"]),
            json!({"root": "rooms", "id": id(seed, "ro")}),
        ),
        6 => (path(&["needs", "vegan"]), json!(seed.below(3))),
        _ => (
            path(&["brief", "attendance"]),
            json!({"min": 1, "expected": 1 + seed.below(3), "max": 3}),
        ),
    };
    Op::Set {
        path,
        from: None,
        to,
    }
}
