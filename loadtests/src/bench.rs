//! Every load on every server, in turn, and the table of it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::report::Report;
use crate::scenario::Scenario;
use crate::table;
use crate::target::{Programs, Target};

/// What is run, and where the results go.
pub(crate) struct Bench {
    /// How often each load runs.
    pub(crate) runs: usize,
    pub(crate) programs: Programs,
    /// The reports, one a line.
    pub(crate) results: PathBuf,
    /// Documents that show the table.
    pub(crate) documents: Vec<PathBuf>,
}

impl Bench {
    /// Runs everything. A server that fails a load has no figure there, and the failure is told;
    /// this server must fail none, and its texts must be equal.
    pub(crate) async fn run(self) -> Result<()> {
        if let Some(folder) = self.results.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut results = File::create(&self.results)
            .with_context(|| format!("{} cannot be written", self.results.display()))?;
        let mut wrong = Vec::new();
        let loads = self.loads();
        for (number, (scenario, target)) in loads.iter().enumerate() {
            let (now, all) = (number + 1, loads.len());
            eprintln!("load {now} of {all}: {target:?} {scenario:?}");
            match Box::pin(scenario.run(*target, &self.programs)).await {
                Ok(report) => {
                    let line = serde_json::to_string(&report)?;
                    println!("{line}");
                    writeln!(results, "{line}")?;
                    wrong.extend(broken_promise(&report));
                }
                Err(error) => {
                    eprintln!("{target:?} {scenario:?}: {error:#}");
                    if target.is_convene() {
                        wrong.push(format!("{target:?} {scenario:?}: {error:#}"));
                    }
                }
            }
        }
        write_table(&self.results, &self.documents)?;
        if !wrong.is_empty() {
            bail!("convene broke its promises:\n{}", wrong.join("\n"));
        }
        Ok(())
    }

    /// Every load, in the order in which they run: servers in turn within a run, so that what else
    /// the machine does meets all of them.
    fn loads(&self) -> Vec<(Scenario, Target)> {
        let mut loads = Vec::new();
        for scenario in Scenario::value_variants() {
            let targets = table::targets().filter(|it| scenario.applies_to(*it));
            let run = targets.map(|target| (*scenario, target));
            loads.extend(std::iter::repeat_n(run, self.runs).flatten());
        }
        loads
    }
}

/// Makes the table from reports that are there.
pub(crate) fn write_table(results: &Path, documents: &[PathBuf]) -> Result<()> {
    let results = std::fs::read_to_string(results)
        .with_context(|| format!("{} cannot be read", results.display()))?;
    let table = table::render(&results)?;
    for document in documents {
        table::put(&table, document)?;
    }
    println!("{table}");
    Ok(())
}

/// What this server promises whatever the load.
fn broken_promise(report: &Report) -> Option<String> {
    let never = [
        "texts_different",
        "edits_missing",
        "undelivered",
        "acked_gone",
        "seen_gone",
        "not_applied",
    ];
    let broken = never.iter().find(|name| {
        report
            .figures
            .get(**name)
            .is_some_and(|figure| *figure > 0.0)
    })?;
    report
        .target
        .is_convene()
        .then(|| format!("{:?} {:?}: {broken}", report.target, report.scenario))
}
