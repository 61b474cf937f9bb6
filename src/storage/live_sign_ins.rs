//! Which sign-ins still count: not revoked, not too old, their account not locked.

use std::collections::HashSet;

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::database::{Database, Storage, read, read_tx};
use super::error::StorageError;
use crate::ids::FamilyId;

/// Sign-ins in one question to SQLite; any number below its limit of parameters would do.
const IDS_PER_QUERY: usize = 500;

impl Storage {
    /// Whether the sign-in still counts.
    pub async fn is_live(&self, family: FamilyId) -> Result<bool, StorageError> {
        let now = self.now();
        let found: Option<(i64,)> = read!(self, db => {
            sqlx::query_as(
                "select families.created_at
                 from families
                 join users on users.id = families.user_id
                 where families.id = $1
                   and families.revoked_at is null
                   and families.expires_at > $2
                   and users.disabled_at is null",
            )
            .bind(family.as_uuid())
            .bind(now.as_micros())
            .fetch_optional(db)
            .await?
        });
        Ok(found.is_some())
    }

    /// Those of `families` that do not count any more, in the same order.
    pub async fn ended_among(&self, families: &[FamilyId]) -> Result<Vec<FamilyId>, StorageError> {
        let ids: Vec<Uuid> = families.iter().map(|family| family.as_uuid()).collect();
        let live: Vec<(Uuid,)> = match &self.database {
            Database::Sqlite { .. } => self.live_sqlite(&ids).await?,
            Database::Postgres(pool) => {
                sqlx::query_as(
                    "select families.id
                     from families
                     join users on users.id = families.user_id
                     where families.id = any($1)
                       and families.revoked_at is null
                       and families.expires_at > $2
                       and users.disabled_at is null",
                )
                .bind(ids)
                .bind(self.now().as_micros())
                .fetch_all(pool)
                .await?
            }
        };
        let live: HashSet<Uuid> = live.into_iter().map(|(id,)| id).collect();
        let ended = families
            .iter()
            .filter(|family| !live.contains(&family.as_uuid()));
        Ok(ended.copied().collect())
    }

    async fn live_sqlite(&self, ids: &[Uuid]) -> Result<Vec<(Uuid,)>, StorageError> {
        let now = self.now();
        let mut live = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS_PER_QUERY) {
            let places: Vec<String> = (0..ids.len()).map(|at| format!("${}", at + 2)).collect();
            let text = format!(
                "select families.id
                 from families
                 join users on users.id = families.user_id
                 where families.id in ({})
                   and families.revoked_at is null
                   and families.expires_at > $1
                   and users.disabled_at is null",
                places.join(", ")
            );
            let found: Vec<(Uuid,)> = read_tx!(self, tx => {
                let mut query = sqlx::query_as(AssertSqlSafe(text)).bind(now.as_micros());
                for id in ids {
                    query = query.bind(id);
                }
                query.fetch_all(&mut *tx).await?
            });
            live.extend(found);
        }
        Ok(live)
    }
}
