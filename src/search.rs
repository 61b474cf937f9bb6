//! Keeps the full-text index in step with the journal: one task of a node, which is late and never in the
//! way.
//!
//! ```text
//! storage: which plans are behind ──> room: what does it hold, and up to which row ──> what is other
//!          than in the index ──> storage: a few entries at a time, and last of all up to which row
//! ```
//!
//! A plan that is open here is looked at every second. Others are looked for less often and only once they
//! have been quiet, since the node that has them open does it; whoever comes second finds nothing to do.

mod plan;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use self::plan::{CannotIndex, read, write};
use crate::clock::Clock;
use crate::ids::PlanId;
use crate::room::handle::JoinRefused;
use crate::room::registry::Registry;
use crate::storage::search::Behind;
use crate::storage::{Storage, StorageError};

/// How often plans that are open here are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The longest pause between two looks while the database is away.
const AWAY_MAX: Duration = Duration::from_secs(30);
/// Plans in one question: one answer of so many rows is a few dozen KiB.
const PLANS_PER_QUERY: usize = 1_000;
/// How often all plans are looked at: the database reads a row of each.
const LOOK_AT_ALL_EVERY: Duration = Duration::from_secs(5);
/// Plans that are not open here and are indexed after one such look: each becomes a room for a minute.
const OTHERS_MAX: usize = 32;
/// How long a plan must not have changed before a node that has it not open indexes it.
const QUIET_FOR: Duration = Duration::from_secs(15);
/// A plan is left alone for so many times what its room took to be read: a large one that is edited all day
/// costs its room a small part of its time.
const REST: u32 = 10;
/// The longest such rest: the first reading may have waited for the room to be loaded.
const REST_MAX: Duration = Duration::from_secs(10);
/// The first pause of a plan that cannot be indexed; each further one is twice as long.
const PAUSE: Duration = Duration::from_secs(15);
/// How often it is doubled, to about an hour.
const DOUBLED_MAX: u32 = 8;
/// Plans of which it is known that they cannot be indexed; beyond, they are all tried again.
const PAUSED_MAX: usize = 1_000;

/// Indexes for one node.
#[derive(Debug)]
pub struct Indexer {
    storage: Storage,
    registry: Registry,
    clock: Clock,
    /// When all plans are looked at again.
    all_at: Instant,
    pauses: HashMap<PlanId, Pause>,
}

/// How long a plan is left alone.
#[derive(Debug, Clone, Copy)]
struct Pause {
    until: Instant,
    /// Tries in a row that came to nothing.
    failures: u32,
}

impl Indexer {
    /// What indexes the plans of `storage`, read by the rooms of `registry`.
    pub fn new(storage: Storage, registry: Registry, clock: Clock) -> Self {
        let all_at = clock.monotonic();
        Self {
            storage,
            registry,
            clock,
            all_at,
            pauses: HashMap::new(),
        }
    }

    /// Runs until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut pause = LOOK_EVERY;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            let turn = tokio::select! {
                () = stop.cancelled() => return,
                turn = self.turn() => turn,
            };
            pause = match turn {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    // The journal says it once when the database is away.
                    tracing::debug!(%error, "the full-text index is not kept up");
                    (pause * 2).min(AWAY_MAX)
                }
            };
        }
    }

    async fn turn(&mut self) -> Result<(), StorageError> {
        let now = self.clock.monotonic();
        // What failed is remembered for a while longer, so that the next pause is longer too.
        self.pauses
            .retain(|_, pause| pause.until + PAUSE * pause.failures > now);
        let mut behind = Vec::new();
        for plans in self.registry.plans().chunks(PLANS_PER_QUERY) {
            behind.extend(self.storage.behind_among(plans).await?);
        }
        for plan in behind {
            if !self.is_paused(plan.plan) {
                self.index(plan).await?;
            }
        }
        if now < self.all_at {
            return Ok(());
        }
        self.all_at = now + LOOK_AT_ALL_EVERY;
        for plan in self.others().await? {
            self.index(plan).await?;
            // Those that are open here are next.
            if now.elapsed() > LOOK_EVERY {
                break;
            }
        }
        Ok(())
    }

    /// Plans that nobody has open here, and probably nobody elsewhere.
    async fn others(&self) -> Result<Vec<Behind>, StorageError> {
        // Nobody else serves an SQLite file.
        let quiet_for = if self.storage.is_shared() {
            QUIET_FOR
        } else {
            Duration::ZERO
        };
        let before = self.clock.now().before(quiet_for);
        // Those that are left alone must not hide the others.
        let limit = OTHERS_MAX + self.pauses.len() + self.registry.count();
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let behind = self.storage.behind_since(before, limit).await?;
        let others = behind.into_iter().filter(|behind| {
            !self.is_paused(behind.plan) && self.registry.find(behind.plan).is_none()
        });
        Ok(others.take(OTHERS_MAX).collect())
    }

    fn is_paused(&self, plan: PlanId) -> bool {
        let pause = self.pauses.get(&plan);
        pause.is_some_and(|pause| pause.until > self.clock.monotonic())
    }

    async fn index(&mut self, behind: Behind) -> Result<(), StorageError> {
        let plan = behind.plan;
        let began = self.clock.monotonic();
        let read = read(&self.registry, &behind).await;
        let took = began.elapsed();
        let indexed = match read {
            Ok(reading) => write(&self.storage, &behind, reading).await,
            Err(error) => Err(error),
        };
        let failures = match indexed {
            Ok(written) => {
                let lag = self.clock.now().since(behind.updated_at);
                metrics::histogram!("convene_search_lag_seconds").record(lag.as_secs_f64());
                tracing::debug!(
                    plan.id = %plan, written, read = ?took, all = ?began.elapsed(),
                    "plan {plan} was indexed"
                );
                0
            }
            // It was deleted meanwhile.
            Err(CannotIndex::Room(JoinRefused::PlanGone)) => 0,
            Err(CannotIndex::Storage(error)) if error.is_transient() => {
                // Should it be for this plan that the database has no time, others come first.
                self.leave_alone(plan, self.failures(plan), took);
                return Err(error);
            }
            Err(error) => {
                metrics::counter!("convene_search_failures_total").increment(1);
                tracing::warn!(plan.id = %plan, %error, "plan {plan} could not be indexed");
                self.failures(plan)
            }
        };
        self.leave_alone(plan, failures, took);
        Ok(())
    }

    /// Tries in a row that came to nothing, with one more.
    fn failures(&self, plan: PlanId) -> u32 {
        let before = self.pauses.get(&plan).map_or(0, |pause| pause.failures);
        before.saturating_add(1)
    }

    fn leave_alone(&mut self, plan: PlanId, failures: u32, took: Duration) {
        let rest = if failures == 0 {
            (took * REST).min(REST_MAX)
        } else {
            PAUSE * 2_u32.pow(failures.saturating_sub(1).min(DOUBLED_MAX))
        };
        if self.pauses.len() >= PAUSED_MAX {
            self.pauses.clear();
        }
        let until = self.clock.monotonic() + rest;
        self.pauses.insert(plan, Pause { until, failures });
    }
}
