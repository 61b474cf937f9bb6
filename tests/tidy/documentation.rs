//! What is written for people says what the code does: settings, errors, methods, limits, metrics.

use std::collections::{BTreeMap, BTreeSet};

use convene::config::Config;
use convene_protocol::control::{METHODS, NOTIFICATIONS};
use convene_protocol::error_code::{Dialect, ErrorCode};

use super::{expect_none, files, identifier, literals, read};

/// Pages that name settings, routes and metrics.
const PAGES: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "docs/operating.md",
    "docs/troubleshooting.md",
    "protocol/SPEC.md",
];

/// Close codes that nobody sends: what a broken connection looks like.
const NEVER_SENT: u16 = 1006;

fn is_setting(name: &str) -> bool {
    (name.starts_with("CONVENE_") || ["DATABASE_URL", "SECRET_KEY", "REDIS_URL"].contains(&name))
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// The settings of `.env.example` with their values.
pub(super) fn example() -> BTreeMap<String, String> {
    read(".env.example")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Every literal of the server's code that `is_name` accepts.
pub(super) fn named_by_code(is_name: impl Fn(&str) -> bool) -> BTreeSet<String> {
    files("src", "rs")
        .iter()
        .flat_map(|source| {
            let code = source.code();
            let names = literals(&code).into_iter().filter(|name| is_name(name));
            names.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

/// Every word of `text` that begins with `prefix`, as long as it is an identifier.
fn words(text: &str, prefix: &str) -> BTreeSet<String> {
    text.match_indices(prefix)
        .map(|(at, _)| identifier(&text[at..]).to_owned())
        .collect()
}

/// The cells of every row of every table.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'))
        .map(|row| row.split('|').map(str::trim).collect())
        .collect()
}

fn unquoted(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`')
}

fn strings(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn expect_same(what: &str, code: &BTreeSet<String>, page: &BTreeSet<String>) {
    let missing = code.difference(page).cloned().collect();
    expect_none(
        &format!("{what}: in the code and not on the page"),
        &missing,
    );
    let unknown = page.difference(code).cloned().collect();
    expect_none(
        &format!("{what}: on the page and not in the code"),
        &unknown,
    );
}

#[test]
fn every_setting_is_in_the_example_and_every_example_is_a_setting() {
    let documented = example().into_keys().filter(|name| is_setting(name));
    expect_same(
        ".env.example",
        &named_by_code(is_setting),
        &documented.collect(),
    );
}

#[test]
fn the_example_holds_the_defaults() {
    let example = example();
    let by_default = Config::from_lookup(|_| None).unwrap();
    let by_example = Config::from_lookup(|name| example.get(name).cloned()).unwrap();
    assert_eq!(format!("{by_example:#?}"), format!("{by_default:#?}"));
}

#[test]
fn pages_name_only_settings_that_there_are() {
    let settings = named_by_code(is_setting);
    let mut unknown = BTreeSet::new();
    for page in PAGES {
        for name in words(&read(page), "CONVENE_") {
            // `CONVENE_*` stands for all of them.
            if name != "CONVENE_" && !settings.contains(&name) {
                unknown.insert(format!("{page}: {name}"));
            }
        }
    }
    expect_none("a page names a setting that is none", &unknown);
}

#[test]
fn pages_name_only_routes_that_there_are() {
    let routes = named_by_code(|name| name.starts_with("/api/v1/"));
    let mut unknown = BTreeSet::new();
    for page in PAGES {
        let text = read(page);
        for (at, _) in text.match_indices("/api/v1/") {
            let rest = &text[at..];
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "/_{}".contains(c)));
            let route = &rest[..end.unwrap_or(rest.len())];
            // `/api/v1/…` stands for all of them.
            if route != "/api/v1/" && !routes.contains(route) {
                unknown.insert(format!("{page}: {route}"));
            }
        }
    }
    expect_none("a page names a route that is none", &unknown);
}

#[test]
fn the_table_of_errors_is_that_of_the_specification() {
    let code = ErrorCode::ALL.iter().map(|code| {
        format!(
            "{} {} {} {} {}",
            code.as_str(),
            code.json_rpc(),
            code.http_status(),
            code.close_code(Dialect::YWebsocket),
            code.close_code(Dialect::Hocuspocus)
        )
    });
    let specification = read("protocol/SPEC.md");
    let page = rows(&specification).into_iter().filter_map(|row| {
        let [name, numbers @ .., _what_to_do] = row.as_slice() else {
            return None;
        };
        numbers.first()?.parse::<i32>().ok().filter(|n| *n < 0)?;
        Some(format!("{} {}", unquoted(name)?, numbers.join(" ")))
    });
    expect_same("errors in SPEC.md", &code.collect(), &page.collect());
}

#[test]
fn every_close_code_is_one_of_the_table() {
    let table: BTreeSet<u16> = ErrorCode::ALL
        .iter()
        .flat_map(|code| {
            [Dialect::YWebsocket, Dialect::Hocuspocus].map(|dialect| code.close_code(dialect))
        })
        .collect();
    let mut unknown = BTreeSet::new();
    for page in PAGES {
        let text = read(page);
        let numbers = text
            .split(|c: char| !(c.is_ascii_alphanumeric() || "-_:./".contains(c)))
            .filter_map(|word| word.trim_end_matches([':', '.']).parse::<u16>().ok())
            .filter(|number| matches!(number, 1001..=1015 | 4400..=4599));
        for number in numbers {
            // The bounds of the two bands are no codes themselves.
            let is_bound = [4400, 4499, 4500, 4599].contains(&number);
            if number != NEVER_SENT && !is_bound && !table.contains(&number) {
                unknown.insert(format!("{page}: {number}"));
            }
        }
    }
    expect_none("a page names a close code that is none", &unknown);
}

#[test]
fn every_control_method_and_notification_is_in_the_specification() {
    let specification = read("protocol/SPEC.md");
    let is_method = |name: &&str| name.contains('.');
    let headings = specification
        .lines()
        .filter_map(|line| unquoted(line.strip_prefix("### ")?))
        .filter(is_method);
    let page = headings.map(str::to_owned).collect();
    expect_same("methods in SPEC.md", &strings(METHODS), &page);
    let notifications = specification
        .lines()
        .filter_map(|line| line.strip_prefix('`')?.split_once("`:"))
        .map(|(name, _)| name)
        .filter(is_method);
    let page = notifications.map(str::to_owned).collect();
    expect_same("notifications in SPEC.md", &strings(NOTIFICATIONS), &page);
}

#[test]
fn every_limit_is_in_the_specification_with_its_default() {
    let specification = read("protocol/SPEC.md");
    let page = rows(&specification).into_iter().filter_map(|row| {
        let name = unquoted(row.first()?)?;
        let default = row.get(1)?;
        is_setting(name).then(|| format!("{name}={default}"))
    });
    let (_, limits) = read(".env.example")
        .split_once("# --- limits")
        .map(|(above, below)| (above.to_owned(), below.to_owned()))
        .unwrap();
    let code = limits.lines().filter(|line| line.starts_with("CONVENE_"));
    expect_same(
        "limits in SPEC.md",
        &code.map(str::to_owned).collect(),
        &page.collect(),
    );
}

#[test]
fn every_metric_is_on_the_page_for_operators() {
    let is_metric = |name: &str| {
        name.starts_with("convene_")
            && !name.starts_with("convene_example")
            && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    };
    let page = rows(&read("docs/troubleshooting.md"))
        .into_iter()
        .filter_map(|row| unquoted(row.first()?))
        .filter(|name| is_metric(name))
        .map(str::to_owned)
        .collect();
    expect_same("metrics", &named_by_code(is_metric), &page);
}
