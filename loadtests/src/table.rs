//! The figures of all runs as tables: the median of each, servers side by side; clusters apart.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::report::Report;
use crate::scenario::Scenario;
use crate::target::Target;

/// Where a document takes the table up.
const BEGIN: &str = "<!-- the table that `make bench` writes -->";
const END: &str = "<!-- its end -->";

/// Servers beside each other, and what is told of them.
struct Table {
    /// What stands above it.
    caption: Option<&'static str>,
    columns: &'static [Target],
    lines: &'static [Line],
}

const TABLES: &[Table] = &[
    Table {
        caption: None,
        columns: &[
            Target::Convene,
            Target::ConveneHocuspocus,
            Target::YSweet,
            Target::Hocuspocus,
            Target::YWebsocketServer,
            Target::Bare,
        ],
        lines: LINES,
    },
    Table {
        caption: Some(
            "Two nodes that serve the same documents, half of each room's clients on either, with a Redis and a PostgreSQL of\n\
             their own: Hocuspocus has its Redis and Database extensions.",
        ),
        columns: &[
            Target::ConvenePair,
            Target::ConvenePairHocuspocus,
            Target::HocuspocusPair,
        ],
        lines: PAIR_LINES,
    },
];

/// Every server that has a column.
pub(crate) fn targets() -> impl Iterator<Item = Target> + Clone {
    TABLES.iter().flat_map(|table| table.columns).copied()
}

/// One line: figures of one scenario, joined by slashes.
struct Line {
    scenario: Scenario,
    title: &'static str,
    figures: &'static [&'static str],
    digits: usize,
}

const fn line(
    scenario: Scenario,
    title: &'static str,
    figures: &'static [&'static str],
    digits: usize,
) -> Line {
    Line {
        scenario,
        title,
        figures,
        digits,
    }
}

const LINES: &[Line] = &[
    line(
        Scenario::FanOut,
        "20 rooms x 10 clients, 1 typing 20/s: seen by others, p50 / p99 ms",
        &["seen_p50_ms", "seen_p99_ms"],
        2,
    ),
    line(
        Scenario::FanOut,
        "... acknowledged, p50 / p99 ms",
        &["ack_p50_ms", "ack_p99_ms"],
        2,
    ),
    line(
        Scenario::FanOut,
        "... the disk alone: a page appended and kept, p50 / p99 ms",
        &["page_p50_ms", "page_p99_ms"],
        2,
    ),
    line(
        Scenario::FanOut,
        "... server CPU, % of a core",
        &["server_cpu_percent"],
        0,
    ),
    line(
        Scenario::HotRoom,
        "1 room x 200 clients, 5 typing 20/s: seen, p50 / p99 ms",
        &["seen_p50_ms", "seen_p99_ms"],
        2,
    ),
    line(
        Scenario::HotRoom,
        "... server CPU, % of a core",
        &["server_cpu_percent"],
        0,
    ),
    line(
        Scenario::ManyRoomsMost,
        "most updates delivered/s, 20 rooms x 10",
        &["delivered_per_second"],
        0,
    ),
    line(
        Scenario::OneRoomMost,
        "most updates delivered/s, 1 room x 200",
        &["delivered_per_second"],
        0,
    ),
    line(
        Scenario::Idle,
        "2,000 idle connections: KiB each",
        &["kib_per_connection"],
        1,
    ),
    line(Scenario::Idle, "... connect all, s", &["connect_all_s"], 2),
    line(
        Scenario::Reconnect,
        "1,000 clients come back at once: all synced, s",
        &["all_synced_s"],
        2,
    ),
    line(
        Scenario::ColdLoad,
        "text of 259,778 edits: written/s",
        &["written_per_second"],
        0,
    ),
    line(
        Scenario::ColdLoad,
        "... opened after a restart, ms",
        &["open_ms"],
        0,
    ),
    line(
        Scenario::ColdLoad,
        "... complete (1 is yes)",
        &["complete"],
        0,
    ),
    line(
        Scenario::ColdLoad,
        "... bytes on disk an edit",
        &["disk_bytes_per_edit"],
        0,
    ),
    line(
        Scenario::Presence,
        "100 clients, 20 cursors moving 10/s: seen, p50 / p99 ms",
        &["seen_p50_ms", "seen_p99_ms"],
        2,
    ),
    line(
        Scenario::Presence,
        "... server CPU, % of a core",
        &["server_cpu_percent"],
        0,
    ),
    line(
        Scenario::SlowReader,
        "one reader stops for 30 s: p99 of the others against before and after",
        &["during_to_beside"],
        2,
    ),
    line(
        Scenario::SlowReader,
        "... server memory grown, KiB",
        &["grown_kib"],
        0,
    ),
    line(
        Scenario::SlowReader,
        "... texts that differ at the end, of those compared",
        &["texts_different", "texts_compared"],
        0,
    ),
    line(
        Scenario::Durability,
        "killed twice while typing: acknowledged and gone / acknowledged",
        &["acked_gone", "acked"],
        0,
    ),
    line(
        Scenario::Durability,
        "... seen by another and gone / seen",
        &["seen_gone", "seen"],
        0,
    ),
    line(
        Scenario::Churn,
        "10,000 opens and closes: memory grown over the last 8,000, KiB",
        &["grown_kib"],
        0,
    ),
];

const PAIR_LINES: &[Line] = &[
    line(
        Scenario::CrossNode,
        "20 rooms x 10 clients, 1 typing 20/s: seen on the other node, p50 / p99 ms",
        &["across_p50_ms", "across_p99_ms"],
        2,
    ),
    line(
        Scenario::CrossNode,
        "... seen on the writer's node, p50 / p99 ms",
        &["seen_p50_ms", "seen_p99_ms"],
        2,
    ),
    line(
        Scenario::CrossNode,
        "... acknowledged, p50 / p99 ms",
        &["ack_p50_ms", "ack_p99_ms"],
        2,
    ),
    line(
        Scenario::CrossNode,
        "... CPU of both nodes, % of a core",
        &["server_cpu_percent"],
        0,
    ),
    line(
        Scenario::CrossNode,
        "... the same, µs an update delivered",
        &["cpu_us_per_delivery"],
        0,
    ),
    line(
        Scenario::CrossNode,
        "... CPU of Redis and PostgreSQL, % of a core",
        &["shared_cpu_percent"],
        0,
    ),
    line(
        Scenario::CrossNode,
        "... memory of both nodes at the end, KiB",
        &["server_kib"],
        0,
    ),
    line(
        Scenario::CrossNode,
        "... texts that differ at the end, of those compared",
        &["texts_different", "texts_compared"],
        0,
    ),
    line(
        Scenario::CrossNodeHot,
        "1 room x 50 clients, 5 typing 20/s: seen on the other node, p50 / p99 ms",
        &["across_p50_ms", "across_p99_ms"],
        2,
    ),
    line(
        Scenario::CrossNodeHot,
        "... seen on the writer's node, p50 / p99 ms",
        &["seen_p50_ms", "seen_p99_ms"],
        2,
    ),
    line(
        Scenario::CrossNodeHot,
        "... CPU of both nodes, % of a core",
        &["server_cpu_percent"],
        0,
    ),
    line(
        Scenario::CrossNodeHot,
        "... the same, µs an update delivered",
        &["cpu_us_per_delivery"],
        0,
    ),
];

/// All reports.
#[derive(Default)]
struct Results {
    figures: BTreeMap<(Scenario, Target, String), Vec<f64>>,
    runs: BTreeMap<(Scenario, Target), usize>,
}

/// Reads reports, one a line, and makes the tables; one of whose servers none ran is left out.
pub(crate) fn render(results: &str) -> Result<String> {
    let results = Results::read(results)?;
    let mut out = String::new();
    for table in TABLES {
        let has_run = |column: &Target| results.runs.keys().any(|(_, target)| target == column);
        if !table.columns.iter().any(has_run) {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        if let Some(caption) = table.caption {
            write!(out, "{caption}\n\n")?;
        }
        table.write(&results, &mut out)?;
    }
    Ok(out)
}

impl Results {
    fn read(reports: &str) -> Result<Self> {
        let mut results = Self::default();
        for report in reports.lines() {
            let report: Report = serde_json::from_str(report)?;
            let (scenario, target) = (report.scenario, report.target);
            *results.runs.entry((scenario, target)).or_default() += 1;
            for (name, value) in report.figures {
                let values = results.figures.entry((scenario, target, name));
                values.or_default().push(value);
            }
        }
        Ok(results)
    }

    /// A line's cell for one server; nothing when a run of it lacks a figure.
    fn cell(&self, line: &Line, target: Target) -> Option<String> {
        let figures = line.figures.iter().map(|figure| {
            let key = (line.scenario, target, (*figure).to_owned());
            let values = self.figures.get(&key)?;
            // The runs that have a figure are the good ones; their median alone would flatter.
            if values.len() < *self.runs.get(&(line.scenario, target))? {
                return None;
            }
            Some(number(median(values)?, line.digits))
        });
        Some(figures.collect::<Option<Vec<_>>>()?.join(" / "))
    }
}

impl Table {
    fn write(&self, results: &Results, out: &mut String) -> Result<()> {
        out.push_str("| |");
        for target in self.columns {
            write!(out, " {} |", target.title())?;
        }
        out.push_str("\n|---|");
        out.push_str(&"---:|".repeat(self.columns.len()));
        out.push('\n');
        for line in self.lines {
            write!(out, "| {} |", line.title)?;
            for target in self.columns {
                let cell = results.cell(line, *target);
                write!(out, " {} |", cell.as_deref().unwrap_or("-"))?;
            }
            out.push('\n');
        }
        Ok(())
    }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let (whole, rest) = text
        .split_once('.')
        .map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    let count = whole.len();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0
            && (count - place).is_multiple_of(3)
            && digit.is_ascii_digit()
            && !grouped.ends_with('-')
        {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    rest.map_or(grouped.clone(), |rest| format!("{grouped}.{rest}"))
}

/// Puts the table between its marks in a document.
pub(crate) fn put(table: &str, document: &Path) -> Result<()> {
    let text = fs::read_to_string(document)
        .with_context(|| format!("{} cannot be read", document.display()))?;
    let marked = || {
        format!(
            "{} has no place for the table: {BEGIN} ... {END}",
            document.display()
        )
    };
    let (before, rest) = text.split_once(BEGIN).with_context(marked)?;
    let (_, after) = rest.split_once(END).with_context(marked)?;
    fs::write(
        document,
        format!("{before}{BEGIN}\n\n{table}\n{END}{after}"),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(number(1_234_567.0, 0), "1,234,567");
        assert_eq!(number(0.5, 2), "0.50");
        assert_eq!(number(-123.0, 0), "-123");
        assert_eq!(number(-1_234.5, 1), "-1,234.5");
    }

    #[test]
    fn a_figure_that_one_run_lacks_is_not_shown() {
        let report = |figures: &str| {
            format!(
                "{{\"target\":\"convene\",\"scenario\":\"cold-load\",\"figures\":{{{figures}}}}}"
            )
        };
        let results = [
            report("\"complete\":1.0,\"open_ms\":20.0"),
            report("\"complete\":0.0"),
            report("\"complete\":0.0"),
        ];
        let table = render(&results.join("\n")).unwrap();
        assert!(
            table.contains("| ... opened after a restart, ms | - | - |"),
            "{table}"
        );
        assert!(
            table.contains("| ... complete (1 is yes) | 0 | - |"),
            "{table}"
        );
    }

    #[test]
    fn clusters_have_a_table_of_their_own_once_one_has_run() {
        let alone = r#"{"target":"convene","scenario":"idle","figures":{"connect_all_s":1.0}}"#;
        assert!(!render(alone).unwrap().contains("Two nodes"));
        let pair = r#"{"target":"hocuspocus-pair","scenario":"cross-node","figures":{"server_cpu_percent":57.0}}"#;
        let both = render(&[alone, pair].join("\n")).unwrap();
        let (first, second) = both.split_once("Two nodes").unwrap();
        assert!(first.contains("| ... connect all, s | 1.00 |"), "{first}");
        assert!(
            second.contains("| ... CPU of both nodes, % of a core | - | - | 57 |"),
            "{second}"
        );
    }

    #[test]
    fn a_cell_is_the_median_of_its_runs() {
        let report = |value: f64| {
            format!(
                "{{\"target\":\"convene\",\"scenario\":\"idle\",\"figures\":{{\"connect_all_s\":{value}}}}}"
            )
        };
        let results = [report(3.0), report(1.0), report(2.0)].join("\n");
        let table = render(&results).unwrap();
        assert!(
            table.contains("| ... connect all, s | 2.00 | - |"),
            "{table}"
        );
    }
}
