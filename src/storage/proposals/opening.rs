//! Opens a proposal: its row, and the first row of its draft.

use bytes::Bytes;
use serde_json::json;
use uuid::Uuid;

use super::super::audit::chain::Chain;
use super::super::audit::{Act, Verb, record};
use super::super::beginnings::insert_first_row;
use super::super::database::{Storage, write_tx};
use super::super::error::StorageError;
use super::super::journal::{Epoch, NewRow, Origin, Seq};
use super::super::settlement::client_key;
use super::{touch_draft, touch_proposals};
use crate::clock::Timestamp;
use crate::ids::{AppendId, PlanId, ProposalId, UserId};

/// A proposal to be opened.
#[derive(Debug)]
pub struct NewProposal<'a> {
    /// Its id.
    pub id: ProposalId,
    /// The plan.
    pub plan: PlanId,
    /// Who proposes.
    pub author: UserId,
    /// For whom, when that is an agent.
    pub on_behalf_of: Option<UserId>,
    /// In a line.
    pub title: &'a str,
    /// Why.
    pub rationale: &'a str,
    /// JSON: what else is said.
    pub about: &'a str,
    /// The finding it answers.
    pub finding: Option<&'a str>,
    /// The one whose place it takes.
    pub supersedes: Option<ProposalId>,
    /// The draft's document at the beginning, and the client id that wrote it.
    pub document: (&'a Bytes, u64),
    /// The same as plan.json.
    pub base: &'a str,
    /// Up to where the plan is that.
    pub from: (Epoch, Seq),
    /// How many the author may have open.
    pub open_max: i64,
    /// How many the plan may have open.
    pub plan_open_max: i64,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It is open.
    Opened,
    /// There is no such plan.
    NoSuchPlan,
    /// Its author has too many open ones.
    TooManyOpen,
    /// The plan has.
    TooManyInPlan,
    /// Another open one answers the same finding.
    FindingTaken(ProposalId),
    /// What it should take the place of is not open, or somebody else's.
    NothingToSupersede,
}

/// Ends the proposal whose place another one takes; false when it is not an open one of the same author.
macro_rules! supersede {
    ($tx:expr, ($new:expr, $superseded:expr), ($touched:expr, $now:expr)) => {{
        touch_draft!($tx, $superseded);
        sqlx::query(
            "update proposals
             set status = 'superseded',
                 version = version + 1,
                 touched = $4,
                 updated_at = $5
             where id = $1
               and plan_id = $2
               and author = $3
               and status in ('drafting', 'submitted', 'changes_requested')",
        )
        .bind($superseded.as_uuid())
        .bind($new.plan.as_uuid())
        .bind($new.author.as_uuid())
        .bind($touched)
        .bind($now.as_micros())
        .execute(&mut *$tx)
        .await?
        .rows_affected()
            > 0
    }};
}

/// Why a proposal cannot be opened, if it cannot.
macro_rules! refusal {
    ($tx:expr, $new:expr) => {{
        let (of_author, of_plan): (i64, i64) = sqlx::query_as(
            "select coalesce(sum(case when author = $2 then 1 else 0 end), 0), count(*)
             from proposals
             where plan_id = $1
               and status in ('drafting', 'submitted', 'changes_requested')",
        )
        .bind($new.plan.as_uuid())
        .bind($new.author.as_uuid())
        .fetch_one(&mut *$tx)
        .await?;
        let other: Option<(Uuid,)> = sqlx::query_as(
            "select id
             from proposals
             where plan_id = $1
               and finding = $2
               and status in ('drafting', 'submitted', 'changes_requested')",
        )
        .bind($new.plan.as_uuid())
        .bind($new.finding)
        .fetch_optional(&mut *$tx)
        .await?;
        if of_author >= $new.open_max {
            Some(Opened::TooManyOpen)
        } else if of_plan >= $new.plan_open_max {
            Some(Opened::TooManyInPlan)
        } else {
            other.map(|(other,)| Opened::FindingTaken(ProposalId::from_uuid(other)))
        }
    }};
}

/// Writes a proposal, its draft's document, and the draft's first row.
macro_rules! insert_proposal {
    ($tx:expr, $new:expr, ($row:expr, $append:expr), ($touched:expr, $now:expr)) => {{
        let (draft, row, append) = ($new.id.draft(), $row, $append);
        sqlx::query(
            "insert into plans (id, name, created_by, created_at, updated_at, head, draft_of)
             values ($1, '', $2, $3, $3, 1, $4)",
        )
        .bind(draft.as_uuid())
        .bind($new.author.as_uuid())
        .bind($now.as_micros())
        .bind($new.plan.as_uuid())
        .execute(&mut *$tx)
        .await?;
        insert_first_row!($tx, (draft, Epoch(1), Seq(1)), append, row);
        if let Some(client) = client_key($new.document.1) {
            sqlx::query("insert into client_ids (plan_id, client_id, user_id) values ($1, $2, $3)")
                .bind(draft.as_uuid())
                .bind(client)
                .bind($new.author.as_uuid())
                .execute(&mut *$tx)
                .await?;
        }
        sqlx::query(
            "insert into proposals
                 (id, plan_id, author, on_behalf_of, title, rationale, about, finding, status,
                  base_seq, base_epoch, base, supersedes, touched, created_at, updated_at,
                  expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, 'drafting', $9, $10, $11, $12, $13, $14,
                 $14, $15)",
        )
        .bind($new.id.as_uuid())
        .bind($new.plan.as_uuid())
        .bind($new.author.as_uuid())
        .bind($new.on_behalf_of.map(UserId::as_uuid))
        .bind($new.title)
        .bind($new.rationale)
        .bind($new.about)
        .bind($new.finding)
        .bind($new.from.1.0)
        .bind($new.from.0.0)
        .bind($new.base)
        .bind($new.supersedes.map(ProposalId::as_uuid))
        .bind($touched)
        .bind($now.as_micros())
        .bind($new.expires_at.as_micros())
        .execute(&mut *$tx)
        .await?;
    }};
}

impl Storage {
    /// Opens a proposal with its draft.
    pub async fn open_proposal(&self, new: &NewProposal<'_>) -> Result<Opened, StorageError> {
        let (now, append) = (self.now(), AppendId::generate(&self.clock));
        let row = NewRow {
            update: new.document.0.clone(),
            author: Some(new.author),
            origin: Origin::Draft,
            at: now,
            audit: None,
            along: None,
        };
        let opened = write_tx!(self, tx => {
            let Some(mut touched) = touch_proposals!(tx, new.plan) else {
                return Ok(Opened::NoSuchPlan);
            };
            if let Some(superseded) = new.supersedes {
                if !supersede!(tx, (new, superseded), (touched, now)) {
                    return Ok(Opened::NothingToSupersede);
                }
                // A number of its own: lists are paged by it.
                touched = touch_proposals!(tx, new.plan).unwrap_or(touched);
            }
            if let Some(refused) = refusal!(tx, new) {
                return Ok(refused);
            }
            insert_proposal!(tx, new, (&row, append), (touched, now));
            let act = Act {
                actor: Some(new.author),
                verb: Verb::ProposalOpened,
                detail: json!({
                    "proposal": new.id.to_string(),
                    "title": new.title,
                    "seq": new.from.1.0,
                    "supersedes": new.supersedes.map(|it| it.to_string()),
                }),
            };
            record!(tx, Chain::Plan(new.plan), &act, now);
            Opened::Opened
        });
        Ok(opened)
    }
}
