//! The house rules that no lint knows: who may import whom, how long a file is, what is documented.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a rule that cannot be checked fails, also in the functions beside the tests"
)]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "tidy/deployment.rs"]
mod deployment;
#[path = "tidy/documentation.rs"]
mod documentation;
#[path = "tidy/image.rs"]
mod image;

/// The layers from the bottom up. A module imports only from lines above its own.
const LAYERS: &[&[&str]] = &[
    &["clock", "ids"],
    &["config", "telemetry"],
    &["auth"],
    &["document"],
    &["proposal"],
    &["storage", "relay"],
    &["room"],
    &["agent", "events", "history", "search"],
    &["error"],
    &["accounts"],
    &["control", "http", "session"],
    &["app", "demo"],
    &["main", "lib"],
];

/// Imports between neighbours of one layer, each for a reason.
const SIDEWAYS: &[(&str, &str)] = &[
    // An id sorts by the time it was made.
    ("ids", "clock"),
    // What nodes tell each other of the journal has its epochs and positions.
    ("relay", "storage"),
    // A control request arrives on a session and its answer leaves there.
    ("session", "control"),
    // Sessions share the door's rules with HTTP: origins, addresses, tokens.
    ("session", "http"),
];

/// Lines of a file before its tests.
const FILE_LINES_MAX: usize = 400;

/// Lines of a file of an example: less than this.
const EXAMPLE_LINES_MAX: usize = 80;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "utils", "util", "helpers", "helper", "common", "misc", "manager",
];

/// One source file.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// The path from the root of the repository.
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The lines before the unit tests.
    fn code_lines(&self) -> Vec<&str> {
        let lines: Vec<&str> = self.text.lines().collect();
        let tests = lines
            .windows(2)
            .position(|pair| pair[0].trim() == "#[cfg(test)]" && pair[1].starts_with("mod tests"));
        lines[..tests.unwrap_or(lines.len())].to_vec()
    }

    /// The code before the unit tests, without comments.
    fn code(&self) -> String {
        let mut code = String::new();
        for line in self.code_lines() {
            let line = line.trim_start();
            if !line.starts_with("//") {
                code.push_str(line);
                code.push('\n');
            }
        }
        code
    }

    /// The top-level module that the file belongs to.
    fn module(&self) -> String {
        let inside = self.path.strip_prefix("src").unwrap();
        let first = inside.components().next().unwrap().as_os_str();
        first.to_str().unwrap().trim_end_matches(".rs").to_owned()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file with `extension` below `folder`, in order; none when the folder is not there.
fn files(folder: &str, extension: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path
                    .file_name()
                    .is_some_and(|name| name != "node_modules" && name != "target")
                {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(Source {
                    text: fs::read_to_string(&path).unwrap(),
                    path: path.strip_prefix(root()).unwrap().to_path_buf(),
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Fails with every broken rule at once.
fn expect_none(rule: &str, broken: &BTreeSet<String>) {
    let list = broken.iter().fold(String::new(), |mut list, line| {
        writeln!(list, "  {line}").unwrap();
        list
    });
    assert!(broken.is_empty(), "{rule}:\n{list}");
}

/// The identifier that `text` starts with.
fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    &text[..end.unwrap_or(text.len())]
}

/// Every top-level module that `code` names after `crate::`, in paths and in groups.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let preceding = code[..at].chars().next_back();
        if preceding.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            found.extend(group_members(group));
        } else {
            found.insert(identifier(rest).to_owned());
        }
    }
    found
}

/// The first identifier of each member of `a::b, c::{d, e}}…`.
fn group_members(group: &str) -> Vec<String> {
    let mut members = Vec::new();
    let (mut depth, mut starts) = (0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts = true,
            c if starts && !c.is_whitespace() => {
                members.push(identifier(&group[at..]).to_owned());
                starts = false;
            }
            _ => {}
        }
    }
    members
}

/// Every string literal of `text`, good enough for names: escapes are not undone.
fn literals(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .collect()
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn imports_point_strictly_down() {
    let mut broken = BTreeSet::new();
    for source in files("src", "rs") {
        let module = source.module();
        let Some(layer) = layer_of(&module) else {
            broken.insert(format!(
                "{}: `{module}` is in no layer of tests/tidy.rs",
                source.name()
            ));
            continue;
        };
        for import in imports(&source.code()) {
            if import == module || SIDEWAYS.contains(&(&module, &import)) {
                continue;
            }
            // Items of the crate's root are not modules.
            if layer_of(&import).is_some_and(|target| target >= layer) {
                broken.insert(format!("{} imports crate::{import}", source.name()));
            }
        }
    }
    expect_none("an import points up or sideways", &broken);
}

#[test]
fn the_protocol_crate_knows_no_server() {
    for path in ["plan/Cargo.toml", "protocol/Cargo.toml"] {
        let manifest = read(path);
        for name in ["tokio", "sqlx", "axum", "yrs"] {
            let names_it = |line: &str| line.trim_start().starts_with(name);
            assert!(!manifest.lines().any(names_it), "{path} depends on {name}");
        }
    }
}

#[test]
fn every_file_says_its_job_in_its_first_line() {
    let broken = [
        "src",
        "plan",
        "protocol",
        "tests",
        "loadtests",
        "trials",
        "fuzz",
        "examples",
    ]
    .iter()
    .flat_map(|folder| files(folder, "rs"))
    .filter(|source| !source.text.starts_with("//! "))
    .map(|source| source.name())
    .collect();
    expect_none("a file does not begin with `//! ` and its job", &broken);
}

#[test]
fn a_file_has_at_most_four_hundred_lines_before_its_tests() {
    let broken = ["src", "plan/src", "protocol/src", "trials/src"]
        .iter()
        .flat_map(|folder| files(folder, "rs"))
        .filter(|source| source.code_lines().len() > FILE_LINES_MAX)
        .map(|source| format!("{}: {}", source.name(), source.code_lines().len()))
        .collect();
    expect_none("a file is too long, split it by noun", &broken);
}

#[test]
fn a_file_of_an_example_is_read_at_a_glance() {
    let broken = ["py", "ts", "rs"]
        .iter()
        .flat_map(|extension| files("examples", extension))
        .filter(|source| source.text.lines().count() >= EXAMPLE_LINES_MAX)
        .map(|source| source.name())
        .collect();
    expect_none("a file of an example is too long", &broken);
}

#[test]
fn names_say_what_is_inside() {
    let mut broken = BTreeSet::new();
    for source in [
        "src", "plan", "protocol", "tests", "trials", "fuzz", "examples",
    ]
    .iter()
    .flat_map(|folder| files(folder, "rs"))
    {
        for part in source.path.iter().filter_map(|part| part.to_str()) {
            let part = part.trim_end_matches(".rs");
            if EMPTY_NAMES.contains(&part) || part == "mod" {
                broken.insert(source.name());
            }
        }
    }
    expect_none("a name says nothing", &broken);
}

#[test]
fn only_document_imports_yrs_and_only_storage_spells_sql() {
    let mut broken = BTreeSet::new();
    for source in files("src", "rs") {
        let code = source.code();
        for (word, owner) in [("yrs", "document"), ("sqlx", "storage")] {
            let path = format!("{word}::");
            let used = code.match_indices(&path).any(|(at, _)| {
                let preceding = code[..at].chars().next_back();
                !preceding.is_some_and(|c| c.is_alphanumeric() || c == '_')
            });
            if used && source.module() != owner {
                broken.insert(format!(
                    "{} uses {word}, which belongs to {owner}",
                    source.name()
                ));
            }
        }
    }
    expect_none("a library is used outside its owner", &broken);
}

#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| -> BTreeSet<String> {
        files(&format!("migrations/{engine}"), "sql")
            .iter()
            .filter_map(|source| source.path.file_name()?.to_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn every_test_file_of_the_integration_binary_is_declared() {
    let declared: BTreeSet<String> = read("tests/it/main.rs")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    let broken = fs::read_dir(root().join("tests/it"))
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()?
                .to_str()
                .map(str::to_owned)
        })
        .filter(|name| name != "main" && !declared.contains(name))
        .collect();
    expect_none("a file of tests/it is not a module of main.rs", &broken);
}

#[test]
fn the_scanner_reads_paths_and_groups() {
    let code = "use crate::{ids::PlanId, clock::{self, Clock}};\nlet a = crate::error::Failure;";
    let expected: BTreeSet<String> = ["ids", "clock", "error"]
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    assert_eq!(imports(code), expected);
    assert_eq!(literals("a(\"B\", \"C\") // \"D"), ["B", "C", "D"]);
}
