//! Proposals: who proposes what for which plan, and how far that is. What is decided is in `deciding.rs`.

pub mod deciding;
mod opening;
mod submitting;

use std::collections::HashMap;

use convene_protocol::control::proposal::{ChangeState, Counts, Status};
use sqlx::FromRow;
use uuid::Uuid;

pub use self::opening::{NewProposal, Opened};
pub use self::submitting::{NewChange, NewRevision, Submitted};
use super::database::{Storage, read, write_tx};
use super::error::StorageError;
use super::journal::{Epoch, Seq};
use crate::clock::Timestamp;
use crate::ids::{PlanId, ProposalId, UserId};

/// One proposal, without its draft and its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalRow {
    /// Its id, which is also its draft's.
    pub id: ProposalId,
    /// The plan it is for.
    pub plan: PlanId,
    /// Who proposes.
    pub author: UserId,
    /// For whom, when the author is an agent.
    pub on_behalf_of: Option<UserId>,
    /// What it is, in a line.
    pub title: String,
    /// Why.
    pub rationale: String,
    /// What else its author said, as JSON.
    pub about: String,
    /// How far it is.
    pub status: Status,
    /// The last submitted revision; 0 before.
    pub revision: i64,
    /// Goes up with everything that happens to it.
    pub version: i64,
    /// The draft's last row when it was submitted.
    pub draft_seq: Seq,
    /// Up to where the plan is the draft's beginning.
    pub base: (Epoch, Seq),
    /// What was last said to its author.
    pub reason: Option<String>,
    /// The one whose place it takes.
    pub supersedes: Option<ProposalId>,
    /// The plan's `proposals_version` when something last happened to it.
    pub touched: i64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// When it is over if nobody decides.
    pub expires_at: Timestamp,
}

/// One change of a submitted revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// Which, from 1.
    pub no: u32,
    /// What, as JSON.
    pub change: String,
    /// What became of it.
    pub state: ChangeState,
    /// Who wrote it, if not the author.
    pub edited_by: Option<UserId>,
    /// What really changed, as JSON.
    pub took: Option<String>,
    /// Who decided.
    pub settled_by: Option<UserId>,
    /// When.
    pub settled_at: Option<Timestamp>,
    /// The row of the plan that it became.
    pub settled_seq: Option<Seq>,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRow {
    /// About which revision.
    pub revision: i64,
    /// About which changes, each with the hash of what was shown, as JSON.
    pub changes: String,
    /// Whose.
    pub by: UserId,
    /// `approve`, `reject`, `request_changes` or `undo`.
    pub verdict: String,
    /// Why.
    pub reason: String,
    /// The row of the plan that it became.
    pub plan_seq: Option<Seq>,
    /// When.
    pub at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    plan_id: Uuid,
    author: Uuid,
    on_behalf_of: Option<Uuid>,
    title: String,
    rationale: String,
    about: String,
    status: String,
    revision: i64,
    version: i64,
    draft_seq: i64,
    base_seq: i64,
    base_epoch: i64,
    reason: Option<String>,
    supersedes: Option<Uuid>,
    touched: i64,
    created_at: i64,
    updated_at: i64,
    expires_at: i64,
}

impl Row {
    fn read(self) -> Result<ProposalRow, StorageError> {
        Ok(ProposalRow {
            id: ProposalId::from_uuid(self.id),
            plan: PlanId::from_uuid(self.plan_id),
            author: UserId::from_uuid(self.author),
            on_behalf_of: self.on_behalf_of.map(UserId::from_uuid),
            title: self.title,
            rationale: self.rationale,
            about: self.about,
            status: self.status.parse().map_err(StorageError::corrupt)?,
            revision: self.revision,
            version: self.version,
            draft_seq: Seq(self.draft_seq),
            base: (Epoch(self.base_epoch), Seq(self.base_seq)),
            reason: self.reason,
            supersedes: self.supersedes.map(ProposalId::from_uuid),
            touched: self.touched,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            expires_at: Timestamp::from_micros(self.expires_at),
        })
    }
}

#[derive(FromRow)]
struct RawChange {
    no: i64,
    change: String,
    state: String,
    edited_by: Option<Uuid>,
    took: Option<String>,
    settled_by: Option<Uuid>,
    settled_at: Option<i64>,
    settled_seq: Option<i64>,
}

impl RawChange {
    fn read(self) -> Result<ChangeRow, StorageError> {
        Ok(ChangeRow {
            no: u32::try_from(self.no).map_err(StorageError::corrupt)?,
            change: self.change,
            state: self.state.parse().map_err(StorageError::corrupt)?,
            edited_by: self.edited_by.map(UserId::from_uuid),
            took: self.took,
            settled_by: self.settled_by.map(UserId::from_uuid),
            settled_at: self.settled_at.map(Timestamp::from_micros),
            settled_seq: self.settled_seq.map(Seq),
        })
    }
}

#[derive(FromRow)]
struct RawDecision {
    revision: i64,
    changes: String,
    decided_by: Uuid,
    verdict: String,
    reason: String,
    plan_seq: Option<i64>,
    created_at: i64,
}

impl RawDecision {
    fn read(self) -> DecisionRow {
        DecisionRow {
            revision: self.revision,
            changes: self.changes,
            by: UserId::from_uuid(self.decided_by),
            verdict: self.verdict,
            reason: self.reason,
            plan_seq: self.plan_seq.map(Seq),
            at: Timestamp::from_micros(self.created_at),
        }
    }
}

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

    /// How many changes of the last revisions of these proposals are how far.
    pub async fn count_changes(
        &self,
        proposals: &[ProposalId],
    ) -> Result<HashMap<ProposalId, Counts>, StorageError> {
        let mut all = HashMap::new();
        for proposal in proposals {
            let rows: Vec<(String, i64)> = read!(self, db => {
                sqlx::query_as(
                    "select proposal_changes.state, count(*)
                     from proposal_changes
                     join proposals on proposals.id = proposal_changes.proposal_id
                         and proposals.revision = proposal_changes.revision
                     where proposal_changes.proposal_id = $1
                     group by proposal_changes.state",
                )
                .bind(proposal.as_uuid())
                .fetch_all(db)
                .await?
            });
            let mut counts = Counts::default();
            for (state, count) in rows {
                let count = u32::try_from(count).unwrap_or(u32::MAX);
                match state.parse().map_err(StorageError::corrupt)? {
                    ChangeState::Open => counts.open = count,
                    ChangeState::Accepted => counts.accepted = count,
                    ChangeState::Rejected => counts.rejected = count,
                    ChangeState::Undone => counts.undone = count,
                }
            }
            all.insert(*proposal, counts);
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

    /// Ends the proposals whose time is over, some at a time; answers whose.
    pub async fn expire_proposals(&self) -> Result<Vec<(PlanId, ProposalId)>, StorageError> {
        const SOME: i64 = 100;
        let now = self.now();
        let over: Vec<(Uuid, Uuid)> = read!(self, db => {
            sqlx::query_as(
                "select plan_id, id
                 from proposals
                 where expires_at <= $1
                   and status in ('drafting', 'submitted', 'changes_requested')
                 order by expires_at
                 limit $2",
            )
            .bind(now.as_micros())
            .bind(SOME)
            .fetch_all(db)
            .await?
        });
        let mut ended = Vec::with_capacity(over.len());
        for (plan, proposal) in over {
            let (plan, proposal) = (PlanId::from_uuid(plan), ProposalId::from_uuid(proposal));
            if self.expire_one(plan, proposal).await? {
                ended.push((plan, proposal));
            }
        }
        Ok(ended)
    }

    async fn expire_one(&self, plan: PlanId, proposal: ProposalId) -> Result<bool, StorageError> {
        let now = self.now();
        let expired = write_tx!(self, tx => {
            // None when the plan is gone; its proposals end all the same.
            let touched = touch_proposals!(tx, plan).unwrap_or_default();
            touch_draft!(tx, proposal);
            sqlx::query(
                "update proposals
                 set status = 'expired',
                     version = version + 1,
                     touched = $3,
                     updated_at = $2
                 where id = $1
                   and expires_at <= $2
                   and status in ('drafting', 'submitted', 'changes_requested')",
            )
            .bind(proposal.as_uuid())
            .bind(now.as_micros())
            .bind(touched)
            .execute(&mut *tx)
            .await?
            .rows_affected()
                > 0
        });
        Ok(expired)
    }
}
