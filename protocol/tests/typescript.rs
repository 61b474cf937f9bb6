//! TypeScript types are made from `schema/control.json`, and find the mistakes of whoever calls with them.

#![cfg(test)]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const COMPILER: &str = "tests/clients/node_modules/typescript/bin/tsc";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn node(arguments: &[&OsStr], folder: &Path) -> Output {
    let mut node = Command::new("node");
    let ran = node.args(arguments).current_dir(folder).output();
    ran.unwrap_or_else(|error| panic!("node cannot be run ({error}): install Node.js 20 or newer"))
}

fn say(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// A folder of its own with the types and a sample that imports them.
fn folder(sample: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("typescript-{sample}"));
    fs::create_dir_all(&folder).unwrap();
    let generator = repository().join("protocol/schema/typescript.mjs");
    let types = node(&[generator.as_os_str()], &folder);
    assert!(types.status.success(), "{}", say(&types));
    fs::write(folder.join("control.d.ts"), &types.stdout).unwrap();
    let from = repository().join("protocol/tests/typescript").join(sample);
    fs::copy(from, folder.join(sample)).unwrap();
    folder
}

fn compile(sample: &str) -> Output {
    let compiler = repository().join(COMPILER);
    assert!(
        compiler.exists(),
        "{COMPILER} is missing: run `make test-tools`"
    );
    let options = "--noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --target es2022 \
                   --lib es2022,dom --module esnext --moduleResolution bundler --pretty false";
    let mut arguments = vec![compiler.as_os_str()];
    arguments.extend(options.split_whitespace().map(OsStr::new));
    arguments.push(OsStr::new(sample));
    node(&arguments, &folder(sample))
}

#[test]
fn a_client_that_calls_rightly_compiles() {
    let compiled = compile("calls.ts");
    assert!(compiled.status.success(), "{}", say(&compiled));
}

#[test]
fn every_mistake_of_a_client_is_found() {
    let sample = include_str!("typescript/wrong.ts");
    let meant: BTreeSet<usize> = (1..)
        .zip(sample.lines())
        .filter(|(_, line)| line.ends_with("// wrong"))
        .map(|(number, _)| number)
        .collect();
    assert!(!meant.is_empty());
    let said = say(&compile("wrong.ts"));
    let place = |line: &str| -> Option<usize> {
        let (number, _) = line.strip_prefix("wrong.ts(")?.split_once(',')?;
        number.parse().ok()
    };
    let found: BTreeSet<usize> = said.lines().filter_map(place).collect();
    assert_eq!(found, meant, "{said}");
}

#[test]
fn a_schema_that_no_type_can_say_ends_the_generator() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("unknown.json");
    let schema = r#"{"$defs":{"Odd":{"type":"object","patternProperties":{}}},"methods":{},"notifications":{}}"#;
    fs::write(&file, schema).unwrap();
    let generator = repository().join("protocol/schema/typescript.mjs");
    let types = node(&[generator.as_os_str(), file.as_os_str()], folder);
    assert!(!types.status.success() && say(&types).contains("patternProperties"));
}
