//! The `convene` command: serving, and what an operator does from a shell.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use convene::accounts::admin;
use convene::app::{App, Ended, describe_data};
use convene::auth::password::Passwords;
use convene::clock::Clock;
use convene::config::Config;
use convene::demo::address::Address;
use convene::demo::{self, Owner};
use convene::document;
use convene::http::probe::ask_health;
use convene::ids::PlanId;
use convene::storage::audit::chain::Chain;
use convene::storage::{Company, Storage};
use convene::telemetry::{Metrics, start_logging};
use secrecy::{ExposeSecret, SecretString};

/// A collaboration server for event plans. Settings come from the environment and from `.env`; see
/// `.env.example`.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (the default)
    Serve,
    /// Ask the server on `CONVENE_LISTEN` whether it takes new work; fails when it does not
    Health,
    /// The audit: who did what to plans and to the server
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Write everything to one file; the server may run meanwhile
    Backup {
        /// The file to write; must not exist
        file: PathBuf,
    },
    /// Read a backup into an empty database; every plan begins a new epoch
    Restore {
        /// The file to read
        file: PathBuf,
    },
    /// Make a plan of a real conference on a running server, to look at
    Demo(DemoArguments),
}

#[derive(Args)]
struct DemoArguments {
    /// Where the server is, as `http://127.0.0.1:8080`; the one on `CONVENE_LISTEN` if not given
    #[arg(long)]
    url: Option<String>,
    /// Whose the plan will be; the account is made if it is not there. Reads the password from standard
    /// input if it is not a terminal, and makes one up otherwise. If not given, demo@example.org with a
    /// password that is made up
    #[arg(long)]
    email: Option<String>,
    /// What others see, should the account be new
    #[arg(long, default_value = "Demo")]
    name: String,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Check that nothing of it was changed or taken out; fails when something was
    Verify,
    /// Show the newest entries of a plan's chain, or of the server's
    List {
        /// The plan; the server's own chain when left out
        plan: Option<PlanId>,
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Set a new password and end all sign-ins of the account. Reads the password from standard
    /// input if it is not a terminal, and makes one up otherwise
    ResetPassword {
        /// The account's e-mail address
        email: String,
    },
    /// Make an invitation to register, good once
    Invite {
        /// Only for this e-mail address
        email: Option<String>,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(Ended::Stopped) => ExitCode::SUCCESS,
        Ok(Ended::ReplaceMe) => replace(),
        Err(error) => {
            say_error(&format!("convene: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Ended> {
    let cli = Cli::parse();
    match dotenvy::dotenv() {
        Ok(_) => {}
        Err(error) if error.not_found() => {}
        Err(error) => bail!(".env cannot be read: {error}"),
    }
    let config = Config::from_env()?;
    start_logging()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => Box::pin(serve(config)).await,
            Command::Health => {
                ask_health(config.listen).await?;
                say("ok");
                Ok(Ended::Stopped)
            }
            Command::Audit(command) => {
                let storage = open_beside(&config).await?;
                let outcome = audit(&storage, command).await;
                storage.close().await;
                outcome.map(|()| Ended::Stopped)
            }
            Command::User(command) => {
                Box::pin(manage_user(&config, command)).await?;
                Ok(Ended::Stopped)
            }
            Command::Backup { file } => {
                let storage = open_beside(&config).await?;
                let report = storage.backup(&file).await?;
                storage.close().await;
                say(&format!("{report}"));
                Ok(Ended::Stopped)
            }
            Command::Restore { file } => {
                let storage = open(&config).await?;
                let report = storage.restore(&file, document::epoch_start).await?;
                storage.close().await;
                say(&format!("{report}"));
                Ok(Ended::Stopped)
            }
            Command::Demo(arguments) => {
                let report = Box::pin(make_demo(&config, arguments)).await?;
                say(&report);
                Ok(Ended::Stopped)
            }
        }
    })
}

async fn serve(config: Config) -> Result<Ended> {
    let data = describe_data(&config);
    let metrics = Metrics::install()?;
    let app = Box::pin(App::start(config, metrics, Clock::system())).await?;
    say(&format!(
        "convene {} listening on http://{}",
        env!("CARGO_PKG_VERSION"),
        app.address()?
    ));
    say(&format!("data: {data}"));
    Ok(app.serve(stop_signal()).await?)
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminate => {}
        interrupted = tokio::signal::ctrl_c() => {
            if interrupted.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

async fn audit(storage: &Storage, command: AuditCommand) -> Result<()> {
    match command {
        AuditCommand::Verify => {
            let (mut entries, mut broken) = (0, 0);
            for chain in storage.audit_chains().await? {
                let verdict = storage.verify_audit(chain).await?;
                entries += verdict.entries;
                if let Some(what) = verdict.broken {
                    broken += 1;
                    say(&format!("{}: {what}", chain.name()));
                }
            }
            if broken > 0 {
                bail!("{broken} chains of the audit are not what was written");
            }
            say(&format!("{entries} entries are what was written"));
        }
        AuditCommand::List { plan, limit } => {
            let chain = plan.map_or(Chain::Server, Chain::Plan);
            for entry in storage.audit_entries(chain, None, limit).await? {
                let actor = entry
                    .actor
                    .map_or("-".to_owned(), |actor| actor.to_string());
                let at = entry.at.to_rfc3339();
                say(&format!(
                    "{} {at} {actor} {} {}",
                    entry.seq, entry.verb, entry.detail
                ));
            }
        }
    }
    Ok(())
}

async fn manage_user(config: &Config, command: UserCommand) -> Result<()> {
    let storage = open_beside(config).await?;
    match command {
        UserCommand::ResetPassword { email } => {
            let passwords = Passwords::on_every_core()?;
            let given = given_password()?;
            let made_up = admin::reset_password(&storage, &passwords, &email, given).await?;
            match made_up {
                Some(password) => say(&format!("new password: {}", password.expose_secret())),
                None => say("the password is set"),
            }
        }
        UserCommand::Invite { email } => {
            let code = admin::create_invite(&storage, &Clock::system(), email).await?;
            say(&format!(
                "invitation, good once within a week: {}",
                code.expose_text()
            ));
        }
    }
    storage.close().await;
    Ok(())
}

async fn make_demo(config: &Config, arguments: DemoArguments) -> Result<String> {
    let server = match &arguments.url {
        Some(url) => Address::parse(url).with_context(|| format!("--url {url}"))?,
        None => Address::of_listener(config.listen),
    };
    let password = match arguments.email {
        Some(_) => given_password()?,
        None => None,
    };
    let owner = Owner {
        email: arguments.email.unwrap_or_else(|| demo::EMAIL.to_owned()),
        name: arguments.name,
        password,
    };
    Ok(demo::run(&server, &owner).await?.to_string())
}

fn given_password() -> Result<Option<SecretString>> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Ok(None);
    }
    let mut line = String::new();
    input.lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    Ok((!password.is_empty()).then(|| password.to_owned().into()))
}

async fn open(config: &Config) -> Result<Storage> {
    Ok(Storage::open(
        &config.database,
        &config.data,
        Company::Nobody,
        Clock::system(),
    )
    .await?)
}

/// Opens the database of a server that may be running.
async fn open_beside(config: &Config) -> Result<Storage> {
    Ok(Storage::open_beside(&config.database, &config.data, Clock::system()).await?)
}

/// Starts this program again in its place: a thread of it is lost and would never end.
fn replace() -> ExitCode {
    use std::os::unix::process::CommandExt;
    let Ok(program) = std::env::current_exe() else {
        return ExitCode::FAILURE;
    };
    let error = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .exec();
    say_error(&format!("convene: could not start again: {error}"));
    ExitCode::FAILURE
}

fn say(text: &str) {
    // A closed standard output is no reason to fail.
    writeln!(std::io::stdout(), "{text}").ok();
}

fn say_error(text: &str) {
    // There is nowhere left to say it.
    writeln!(std::io::stderr(), "{text}").ok();
}
