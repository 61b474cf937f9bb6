//! Snapshots: the merged state of a plan up to a row, so that loading need not read its whole
//! journal.

use bytes::Bytes;
use uuid::Uuid;

use super::database::{Storage, write_tx};
use super::error::StorageError;
use super::journal::{Epoch, Seq};
use crate::ids::PlanId;

/// Keeps the state of a plan up to a row, in place of an older one.
macro_rules! put_snapshot {
    ($tx:expr, ($plan:expr, $epoch:expr, $seq:expr), $state:expr, $now:expr) => {
        sqlx::query(
            "insert into snapshots (plan_id, seq, epoch, state_bytes, created_at)
             values ($1, $2, $3, $4, $5)
             on conflict (plan_id) do update
             set seq = excluded.seq,
                 epoch = excluded.epoch,
                 state_bytes = excluded.state_bytes,
                 created_at = excluded.created_at",
        )
        .bind($plan.as_uuid())
        .bind($seq.0)
        .bind($epoch.0)
        .bind(&$state[..])
        .bind($now.as_micros())
        .execute(&mut *$tx)
        .await?
    };
}

pub(super) use put_snapshot;

impl Storage {
    /// Keeps `state`, which includes every row up to `seq`. False, and nothing changed, when an
    /// equal or newer one is there, the epoch has moved, or the plan is gone.
    pub async fn write_snapshot(
        &self,
        plan: PlanId,
        epoch: Epoch,
        seq: Seq,
        state: &Bytes,
    ) -> Result<bool, StorageError> {
        let now = self.now();
        let written = write_tx!(self, tx => {
            // This statement is the fence: it takes the plan's row, and two writers cannot both
            // find their snapshot the newest.
            let newest: Option<(Uuid,)> = sqlx::query_as(
                "update plans
                 set snapshot_seq = $1
                 where id = $2
                   and epoch = $3
                   and snapshot_seq < $1
                   and head >= $1
                   and deleted_at is null
                 returning id",
            )
            .bind(seq.0)
            .bind(plan.as_uuid())
            .bind(epoch.0)
            .fetch_optional(&mut *tx)
            .await?;
            if newest.is_none() {
                return Ok(false);
            }
            put_snapshot!(tx, (plan, epoch, seq), state, now);
            true
        });
        Ok(written)
    }
}
