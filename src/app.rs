//! Wires the parts together, and takes them apart in the right order.
//!
//! Start: storage, journal, rooms, doors. Stop: the health check turns, sockets close in waves,
//! rooms commit what they hold and leave memory, the journal ends, storage closes. Nothing that was
//! acknowledged is lost by skipping any of it; the order only spares clients a wait.

mod expiring;
mod listening;
mod nodes;
mod open_files;
mod secret;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use convene_protocol::error_code::ErrorCode;
use rand::seq::SliceRandom;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::nodes::{Nodes, Sockets};
use crate::accounts::watch::end_sockets_of_ended_sign_ins;
use crate::accounts::{Accounts, LiveSessions};
use crate::auth::password::{PasswordError, Passwords};
use crate::auth::throttle::Throttle;
use crate::auth::token::Tokens;
use crate::clock::Clock;
use crate::config::{Config, DatabaseConfig};
use crate::control::Desk;
use crate::events::Events;
use crate::http::{self, HttpState, Readiness, connections};
use crate::ids::FamilyId;
use crate::relay::RelayError;
use crate::room::outbox::Ending;
use crate::room::registry::{Registry, RegistryParts};
use crate::search::Indexer;
use crate::session::directory::Directory;
use crate::session::upgrade::{self, SessionState};
use crate::storage::journal_writer::JournalWriter;
use crate::storage::{Company, Storage, StorageError};
use crate::telemetry::Metrics;

/// How long rooms may take to commit what they hold once their sockets are closed.
const ROOMS_END_WITHIN: Duration = Duration::from_secs(10);
/// How long tasks may take to notice that the server ends.
const TASKS_END_WITHIN: Duration = Duration::from_secs(15);
/// Waves in which sockets are closed, so that clients do not all come back at once.
const WAVES: u32 = 10;
/// How often what has run out is deleted.
const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// Why the server does not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The database could not be used.
    #[error("the database cannot be used: {0}")]
    Storage(#[from] StorageError),
    /// Redis could not be used.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// The secret key could not be read or made.
    #[error("the secret key in {path} cannot be used: {source}")]
    Secret {
        /// The file.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}; set CONVENE_LISTEN to another address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A thread could not be started, or the listener failed.
    #[error("the system refused: {0}")]
    System(#[from] std::io::Error),
    /// Passwords cannot be hashed here.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// How the server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// As it was told to.
    Stopped,
    /// A room thread was lost: the process should start itself again.
    ReplaceMe,
}

/// A server that listens and is about to serve.
#[derive(Debug)]
pub struct App {
    listener: TcpListener,
    router: Router,
    running: Running,
}

/// What has to be taken apart again.
#[derive(Debug)]
struct Running {
    storage: Storage,
    registry: Registry,
    directory: Directory,
    readiness: Readiness,
    /// Sockets, control requests, snapshots, the journal.
    tracker: TaskTracker,
    stop_journal: CancellationToken,
    stop_listening: CancellationToken,
    replace_me: CancellationToken,
    sockets_max: usize,
    leave_for: Duration,
    drain_for: Duration,
}

impl App {
    /// Opens everything and binds the address.
    pub async fn start(config: Config, metrics: Metrics, clock: Clock) -> Result<Self, AppError> {
        open_files::allow_sockets(config.limits.sessions_max);
        let storage = open(&config, &clock).await?;
        let secret = secret::secret_key(&config)?;
        let tokens = Tokens::new(
            &secret,
            clock.clone(),
            config.accounts.access_token_lifetime,
        );
        let nodes = Nodes::connect(&config, &secret, &clock).await?;
        let relay = nodes.relay.clone();
        let running = Running::start(&config, storage, &clock, nodes)?;
        let accounts = Accounts {
            storage: running.storage.clone(),
            tokens: tokens.clone(),
            passwords: Passwords::on_every_core()?,
            throttle: Throttle::new(
                clock.clone(),
                config.accounts.logins_per_account_per_minute,
                config.accounts.logins_per_address_per_minute,
            ),
            live: Arc::new(Sockets {
                here: running.directory.clone(),
                relay: relay.clone(),
            }),
            relay,
            config: config.accounts.clone(),
            clock: clock.clone(),
        };
        let sessions = SessionState {
            storage: running.storage.clone(),
            tokens: Arc::new(tokens),
            registry: running.registry.clone(),
            desk: running.desk(&clock),
            directory: running.directory.clone(),
            clock,
            door: Arc::new(config.door.clone()),
            limits: Arc::new(config.limits.clone()),
            tracker: running.tracker.clone(),
        };
        drop(
            running
                .tracker
                .spawn(metrics.clone().keep_up(running.stop_journal.clone())),
        );
        let address = config.listen;
        let state = HttpState {
            accounts: Arc::new(accounts),
            config: Arc::new(config),
            readiness: running.readiness.clone(),
            metrics,
        };
        let doors = http::routes()
            .with_state(state.clone())
            .merge(upgrade::routes(sessions));
        let router = http::with_layers(doors, &state);
        let listener =
            listening::listen(address).map_err(|source| AppError::Listen { address, source })?;
        Ok(Self {
            listener,
            router,
            running,
        })
    }

    /// The address that is listened on.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is done or the server has to be replaced, and then takes it apart.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<Ended, AppError> {
        let Self {
            listener,
            router,
            running,
        } = self;
        let (tracker, stop_listening) = (running.tracker.clone(), running.stop_listening.clone());
        let serving = connections::serve(
            listener,
            router,
            running.sockets_max,
            tracker,
            stop_listening,
        );
        let server = running.tracker.spawn(serving);
        let ended = tokio::select! {
            () = stop => Ended::Stopped,
            () = running.replace_me.cancelled() => Ended::ReplaceMe,
        };
        running.end().await;
        server.abort();
        Ok(ended)
    }
}

async fn open(config: &Config, clock: &Clock) -> Result<Storage, StorageError> {
    let (company, clock) = (Company::Servers, clock.clone());
    Storage::open(&config.database, &config.data, company, clock).await
}

impl Running {
    fn start(
        config: &Config,
        storage: Storage,
        clock: &Clock,
        nodes: Nodes,
    ) -> Result<Self, AppError> {
        let (tracker, stop_journal) = (nodes.tracker.clone(), nodes.stop.clone());
        let replace_me = CancellationToken::new();
        let journal = JournalWriter::spawn(storage.clone(), &tracker, stop_journal.clone());
        let registry = Registry::start(RegistryParts {
            storage: storage.clone(),
            journal,
            relay: nodes.relay.clone(),
            clock: clock.clone(),
            limits: config.limits.clone(),
            tracker: tracker.clone(),
            replace_me: replace_me.clone(),
        })?;
        let limits = &config.limits;
        let running = Self {
            directory: Directory::new(limits.sessions_max, limits.sessions_per_user_max),
            storage,
            registry,
            readiness: Readiness::default(),
            tracker,
            stop_journal,
            stop_listening: CancellationToken::new(),
            replace_me,
            sockets_max: limits.sessions_max,
            leave_for: limits.leave_for,
            drain_for: limits.drain_for,
        };
        drop(running.tracker.spawn(expiring::end_expired_proposals(
            running.storage.clone(),
            running.registry.clone(),
            running.stop_journal.clone(),
        )));
        nodes.attend(
            running.storage.clone(),
            &running.registry,
            &running.directory,
            clock,
        );
        let (storage, registry) = (running.storage.clone(), running.registry.clone());
        let indexer = Indexer::new(storage, registry, clock.clone());
        // It asks rooms, which are the first to end.
        drop(
            running
                .tracker
                .spawn(indexer.run(running.stop_listening.clone())),
        );
        drop(running.tracker.spawn(end_sockets_of_ended_sign_ins(
            running.storage.clone(),
            Arc::new(running.directory.clone()),
            running.stop_journal.clone(),
        )));
        drop(
            running
                .tracker
                .spawn(sweep(running.storage.clone(), running.stop_journal.clone())),
        );
        Ok(running)
    }

    /// What answers control requests.
    fn desk(&self, clock: &Clock) -> Desk {
        let events = Events::start(
            self.registry.clone(),
            self.storage.clone(),
            &self.tracker,
            self.stop_journal.clone(),
        );
        let (storage, registry) = (self.storage.clone(), self.registry.clone());
        Desk::new(
            storage,
            registry,
            clock.clone(),
            (events, self.tracker.clone()),
        )
    }

    async fn end(self) {
        tracing::info!(sockets = self.directory.count(), "stopping");
        self.readiness.stop();
        // Balancers ask every few seconds; until they know, what they send here is served.
        tokio::time::sleep(self.leave_for).await;
        self.stop_listening.cancel();
        self.close_sockets().await;
        self.registry.drain();
        until(ROOMS_END_WITHIN, || self.registry.count() == 0).await;
        self.stop_journal.cancel();
        self.tracker.close();
        if tokio::time::timeout(TASKS_END_WITHIN, self.tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!("some tasks did not end in time");
        }
        self.storage.close().await;
        tracing::info!("stopped");
    }

    /// Closes sockets in waves: stock clients come back at once and would all do so together.
    async fn close_sockets(&self) {
        let mut outboxes = self.directory.outboxes();
        outboxes.shuffle(&mut rand::rng());
        let per_wave = outboxes.len().div_ceil(WAVES as usize).max(1);
        for wave in outboxes.chunks(per_wave) {
            for outbox in wave {
                let say = "the server restarts; reconnecting goes on where it was";
                outbox.end(Ending::new(ErrorCode::ShuttingDown, say));
            }
            tokio::time::sleep(self.drain_for / WAVES).await;
        }
        until(Duration::from_secs(3), || self.directory.count() == 0).await;
    }
}

async fn until(at_most: Duration, condition: impl Fn() -> bool) {
    let reached = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // The caller goes on either way.
    tokio::time::timeout(at_most, reached).await.ok();
}

/// Deletes what has run out: ended sign-ins and kept answers.
async fn sweep(storage: Storage, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
        let swept = async {
            storage.delete_ended_families().await?;
            storage.delete_old_answers().await
        };
        if let Err(error) = swept.await {
            tracing::warn!(%error, "what has run out could not be deleted");
        }
    }
}

impl LiveSessions for Directory {
    fn end_family(&self, family: FamilyId) {
        Directory::end_family(self, family);
    }

    fn count(&self) -> usize {
        Directory::count(self)
    }

    fn families(&self) -> Vec<FamilyId> {
        Directory::families(self)
    }
}

/// Where an operator finds the data, for the first line the server prints.
pub fn describe_data(config: &Config) -> String {
    match &config.database {
        DatabaseConfig::Sqlite => {
            let folder = std::path::absolute(&config.data).unwrap_or_else(|_| config.data.clone());
            format!("SQLite in {}", folder.display())
        }
        DatabaseConfig::Postgres(_) => "PostgreSQL (DATABASE_URL)".to_owned(),
    }
}
