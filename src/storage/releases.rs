//! Published versions of plans, and drafts of what somebody has to send.

use convene_protocol::control::release::Sent;
use serde_json::{Value as Json, json};
use sqlx::FromRow;
use uuid::Uuid;

use super::audit::chain::Chain;
use super::audit::{Act, Verb, record};
use super::database::{Storage, read, write_tx};
use super::error::StorageError;
use super::journal::Seq;
use super::plans::take_plan;
use crate::clock::Timestamp;
use crate::ids::{DraftId, PlanId, UserId};

/// A version to be published.
#[derive(Debug)]
pub struct NewRelease<'a> {
    /// Who publishes it.
    pub by: UserId,
    /// The plan.
    pub plan: PlanId,
    /// The number it is to have: one after the last that was looked at.
    pub number: i64,
    /// What it is called.
    pub name: &'a str,
    /// What is said of it.
    pub note: &'a str,
    /// Everything up to this row is in it.
    pub seq: Seq,
    /// Canonical plan.json.
    pub content: &'a str,
    /// What is different from the one before.
    pub changelog: Json,
    /// What somebody has to send because of it.
    pub drafts: Vec<NewDraft>,
}

/// A draft of what would leave the building.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDraft {
    /// Names it.
    pub id: DraftId,
    /// Why there is one.
    pub kind: &'static str,
    /// Whom it is for.
    pub recipient: Json,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
}

/// A published version, without its content.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// From 1.
    pub number: i64,
    /// What it is called.
    pub name: String,
    /// What is said of it.
    pub note: String,
    /// What is different from the one before.
    pub changelog: Json,
    /// Who published it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// A draft as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Names it.
    pub id: DraftId,
    /// Why there is one.
    pub kind: String,
    /// Whom it is for.
    pub recipient: Json,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// When it was made.
    pub at: Timestamp,
    /// When somebody marked it as sent, and who.
    pub sent: Option<(Timestamp, UserId)>,
}

#[derive(FromRow)]
struct ReleaseRow {
    number: i64,
    name: String,
    note: String,
    changelog: String,
    published_by: Uuid,
    created_at: i64,
}

impl ReleaseRow {
    fn read(self) -> Result<Release, StorageError> {
        Ok(Release {
            number: self.number,
            name: self.name,
            note: self.note,
            changelog: serde_json::from_str(&self.changelog).map_err(StorageError::corrupt)?,
            by: UserId::from_uuid(self.published_by),
            at: Timestamp::from_micros(self.created_at),
        })
    }
}

#[derive(FromRow)]
struct DraftRow {
    id: Uuid,
    kind: String,
    recipient: String,
    subject: String,
    body: String,
    created_at: i64,
    sent_at: Option<i64>,
    sent_by: Option<Uuid>,
}

impl DraftRow {
    fn read(self) -> Result<Draft, StorageError> {
        Ok(Draft {
            id: DraftId::from_uuid(self.id),
            kind: self.kind,
            recipient: serde_json::from_str(&self.recipient).map_err(StorageError::corrupt)?,
            subject: self.subject,
            body: self.body,
            at: Timestamp::from_micros(self.created_at),
            sent: self
                .sent_at
                .zip(self.sent_by)
                .map(|(at, by)| (Timestamp::from_micros(at), UserId::from_uuid(by))),
        })
    }
}

/// Puts a draft into the outbox of a plan.
macro_rules! insert_draft {
    ($tx:expr, $plan:expr, $draft:expr, $now:expr) => {
        sqlx::query(
            "insert into outbox (id, plan_id, kind, recipient, subject, body, created_at)
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind($draft.id.as_uuid())
        .bind($plan.as_uuid())
        .bind($draft.kind)
        .bind($draft.recipient.to_string())
        .bind(&$draft.subject)
        .bind(&$draft.body)
        .bind($now.as_micros())
        .execute(&mut *$tx)
        .await?
    };
}

impl Storage {
    /// Keeps a release and its drafts. None when its number is taken, or the plan is gone; nothing was
    /// changed then.
    pub async fn publish(&self, new: &NewRelease<'_>) -> Result<Option<Release>, StorageError> {
        let now = self.now();
        write_tx!(self, tx => {
            // Before the plan is taken: each may be a round trip, and the journal waits for the plan.
            for draft in &new.drafts {
                insert_draft!(tx, new.plan, draft, now);
            }
            // Takes the plan: of two at once one finds its number taken.
            let found = take_plan!(tx, new.plan, now);
            let (last,): (Option<i64>,) =
                sqlx::query_as("select max(number) from releases where plan_id = $1")
                    .bind(new.plan.as_uuid())
                    .fetch_one(&mut *tx)
                    .await?;
            if found.is_none() || last.unwrap_or(0) + 1 != new.number {
                return Ok(None);
            }
            sqlx::query(
                "insert into releases
                     (plan_id, number, name, note, seq, content, changelog, published_by, created_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(new.plan.as_uuid())
            .bind(new.number)
            .bind(new.name)
            .bind(new.note)
            .bind(new.seq.0)
            .bind(new.content)
            .bind(new.changelog.to_string())
            .bind(new.by.as_uuid())
            .bind(now.as_micros())
            .execute(&mut *tx)
            .await?;
            let act = Act {
                actor: Some(new.by),
                verb: Verb::ReleasePublished,
                detail: json!({
                    "number": new.number,
                    "name": new.name,
                    "seq": new.seq.0,
                    "drafts": new.drafts.len(),
                }),
            };
            record!(tx, Chain::Plan(new.plan), &act, now);
        });
        Ok(Some(Release {
            number: new.number,
            name: new.name.to_owned(),
            note: new.note.to_owned(),
            changelog: new.changelog.clone(),
            by: new.by,
            at: now,
        }))
    }

    /// The releases of `plan`, the newest first.
    pub async fn releases(&self, plan: PlanId) -> Result<Vec<Release>, StorageError> {
        let rows: Vec<ReleaseRow> = read!(self, db => {
            sqlx::query_as(
                "select number, name, note, changelog, published_by, created_at
                 from releases
                 where plan_id = $1
                 order by number desc",
            )
            .bind(plan.as_uuid())
            .fetch_all(db)
            .await?
        });
        rows.into_iter().map(ReleaseRow::read).collect()
    }

    /// One release of `plan` with its content; the newest when no number is given.
    pub async fn release(
        &self,
        plan: PlanId,
        number: Option<i64>,
    ) -> Result<Option<(Release, String)>, StorageError> {
        #[derive(FromRow)]
        struct Whole {
            #[sqlx(flatten)]
            release: ReleaseRow,
            content: String,
        }
        let row: Option<Whole> = read!(self, db => {
            sqlx::query_as(
                "select number, name, note, changelog, published_by, created_at, content
                 from releases
                 where plan_id = $1
                   and ($2 = 0 or number = $2)
                 order by number desc
                 limit 1",
            )
            .bind(plan.as_uuid())
            .bind(number.unwrap_or(0))
            .fetch_optional(db)
            .await?
        });
        row.map(|row| Ok((row.release.read()?, row.content)))
            .transpose()
    }

    /// The last `limit` drafts of `plan` that are sent or not as asked, the newest first, and how many
    /// there are.
    pub async fn drafts(
        &self,
        plan: PlanId,
        sent: Sent,
        limit: u32,
    ) -> Result<(Vec<Draft>, i64), StorageError> {
        let which: i64 = match sent {
            Sent::With => 0,
            Sent::Only => 1,
            Sent::Without => 2,
        };
        let (rows, count): (Vec<DraftRow>, (i64,)) = read!(self, db => {
            let rows = sqlx::query_as(
                "select id, kind, recipient, subject, body, created_at, sent_at, sent_by
                 from outbox
                 where plan_id = $1
                   and ($2 = 0 or ($2 = 1) = (sent_at is not null))
                 order by created_at desc, id
                 limit $3",
            )
            .bind(plan.as_uuid())
            .bind(which)
            .bind(i64::from(limit))
            .fetch_all(db)
            .await?;
            let count = sqlx::query_as(
                "select count(*)
                 from outbox
                 where plan_id = $1
                   and ($2 = 0 or ($2 = 1) = (sent_at is not null))",
            )
            .bind(plan.as_uuid())
            .bind(which)
            .fetch_one(db)
            .await?;
            (rows, count)
        });
        let drafts: Result<_, _> = rows.into_iter().map(DraftRow::read).collect();
        Ok((drafts?, count.0))
    }

    /// One draft of `plan`.
    pub async fn find_draft(
        &self,
        plan: PlanId,
        draft: DraftId,
    ) -> Result<Option<Draft>, StorageError> {
        let row: Option<DraftRow> = read!(self, db => {
            sqlx::query_as(
                "select id, kind, recipient, subject, body, created_at, sent_at, sent_by
                 from outbox
                 where plan_id = $1
                   and id = $2",
            )
            .bind(plan.as_uuid())
            .bind(draft.as_uuid())
            .fetch_optional(db)
            .await?
        });
        row.map(DraftRow::read).transpose()
    }

    /// Notes that `by` has sent a draft; who did so first stays. None when there is no such draft.
    pub async fn mark_sent(
        &self,
        by: UserId,
        plan: PlanId,
        draft: DraftId,
    ) -> Result<Option<Draft>, StorageError> {
        let now = self.now();
        let row: Option<DraftRow> = write_tx!(self, tx => {
            let marked = sqlx::query(
                "update outbox
                 set sent_at = $1,
                     sent_by = $2
                 where plan_id = $3
                   and id = $4
                   and sent_at is null",
            )
            .bind(now.as_micros())
            .bind(by.as_uuid())
            .bind(plan.as_uuid())
            .bind(draft.as_uuid())
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if marked > 0 {
                let act = Act {
                    actor: Some(by),
                    verb: Verb::OutboxSent,
                    detail: json!({"draft": draft.to_string()}),
                };
                record!(tx, Chain::Plan(plan), &act, now);
            }
            sqlx::query_as(
                "select id, kind, recipient, subject, body, created_at, sent_at, sent_by
                 from outbox
                 where plan_id = $1
                   and id = $2",
            )
            .bind(plan.as_uuid())
            .bind(draft.as_uuid())
            .fetch_optional(&mut *tx)
            .await?
        });
        row.map(DraftRow::read).transpose()
    }
}
