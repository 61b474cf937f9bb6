//! A light load generator for both stock dialects, and the comparison of this server with others.
//!
//! `loadtests run` puts one load on one server and prints what it found as JSON lines; `loadtests
//! bench` runs every load on every server in turn and writes the table. The generator reports its
//! own processor time: a figure taken while it is the bottleneck is a figure about itself.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that measures asks the time itself, and prints what it finds"
)]

mod bare;
mod bench;
mod client;
mod crowd;
mod disk;
mod ledger;
mod newcomer;
mod place;
mod report;
mod scenario;
mod table;
mod target;
mod update;
mod usage;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::bench::Bench;
use crate::scenario::Scenario;
use crate::target::{Programs, Target};

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Put loads on servers and print what was found, one JSON object a line
    Run {
        /// Servers, separated by commas; each load gets a new one
        #[arg(long, value_delimiter = ',', required = true)]
        target: Vec<Target>,
        /// Loads, separated by commas
        #[arg(long, value_delimiter = ',', required = true)]
        scenario: Vec<Scenario>,
        /// How often
        #[arg(long, default_value_t = 1)]
        runs: usize,
        #[command(flatten)]
        places: Places,
    },
    /// Put every load on every server and write the table; takes about an hour
    Bench {
        /// How often each load runs
        #[arg(long, default_value_t = 3)]
        runs: usize,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        places: Places,
    },
    /// Write the table of an earlier bench again
    Table {
        #[command(flatten)]
        output: Output,
    },
    /// Pass frames on without a document, on this port
    #[command(hide = true)]
    Bare { port: u16 },
}

/// Where the results go.
#[derive(clap::Args)]
struct Output {
    /// The reports, one JSON object a line
    #[arg(long, default_value = "target/bench/results.jsonl")]
    results: PathBuf,
    /// A document that shows the table between two marks
    #[arg(long = "document")]
    documents: Vec<PathBuf>,
}

/// Where the programs are.
#[derive(clap::Args)]
struct Places {
    /// The release build of this server
    #[arg(long, default_value = "target/release/convene")]
    convene: PathBuf,
    /// The other servers' folder
    #[arg(long, default_value = "loadtests/peers")]
    peers: PathBuf,
    /// y-sweet's program
    #[arg(long, default_value = "target/bench-tools/bin/y-sweet")]
    y_sweet: PathBuf,
    /// PostgreSQL's folder
    #[arg(long, default_value = "target/test-tools/postgres")]
    postgres: PathBuf,
    /// Redis' program
    #[arg(long, default_value = "redis-server")]
    redis: PathBuf,
}

impl Places {
    fn programs(self) -> Result<Programs> {
        Ok(Programs {
            convene: std::path::absolute(self.convene)?,
            peers: std::path::absolute(self.peers)?,
            y_sweet: std::path::absolute(self.y_sweet)?,
            postgres: std::path::absolute(self.postgres)?,
            redis: self.redis,
        })
    }
}

/// Lets this process, and the servers it starts, open a socket for each of thousands of clients:
/// shells commonly allow 1,024 files.
fn allow_sockets() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}

#[tokio::main]
async fn main() -> Result<()> {
    allow_sockets()?;
    match Cli::parse().command {
        Command::Run {
            target,
            scenario,
            runs,
            places,
        } => {
            let programs = places.programs()?;
            for _ in 0..runs {
                for scenario in &scenario {
                    for target in &target {
                        if !scenario.applies_to(*target) {
                            continue;
                        }
                        match Box::pin(scenario.run(*target, &programs)).await {
                            Ok(report) => println!("{}", serde_json::to_string(&report)?),
                            Err(error) => eprintln!("{target:?} {scenario:?}: {error:#}"),
                        }
                    }
                }
            }
            Ok(())
        }
        Command::Bench {
            runs,
            output: Output { results, documents },
            places,
        } => {
            let programs = places.programs()?;
            let bench = Bench {
                runs,
                programs,
                results,
                documents,
            };
            bench.run().await
        }
        Command::Table { output } => bench::write_table(&output.results, &output.documents),
        Command::Bare { port } => bare::serve(port).await,
    }
}
