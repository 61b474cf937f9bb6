//! Who may do what in which plan. Every change bumps the plan's access version, by which all nodes
//! find sessions whose rights have changed.

use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::audit::chain::Chain;
use super::audit::{Act, Verb, record};
use super::database::{Storage, read, write_tx};
use super::error::StorageError;
use crate::auth::access::Role;
use crate::auth::principal::PrincipalKind;
use crate::clock::Timestamp;
use crate::ids::{PlanId, UserId};

/// One member of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The account.
    pub user: UserId,
    /// Its name.
    pub name: String,
    /// Its address.
    pub email: String,
    /// What it is.
    pub kind: PrincipalKind,
    /// What it may do.
    pub role: Role,
    /// Since when.
    pub added_at: Timestamp,
}

/// What became of a change to a plan's members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberChange {
    /// It is done.
    Changed {
        /// The plan's access version from now on.
        access_version: i64,
    },
    /// It would leave the plan without an owner; nothing was changed.
    LastOwner,
    /// There is no such plan or member.
    NotFound,
    /// The account is an agent's, whose place in a plan is made and ended with it; nothing was changed.
    IsAgent,
}

#[derive(FromRow)]
struct MemberRow {
    user_id: Uuid,
    name: String,
    email: String,
    kind: String,
    role: String,
    added_at: i64,
}

pub(super) fn parse_role(text: &str) -> Result<Role, StorageError> {
    text.parse().map_err(StorageError::corrupt)
}

/// Bumps the access version of `$plan`, which also puts all changes of its members in line.
macro_rules! bump_access {
    ($tx:expr, $plan:expr, $now:expr) => {
        sqlx::query_as::<_, (i64,)>(
            "update plans
             set access_version = access_version + 1,
                 updated_at = $1
             where id = $2
               and deleted_at is null
             returning access_version",
        )
        .bind($now.as_micros())
        .bind($plan.as_uuid())
        .fetch_optional(&mut *$tx)
        .await?
        .map(|(version,)| version)
    };
}

/// The role of `$user` in `$plan` as it is written, if there is one.
macro_rules! present_role {
    ($tx:expr, $plan:expr, $user:expr) => {
        sqlx::query_as::<_, (String,)>(
            "select role from members where plan_id = $1 and user_id = $2",
        )
        .bind($plan.as_uuid())
        .bind($user.as_uuid())
        .fetch_optional(&mut *$tx)
        .await?
        .map(|(role,)| role)
    };
}

/// Whether `$user` is an agent.
macro_rules! is_agent {
    ($tx:expr, $user:expr) => {
        sqlx::query_as::<_, (i64,)>("select count(*) from agents where id = $1")
            .bind($user.as_uuid())
            .fetch_one(&mut *$tx)
            .await?
            .0
            > 0
    };
}

/// Whether `$plan` has an owner.
macro_rules! has_owner {
    ($tx:expr, $plan:expr) => {
        sqlx::query_as::<_, (i64,)>(
            "select count(*) from members where plan_id = $1 and role = 'owner'",
        )
        .bind($plan.as_uuid())
        .fetch_one(&mut *$tx)
        .await?
        .0 > 0
    };
}

pub(super) use {bump_access, present_role};

fn about_role(
    by: UserId,
    verb: Verb,
    (user, before, after): (UserId, Option<String>, Option<Role>),
) -> Act {
    Act {
        actor: Some(by),
        verb,
        detail: json!({
            "user": user.to_string(),
            "before": before,
            "after": after.map(Role::as_str),
        }),
    }
}

impl Storage {
    /// The role of `user` in `plan`, if the plan is there and `user` is a member. A draft is no plan: see
    /// `find_document_role`.
    pub async fn find_role(
        &self,
        plan: PlanId,
        user: UserId,
    ) -> Result<Option<Role>, StorageError> {
        let row: Option<(String,)> = read!(self, db => {
            sqlx::query_as(
                "select members.role
                 from members
                 join plans on plans.id = members.plan_id
                 where members.plan_id = $1
                   and members.user_id = $2
                   and plans.deleted_at is null",
            )
            .bind(plan.as_uuid())
            .bind(user.as_uuid())
            .fetch_optional(db)
            .await?
        });
        row.map(|(role,)| parse_role(&role)).transpose()
    }

    /// The members of `plan` by the time they came; empty when the plan is gone.
    pub async fn list_members(&self, plan: PlanId) -> Result<Vec<Member>, StorageError> {
        let rows: Vec<MemberRow> = read!(self, db => {
            sqlx::query_as(
                "select members.user_id, users.name, users.email, users.kind, members.role,
                     members.added_at
                 from members
                 join users on users.id = members.user_id
                 join plans on plans.id = members.plan_id
                 where members.plan_id = $1
                   and plans.deleted_at is null
                 order by members.added_at, members.user_id",
            )
            .bind(plan.as_uuid())
            .fetch_all(db)
            .await?
        });
        rows.into_iter()
            .map(|row| {
                Ok(Member {
                    user: UserId::from_uuid(row.user_id),
                    name: row.name,
                    email: row.email,
                    kind: row.kind.parse().map_err(StorageError::corrupt)?,
                    role: parse_role(&row.role)?,
                    added_at: Timestamp::from_micros(row.added_at),
                })
            })
            .collect()
    }

    /// Makes a person a member of `plan` with `role`, or changes the role; `by` has done so.
    pub async fn set_role(
        &self,
        by: UserId,
        plan: PlanId,
        user: UserId,
        role: Role,
    ) -> Result<MemberChange, StorageError> {
        let now = self.now();
        let change = write_tx!(self, tx => {
            let Some(access_version) = bump_access!(tx, plan, now) else {
                return Ok(MemberChange::NotFound);
            };
            if is_agent!(tx, user) {
                return Ok(MemberChange::IsAgent);
            }
            let before = present_role!(tx, plan, user);
            let changed = sqlx::query(
                "insert into members (plan_id, user_id, role, added_at)
                 select $1, users.id, $2, $3
                 from users
                 where users.id = $4
                 on conflict (plan_id, user_id) do update set role = excluded.role",
            )
            .bind(plan.as_uuid())
            .bind(role.as_str())
            .bind(now.as_micros())
            .bind(user.as_uuid())
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if changed == 0 {
                return Ok(MemberChange::NotFound);
            }
            if !has_owner!(tx, plan) {
                return Ok(MemberChange::LastOwner);
            }
            let act = about_role(by, Verb::RoleSet, (user, before, Some(role)));
            record!(tx, Chain::Plan(plan), &act, now);
            MemberChange::Changed { access_version }
        });
        Ok(change)
    }

    /// Takes a person out of `plan`; `by` has done so. An agent goes by `revoke_agent`.
    pub async fn remove_member(
        &self,
        by: UserId,
        plan: PlanId,
        user: UserId,
    ) -> Result<MemberChange, StorageError> {
        let now = self.now();
        let change = write_tx!(self, tx => {
            let Some(access_version) = bump_access!(tx, plan, now) else {
                return Ok(MemberChange::NotFound);
            };
            if is_agent!(tx, user) {
                return Ok(MemberChange::IsAgent);
            }
            let before = present_role!(tx, plan, user);
            let removed = sqlx::query("delete from members where plan_id = $1 and user_id = $2")
                .bind(plan.as_uuid())
                .bind(user.as_uuid())
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if removed == 0 {
                return Ok(MemberChange::NotFound);
            }
            if !has_owner!(tx, plan) {
                return Ok(MemberChange::LastOwner);
            }
            let act = about_role(by, Verb::MemberRemoved, (user, before, None));
            record!(tx, Chain::Plan(plan), &act, now);
            MemberChange::Changed { access_version }
        });
        Ok(change)
    }
}
