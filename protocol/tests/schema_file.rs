//! `schema/control.json` is what the code says, takes what the code takes, and has every example of `SPEC.md`.

#![cfg(test)]

use std::fs;
use std::path::PathBuf;

use convene_protocol::control::describe;

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema/control.json")
}

#[test]
fn the_schema_file_is_that_of_the_code() {
    let schema = describe::to_json().unwrap_or_else(|flaw| panic!("{flaw}"));
    let says = serde_json::to_string_pretty(&schema).unwrap() + "\n";
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
