//! Plans: one row per document, without its content.

use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::audit::chain::Chain;
use super::audit::{Act, Verb, record};
use super::database::{Database, Storage, read, read_tx, write_tx};
use super::error::StorageError;
use super::journal::{Epoch, Seq};
use super::members::parse_role;
use crate::auth::access::Role;
use crate::clock::Timestamp;
use crate::ids::{PlanId, UserId};

/// One plan, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// Its id.
    pub id: PlanId,
    /// What its members call it.
    pub name: String,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its document, name or members last changed.
    pub updated_at: Timestamp,
    /// When it was put away, if it is.
    pub archived_at: Option<Timestamp>,
}

/// Where a plan stands; compared every half second to find what a node has missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanHead {
    /// The plan.
    pub plan: PlanId,
    /// Its line of history.
    pub epoch: Epoch,
    /// Its last journal row.
    pub head: Seq,
    /// Changes whenever somebody's role does; of a draft also when one in its plan does.
    pub access_version: i64,
    /// The last row that a snapshot covers.
    pub snapshot_seq: Seq,
    /// Goes up with everything that happens to the plan's proposals and gates.
    pub proposals: i64,
}

/// Where a plan is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// Among those that are worked on.
    Desk,
    /// Put away: left out of lists, and otherwise as it was.
    Archive,
}

#[derive(FromRow)]
struct MemberPlanRow {
    id: Uuid,
    name: String,
    created_by: Uuid,
    created_at: i64,
    updated_at: i64,
    archived_at: Option<i64>,
    role: String,
}

impl MemberPlanRow {
    fn read(self) -> Result<(PlanRow, Role), StorageError> {
        let role = parse_role(&self.role)?;
        let plan = PlanRow {
            id: PlanId::from_uuid(self.id),
            name: self.name,
            created_by: UserId::from_uuid(self.created_by),
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            archived_at: self.archived_at.map(Timestamp::from_micros),
        };
        Ok((plan, role))
    }
}

#[derive(FromRow)]
struct HeadRow {
    id: Uuid,
    epoch: i64,
    head: i64,
    access_version: i64,
    snapshot_seq: i64,
    proposals_version: i64,
}

impl From<HeadRow> for PlanHead {
    fn from(row: HeadRow) -> Self {
        Self {
            plan: PlanId::from_uuid(row.id),
            epoch: Epoch(row.epoch),
            head: Seq(row.head),
            access_version: row.access_version,
            snapshot_seq: Seq(row.snapshot_seq),
            proposals: row.proposals_version,
        }
    }
}

/// Where documents stand. Of a draft both versions count, its own and its plan's: neither ever goes down.
macro_rules! document_heads {
    () => {
        "select documents.id, documents.epoch, documents.head,
             documents.access_version + coalesce(parents.access_version, 0) as access_version,
             documents.snapshot_seq, documents.proposals_version
         from plans documents
         left join plans parents on parents.id = documents.draft_of
         where documents.deleted_at is null
           and parents.deleted_at is null
           and documents.id"
    };
}

/// What is known of a plan whose row is taken.
#[derive(FromRow)]
pub(super) struct TakenPlan {
    pub(super) name: String,
    pub(super) archived_at: Option<i64>,
    pub(super) epoch: i64,
    pub(super) head: i64,
}

/// Takes the row of `$plan`, so that what is read and written of the plan behind it is of one moment; none when
/// the plan is gone.
macro_rules! take_plan {
    ($tx:expr, $plan:expr, $now:expr) => {
        sqlx::query_as::<_, $crate::storage::plans::TakenPlan>(
            "update plans
             set updated_at = $1
             where id = $2
               and deleted_at is null
             returning name, archived_at, epoch, head",
        )
        .bind($now.as_micros())
        .bind($plan.as_uuid())
        .fetch_optional(&mut *$tx)
        .await?
    };
}

pub(super) use take_plan;

impl Storage {
    /// Makes an empty plan with `owner` as its only member.
    pub async fn insert_plan(
        &self,
        plan: PlanId,
        name: &str,
        owner: UserId,
    ) -> Result<PlanRow, StorageError> {
        let now = self.now();
        write_tx!(self, tx => {
            sqlx::query(
                "insert into plans (id, name, created_by, created_at, updated_at)
                 values ($1, $2, $3, $4, $4)",
            )
            .bind(plan.as_uuid())
            .bind(name)
            .bind(owner.as_uuid())
            .bind(now.as_micros())
            .execute(&mut *tx)
            .await?;
            sqlx::query(
                "insert into members (plan_id, user_id, role, added_at)
                 values ($1, $2, $3, $4)",
            )
            .bind(plan.as_uuid())
            .bind(owner.as_uuid())
            .bind(Role::Owner.as_str())
            .bind(now.as_micros())
            .execute(&mut *tx)
            .await?;
            let act = Act {
                actor: Some(owner),
                verb: Verb::PlanCreated,
                detail: json!({"name": name}),
            };
            record!(tx, Chain::Plan(plan), &act, now);
        });
        Ok(PlanRow {
            id: plan,
            name: name.to_owned(),
            created_by: owner,
            created_at: now,
            updated_at: now,
            archived_at: None,
        })
    }

    /// The plan and the role of `user` in it. None when there is no such plan or `user` is not a
    /// member: who is not must not learn which it is.
    pub async fn find_plan_for(
        &self,
        user: UserId,
        plan: PlanId,
    ) -> Result<Option<(PlanRow, Role)>, StorageError> {
        let row: Option<MemberPlanRow> = read!(self, db => {
            sqlx::query_as(
                "select plans.id, plans.name, plans.created_by, plans.created_at,
                     plans.updated_at, plans.archived_at, members.role
                 from members
                 join plans on plans.id = members.plan_id
                 where members.user_id = $1
                   and members.plan_id = $2
                   and plans.deleted_at is null",
            )
            .bind(user.as_uuid())
            .bind(plan.as_uuid())
            .fetch_optional(db)
            .await?
        });
        row.map(MemberPlanRow::read).transpose()
    }

    /// Every plan of which `user` is a member, the most recently changed first.
    pub async fn list_plans_for(&self, user: UserId) -> Result<Vec<(PlanRow, Role)>, StorageError> {
        let rows: Vec<MemberPlanRow> = read!(self, db => {
            sqlx::query_as(
                "select plans.id, plans.name, plans.created_by, plans.created_at,
                     plans.updated_at, plans.archived_at, members.role
                 from members
                 join plans on plans.id = members.plan_id
                 where members.user_id = $1
                   and plans.deleted_at is null
                 order by plans.updated_at desc, plans.id desc",
            )
            .bind(user.as_uuid())
            .fetch_all(db)
            .await?
        });
        rows.into_iter().map(MemberPlanRow::read).collect()
    }

    /// Gives a plan another name; `by` has done so. False when it is gone.
    pub async fn rename_plan(
        &self,
        by: UserId,
        plan: PlanId,
        name: &str,
    ) -> Result<bool, StorageError> {
        let now = self.now();
        write_tx!(self, tx => {
            // Taken first: the name before and after are those of one moment.
            let Some(TakenPlan { name: before, .. }) = take_plan!(tx, plan, now) else {
                return Ok(false);
            };
            sqlx::query("update plans set name = $1 where id = $2")
                .bind(name)
                .bind(plan.as_uuid())
                .execute(&mut *tx)
                .await?;
            let act = Act {
                actor: Some(by),
                verb: Verb::PlanRenamed,
                detail: json!({"name": {"before": before, "after": name}}),
            };
            record!(tx, Chain::Plan(plan), &act, now);
        });
        Ok(true)
    }

    /// Puts a plan away, or brings it back; `by` has done so. False when it is gone.
    pub async fn shelve_plan(
        &self,
        by: UserId,
        plan: PlanId,
        place: Shelf,
    ) -> Result<bool, StorageError> {
        let now = self.now();
        let (verb, archived_at) = match place {
            Shelf::Archive => (Verb::PlanArchived, Some(now.as_micros())),
            Shelf::Desk => (Verb::PlanRestored, None),
        };
        let is_there = write_tx!(self, tx => {
            let before = take_plan!(tx, plan, now);
            // What is so already is not done again.
            if let Some(TakenPlan { archived_at: before, .. }) = &before
                && before.is_some() != archived_at.is_some()
            {
                sqlx::query("update plans set archived_at = $1 where id = $2")
                    .bind(archived_at)
                    .bind(plan.as_uuid())
                    .execute(&mut *tx)
                    .await?;
                let act = Act {
                    actor: Some(by),
                    verb,
                    detail: json!({}),
                };
                record!(tx, Chain::Plan(plan), &act, now);
            }
            before.is_some()
        });
        Ok(is_there)
    }

    /// Deletes a plan: nobody finds it any more, its history stays. `by` has done so. False when it was
    /// gone.
    pub async fn delete_plan(&self, by: UserId, plan: PlanId) -> Result<bool, StorageError> {
        let now = self.now();
        let deleted = write_tx!(self, tx => {
            let deleted = sqlx::query(
                "update plans
                 set deleted_at = $1,
                     updated_at = $1,
                     access_version = access_version + 1
                 where id = $2
                   and deleted_at is null",
            )
            .bind(now.as_micros())
            .bind(plan.as_uuid())
            .execute(&mut *tx)
            .await?
            .rows_affected()
                > 0;
            if deleted {
                let act = Act {
                    actor: Some(by),
                    verb: Verb::PlanDeleted,
                    detail: json!({}),
                };
                record!(tx, Chain::Plan(plan), &act, now);
            }
            deleted
        });
        Ok(deleted)
    }

    /// Where each of `plans` stands, in no order; drafts are among them by their own ids. One that is missing
    /// from the answer is deleted, or its plan is.
    pub async fn heads(&self, plans: &[PlanId]) -> Result<Vec<PlanHead>, StorageError> {
        let rows: Vec<HeadRow> = match &self.database {
            Database::Sqlite { .. } => read_tx!(self, tx => {
                let mut rows = Vec::with_capacity(plans.len());
                for plan in plans {
                    let row: Option<HeadRow> = sqlx::query_as(concat!(document_heads!(), " = $1"))
                        .bind(plan.as_uuid())
                        .fetch_optional(&mut *tx)
                        .await?;
                    rows.extend(row);
                }
                rows
            }),
            Database::Postgres(pool) => {
                let ids: Vec<Uuid> = plans.iter().map(|plan| plan.as_uuid()).collect();
                sqlx::query_as(concat!(document_heads!(), " = any($1)"))
                    .bind(ids)
                    .fetch_all(pool)
                    .await?
            }
        };
        Ok(rows.into_iter().map(PlanHead::from).collect())
    }
}
