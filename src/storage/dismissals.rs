//! Findings that somebody has looked at and put aside.

use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::audit::chain::Chain;
use super::audit::{Act, Verb, record};
use super::database::{Storage, read, write_tx};
use super::error::StorageError;
use crate::clock::Timestamp;
use crate::ids::{PlanId, UserId};

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dismissal {
    /// The finding's key.
    pub key: String,
    /// Why.
    pub reason: String,
    /// Until when; none for good.
    pub until: Option<Timestamp>,
    /// Who said so.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    key: String,
    reason: String,
    until: Option<i64>,
    dismissed_by: Uuid,
    created_at: i64,
}

impl Storage {
    /// The findings of `plan` that are put aside now, by their keys.
    pub async fn dismissals(&self, plan: PlanId) -> Result<Vec<Dismissal>, StorageError> {
        let now = self.now();
        let rows: Vec<Row> = read!(self, db => {
            sqlx::query_as(
                "select key, reason, until, dismissed_by, created_at
                 from dismissals
                 where plan_id = $1
                   and (until is null or until > $2)
                 order by key",
            )
            .bind(plan.as_uuid())
            .bind(now.as_micros())
            .fetch_all(db)
            .await?
        });
        Ok(rows
            .into_iter()
            .map(|row| Dismissal {
                key: row.key,
                reason: row.reason,
                until: row.until.map(Timestamp::from_micros),
                by: UserId::from_uuid(row.dismissed_by),
                at: Timestamp::from_micros(row.created_at),
            })
            .collect())
    }

    /// Puts a finding aside, or changes why and until when.
    pub async fn dismiss(&self, plan: PlanId, what: &Dismissal) -> Result<(), StorageError> {
        write_tx!(self, tx => {
            // Those that count no more are of no use.
            sqlx::query("delete from dismissals where plan_id = $1 and until <= $2")
                .bind(plan.as_uuid())
                .bind(what.at.as_micros())
                .execute(&mut *tx)
                .await?;
            sqlx::query(
                "insert into dismissals (plan_id, key, reason, until, dismissed_by, created_at)
                 values ($1, $2, $3, $4, $5, $6)
                 on conflict (plan_id, key) do update
                 set reason = excluded.reason,
                     until = excluded.until,
                     dismissed_by = excluded.dismissed_by,
                     created_at = excluded.created_at",
            )
            .bind(plan.as_uuid())
            .bind(&what.key)
            .bind(&what.reason)
            .bind(what.until.map(Timestamp::as_micros))
            .bind(what.by.as_uuid())
            .bind(what.at.as_micros())
            .execute(&mut *tx)
            .await?;
            let act = Act {
                actor: Some(what.by),
                verb: Verb::FindingDismissed,
                detail: json!({
                    "key": what.key,
                    "reason": what.reason,
                    "until": what.until.map(Timestamp::to_rfc3339),
                }),
            };
            record!(tx, Chain::Plan(plan), &act, what.at);
        });
        Ok(())
    }

    /// Takes a finding up again; `by` has done so. False when it was not put aside.
    pub async fn reopen(&self, by: UserId, plan: PlanId, key: &str) -> Result<bool, StorageError> {
        let now = self.now();
        let reopened = write_tx!(self, tx => {
            let reopened = sqlx::query(
                "delete from dismissals
                 where plan_id = $1
                   and key = $2
                   and (until is null or until > $3)",
            )
                .bind(plan.as_uuid())
                .bind(key)
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?
                .rows_affected()
                > 0;
            if reopened {
                let act = Act {
                    actor: Some(by),
                    verb: Verb::FindingReopened,
                    detail: json!({"key": key}),
                };
                record!(tx, Chain::Plan(plan), &act, now);
            }
            reopened
        });
        Ok(reopened)
    }
}
