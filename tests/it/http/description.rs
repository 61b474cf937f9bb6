//! `/openapi.json`: valid, complete, and the same as the file that others read.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::support::process::repository_file;
use crate::support::rest::{Rest, send};
use crate::support::server::{Options, Server};

const FILE: &str = "protocol/schema/openapi.json";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Every operation: path, method, description.
fn operations(api: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = api["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let known = METHODS
                .iter()
                .filter_map(|method| Some((*method, item.get(method)?)));
            known.map(move |(method, operation)| (path.as_str(), method, operation))
        })
        .collect()
}

/// Every value below `value` that is called `$ref`.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, field)| match field.as_str() {
                Some(target) if name == "$ref" => vec![target],
                _ => references(field),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

#[tokio::test]
async fn the_description_is_valid_openapi() {
    let server = Server::start(Options::default()).await;
    let api = Rest::new(&server)
        .get("/openapi.json")
        .await
        .expect(200)
        .json();
    assert!(
        api["openapi"].as_str().unwrap().starts_with("3.1."),
        "{}",
        api["openapi"]
    );
    assert_eq!(api["info"]["version"], env!("CARGO_PKG_VERSION"));
    for target in references(&api) {
        let pointer = target.strip_prefix('#').expect("references stay inside");
        assert!(api.pointer(pointer).is_some(), "{target} is nowhere");
    }
    let schemes = api["components"]["securitySchemes"]
        .as_object()
        .expect("schemes");
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&api) {
        let place = format!("{method} {path}");
        let id = operation["operationId"].as_str().expect("an operationId");
        assert!(ids.insert(id.to_owned()), "{id} is there twice");
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{place}"
        );
        let responses = operation["responses"].as_object().expect("responses");
        assert!(
            responses.keys().any(|status| status.starts_with('2')),
            "{place}"
        );
        for (status, response) in responses {
            assert!(response["description"].is_string(), "{place} {status}");
            let refused = status.starts_with('4');
            let schema = &response["content"]["application/json"]["schema"]["$ref"];
            assert!(
                !refused || schema == "#/components/schemas/ErrorBody",
                "{place} {status}"
            );
        }
        for requirement in operation["security"].as_array().into_iter().flatten() {
            let names = requirement.as_object().expect("a requirement").keys();
            assert!(
                names.into_iter().all(|name| schemes.contains_key(name)),
                "{place}"
            );
        }
        let placeholders = path.split('/').filter(|part| part.starts_with('{'));
        for placeholder in placeholders {
            let name = placeholder.trim_matches(['{', '}']);
            let described = operation["parameters"].as_array().into_iter().flatten();
            let found = described
                .filter(|it| it["name"] == name && it["in"] == "path" && it["required"] == true);
            assert_eq!(found.count(), 1, "{place} does not describe {name}");
        }
    }
}

#[tokio::test]
async fn every_method_of_every_described_address_is_described() {
    let server = Server::start(Options::default()).await;
    let rest = Rest::new(&server);
    let api = rest.get("/openapi.json").await.expect(200).json();
    let described = operations(&api);
    let paths: BTreeSet<&str> = described.iter().map(|(path, ..)| *path).collect();
    for path in paths {
        for method in METHODS {
            let name: Method = method.to_uppercase().parse().unwrap();
            let answer = send(rest.request(name, &path.replace("{id}", "x"))).await;
            let listed = described.iter().any(|it| it.0 == path && it.1 == method);
            let taken = answer.status != 405;
            assert_eq!(listed, taken, "{method} {path} answered {}", answer.status);
        }
    }
}

#[tokio::test]
async fn the_schema_file_is_what_the_server_says() {
    let server = Server::start(Options::default()).await;
    let api = Rest::new(&server)
        .get("/openapi.json")
        .await
        .expect(200)
        .json();
    let says = serde_json::to_string_pretty(&api).unwrap() + "\n";
    let path = repository_file(FILE);
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &says).unwrap();
    }
    let holds = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        holds == says,
        "{FILE} is not what the server says; if the change is meant, renew it with\n  \
         UPDATE_SCHEMA=1 cargo nextest run --release --test it the_schema_file"
    );
}
