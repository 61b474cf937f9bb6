//! A plan's history: what is known of its rows without reading them, and names of points.

use std::collections::HashSet;

use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::audit::chain::Chain;
use super::audit::{Act, Verb, record};
use super::database::{Storage, read, write_tx};
use super::error::StorageError;
use super::journal::{Origin, Seq};
use crate::clock::Timestamp;
use crate::ids::{PlanId, UserId};

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

    /// How many of the next rows of `plan` after `seq` have not more than so many bytes together, at least
    /// one, and how many bytes those have.
    pub async fn rows_within(
        &self,
        plan: PlanId,
        seq: Seq,
        (rows_max, bytes_max): (u32, i64),
    ) -> Result<(u32, i64), StorageError> {
        let sizes: Vec<(i64,)> = read!(self, db => {
            sqlx::query_as(
                "select cast(length(update_bytes) as bigint)
                 from journal
                 where plan_id = $1
                   and seq > $2
                 order by seq
                 limit $3",
            )
            .bind(plan.as_uuid())
            .bind(seq.0)
            .bind(i64::from(rows_max))
            .fetch_all(db)
            .await?
        });
        let (mut rows, mut bytes) = (0, 0_i64);
        for (size,) in sizes {
            if rows > 0 && bytes.saturating_add(size) > bytes_max {
                break;
            }
            rows += 1;
            bytes = bytes.saturating_add(size);
        }
        Ok((rows.max(1), bytes))
    }

    /// The rows of `plan` that could not be applied, and are left out by every load.
    pub async fn quarantined(&self, plan: PlanId) -> Result<HashSet<Seq>, StorageError> {
        let rows: Vec<(i64,)> = read!(self, db => {
            sqlx::query_as("select seq from quarantine where plan_id = $1 and seq is not null")
                .bind(plan.as_uuid())
                .fetch_all(db)
                .await?
        });
        Ok(rows.into_iter().map(|(seq,)| Seq(seq)).collect())
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

    /// The named points of `plan`, in order.
    pub async fn versions(&self, plan: PlanId) -> Result<Vec<NamedVersion>, StorageError> {
        let rows: Vec<VersionRow> = read!(self, db => {
            sqlx::query_as(
                "select seq, name, named_by, created_at
                 from versions
                 where plan_id = $1
                 order by seq",
            )
            .bind(plan.as_uuid())
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
}
