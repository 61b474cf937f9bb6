//! What a room does with other nodes: hears them, and reads from the journal what it has not heard.

use tokio::task::JoinHandle;

use super::RoomTask;
use crate::room::core::RoomCore;
use crate::room::input::{Elsewhere, Input, ROWS_PER_READ};
use crate::storage::journal::{Row, Seq};

/// What was missing, on its way from the journal; none when it could not be read.
pub(super) type Reading = JoinHandle<Option<Vec<Row>>>;

impl RoomTask {
    /// Takes one message of other nodes, and those that have come since, as far as one turn goes.
    pub(super) fn hear(&mut self, core: &mut RoomCore, first: Elsewhere) {
        let began = self.shared.clock.monotonic();
        let mut next = Some(first);
        while let Some(elsewhere) = next.take() {
            self.feed(core, Input::Elsewhere(elsewhere));
            if began.elapsed() < super::TURN_MAX && !core.is_poisoned() && !self.ending {
                next = self.elsewhere.try_recv().ok();
            }
        }
    }

    /// Begins to read what the journal holds after `after`.
    pub(super) fn read_rows(&mut self, after: Seq) {
        let (storage, plan) = (self.shared.storage.clone(), self.plan);
        let reading = async move { storage.rows_after(plan, after, ROWS_PER_READ).await };
        let reading = self.shared.runtime.spawn(async move {
            reading
                .await
                .inspect_err(|error| {
                    tracing::warn!(plan.id = %plan, %error, "rows of plan {plan} cannot be read");
                })
                .ok()
        });
        self.reading = Some(reading);
    }

    /// Begins to hear what other nodes say of the plan.
    pub(super) async fn listen(&self) {
        let (relay, plan) = (self.shared.relay.clone(), self.plan);
        // Connections are made on the main runtime. One that ends hears nothing, which is found.
        self.shared
            .runtime
            .spawn(async move { relay.listen(plan).await })
            .await
            .ok();
    }

    pub(super) fn stop_listening(&self) {
        let (relay, plan) = (self.shared.relay.clone(), self.plan);
        self.shared.tracker.spawn_on(
            async move { relay.stop_listening(plan).await },
            &self.shared.runtime,
        );
    }
}

pub(super) async fn until_read(reading: &mut Option<Reading>) -> Option<Vec<Row>> {
    match reading {
        Some(reading) => reading.await.unwrap_or(None),
        None => std::future::pending().await,
    }
}
