//! The schema as it is written down for others is the one in the code.

#![cfg(test)]

use std::fs;
use std::path::PathBuf;

use convene_plan::schema::describe;

const BEGIN: &str = "<!-- written from the schema: begin -->\n\n";
const END: &str = "\n<!-- written from the schema: end -->\n";

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../protocol")
        .join(name)
}

/// Fails when `name` does not hold `says`; writes it instead when that is asked for.
fn expect(name: &str, says: &str) {
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(file(name), says).unwrap();
    }
    let holds = fs::read_to_string(file(name)).unwrap_or_default();
    assert!(
        holds == says,
        "protocol/{name} is not what the schema says; if the change is meant, renew it with\n  \
         UPDATE_SCHEMA=1 cargo nextest run --release --package convene-plan --test schema_files"
    );
}

#[test]
fn the_schema_for_programs_is_that_of_the_code() {
    let json = serde_json::to_string_pretty(&describe::to_json()).unwrap();
    expect("schema/plan.json", &(json + "\n"));
}

#[test]
fn the_table_for_people_is_that_of_the_code() {
    let page = fs::read_to_string(file("PLAN.md")).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("where the table begins");
    let (_, after) = rest.split_once(END).expect("where the table ends");
    let table = describe::to_markdown();
    expect("PLAN.md", &format!("{before}{BEGIN}{table}{END}{after}"));
}
