//! Looks through the index, in nothing but the plans of which the asking account is a member.

use convene_plan::search::Query;
use sqlx::FromRow;
use uuid::Uuid;

use super::{FORM, Place};
use crate::ids::{PlanId, UserId};
use crate::storage::database::{Database, Storage, read};
use crate::storage::error::StorageError;

/// Which entries, by whether they are put away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that are not.
    Live,
    /// Only those.
    Archived,
    /// All, those last.
    All,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// By whom.
    pub user: UserId,
    /// The words.
    pub query: &'a Query,
    /// In this plan only.
    pub plan: Option<PlanId>,
    /// Put away or not.
    pub which: Which,
    /// Hits at most.
    pub limit: u32,
}

/// A thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// In which plan.
    pub plan: PlanId,
    /// What the plan is called.
    pub plan_name: String,
    /// Which thing.
    pub place: Place,
    /// As people wrote it.
    pub title: String,
    /// What else they wrote.
    pub body: String,
    /// Whether it is put away.
    pub archived: bool,
}

#[derive(FromRow)]
struct HitRow {
    plan_id: Uuid,
    name: String,
    root: String,
    entity_id: String,
    title: String,
    body: String,
    archived: bool,
}

impl HitRow {
    fn read(self) -> Hit {
        Hit {
            plan: PlanId::from_uuid(self.plan_id),
            plan_name: self.name,
            place: Place {
                root: self.root,
                id: self.entity_id,
            },
            title: self.title,
            body: self.body,
            archived: self.archived,
        }
    }
}

// Both rank a word of the title ten times one of the body, and fetch the texts of the best alone. SQLite is
// told by words of the index which plans to look at, or it would go through everybody's, and in which order
// to join, or it would look each entry up in the index. No plan is called "none".
const SQLITE: &str = "
    with found as materialized (
        select entries.id, plans.name, bm25(search_words, 0.0, 10.0, 1.0) as distance
        from search_words
        cross join search_entries as entries on entries.id = search_words.rowid
        cross join members
            on members.plan_id = entries.plan_id
            and members.user_id = $1
        cross join plans on plans.id = entries.plan_id
        where search_words match (
                select 'plan : ('
                    || coalesce(group_concat(lower(hex(plan_id)), ' OR '), 'none')
                    || ') AND {title body} : (' || $2 || ')'
                from members
                where user_id = $1
                  and ($3 is null or plan_id = $3)
            )
          and plans.deleted_at is null
          and ($4 is null or entries.archived = $4)
        order by entries.archived, distance, entries.plan_id, entries.root, entries.entity_id
        limit $5
    )
    select plan_id, name, root, entity_id, title, body, archived
    from found
    join search_entries using (id)
    order by archived, distance, plan_id, root, entity_id";

const POSTGRES: &str = "
    with found as materialized (
        select plan_id, root, entity_id, plans.name,
            ts_rank('{0.1, 0.1, 0.1, 1}', entries.words, $2::tsquery) as closeness
        from members
        join plans on plans.id = members.plan_id
        join search_entries as entries using (plan_id)
        where members.user_id = $1
          and plans.deleted_at is null
          and entries.words @@ $2::tsquery
          and ($3 is null or plan_id = $3)
          and ($4 is null or entries.archived = $4)
        order by entries.archived, closeness desc, plan_id, root, entity_id
        limit $5
    )
    select plan_id, name, root, entity_id, title, body, archived
    from found
    join search_entries using (plan_id, root, entity_id)
    order by archived, closeness desc, plan_id, root, entity_id";

impl Storage {
    /// What is found, the best first. Nothing of plans that are deleted or that the account is no member
    /// of.
    pub async fn search(&self, search: &Search<'_>) -> Result<Vec<Hit>, StorageError> {
        let archived = match search.which {
            Which::Live => Some(false),
            Which::Archived => Some(true),
            Which::All => None,
        };
        let plan = search.plan.map(PlanId::as_uuid);
        let limit = i64::from(search.limit);
        let rows: Vec<HitRow> = match &self.database {
            Database::Sqlite { reader, .. } => {
                sqlx::query_as(SQLITE)
                    .bind(search.user.as_uuid())
                    .bind(search.query.to_fts5())
                    .bind(plan)
                    .bind(archived)
                    .bind(limit)
                    .fetch_all(reader)
                    .await?
            }
            Database::Postgres(pool) => {
                sqlx::query_as(POSTGRES)
                    .bind(search.user.as_uuid())
                    .bind(search.query.to_tsquery())
                    .bind(plan)
                    .bind(archived)
                    .bind(limit)
                    .fetch_all(pool)
                    .await?
            }
        };
        Ok(rows.into_iter().map(HitRow::read).collect())
    }

    /// At most `limit` of the plans that `user` is a member of, or that one, which have rows that are not
    /// in the index; the most recently changed first.
    pub async fn behind_for(
        &self,
        user: UserId,
        plan: Option<PlanId>,
        limit: u32,
    ) -> Result<Vec<PlanId>, StorageError> {
        let rows: Vec<(Uuid, i64, i64)> = read!(self, db => {
            sqlx::query_as(super::behind!(
                "and ($2 is null or plans.id = $2)
                 and plans.id in (select plan_id from members where user_id = $3)
                 order by plans.updated_at desc
                 limit $4"
            ))
            .bind(FORM)
            .bind(plan.map(PlanId::as_uuid))
            .bind(user.as_uuid())
            .bind(i64::from(limit))
            .fetch_all(db)
            .await?
        });
        Ok(rows
            .into_iter()
            .map(|(plan, ..)| PlanId::from_uuid(plan))
            .collect())
    }
}
