//! What a room reads from and writes to storage beside its appends.
//!
//! Storage is used on the server's main runtime, never on a room's thread: a connection made there
//! would die with a thread that is given up.

use std::time::Duration;

use bytes::Bytes;

use super::{RoomTask, TICK};
use crate::document::{Loaded, verify_snapshot};
use crate::ids::{SessionId, UserId};
use crate::room::core::{RoomCore, RoomLimits, Start};
use crate::storage::StorageError;
use crate::storage::journal::{Origin, Quarantined, Seq, StoredPlan};

/// Where a load begins.
#[derive(Debug, Clone, Copy)]
enum From {
    Snapshot,
    FirstRow,
}

/// Why a plan could not be loaded.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    /// There is no such plan.
    #[error("there is no such plan")]
    PlanGone,
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RoomTask {
    pub(super) async fn load(&mut self) -> Result<RoomCore, LoadError> {
        let began = self.shared.clock.monotonic();
        if self.shared.relay.is_on() {
            self.listen().await;
        }
        let (start, applied_for) = self.read_start().await?;
        // What is compared from now on is the roles of this load; whoever waits may have older ones.
        if self.shared.storage.is_shared() {
            self.shared.roles_have_changed();
        }
        metrics::histogram!("convene_room_load_seconds").record(began.elapsed().as_secs_f64());
        let mut core = RoomCore::new(start, RoomLimits::from(&self.shared.limits));
        if self.shared.relay.is_on() {
            core = core.among_nodes();
        } else if self.shared.storage.is_shared() {
            core = core.sharing_its_journal();
        }
        core.applied_for(applied_for);
        Ok(core)
    }

    /// Makes the replica anew from the journal. Everything that was accepted before it was harmed
    /// is committed by now, so sessions stay and notice nothing.
    pub(super) async fn rebuild(&mut self, core: &mut RoomCore) {
        metrics::counter!("convene_room_rebuilds_total").increment(1);
        tracing::warn!(plan.id = %self.plan, "rebuilding the replica of plan {}", self.plan);
        loop {
            match self.read_start().await {
                Ok((start, applied_for)) => {
                    let effects = core.rebuilt(start);
                    core.applied_for(applied_for);
                    self.perform(core, effects);
                    return;
                }
                Err(LoadError::PlanGone) => {
                    self.end_plan();
                    return;
                }
                Err(LoadError::Storage(error)) => {
                    tracing::warn!(plan.id = %self.plan, %error, "plan {} waits for storage", self.plan);
                    tokio::time::sleep(TICK).await;
                }
            }
            if self.gone.is_cancelled() {
                self.ending = true;
                return;
            }
        }
    }

    /// The document from its newest snapshot, or from its first row if that cannot be read, and how
    /// long that took beside the reading.
    async fn read_start(&mut self) -> Result<(Start, Duration), LoadError> {
        let stored = self.read_plan(From::Snapshot).await?;
        let began = self.shared.clock.monotonic();
        let loaded = Start::load(&stored);
        if !loaded.snapshot_broken {
            let start = self.start(&stored, loaded);
            return Ok((start, began.elapsed()));
        }
        metrics::counter!("convene_snapshots_unreadable_total").increment(1);
        tracing::error!(
            plan.id = %self.plan,
            "the snapshot of plan {} cannot be read; its whole journal is", self.plan
        );
        let stored = self.read_plan(From::FirstRow).await?;
        let began = self.shared.clock.monotonic();
        let loaded = Start::load(&stored);
        let start = self.start(&stored, loaded);
        Ok((start, began.elapsed()))
    }

    async fn read_plan(&self, from: From) -> Result<StoredPlan, LoadError> {
        let (storage, plan) = (self.shared.storage.clone(), self.plan);
        let reading = self.shared.runtime.spawn(async move {
            match from {
                From::Snapshot => storage.load(plan).await,
                From::FirstRow => storage.load_whole_journal(plan).await,
            }
        });
        match reading.await {
            Ok(stored) => stored?.ok_or(LoadError::PlanGone),
            // Only when the runtime ends, and then nobody waits for this plan.
            Err(_) => Err(LoadError::PlanGone),
        }
    }

    /// What the room starts from; rows that could not be applied are kept aside and reported.
    fn start(&mut self, stored: &StoredPlan, loaded: Loaded) -> Start {
        self.epoch = stored.epoch;
        self.standing
            .loaded(stored.head, stored.epoch, stored.access_version);
        for row in loaded
            .broken_rows
            .iter()
            .filter_map(|index| stored.rows.get(*index))
        {
            self.shared.quarantine(Quarantined {
                plan: self.plan,
                epoch: stored.epoch,
                seq: Some(row.seq),
                update: row.update.clone(),
                author: row.author,
                origin: row.origin,
                reason: "the row could not be applied while loading".to_owned(),
            });
        }
        Start::of(self.plan, stored, loaded.replica)
    }

    pub(super) fn quarantine_update(
        &self,
        update: Bytes,
        author: UserId,
        session: SessionId,
        reason: String,
    ) {
        self.shared.quarantine(Quarantined {
            plan: self.plan,
            epoch: self.epoch,
            seq: None,
            update,
            author: Some(author),
            origin: Origin::Session(session),
            reason,
        });
    }

    /// Writes a snapshot, decoded once more first: one that cannot be read is worse than none.
    pub(super) fn write_snapshot(&mut self, seq: Seq, bytes: Bytes) {
        let (storage, plan, epoch) = (self.shared.storage.clone(), self.plan, self.epoch);
        let writing = self.shared.tracker.spawn_on(
            async move {
                let checked = bytes.clone();
                let sound = tokio::task::spawn_blocking(move || verify_snapshot(&checked)).await;
                if !sound.unwrap_or(false) {
                    metrics::counter!("convene_snapshots_unreadable_total").increment(1);
                    tracing::error!(plan.id = %plan, "a snapshot of plan {plan} cannot be read again");
                    return false;
                }
                match storage.write_snapshot(plan, epoch, seq, &bytes).await {
                    // Not written means that one at least as new is there.
                    Ok(_) => true,
                    Err(error) => {
                        tracing::warn!(plan.id = %plan, %error, "no snapshot of plan {plan} for now");
                        false
                    }
                }
            },
            &self.shared.runtime,
        );
        self.snapshot = Some((seq, writing));
    }
}
