//! A plan's history: what is known of its rows without reading them, names of points, and new beginnings.

use bytes::Bytes;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::audit::chain::Chain;
use super::audit::{Act, Verb, record};
use super::database::{Storage, read, write_tx};
use super::error::StorageError;
use super::journal::{Epoch, NewRow, Origin, Seq};
use super::snapshots::put_snapshot;
use crate::clock::Timestamp;
use crate::ids::{AppendId, PlanId, UserId};

/// A row of the journal, without what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowMark {
    /// Its position.
    pub seq: Seq,
    /// Who made it.
    pub author: Option<UserId>,
    /// Where it came from.
    pub origin: Origin,
    /// When the server took it.
    pub at: Timestamp,
}

/// A point in a history with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedVersion {
    /// Everything up to this row.
    pub seq: Seq,
    /// Its name.
    pub name: String,
    /// Who named it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

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
    /// The document.
    pub state: &'a Bytes,
    /// How many bytes it had before, for the audit.
    pub bytes_before: usize,
}

#[derive(FromRow)]
struct MarkRow {
    seq: i64,
    author: Option<Uuid>,
    origin: String,
    origin_detail: Option<String>,
    created_at: i64,
}

impl MarkRow {
    fn read(self) -> Result<RowMark, StorageError> {
        Ok(RowMark {
            seq: Seq(self.seq),
            author: self.author.map(UserId::from_uuid),
            origin: Origin::read(&self.origin, self.origin_detail.as_deref())?,
            at: Timestamp::from_micros(self.created_at),
        })
    }
}

#[derive(FromRow)]
struct VersionRow {
    seq: i64,
    name: String,
    named_by: Uuid,
    created_at: i64,
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

impl Storage {
    /// What is known of the last `limit` rows of `plan` before position `before`, the last first.
    pub async fn row_marks(
        &self,
        plan: PlanId,
        before: Seq,
        limit: u32,
    ) -> Result<Vec<RowMark>, StorageError> {
        let rows: Vec<MarkRow> = read!(self, db => {
            sqlx::query_as(
                "select seq, author, origin, origin_detail, created_at
                 from journal
                 where plan_id = $1
                   and seq < $2
                 order by seq desc
                 limit $3",
            )
            .bind(plan.as_uuid())
            .bind(before.0)
            .bind(i64::from(limit))
            .fetch_all(db)
            .await?
        });
        rows.into_iter().map(MarkRow::read).collect()
    }

    /// The row at or before `seq` from which the document can be made: where it was squashed last, or the
    /// first.
    pub async fn line_start(&self, plan: PlanId, seq: Seq) -> Result<Seq, StorageError> {
        let (start,): (Option<i64>,) = read!(self, db => {
            sqlx::query_as(
                "select max(seq)
                 from journal
                 where plan_id = $1
                   and seq <= $2
                   and origin = $3",
            )
            .bind(plan.as_uuid())
            .bind(seq.0)
            .bind(Origin::Squash.kind())
            .fetch_one(db)
            .await?
        });
        Ok(Seq(start.unwrap_or(1)))
    }

    /// Gives the point `seq` of `plan` a name, or another one. False when the plan has no such row.
    pub async fn name_version(
        &self,
        by: UserId,
        plan: PlanId,
        (seq, name): (Seq, &str),
    ) -> Result<bool, StorageError> {
        let now = self.now();
        let named = write_tx!(self, tx => {
            let named = sqlx::query(
                "insert into versions (plan_id, seq, name, named_by, created_at)
                 select id, $2, $3, $4, $5
                 from plans
                 where id = $1
                   and head >= $2
                   and deleted_at is null
                 on conflict (plan_id, seq) do update
                 set name = excluded.name,
                     named_by = excluded.named_by,
                     created_at = excluded.created_at",
            )
            .bind(plan.as_uuid())
            .bind(seq.0)
            .bind(name)
            .bind(by.as_uuid())
            .bind(now.as_micros())
            .execute(&mut *tx)
            .await?
            .rows_affected()
                > 0;
            if named {
                let act = Act {
                    actor: Some(by),
                    verb: Verb::VersionNamed,
                    detail: json!({"seq": seq.0, "name": name}),
                };
                record!(tx, Chain::Plan(plan), &act, now);
            }
            named
        });
        Ok(named)
    }

    /// How many points of `plan` have a name.
    pub async fn count_versions(&self, plan: PlanId) -> Result<i64, StorageError> {
        let (count,): (i64,) = read!(self, db => {
            sqlx::query_as("select count(*) from versions where plan_id = $1")
                .bind(plan.as_uuid())
                .fetch_one(db)
                .await?
        });
        Ok(count)
    }

    /// The named points of `plan` from row `from` on, in order.
    pub async fn versions_from(
        &self,
        plan: PlanId,
        from: Seq,
    ) -> Result<Vec<NamedVersion>, StorageError> {
        let rows: Vec<VersionRow> = read!(self, db => {
            sqlx::query_as(
                "select seq, name, named_by, created_at
                 from versions
                 where plan_id = $1
                   and seq >= $2
                 order by seq",
            )
            .bind(plan.as_uuid())
            .bind(from.0)
            .fetch_all(db)
            .await?
        });
        Ok(rows
            .into_iter()
            .map(|row| NamedVersion {
                seq: Seq(row.seq),
                name: row.name,
                by: UserId::from_uuid(row.named_by),
                at: Timestamp::from_micros(row.created_at),
            })
            .collect())
    }

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
        };
        let begun = write_tx!(self, tx => {
            let found: Option<(i64, i64)> = sqlx::query_as(
                "update plans
                 set updated_at = $1
                 where id = $2
                   and deleted_at is null
                 returning epoch, head",
            )
            .bind(now.as_micros())
            .bind(new.plan.as_uuid())
            .fetch_optional(&mut *tx)
            .await?;
            let Some((epoch, head)) = found else {
                return Ok(Begun::Gone);
            };
            if (Epoch(epoch), Seq(head)) != new.from {
                return Ok(Begun::Moved);
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
