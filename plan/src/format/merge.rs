//! The operations that bring an import into a plan: what is there is changed only where it differs, what
//! is new is added, and nothing is archived, taken away or made twice.
//!
//! Only what the import says counts: a field that it lacks stays as it is. Ranks, and what is archived,
//! are the plan's own business. Every change expects what is there now, so that an import that is decided
//! on later is refused where somebody else was faster.

mod matching;

use serde_json::{Map, Value as Json, json};

use self::matching::{Matching, known_as};
use super::{Import, guid};
use crate::content::{self, Content, Fields, ONE, Value, fields_to_json};
use crate::op::{Op, between};
use crate::rank::{is_rank, spread};
use crate::schema::check::check_field;
use crate::schema::{Field, Kind, ROOTS, Root, Shape};

/// The operations that bring `import` into `present`; none when it says nothing new. `new_id` makes an id
/// that begins with the prefix it is given and `_`; an import's own ids are kept where they are sound.
/// Values that the schema refuses are passed over: [`Import::fit`] makes them fit and says so.
pub fn ops(present: &Content, import: &Import, new_id: &mut dyn FnMut(&str) -> String) -> Vec<Op> {
    let matching = Matching::new(present, &import.content, new_id);
    let mut ops = Vec::new();
    for root in ROOTS {
        match root.shape {
            Shape::One | Shape::Counts => one(present, import, (root, &matching), &mut ops),
            Shape::Many { .. } => many(present, import, (root, &matching), &mut ops),
        }
    }
    ops
}

/// What a root says that holds one thing.
fn one(
    present: &Content,
    import: &Import,
    (root, matching): (&Root, &Matching<'_>),
    ops: &mut Vec<Op>,
) {
    let Some(fields) = import.content.entity(root.name, ONE) else {
        return;
    };
    let nothing = Fields::new();
    let there = present.entity(root.name, ONE).unwrap_or(&nothing);
    let fields = pointed(root, fields, matching);
    let path = vec![root.name.to_owned()];
    for (name, value) in &fields {
        if name == "src" {
            // A plan that has a name already is not from where the import is from.
            if there.contains_key("name") && there.get("src").is_none() {
                continue;
            }
            source(there, value, &path, ops);
        } else {
            change(root, (&path, name), (there.get(name), value), ops);
        }
    }
}

/// What a root says that holds entities.
fn many(
    present: &Content,
    import: &Import,
    (root, matching): (&Root, &Matching<'_>),
    ops: &mut Vec<Op>,
) {
    let mut entities: Vec<(&str, &Fields)> = import.content.entities(root.name).collect();
    entities.sort_by_key(|(id, fields)| (content::rank(fields), *id));
    let mut made = Vec::new();
    for (key, fields) in entities {
        let Some(id) = matching.id(root.name, key) else {
            continue;
        };
        let mut fields = pointed(root, fields, matching);
        let path = vec![root.name.to_owned(), id.to_owned()];
        let Some(there) = present.entity(root.name, id) else {
            sourced(root, key, &mut fields);
            made.push((path, fields));
            continue;
        };
        for (name, value) in &fields {
            match name.as_str() {
                "id" | "rank" | "archived" => {}
                "src" => source(there, value, &path, ops),
                _ => change(root, (&path, name), (there.get(name), value), ops),
            }
        }
    }
    let ranks = ranks(present, root, &made);
    for ((path, mut fields), rank) in made.into_iter().zip(ranks) {
        fields.retain(|name, value| check_field(root, name, value).is_empty());
        fields.remove("id");
        fields.remove("rank");
        let mut object = fallbacks(import, root);
        if let Json::Object(said) = fields_to_json(root, &fields) {
            object.extend(said);
        }
        if is_rank(&rank) {
            object.insert("rank".to_owned(), json!(rank));
        }
        ops.push(Op::Add {
            path,
            fields: object,
        });
    }
}

/// A thing that gets another id than the import has for it is found by the latter the next time.
fn sourced(root: &Root, key: &str, fields: &mut Fields) {
    let known_as = known_as(root.prefix().unwrap_or(""), key, fields).map(str::to_owned);
    if let (Some(reference), None) = (known_as, guid::reference(fields)) {
        let src = json!({ "kind": "import", "ref": reference });
        fields.insert("src".to_owned(), Value::Plain(src));
    }
}

fn fallbacks(import: &Import, root: &Root) -> Map<String, Json> {
    let found = import.if_new.iter().find(|(name, _)| *name == root.name);
    found.map(|(_, fields)| fields.clone()).unwrap_or_default()
}

/// The ranks of new entities: their own in an empty root, else behind the last that is there.
fn ranks(present: &Content, root: &Root, made: &[(Vec<String>, Fields)]) -> Vec<String> {
    let own: Vec<String> = made
        .iter()
        .map(|(_, fields)| content::rank(fields).to_owned())
        .collect();
    let last = present
        .entities(root.name)
        .map(|(_, fields)| content::rank(fields))
        .max();
    if last.is_none() && own.iter().all(|rank| is_rank(rank)) {
        own
    } else {
        spread(last, made.len())
    }
}

/// Brings what is kept of a file up to date where the thing came from the same one.
fn source(there: &Fields, value: &Value, path: &[String], ops: &mut Vec<Op>) {
    let Value::Plain(said) = value else {
        return;
    };
    let present = there.get("src").and_then(Value::plain);
    let to = match present.and_then(Json::as_object) {
        // Somebody made it by hand: that stays so.
        None if there.contains_key("rank") => return,
        None => said.clone(),
        Some(src) if guid::reference(there) == said.get("ref").and_then(Json::as_str) => {
            let mut src = src.clone();
            match said.get("extra") {
                Some(extra) => src.insert("extra".to_owned(), extra.clone()),
                None => src.remove("extra"),
            };
            Json::Object(src)
        }
        Some(_) => return,
    };
    if present != Some(&to) {
        ops.push(Op::Set {
            path: [path, &["src".to_owned()]].concat(),
            from: Some(present.cloned().unwrap_or(Json::Null)),
            to,
        });
    }
}

/// The operations that make one field say what the import says.
fn change(
    root: &Root,
    (path, name): (&[String], &str),
    (there, said): (Option<&Value>, &Value),
    ops: &mut Vec<Op>,
) {
    let says_nothing = matches!(said, Value::Plain(Json::Null));
    if says_nothing || there == Some(said) || !check_field(root, name, said).is_empty() {
        return;
    }
    let wanted = match (there, said) {
        (Some(Value::Map(there)), Value::Map(said)) => Value::Map(
            said.iter()
                .map(|(key, said)| {
                    let there = there.get(key);
                    let member = there.map_or_else(|| said.clone(), |it| overlaid(it, said));
                    (key.clone(), member)
                })
                .collect(),
        ),
        (_, said) => said.clone(),
    };
    let path = [path, &[name.to_owned()]].concat();
    // What is in another shared type than the schema has it in stays so.
    ops.extend(between(&path, there, &wanted).into_iter().flatten());
}

/// What is there of a member, with what the import says of it, but in the plan's own order.
fn overlaid(there: &Json, said: &Json) -> Json {
    let (Some(there), Some(fields)) = (there.as_object(), said.as_object()) else {
        return said.clone();
    };
    let mut all = there.clone();
    for (key, json) in fields {
        if key != "rank" || !there.contains_key(key) {
            all.insert(key.clone(), json.clone());
        }
    }
    Json::Object(all)
}

/// The fields of an entity of the import with the plan's ids in them.
fn pointed(root: &Root, fields: &Fields, matching: &Matching<'_>) -> Fields {
    let value = |(name, value): (&String, &Value)| {
        let kind = root.field(name).map(|field| field.kind);
        let value = match (kind, value) {
            (Some(Kind::Refs(other, _)), Value::Map(members)) => Value::Map(
                members
                    .iter()
                    .map(|(key, json)| (matching.resolve(other, key), json.clone()))
                    .collect(),
            ),
            (Some(kind), Value::Plain(json)) => Value::Plain(pointed_json(&kind, json, matching)),
            (_, value) => value.clone(),
        };
        (name.clone(), value)
    };
    fields.iter().map(value).collect()
}

fn pointed_json(kind: &Kind, json: &Json, matching: &Matching<'_>) -> Json {
    let record = |fields: &[Field], json: &Json| {
        let Some(object) = json.as_object() else {
            return json.clone();
        };
        let mut object = object.clone();
        for field in fields {
            if let Some(json) = object.get_mut(field.name) {
                *json = pointed_json(&field.kind, json, matching);
            }
        }
        anywhere(Json::Object(object), matching)
    };
    if let (Kind::Ref(root), Json::String(id)) = (kind, json) {
        json!(matching.resolve(root, id))
    } else if *kind == Kind::AnyRef {
        anywhere(json.clone(), matching)
    } else if let Kind::Record(fields) = kind {
        record(fields, json)
    } else if let (Kind::List(fields), Json::Array(items)) = (kind, json) {
        items.iter().map(|item| record(fields, item)).collect()
    } else {
        json.clone()
    }
}

/// `{root, id}` with the plan's id.
fn anywhere(mut json: Json, matching: &Matching<'_>) -> Json {
    let text = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
    if let (Some(root), Some(id)) = (text("root"), text("id"))
        && let Some(object) = json.as_object_mut()
    {
        object.insert("id".to_owned(), json!(matching.resolve(&root, &id)));
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::diff;

    fn content(json: &Json) -> Content {
        Content::from_json(json).unwrap().0
    }

    fn import(json: &Json) -> Import {
        Import {
            content: content(json),
            if_new: vec![(
                "speakers",
                json!({"status": "idea"}).as_object().unwrap().clone(),
            )],
            ..Import::default()
        }
    }

    fn merged(present: &Content, import: &Import) -> (Content, Json) {
        let mut number = 0;
        let mut new_id = |prefix: &str| {
            number += 1;
            format!("{prefix}_new{number}")
        };
        let found = ops(present, import, &mut new_id);
        let mut after = present.clone();
        after.apply(&found).unwrap();
        let mut never = |_: &str| unreachable!("everything is there");
        assert_eq!(ops(&after, import, &mut never), [], "the second time");
        (after, serde_json::to_value(found).unwrap())
    }

    #[test]
    fn what_is_new_is_added_with_its_references_and_what_is_there_is_changed_where_it_differs() {
        let present = content(&json!({
            "rooms": {"ro_1": {"name": "Big", "rank": "I1", "src": {"kind": "import", "ref": "R"}}},
            "sessions": {"se_1": {"title": "Kafka", "abstract": "About logs.", "minutes": 30, "rank": "I1",
                "expected": 60, "people": {"sp_1": {"rank": "x", "role": "host"}, "sp_2": {}}, "src": {"kind": "import", "ref": "S"}}},
            "speakers": {"sp_1": {"name": "Ada  ALDER", "rank": "I1"}, "sp_2": {"name": "Bo", "rank": "I2"}},
        }));
        let file = import(&json!({
            "rooms": {"r": {"name": "Grand", "src": {"kind": "import", "ref": "R"}}},
            "sessions": {"s": {"title": "Kafka", "abstract": "About big logs.", "minutes": 45,
                "slot": {"start": "2027-05-03T14:00:00+02:00", "room_id": "r"},
                "people": {"a": {"rank": "I"}, "c": {"rank": "J"}}, "src": {"kind": "import", "ref": "S"}}},
            "speakers": {"a": {"name": "Ada Alder"}, "c": {"name": "Cy", "src": {"kind": "import", "ref": "C"}}},
        }));
        let (after, found) = merged(&present, &file);
        let expected = json!([
            {"op": "set", "path": ["rooms", "ro_1", "name"], "from": "Big", "to": "Grand"},
            {"op": "text", "path": ["sessions", "se_1", "abstract"], "from": "About logs.", "to": "About big logs."},
            {"op": "set", "path": ["sessions", "se_1", "minutes"], "from": 30, "to": 45},
            {"op": "unlink", "path": ["sessions", "se_1", "people", "sp_2"], "from": {}},
            {"op": "link", "path": ["sessions", "se_1", "people", "sp_new1"], "from": null, "to": {"rank": "J"}},
            {"op": "set", "path": ["sessions", "se_1", "slot"], "from": null,
                "to": {"start": "2027-05-03T14:00:00+02:00", "room_id": "ro_1"}},
            {"op": "set", "path": ["speakers", "sp_1", "name"], "from": "Ada  ALDER", "to": "Ada Alder"},
            {"op": "add", "path": ["speakers", "sp_new1"], "fields": {"name": "Cy", "status": "idea",
                "src": {"kind": "import", "ref": "C"}, "rank": found[7]["fields"]["rank"]}},
        ]);
        assert_eq!(found, expected);
        let rank = content::rank(after.entity("speakers", "sp_new1").unwrap());
        assert!(rank > "I2");
    }

    #[test]
    fn one_present_thing_is_never_taken_for_two() {
        let present = content(&json!({"speakers": {"sp_1": {"name": "Kim", "rank": "I"}}}));
        let file = import(&json!({"speakers": {
            "a": {"name": "Kim", "src": {"ref": "1"}}, "b": {"name": "kim", "src": {"ref": "2"}}}}));
        let (after, _) = merged(&present, &file);
        assert_eq!(after.entities("speakers").count(), 2);
    }

    #[test]
    fn nothing_is_archived_and_what_is_archived_stays_so() {
        let present = content(&json!({"tracks": {
            "tr_1": {"name": "Web", "rank": "I", "archived": true},
            "tr_2": {"name": "Ops", "rank": "J", "archived": false}}}));
        let file = import(
            &json!({"tracks": {"tr_1": {"name": "Net", "archived": false},
            "tr_2": {"name": "Ops", "archived": true}}}),
        );
        let (_, found) = merged(&present, &file);
        let expected =
            json!([{"op": "set", "path": ["tracks", "tr_1", "name"], "from": "Web", "to": "Net"}]);
        assert_eq!(found, expected);
    }

    #[test]
    fn a_backup_comes_back_with_its_ids_and_ranks() {
        let plan = json!({
            "meta": {"name": "Conf", "schema": 1},
            "needs": {"vegan": 3},
            "tasks": {"ta_1": {"title": "A", "state": "todo", "rank": "B", "id": "ta_1", "archived": true,
                "after": {"ta_2": true}, "ref": {"root": "tasks", "id": "ta_2"}},
                "ta_2": {"title": "B", "state": "todo", "rank": "A", "id": "ta_2", "archived": false, "new": {"$text": "x"}}},
        });
        let (after, _) = merged(&Content::default(), &import(&plan));
        // Empty shared types are made with it.
        let (plan, _) = Content::from_json(&plan).unwrap();
        assert_eq!(diff(&after, &plan), []);
    }

    #[test]
    fn references_by_name_lead_to_what_is_there() {
        let present = content(
            &json!({"speakers": {"sp_1": {"name": "Ada Alder", "rank": "I"}},
            "sessions": {"se_1": {"title": "Kafka", "rank": "I"}}}),
        );
        let file = import(&json!({"sessions": {"se_1": {"people": {"ada alder": {}}}}}));
        let (_, found) = merged(&present, &file);
        assert_eq!(
            found[0]["path"],
            json!(["sessions", "se_1", "people", "sp_1"])
        );
    }
}
