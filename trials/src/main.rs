//! The `trials` command: runs many cases of one part, and one again that found something.
//!
//! Cases run in a process of their own that notes which seed it is at, so that a case that ends the
//! process or never ends is found and named like any other.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Parser;
use convene::clock::Clock;
use convene_trials::finding::Tally;
use convene_trials::part::{Part, run_seed};
use convene_trials::progress::Progress;

/// How often the process with the cases is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A case that takes longer does not end.
const CASE_MAX: Duration = Duration::from_mins(1);

/// Runs cases of one part until the time or the cases are over, and fails on a finding.
#[derive(Parser)]
struct Cli {
    /// What is generated and judged
    part: Part,
    /// The first seed; alone, the only one
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How many cases at most
    #[arg(long, value_name = "NUMBER")]
    cases: Option<u64>,
    /// How long at most
    #[arg(long, value_name = "NUMBER")]
    seconds: Option<u64>,
    /// Where the process that runs the cases tells how far it is
    #[arg(long, hide = true)]
    progress: Option<PathBuf>,
}

/// Which cases are to be run.
#[derive(Debug, Clone, Copy)]
struct Plan {
    part: Part,
    first: u64,
    cases: u64,
    time: Duration,
}

fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    let is_one = cli.seed.is_some() && cli.cases.is_none() && cli.seconds.is_none();
    let plan = Plan {
        part: cli.part,
        first: cli.seed.unwrap_or(0),
        cases: if is_one {
            1
        } else {
            cli.cases.unwrap_or(u64::MAX)
        },
        time: cli.seconds.map_or(Duration::MAX, Duration::from_secs),
    };
    match cli.progress {
        Some(path) => work(plan, &path),
        None => supervise(plan),
    }
}

/// Runs the cases; ends with the first finding.
fn work(plan: Plan, path: &Path) -> Result<ExitCode> {
    if plan.cases > 1 {
        // Panics of the library are caught and may be many; the case alone shows where they are.
        std::panic::set_hook(Box::new(|_| {}));
    }
    let mut progress = Progress::create(path)?;
    let (start, mut tally) = (Clock::system().monotonic(), Tally::default());
    for seed in (plan.first..).take(usize::try_from(plan.cases).unwrap_or(usize::MAX)) {
        if start.elapsed() >= plan.time {
            break;
        }
        progress.begin(seed, tally)?;
        match run_seed(plan.part, seed) {
            Ok(case) => tally = tally.and(case),
            Err(finding) => {
                writeln!(std::io::stderr(), "{finding}")?;
                return Ok(ExitCode::FAILURE);
            }
        }
        progress.end(tally)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the cases in a process of their own and says in one line what came of it.
fn supervise(plan: Plan) -> Result<ExitCode> {
    let path = std::env::temp_dir().join(format!("convene-trials-{}", std::process::id()));
    let start = Clock::system().monotonic();
    let mut child = spawn(plan, &path)?;
    let ended = watch(&mut child, &path)?;
    let progress = Progress::read(&path).context("it ended before the first case")?;
    std::fs::remove_file(&path)?;
    let found = match ended {
        Ended::Itself(status) if status.success() => None,
        Ended::Itself(status) if status.code() == Some(1) => Some("see above".to_owned()),
        Ended::Itself(status) => Some(format!("the process ended: {status}")),
        Ended::Stuck => Some(format!("a case ran for more than {CASE_MAX:?}")),
    };
    report(plan, &progress, start, found.as_deref())?;
    Ok(found.map_or(ExitCode::SUCCESS, |_| ExitCode::FAILURE))
}

fn spawn(plan: Plan, path: &Path) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(plan.part.name());
    command.args([
        "--seed",
        &plan.first.to_string(),
        "--cases",
        &plan.cases.to_string(),
    ]);
    if plan.time < Duration::MAX {
        command.args(["--seconds", &plan.time.as_secs().to_string()]);
    }
    Ok(command.arg("--progress").arg(path).spawn()?)
}

enum Ended {
    Itself(ExitStatus),
    Stuck,
}

fn watch(child: &mut Child, path: &Path) -> Result<Ended> {
    let mut seen = (None, Clock::system().monotonic());
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::Itself(status));
        }
        let at = Progress::read(path).map(|progress| progress.cases());
        if at != seen.0 {
            seen = (at, Clock::system().monotonic());
        } else if seen.1.elapsed() > CASE_MAX {
            child.kill()?;
            child.wait()?;
            return Ok(Ended::Stuck);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn report(plan: Plan, progress: &Progress, start: Instant, found: Option<&str>) -> Result<()> {
    let (name, tally) = (plan.part.name(), progress.tally());
    let taken = (tally.taken * 100).checked_div(tally.inputs).unwrap_or(0);
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{name:<10} {:>9} cases {:>10} inputs {taken:>3} % taken {:>6.1} s {:>2} findings",
        progress.cases(),
        tally.inputs,
        start.elapsed().as_secs_f64(),
        u8::from(found.is_some()),
    )?;
    if let Some(found) = found {
        let seed = progress.seed();
        writeln!(
            out,
            "  seed {seed}: {found}\n  again: make fuzz FUZZ_PART={name} FUZZ_SEED={seed}"
        )?;
    }
    Ok(())
}
