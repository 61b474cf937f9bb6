//! The full-text index: what is in it for each plan, which plans it lags behind, and writing it.
//!
//! It holds nothing that the journal does not, and may be late; so what is written needs no line of its
//! own, only that nobody writes what they worked out from something that is there no more. Looking
//! through it is in `search/query.rs`.

mod query;
mod write;

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::database::{Database, Storage, read, read_tx};
use super::error::StorageError;
use super::journal::{Epoch, Seq};
use crate::clock::Timestamp;
use crate::ids::PlanId;

pub use query::{Hit, Search, Which};
pub use write::Step;

/// In which form entries are written. To be counted up when the same thing is to be found by other words:
/// every plan is then indexed again.
const FORM: i64 = 1;

/// Tells whether an entry is the same: SHA-256.
pub type Digest = [u8; 32];

/// Names a thing within its plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Its root.
    pub root: String,
    /// Its id; empty where the root holds one thing.
    pub id: String,
}

/// A thing that can be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub place: Place,
    /// As people wrote it. No text of an entry may hold a zero byte, which PostgreSQL cannot keep.
    pub title: String,
    /// What else they wrote.
    pub body: String,
    /// Whether it is put away.
    pub archived: bool,
}

impl Entry {
    /// What is compared to find that an entry is the same.
    pub fn digest(&self) -> Digest {
        let mut digest = Sha256::new();
        digest.update([u8::from(self.archived)]);
        digest.update((self.title.len() as u64).to_be_bytes());
        digest.update(&self.title);
        digest.update(&self.body);
        digest.finalize().into()
    }
}

/// An entry to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// The entry.
    pub entry: Entry,
    /// Its digest.
    pub digest: Digest,
    /// The folded words of the title, with a blank between them.
    pub title_words: String,
    /// Those of the body.
    pub body_words: String,
}

/// What the index holds of a plan.
#[derive(Debug, Clone)]
pub struct Indexed {
    /// Goes up with everything that is written; 0 for a plan that was never indexed.
    pub revision: i64,
    /// Every row up to here is in it.
    pub reached: (Epoch, Seq),
    /// Its entries.
    pub entries: HashMap<Place, Digest>,
    is_current_form: bool,
}

impl Indexed {
    /// Whether what a plan held at `seq` is no news.
    pub fn covers(&self, epoch: Epoch, seq: Seq) -> bool {
        self.is_current_form && self.reached >= (epoch, seq)
    }

    /// Whether this is what is there already.
    pub fn has(&self, place: &Place, digest: &Digest) -> bool {
        self.is_current_form && self.entries.get(place) == Some(digest)
    }
}

/// A plan that has rows which are not in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// The plan.
    pub plan: PlanId,
    /// Its line of history.
    pub epoch: Epoch,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Behind {
    fn read((plan, epoch, updated_at): (Uuid, i64, i64)) -> Self {
        Self {
            plan: PlanId::from_uuid(plan),
            epoch: Epoch(epoch),
            updated_at: Timestamp::from_micros(updated_at),
        }
    }
}

/// A query for plans that are behind, but for the last conditions. `$1` is the form.
macro_rules! behind {
    ($($more:literal),* $(,)?) => {
        concat!(
            "select plans.id, plans.epoch, plans.updated_at
             from plans
             left join search_state on search_state.plan_id = plans.id
             where plans.deleted_at is null
               and plans.head > 0
               and plans.draft_of is null
               and (search_state.plan_id is null
                   or search_state.seq < plans.head
                   or search_state.epoch <> plans.epoch
                   or search_state.form < $1) ",
            $($more),*
        )
    };
}

use behind;

impl Storage {
    /// What the index holds of `plan`.
    pub async fn find_indexed(&self, plan: PlanId) -> Result<Indexed, StorageError> {
        type State = (i64, i64, i64, i64);
        type Entry = (String, String, Vec<u8>);
        let (state, entries) = read_tx!(self, tx => {
            let state: Option<State> = sqlx::query_as(
                "select revision, epoch, seq, form from search_state where plan_id = $1",
            )
            .bind(plan.as_uuid())
            .fetch_optional(&mut *tx)
            .await?;
            let entries: Vec<Entry> = sqlx::query_as(
                "select root, entity_id, content_hash from search_entries where plan_id = $1",
            )
            .bind(plan.as_uuid())
            .fetch_all(&mut *tx)
            .await?;
            (state, entries)
        });
        let (revision, epoch, seq, form) = state.unwrap_or_default();
        let entries = entries.into_iter().map(|(root, id, digest)| {
            let digest = digest.try_into();
            let digest = digest.map_err(|_| StorageError::corrupt("a hash of 32 bytes"))?;
            Ok((Place { root, id }, digest))
        });
        Ok(Indexed {
            revision,
            reached: (Epoch(epoch), Seq(seq)),
            entries: entries.collect::<Result<_, StorageError>>()?,
            is_current_form: form >= FORM,
        })
    }

    /// Which of `plans` are behind, in no order.
    pub async fn behind_among(&self, plans: &[PlanId]) -> Result<Vec<Behind>, StorageError> {
        let ids = plans.iter().map(|plan| plan.as_uuid());
        let rows: Vec<(Uuid, i64, i64)> = match &self.database {
            Database::Sqlite { reader, .. } => {
                // Each question is two switches between threads, and SQLite has no arrays.
                let ids: Vec<String> = ids.map(|id| format!("\"{}\"", id.simple())).collect();
                sqlx::query_as(behind!(
                    "and plans.id in (select unhex(value) from json_each($2))"
                ))
                .bind(FORM)
                .bind(format!("[{}]", ids.join(",")))
                .fetch_all(reader)
                .await?
            }
            Database::Postgres(pool) => {
                sqlx::query_as(behind!("and plans.id = any($2)"))
                    .bind(FORM)
                    .bind(ids.collect::<Vec<Uuid>>())
                    .fetch_all(pool)
                    .await?
            }
        };
        Ok(rows.into_iter().map(Behind::read).collect())
    }

    /// At most `limit` of all plans that are behind and have not changed since `before`, those that wait
    /// longest first. Looks at every plan.
    pub async fn behind_since(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Behind>, StorageError> {
        let rows: Vec<(Uuid, i64, i64)> = read!(self, db => {
            sqlx::query_as(behind!("and plans.updated_at <= $2 order by plans.updated_at limit $3"))
                .bind(FORM)
                .bind(before.as_micros())
                .bind(i64::from(limit))
                .fetch_all(db)
                .await?
        });
        Ok(rows.into_iter().map(Behind::read).collect())
    }
}
