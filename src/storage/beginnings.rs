//! New lines of a plan's history: after a restore, and when a plan is squashed.

use bytes::Bytes;
use serde_json::json;

use super::audit::chain::Chain;
use super::audit::{Act, Verb, record};
use super::database::{Storage, write_tx};
use super::error::StorageError;
use super::journal::{Epoch, NewRow, Origin, Seq};
use super::plans::{TakenPlan, take_plan};
use super::settlement::client_key;
use super::snapshots::put_snapshot;
use crate::ids::{AppendId, PlanId, UserId};

/// What became of a new beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// The plan's history begins anew.
    Begun {
        /// Its line from now on.
        epoch: Epoch,
        /// The row that everything is in.
        seq: Seq,
    },
    /// Somebody has written meanwhile; nothing was changed.
    Moved,
    /// Somebody has written with the client id that marks the new line; nothing was changed. Take another.
    MarkerTaken,
    /// There is no such plan.
    Gone,
}

/// A plan's whole document as the first row of a new line of history.
#[derive(Debug)]
pub struct NewBeginning<'a> {
    /// Who wants it.
    pub by: UserId,
    /// The plan.
    pub plan: PlanId,
    /// Up to where the document reaches: the plan must stand there.
    pub from: (Epoch, Seq),
    /// The line that begins.
    pub epoch: Epoch,
    /// The client ids that mark the line before and the new one; nobody writes with either.
    pub markers: [u64; 2],
    /// The document.
    pub state: &'a Bytes,
    /// How many bytes it had before, for the audit.
    pub bytes_before: usize,
}

/// Makes the markers of the line before and of the new one somebody's, so that whoever has them in a replica is
/// known to have that line; false when somebody has written with the new one, whose replicas would be taken
/// for those of the new line.
macro_rules! claim_markers {
    ($tx:expr, $new:expr) => {{
        let [before, marker] = $new.markers.map(client_key);
        let taken: Option<(i64,)> = sqlx::query_as(
            "select client_id from client_ids where plan_id = $1 and client_id = $2",
        )
        .bind($new.plan.as_uuid())
        .bind(marker)
        .fetch_optional(&mut *$tx)
        .await?;
        let is_free = taken.is_none();
        if is_free {
            for client in [before, marker].into_iter().flatten() {
                sqlx::query(
                    "insert into client_ids (plan_id, client_id, user_id)
                     values ($1, $2, $3)
                     on conflict (plan_id, client_id) do nothing",
                )
                .bind($new.plan.as_uuid())
                .bind(client)
                .bind($new.by.as_uuid())
                .execute(&mut *$tx)
                .await?;
            }
        }
        is_free
    }};
}

/// Writes the row with which a line of history begins.
macro_rules! insert_first_row {
    ($tx:expr, ($plan:expr, $epoch:expr, $seq:expr), $append:expr, $row:expr) => {
        sqlx::query(
            "insert into journal
                 (plan_id, seq, epoch, append_id, update_bytes, author, origin, origin_detail,
                  created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind($plan.as_uuid())
        .bind($seq.0)
        .bind($epoch.0)
        .bind($append.as_uuid())
        .bind(&$row.update[..])
        .bind($row.author.map(UserId::as_uuid))
        .bind($row.origin.kind())
        .bind($row.origin.detail())
        .bind($row.at.as_micros())
        .execute(&mut *$tx)
        .await?
    };
}

pub(super) use insert_first_row;

impl Storage {
    /// Begins a new line of the plan's history, whose first row is `marker`: what was made for the
    /// old one is refused from now on. None when the plan is gone.
    pub async fn begin_epoch(
        &self,
        plan: PlanId,
        marker: &NewRow,
    ) -> Result<Option<(Epoch, Seq)>, StorageError> {
        let append = AppendId::generate(&self.clock);
        let begun = write_tx!(self, tx => {
            let moved: Option<(i64, i64)> = sqlx::query_as(
                "update plans
                 set epoch = epoch + 1,
                     head = head + 1,
                     updated_at = $1
                 where id = $2
                   and deleted_at is null
                 returning epoch, head",
            )
            .bind(marker.at.as_micros())
            .bind(plan.as_uuid())
            .fetch_optional(&mut *tx)
            .await?;
            let Some((epoch, seq)) = moved else {
                return Ok(None);
            };
            insert_first_row!(tx, (plan, Epoch(epoch), Seq(seq)), append, marker);
            (Epoch(epoch), Seq(seq))
        });
        Ok(Some(begun))
    }

    /// Begins a new line of history with one row that holds the whole document, which is its snapshot
    /// too. The rows before stay, and are not loaded any more.
    pub async fn begin_anew(&self, new: &NewBeginning<'_>) -> Result<Begun, StorageError> {
        let (now, append) = (self.now(), AppendId::generate(&self.clock));
        let row = NewRow {
            update: new.state.clone(),
            author: Some(new.by),
            origin: Origin::Squash,
            at: now,
            audit: None,
            along: None,
        };
        let begun = write_tx!(self, tx => {
            let Some(TakenPlan { epoch, head, .. }) = take_plan!(tx, new.plan, now) else {
                return Ok(Begun::Gone);
            };
            if (Epoch(epoch), Seq(head)) != new.from {
                return Ok(Begun::Moved);
            }
            if !claim_markers!(tx, new) {
                return Ok(Begun::MarkerTaken);
            }
            let seq = head + 1;
            sqlx::query(
                "update plans
                 set epoch = $1,
                     head = $2,
                     base_seq = $2,
                     snapshot_seq = $2
                 where id = $3",
            )
            .bind(new.epoch.0)
            .bind(seq)
            .bind(new.plan.as_uuid())
            .execute(&mut *tx)
            .await?;
            insert_first_row!(tx, (new.plan, new.epoch, Seq(seq)), append, row);
            put_snapshot!(tx, (new.plan, new.epoch, Seq(seq)), new.state, now);
            let act = Act {
                actor: Some(new.by),
                verb: Verb::PlanSquashed,
                detail: json!({
                    "seq": seq,
                    "epoch": new.epoch.0,
                    "bytes": {"before": new.bytes_before, "after": new.state.len()},
                }),
            };
            record!(tx, Chain::Plan(new.plan), &act, now);
            Begun::Begun { epoch: new.epoch, seq: Seq(seq) }
        });
        Ok(begun)
    }
}
