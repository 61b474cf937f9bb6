//! Writes entries: as rows on both engines, and into the index as each engine has it.

use std::fmt::Write;

use sqlx::{PgConnection, SqliteConnection};

use super::{Entry, FORM, NewEntry, Place};
use crate::ids::PlanId;
use crate::storage::database::{Storage, write_tx};
use crate::storage::error::StorageError;
use crate::storage::journal::{Epoch, Seq};

/// The last place of a word that PostgreSQL tells apart.
const PLACE_MAX: usize = 16_383;

/// A part of what makes the index of a plan hold what the plan does.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// The plan.
    pub plan: PlanId,
    /// The revision for which it was worked out; 0 for a plan that was never indexed.
    pub revision: i64,
    /// Entries to be written.
    pub put: &'a [NewEntry],
    /// Entries of what is there no more.
    pub take: &'a [Place],
    /// With the last step: up to which row the index goes now.
    pub reached: Option<(Epoch, Seq)>,
}

impl Storage {
    /// Performs a step in one transaction and answers the revision for the next. None, and nothing done,
    /// when somebody else has written for this plan since.
    pub async fn write_search(&self, step: &Step<'_>) -> Result<Option<i64>, StorageError> {
        let (epoch, seq) = step.reached.unzip();
        let form = step.reached.map(|_| FORM);
        let revision = write_tx!(self, tx => {
            // This statement is the fence: it takes the plan's row, and two writers cannot both find
            // that nobody has written.
            let moved: Option<(i64,)> = sqlx::query_as(
                "insert into search_state (plan_id, revision, epoch, seq, form)
                 values ($1, 1, coalesce($3, 0), coalesce($4, 0), coalesce($5, 0))
                 on conflict (plan_id) do update
                 set revision = search_state.revision + 1,
                     epoch = coalesce($3, search_state.epoch),
                     seq = coalesce($4, search_state.seq),
                     form = coalesce($5, search_state.form)
                 where search_state.revision = $2
                 returning revision",
            )
            .bind(step.plan.as_uuid())
            .bind(step.revision)
            .bind(epoch.map(|epoch| epoch.0))
            .bind(seq.map(|seq| seq.0))
            .bind(form)
            .fetch_optional(&mut *tx)
            .await?;
            let Some((revision,)) = moved else {
                return Ok(None);
            };
            tx.take(step.plan, step.take).await?;
            tx.put(step.plan, step.put).await?;
            revision
        });
        Ok(Some(revision))
    }
}

/// What each engine does in its own way.
trait WriteEntries {
    async fn put(&mut self, plan: PlanId, entries: &[NewEntry]) -> Result<(), sqlx::Error>;
    async fn take(&mut self, plan: PlanId, places: &[Place]) -> Result<(), sqlx::Error>;
}

impl WriteEntries for SqliteConnection {
    async fn put(&mut self, plan: PlanId, entries: &[NewEntry]) -> Result<(), sqlx::Error> {
        let word_of_plan = plan.as_uuid().simple().to_string();
        for new in entries {
            let entry = &new.entry;
            let (id,): (i64,) = sqlx::query_as(
                "insert into search_entries
                     (plan_id, root, entity_id, title, body, archived, content_hash)
                 values ($1, $2, $3, $4, $5, $6, $7)
                 on conflict (plan_id, root, entity_id) do update
                 set title = excluded.title,
                     body = excluded.body,
                     archived = excluded.archived,
                     content_hash = excluded.content_hash
                 returning id",
            )
            .bind(plan.as_uuid())
            .bind(&entry.place.root)
            .bind(&entry.place.id)
            .bind(&entry.title)
            .bind(&entry.body)
            .bind(entry.archived)
            .bind(&new.digest[..])
            .fetch_one(&mut *self)
            .await?;
            sqlx::query(
                "insert or replace into search_words (rowid, plan, title, body)
                 values ($1, $2, $3, $4)",
            )
            .bind(id)
            .bind(&word_of_plan)
            .bind(&new.title_words)
            .bind(&new.body_words)
            .execute(&mut *self)
            .await?;
        }
        Ok(())
    }

    async fn take(&mut self, plan: PlanId, places: &[Place]) -> Result<(), sqlx::Error> {
        for place in places {
            let gone: Option<(i64,)> = sqlx::query_as(
                "delete from search_entries
                 where plan_id = $1
                   and root = $2
                   and entity_id = $3
                 returning id",
            )
            .bind(plan.as_uuid())
            .bind(&place.root)
            .bind(&place.id)
            .fetch_optional(&mut *self)
            .await?;
            if let Some((id,)) = gone {
                sqlx::query("delete from search_words where rowid = $1")
                    .bind(id)
                    .execute(&mut *self)
                    .await?;
            }
        }
        Ok(())
    }
}

impl WriteEntries for PgConnection {
    async fn put(&mut self, plan: PlanId, entries: &[NewEntry]) -> Result<(), sqlx::Error> {
        if entries.is_empty() {
            return Ok(());
        }
        let columns = Columns::of(entries);
        sqlx::query(
            "insert into search_entries
                 (plan_id, root, entity_id, title, body, archived, content_hash, words)
             select $1, new.root, new.entity_id, new.title, new.body, new.archived,
                 new.content_hash, new.words::tsvector
             from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[],
                 $7::bytea[], $8::text[])
                 as new (root, entity_id, title, body, archived, content_hash, words)
             on conflict (plan_id, root, entity_id) do update
             set title = excluded.title,
                 body = excluded.body,
                 archived = excluded.archived,
                 content_hash = excluded.content_hash,
                 words = excluded.words",
        )
        .bind(plan.as_uuid())
        .bind(columns.roots)
        .bind(columns.ids)
        .bind(columns.titles)
        .bind(columns.bodies)
        .bind(columns.archived)
        .bind(columns.digests)
        .bind(columns.words)
        .execute(&mut *self)
        .await?;
        Ok(())
    }

    async fn take(&mut self, plan: PlanId, places: &[Place]) -> Result<(), sqlx::Error> {
        if places.is_empty() {
            return Ok(());
        }
        let roots: Vec<&str> = places.iter().map(|place| place.root.as_str()).collect();
        let ids: Vec<&str> = places.iter().map(|place| place.id.as_str()).collect();
        sqlx::query(
            "delete from search_entries
             using unnest($2::text[], $3::text[]) as gone (root, entity_id)
             where search_entries.plan_id = $1
               and search_entries.root = gone.root
               and search_entries.entity_id = gone.entity_id",
        )
        .bind(plan.as_uuid())
        .bind(roots)
        .bind(ids)
        .execute(&mut *self)
        .await?;
        Ok(())
    }
}

/// Entries as PostgreSQL takes them: column by column.
struct Columns<'a> {
    roots: Vec<&'a str>,
    ids: Vec<&'a str>,
    titles: Vec<&'a str>,
    bodies: Vec<&'a str>,
    archived: Vec<bool>,
    digests: Vec<&'a [u8]>,
    words: Vec<String>,
}

impl<'a> Columns<'a> {
    fn of(entries: &'a [NewEntry]) -> Self {
        let all = |text: fn(&Entry) -> &str| entries.iter().map(|it| text(&it.entry)).collect();
        Self {
            roots: all(|entry| &entry.place.root),
            ids: all(|entry| &entry.place.id),
            titles: all(|entry| &entry.title),
            bodies: all(|entry| &entry.body),
            archived: entries.iter().map(|it| it.entry.archived).collect(),
            digests: entries.iter().map(|it| &it.digest[..]).collect(),
            words: entries
                .iter()
                .map(|it| vector(&it.title_words, &it.body_words))
                .collect(),
        }
    }
}

/// A `tsvector` as PostgreSQL reads it: `'big':1A 'log':2A 'kafka':4`. Made here, because its own parser
/// depends on the locale of the database and takes `node.js` for a host.
fn vector(title: &str, body: &str) -> String {
    let mut vector = String::with_capacity(2 * (title.len() + body.len()));
    let mut place = 0;
    for (words, weight) in [(title, "A"), (body, "")] {
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            place += 1;
            let at = place.min(PLACE_MAX);
            // A text takes everything.
            write!(vector, "'{word}':{at}{weight} ").ok();
        }
        // A row of words does not begin in the title and end in the body.
        place += 1;
    }
    vector
}
