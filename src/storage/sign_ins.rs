//! Sign-ins: families of refresh tokens, their rotation and their end.
//!
//! Every token is good once. The transaction that uses it first takes the family's row, so whatever
//! happens to one family happens one after the other, on every node.

use std::time::Duration;

use sqlx::FromRow;
use uuid::Uuid;

use super::database::{Storage, read, write_tx};
use super::error::StorageError;
use crate::clock::Timestamp;
use crate::ids::{FamilyId, UserId};

/// SHA-256 of a refresh token: the token itself is never stored.
pub type TokenHash = [u8; 32];

/// How long the token just used may be shown again, because an answer got lost or two tabs asked at
/// once. Only while its successor is unused: a longer chain would hide a thief.
pub const OVERLAP: Duration = Duration::from_secs(10);

/// How long a revoked sign-in is kept, so that a token stolen from it is still recognised.
const REVOKED_KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// A sign-in to be made.
#[derive(Debug, Clone)]
pub struct NewFamily {
    /// Its id.
    pub id: FamilyId,
    /// Who signed in.
    pub user: UserId,
    /// The first refresh token.
    pub token_hash: TokenHash,
    /// When it ends; refreshing never moves it.
    pub expires_at: Timestamp,
    /// What the browser called itself; cut to 300 characters.
    pub user_agent: Option<String>,
    /// Where it came from.
    pub address: Option<String>,
}

/// One sign-in, as listed to its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Its id.
    pub id: FamilyId,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When a token of it was last shown.
    pub last_used_at: Timestamp,
    /// What the browser called itself.
    pub user_agent: Option<String>,
    /// Where it came from.
    pub address: Option<String>,
}

/// What became of a refresh token that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It was good and is now used; the new token is stored.
    Rotated {
        /// The sign-in.
        family: FamilyId,
        /// Whose it is.
        user: UserId,
    },
    /// It was used within [`OVERLAP`] and its successor was not: the new token takes the
    /// successor's place, which counts as used from now on.
    Overlap {
        /// The sign-in.
        family: FamilyId,
        /// Whose it is.
        user: UserId,
    },
    /// It had been used before: somebody has a copy. The family is now revoked.
    Reused {
        /// The sign-in.
        family: FamilyId,
        /// Whose it is.
        user: UserId,
    },
    /// No such token.
    Unknown,
    /// The sign-in has ended: it is too old, was revoked, or its account is locked.
    Expired,
}

#[derive(FromRow)]
struct FamilyRow {
    id: Uuid,
    created_at: i64,
    expires_at: i64,
    last_used_at: i64,
    user_agent: Option<String>,
    address: Option<String>,
}

#[derive(FromRow)]
struct ShownFamily {
    id: Uuid,
    user_id: Uuid,
    expires_at: i64,
    revoked_at: Option<i64>,
    disabled_at: Option<i64>,
}

#[derive(FromRow)]
struct ShownToken {
    used_at: Option<i64>,
    replaced_by: Option<Vec<u8>>,
    successor_used_at: Option<i64>,
}

enum Verdict {
    Good,
    Overlapping(Vec<u8>),
    Reused,
}

impl ShownToken {
    fn verdict(self, now: Timestamp) -> Verdict {
        let Some(used_at) = self.used_at.map(Timestamp::from_micros) else {
            return Verdict::Good;
        };
        match (self.replaced_by, self.successor_used_at) {
            (Some(successor), None) if now.since(used_at) <= OVERLAP => {
                Verdict::Overlapping(successor)
            }
            _ => Verdict::Reused,
        }
    }
}

/// Marks the token `$hash` used at `$now` and replaced by `$new`.
macro_rules! retire {
    ($tx:expr, $hash:expr, $new:expr, $now:expr) => {
        sqlx::query(
            "update refresh_tokens
             set used_at = coalesce(used_at, $1),
                 replaced_by = $2
             where token_hash = $3",
        )
        .bind($now.as_micros())
        .bind($new.as_slice())
        .bind($hash)
        .execute(&mut *$tx)
        .await?
    };
}

/// Adds the unused token `$hash` to the family `$family`.
macro_rules! insert_token {
    ($tx:expr, $family:expr, $hash:expr) => {
        sqlx::query("insert into refresh_tokens (token_hash, family_id) values ($1, $2)")
            .bind($hash.as_slice())
            .bind($family)
            .execute(&mut *$tx)
            .await?
    };
}

impl Storage {
    /// Keeps a new sign-in with its first token.
    pub async fn insert_family(&self, family: &NewFamily) -> Result<(), StorageError> {
        let now = self.now();
        let user_agent: Option<String> = family
            .user_agent
            .as_deref()
            .map(|text| text.chars().take(300).collect());
        write_tx!(self, tx => {
            sqlx::query(
                "insert into families
                     (id, user_id, created_at, expires_at, last_used_at, user_agent, address)
                 values ($1, $2, $3, $4, $3, $5, $6)",
            )
            .bind(family.id.as_uuid())
            .bind(family.user.as_uuid())
            .bind(now.as_micros())
            .bind(family.expires_at.as_micros())
            .bind(user_agent.as_deref())
            .bind(family.address.as_deref())
            .execute(&mut *tx)
            .await?;
            insert_token!(tx, family.id.as_uuid(), family.token_hash);
        });
        Ok(())
    }

    /// Takes the refresh token `shown` and stores `new` in its place, unless the token was used
    /// before: then the whole family is revoked.
    pub async fn rotate(
        &self,
        shown: &TokenHash,
        new: &TokenHash,
        now: Timestamp,
    ) -> Result<Rotation, StorageError> {
        // Most of what strangers show is none: that must not take the one connection that writes.
        let (known,): (i64,) = read!(self, db => {
            sqlx::query_as("select count(*) from refresh_tokens where token_hash = $1")
                .bind(shown.as_slice())
                .fetch_one(db)
                .await?
        });
        if known == 0 {
            return Ok(Rotation::Unknown);
        }
        let rotation = write_tx!(self, tx => {
            // Taking the family's row first puts all use of this family in line.
            let family: Option<ShownFamily> = sqlx::query_as(
                "update families
                 set last_used_at = $1
                 where id = (select family_id from refresh_tokens where token_hash = $2)
                 returning id, user_id, expires_at, revoked_at,
                     (select disabled_at from users where users.id = families.user_id) as disabled_at",
            )
            .bind(now.as_micros())
            .bind(shown.as_slice())
            .fetch_optional(&mut *tx)
            .await?;
            let Some(family) = family else {
                return Ok(Rotation::Unknown);
            };
            if family.revoked_at.is_some()
                || family.disabled_at.is_some()
                || family.expires_at <= now.as_micros()
            {
                return Ok(Rotation::Expired);
            }
            let token: Option<ShownToken> = sqlx::query_as(
                "select t.used_at, t.replaced_by, s.used_at as successor_used_at
                 from refresh_tokens t
                 left join refresh_tokens s on s.token_hash = t.replaced_by
                 where t.token_hash = $1",
            )
            .bind(shown.as_slice())
            .fetch_optional(&mut *tx)
            .await?;
            let Some(token) = token else {
                return Ok(Rotation::Unknown);
            };
            let (id, user) = (FamilyId::from_uuid(family.id), UserId::from_uuid(family.user_id));
            match token.verdict(now) {
                Verdict::Good => {
                    retire!(tx, shown.as_slice(), new, now);
                    insert_token!(tx, family.id, new);
                    Rotation::Rotated { family: id, user }
                }
                Verdict::Overlapping(successor) => {
                    retire!(tx, successor.as_slice(), new, now);
                    retire!(tx, shown.as_slice(), new, now);
                    insert_token!(tx, family.id, new);
                    Rotation::Overlap { family: id, user }
                }
                Verdict::Reused => {
                    sqlx::query("update families set revoked_at = $1 where id = $2")
                        .bind(now.as_micros())
                        .bind(family.id)
                        .execute(&mut *tx)
                        .await?;
                    Rotation::Reused { family: id, user }
                }
            }
        });
        Ok(rotation)
    }

    /// Ends one sign-in of `user`. False when there is no such one that still counts.
    pub async fn revoke_family(
        &self,
        user: UserId,
        family: FamilyId,
    ) -> Result<bool, StorageError> {
        let now = self.now();
        let revoked = write_tx!(self, tx => {
            sqlx::query(
                "update families
                 set revoked_at = $1
                 where id = $2
                   and user_id = $3
                   and revoked_at is null
                   and expires_at > $1",
            )
            .bind(now.as_micros())
            .bind(family.as_uuid())
            .bind(user.as_uuid())
            .execute(&mut *tx)
            .await?
            .rows_affected()
                > 0
        });
        Ok(revoked)
    }

    /// Ends every sign-in of `user` and says which ones.
    pub async fn revoke_all(&self, user: UserId) -> Result<Vec<FamilyId>, StorageError> {
        let now = self.now();
        let ended: Vec<(Uuid,)> = write_tx!(self, tx => {
            sqlx::query_as(
                "update families
                 set revoked_at = $1
                 where user_id = $2
                   and revoked_at is null
                   and expires_at > $1
                 returning id",
            )
            .bind(now.as_micros())
            .bind(user.as_uuid())
            .fetch_all(&mut *tx)
            .await?
        });
        Ok(ended
            .into_iter()
            .map(|(id,)| FamilyId::from_uuid(id))
            .collect())
    }

    /// The sign-ins of `user` that still count, the most recently used first.
    pub async fn list_families(&self, user: UserId) -> Result<Vec<Family>, StorageError> {
        let now = self.now();
        let rows: Vec<FamilyRow> = read!(self, db => {
            sqlx::query_as(
                "select id, created_at, expires_at, last_used_at, user_agent, address
                 from families
                 where user_id = $1
                   and revoked_at is null
                   and expires_at > $2
                 order by last_used_at desc, id",
            )
            .bind(user.as_uuid())
            .bind(now.as_micros())
            .fetch_all(db)
            .await?
        });
        Ok(rows
            .into_iter()
            .map(|row| Family {
                id: FamilyId::from_uuid(row.id),
                created_at: Timestamp::from_micros(row.created_at),
                expires_at: Timestamp::from_micros(row.expires_at),
                last_used_at: Timestamp::from_micros(row.last_used_at),
                user_agent: row.user_agent,
                address: row.address,
            })
            .collect())
    }

    /// Removes sign-ins that ended: by age at once, by revocation after 30 days. Those of agents stay, as
    /// what is told of them does. Says how many.
    pub async fn delete_ended_families(&self) -> Result<u64, StorageError> {
        let now = self.now();
        let deleted = write_tx!(self, tx => {
            sqlx::query(
                "delete from families
                 where (expires_at <= $1 or revoked_at <= $2)
                   and id not in (select family_id from agents)",
            )
            .bind(now.as_micros())
            .bind(now.before(REVOKED_KEPT_FOR).as_micros())
            .execute(&mut *tx)
            .await?
            .rows_affected()
        });
        Ok(deleted)
    }
}
