//! Proposals: who proposes what for which plan, and how far that is. What is decided is in `deciding.rs`.

pub mod deciding;
mod expiring;
mod opening;
mod rows;
mod submitting;

use std::collections::HashMap;

use convene_protocol::control::proposal::{ChangeState, Counts};

use uuid::Uuid;

pub use self::opening::{NewProposal, Opened};
pub use self::rows::{ChangeRow, DecisionRow, ProposalRow};
use self::rows::{RawChange, RawDecision, Row};
pub use self::submitting::{NewChange, NewRevision, Submitted};
use super::database::{Storage, read};
use super::error::StorageError;
use crate::ids::{PlanId, ProposalId, UserId};

/// A query for proposals, but for its conditions.
macro_rules! proposals {
    ($($more:literal),* $(,)?) => {
        concat!(
            "select proposals.id, proposals.plan_id, proposals.author, proposals.on_behalf_of,
                 proposals.title, proposals.rationale, proposals.about, proposals.status,
                 proposals.revision, proposals.version, proposals.draft_seq, proposals.base_seq,
                 proposals.base_epoch, proposals.reason, proposals.supersedes,
                 proposals.touched, proposals.created_at, proposals.updated_at, proposals.expires_at
             from proposals ",
            $($more),*
        )
    };
}

/// Notes in the row of `$plan`, which is taken by that, that something happens to its proposals; the number
/// goes into `touched` of what it happens to.
macro_rules! touch_proposals {
    ($tx:expr, $plan:expr) => {
        sqlx::query_as::<_, (i64,)>(
            "update plans
             set proposals_version = proposals_version + 1
             where id = $1
               and deleted_at is null
             returning proposals_version",
        )
        .bind($plan.as_uuid())
        .fetch_optional(&mut *$tx)
        .await?
        .map(|(version,)| version)
    };
}

/// Has the sessions of a draft looked at again: who may write it follows from how far its proposal is.
macro_rules! touch_draft {
    ($tx:expr, $proposal:expr) => {
        sqlx::query("update plans set access_version = access_version + 1 where id = $1")
            .bind($proposal.draft().as_uuid())
            .execute(&mut *$tx)
            .await?
    };
}

pub(super) use {touch_draft, touch_proposals};

impl Storage {
    /// One proposal of `plan`.
    pub async fn find_proposal(
        &self,
        plan: PlanId,
        proposal: ProposalId,
    ) -> Result<Option<ProposalRow>, StorageError> {
        let row: Option<Row> = read!(self, db => {
            sqlx::query_as(proposals!(
                "join plans on plans.id = proposals.plan_id
                 where proposals.id = $1
                   and proposals.plan_id = $2
                   and plans.deleted_at is null",
            ))
            .bind(proposal.as_uuid())
            .bind(plan.as_uuid())
            .fetch_optional(db)
            .await?
        });
        row.map(Row::read).transpose()
    }

    /// A proposal of `author` with this fingerprint that was rejected.
    pub async fn find_rejected(
        &self,
        plan: PlanId,
        author: UserId,
        fingerprint: &str,
    ) -> Result<Option<ProposalRow>, StorageError> {
        let row: Option<Row> = read!(self, db => {
            sqlx::query_as(proposals!(
                "where plan_id = $1
                   and author = $2
                   and fingerprint = $3
                   and status = 'rejected'
                 limit 1",
            ))
            .bind(plan.as_uuid())
            .bind(author.as_uuid())
            .bind(fingerprint)
            .fetch_optional(db)
            .await?
        });
        row.map(Row::read).transpose()
    }

    /// The plan as the draft of `proposal` began, as plan.json.
    pub async fn find_base(&self, proposal: ProposalId) -> Result<Option<String>, StorageError> {
        let base: Option<(String,)> = read!(self, db => {
            sqlx::query_as("select base from proposals where id = $1")
                .bind(proposal.as_uuid())
                .fetch_optional(db)
                .await?
        });
        Ok(base.map(|(base,)| base))
    }

    /// At most `limit` proposals of `plan` with `touched` below `before`, the last first.
    pub async fn list_proposals(
        &self,
        plan: PlanId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ProposalRow>, StorageError> {
        let before = before.unwrap_or(i64::MAX);
        let rows: Vec<Row> = read!(self, db => {
            sqlx::query_as(proposals!(
                "where plan_id = $1
                   and touched < $2
                 order by touched desc, id desc
                 limit $3",
            ))
            .bind(plan.as_uuid())
            .bind(before)
            .bind(i64::from(limit))
            .fetch_all(db)
            .await?
        });
        rows.into_iter().map(Row::read).collect()
    }

    /// Those of `plan` that can still be decided, the oldest first.
    pub async fn open_proposals(&self, plan: PlanId) -> Result<Vec<ProposalRow>, StorageError> {
        let rows: Vec<Row> = read!(self, db => {
            sqlx::query_as(proposals!(
                "where plan_id = $1
                   and status in ('drafting', 'submitted', 'changes_requested')
                 order by id",
            ))
            .bind(plan.as_uuid())
            .fetch_all(db)
            .await?
        });
        rows.into_iter().map(Row::read).collect()
    }

    /// At most `limit` proposals of `plan` that something happened to since its `proposals_version` was
    /// `since`.
    pub async fn proposals_since(
        &self,
        plan: PlanId,
        since: i64,
        limit: u32,
    ) -> Result<Vec<ProposalRow>, StorageError> {
        let rows: Vec<Row> = read!(self, db => {
            sqlx::query_as(proposals!(
                "where plan_id = $1
                   and touched > $2
                 order by touched
                 limit $3",
            ))
            .bind(plan.as_uuid())
            .bind(since)
            .bind(i64::from(limit))
            .fetch_all(db)
            .await?
        });
        rows.into_iter().map(Row::read).collect()
    }

    /// The changes of one revision, by their numbers.
    pub async fn proposal_changes(
        &self,
        proposal: ProposalId,
        revision: i64,
    ) -> Result<Vec<ChangeRow>, StorageError> {
        let rows: Vec<RawChange> = read!(self, db => {
            sqlx::query_as(
                "select no, change, state, edited_by, took, settled_by, settled_at, settled_seq
                 from proposal_changes
                 where proposal_id = $1
                   and revision = $2
                 order by no",
            )
            .bind(proposal.as_uuid())
            .bind(revision)
            .fetch_all(db)
            .await?
        });
        rows.into_iter().map(RawChange::read).collect()
    }

    /// How many changes of the last revisions of proposals of `plan` are how far, for those with `touched` in
    /// this range.
    pub async fn count_changes(
        &self,
        plan: PlanId,
        (first, last): (i64, i64),
    ) -> Result<HashMap<ProposalId, Counts>, StorageError> {
        let rows: Vec<(Uuid, String, i64)> = read!(self, db => {
            sqlx::query_as(
                "select proposals.id, proposal_changes.state, count(*)
                 from proposals
                 join proposal_changes on proposal_changes.proposal_id = proposals.id
                     and proposal_changes.revision = proposals.revision
                 where proposals.plan_id = $1
                   and proposals.touched between $2 and $3
                 group by proposals.id, proposal_changes.state",
            )
            .bind(plan.as_uuid())
            .bind(first)
            .bind(last)
            .fetch_all(db)
            .await?
        });
        let mut all: HashMap<ProposalId, Counts> = HashMap::new();
        for (proposal, state, count) in rows {
            let counts = all.entry(ProposalId::from_uuid(proposal)).or_default();
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            match state.parse().map_err(StorageError::corrupt)? {
                ChangeState::Open => counts.open = count,
                ChangeState::Accepted => counts.accepted = count,
                ChangeState::Rejected => counts.rejected = count,
                ChangeState::Undone => counts.undone = count,
            }
        }
        Ok(all)
    }

    /// What was decided of a proposal, the first first.
    pub async fn decisions(&self, proposal: ProposalId) -> Result<Vec<DecisionRow>, StorageError> {
        let rows: Vec<RawDecision> = read!(self, db => {
            sqlx::query_as(
                "select revision, changes, decided_by, verdict, reason, plan_seq, created_at
                 from decisions
                 where proposal_id = $1
                 order by seq",
            )
            .bind(proposal.as_uuid())
            .fetch_all(db)
            .await?
        });
        Ok(rows.into_iter().map(RawDecision::read).collect())
    }
}
