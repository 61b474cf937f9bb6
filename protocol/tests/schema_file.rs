//! `schema/control.json` is what the code says, takes what the code takes, and has every example of `SPEC.md`.

#![cfg(test)]

#[path = "specification/examples.rs"]
mod examples;

use std::fs;
use std::path::PathBuf;

use convene_protocol::control::{Call, METHODS, NOTIFICATIONS, describe, parse_request};
use convene_protocol::for_each_call;
use jsonschema::Validator;
use serde_json::{Value, json};

use self::examples::{Example, blocks, control};

/// What a value is replaced by to see who takes it.
fn others() -> [Value; 7] {
    [
        json!(true),
        json!(-1),
        json!(1.5),
        json!("x"),
        json!([]),
        json!(["x"]),
        json!({}),
    ]
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema/control.json")
}

fn schema() -> Value {
    describe::to_json().unwrap_or_else(|flaw| panic!("{flaw}"))
}

/// Judges values by a schema that refers to definitions of `whole`.
fn validator(whole: &Value, schema: &Value) -> Validator {
    let mut alone = schema.clone();
    alone["$schema"] = whole["$schema"].clone();
    alone["$defs"] = whole["$defs"].clone();
    jsonschema::validator_for(&alone).unwrap_or_else(|error| panic!("{schema}: {error}"))
}

fn expect_valid(whole: &Value, schema: &Value, value: &Value) {
    if let Err(error) = validator(whole, schema).validate(value) {
        panic!(
            "{value}\nis no {schema}: {error} at {}",
            error.instance_path()
        );
    }
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The method and the parameters of a request.
fn request(text: &str) -> (String, Value) {
    let request = parse_request(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let params = read(request.params_json());
    (request.method, params)
}

/// Whether the code takes parameters of a method.
fn code_takes(method: &str, params: &Value) -> bool {
    macro_rules! read {
        ($($call:ty),+ $(,)?) => {
            match method {
                $(<$call as Call>::METHOD => serde_json::from_value::<$call>(params.clone()).is_ok(),)+
                _ => panic!("no such method: {method}"),
            }
        };
    }
    for_each_call!(read)
}

/// Where there is something in `value`, as JSON pointers; the whole is left out.
fn places(value: &Value) -> Vec<String> {
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, it)| (name.clone(), it)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, it)| (at.to_string(), it))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    let deeper = inside.into_iter().flat_map(|(name, it)| {
        let below = places(it).into_iter().map({
            let name = name.clone();
            move |place| format!("/{name}{place}")
        });
        std::iter::once(format!("/{name}"))
            .chain(below)
            .collect::<Vec<_>>()
    });
    deeper.collect()
}

/// Everything that is one step from `params`: a value replaced, a member left out or one too many.
fn neighbours(params: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for place in places(params) {
        for other in others() {
            let mut changed = params.clone();
            *changed.pointer_mut(&place).unwrap() = other;
            found.push(changed);
        }
        let (parent, name) = place.rsplit_once('/').unwrap();
        for name in [name, "nobody_knows"] {
            let mut changed = params.clone();
            if let Some(fields) = changed.pointer_mut(parent).and_then(Value::as_object_mut) {
                if fields.remove(name).is_none() {
                    fields.insert(name.to_owned(), json!("x"));
                }
                found.push(changed);
            }
        }
    }
    found
}

#[test]
fn the_schema_file_is_that_of_the_code() {
    let says = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(file(), &says).unwrap();
    }
    let holds = fs::read_to_string(file()).unwrap_or_default();
    assert!(
        holds == says,
        "protocol/schema/control.json is not what the code says; if the change is meant, renew it with\n  \
         UPDATE_SCHEMA=1 cargo nextest run --release --package convene-protocol --test schema_file"
    );
}

#[test]
fn every_method_and_notification_is_in_the_schema() {
    let schema = schema();
    let names =
        |part: &str| -> Vec<String> { schema[part].as_object().unwrap().keys().cloned().collect() };
    let sorted = |names: &[&str]| {
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names("methods"), sorted(METHODS));
    assert_eq!(names("notifications"), sorted(NOTIFICATIONS));
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        assert!(
            jsonschema::meta::is_valid(definition),
            "{name}: {definition}"
        );
        assert!(
            definition["description"].is_string(),
            "{name} is not described"
        );
    }
    for (code, error) in schema["errors"]["codes"].as_object().unwrap() {
        assert!(error["meaning"].is_string(), "{code} has no meaning");
    }
}

#[test]
fn every_example_of_the_specification_is_valid() {
    let schema = schema();
    for example in control() {
        match example {
            Example::Exchange {
                request: asked,
                answer,
            } => {
                let ((method, params), answer) = (request(asked), read(answer));
                let method = &schema["methods"][&method];
                expect_valid(&schema, &method["params"], &params);
                match answer.get("result") {
                    Some(result) => expect_valid(&schema, &method["result"], result),
                    None => expect_valid(&schema, &schema["errors"]["object"], &answer["error"]),
                }
            }
            Example::Notification(text) => {
                let notification = read(text);
                let name = notification["method"].as_str().unwrap();
                let params = &schema["notifications"][name]["params"];
                expect_valid(&schema, params, &notification["params"]);
            }
        }
    }
    assert!(blocks("json").len() > METHODS.len());
}

#[test]
fn the_schema_takes_what_the_code_takes() {
    let schema = schema();
    let (mut taken, mut refused) = (0, 0);
    for example in control() {
        let Example::Exchange { request: asked, .. } = example else {
            continue;
        };
        let (method, params) = request(asked);
        let judge = validator(&schema, &schema["methods"][&method]["params"]);
        for params in neighbours(&params) {
            let is_read = code_takes(&method, &params);
            assert_eq!(judge.is_valid(&params), is_read, "{method} {params}");
            if is_read { taken += 1 } else { refused += 1 }
        }
    }
    assert!(
        taken > 100 && refused > 100,
        "{taken} taken, {refused} refused"
    );
}

#[test]
fn limits_are_in_the_schema() {
    let schema = schema();
    let takes = |method: &str, params: &Value| {
        validator(&schema, &schema["methods"][method]["params"]).is_valid(params)
    };
    let key = |length: usize| json!({ "name": "A", "idempotency_key": "k".repeat(length) });
    assert!(takes("plan.create", &key(128)) && !takes("plan.create", &key(129)));
    assert!(!takes("plan.create", &key(0)));
    let page = |limit: u32| json!({ "plan": "p", "root": "rooms", "limit": limit });
    assert!(takes("entity.list", &page(500)) && !takes("entity.list", &page(501)));
}
