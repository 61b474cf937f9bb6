//! The journal: every update of every plan in order, read for loading and for catching up.
//!
//! Writing many plans in one transaction is in `journal_batch.rs`; the one task of a node that does
//! it is in `journal_writer.rs`.

use std::sync::Arc;

use bytes::Bytes;
use sqlx::FromRow;
use uuid::Uuid;

use super::audit::Act;
use super::database::{Storage, read, read_tx, write_tx};
use super::error::StorageError;
use super::proposals::deciding::Along;
use crate::clock::Timestamp;
use crate::ids::{AppendId, PlanId, ProposalId, SessionId, UserId};

/// A position in a plan's journal, from 1 without holes; 0 is before the first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub i64);

/// Which line of a plan's history something belongs to, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub i64);

/// Where an update came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A socket.
    Session(SessionId),
    /// Operations asked for by the control channel.
    Control,
    /// An imported file.
    Import,
    /// A backup that was restored.
    Restore,
    /// What was before, brought back.
    History,
    /// The state of the plan that a draft begins with.
    Draft,
    /// Accepted changes of this revision of a proposal, or the way back from them.
    Proposal(ProposalId, i64),
    /// The beginning of a new line of history.
    Epoch,
    /// The same, with everything before in this one row: the history before it is another document's.
    Squash,
}

impl Origin {
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::Control => "control",
            Self::Import => "import",
            Self::Restore => "restore",
            Self::History => "history",
            Self::Draft => "draft",
            Self::Proposal(..) => "proposal",
            Self::Epoch => "epoch",
            Self::Squash => "squash",
        }
    }

    pub(super) fn detail(self) -> Option<String> {
        match self {
            Self::Session(session) => Some(session.to_string()),
            Self::Proposal(proposal, revision) => Some(format!("{proposal}:{revision}")),
            Self::Control
            | Self::Import
            | Self::Restore
            | Self::History
            | Self::Draft
            | Self::Epoch
            | Self::Squash => None,
        }
    }

    pub(super) fn read(kind: &str, detail: Option<&str>) -> Result<Self, StorageError> {
        match (kind, detail) {
            ("session", Some(id)) => id.parse().map(Self::Session).map_err(StorageError::corrupt),
            ("control", _) => Ok(Self::Control),
            ("import", _) => Ok(Self::Import),
            ("restore", _) => Ok(Self::Restore),
            ("history", _) => Ok(Self::History),
            ("draft", _) => Ok(Self::Draft),
            ("proposal", Some(which)) => proposal(which),
            ("epoch", _) => Ok(Self::Epoch),
            ("squash", _) => Ok(Self::Squash),
            _ => Err(StorageError::corrupt(format_args!(
                "no origin is called {kind}"
            ))),
        }
    }
}

fn proposal(which: &str) -> Result<Origin, StorageError> {
    let (proposal, revision) = which
        .split_once(':')
        .ok_or_else(|| StorageError::corrupt("an origin without its revision"))?;
    Ok(Origin::Proposal(
        proposal.parse().map_err(StorageError::corrupt)?,
        revision.parse().map_err(StorageError::corrupt)?,
    ))
}

/// One update to be written.
#[derive(Debug, Clone)]
pub struct NewRow {
    /// The update, as the document library of this server emitted it.
    pub update: Bytes,
    /// Who made it; none for what the server itself writes.
    pub author: Option<UserId>,
    /// Where it came from.
    pub origin: Origin,
    /// When the server took it.
    pub at: Timestamp,
    /// What the audit says of it, written in the same transaction with the row's number.
    pub audit: Option<Act>,
    /// What happens to a proposal in the same transaction, if anything. Such a row is alone in its append.
    pub along: Option<Arc<Along>>,
}

/// Updates of one plan that become rows together or not at all.
#[derive(Debug, Clone)]
pub struct Append {
    /// Names this append for good: the same one is written once, however often it is tried.
    pub id: AppendId,
    /// The plan.
    pub plan: PlanId,
    /// The line of history the updates were made for.
    pub epoch: Epoch,
    /// The updates, in order.
    pub rows: Vec<NewRow>,
    /// Client ids that the rows show for the first time, and whose they are.
    pub bindings: Vec<(u64, UserId)>,
}

/// Which rows an append became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The first.
    pub first: Seq,
    /// The last; one before `first` when the append had no rows.
    pub last: Seq,
}

/// Why an append was not written and never will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendRefused {
    /// The plan is deleted.
    #[error("the plan is gone")]
    PlanGone,
    /// The plan's history has begun anew since.
    #[error("the plan is in another epoch")]
    StaleEpoch,
    /// Something happened to the proposal since its decision was worked out.
    #[error("something happened to the proposal meanwhile")]
    ProposalMoved,
    /// The client id belongs to another user, or is 2^53 or more.
    #[error("client id {0} belongs to another user")]
    ClientIdTaken(u64),
    /// The writer ended first, at shutdown: whether the rows were written is unknown.
    #[error("the journal writer has ended")]
    WriterEnded,
}

/// One row as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its position.
    pub seq: Seq,
    /// The line of history it was written in.
    pub epoch: Epoch,
    /// The update.
    pub update: Bytes,
    /// Who made it.
    pub author: Option<UserId>,
    /// Where it came from.
    pub origin: Origin,
    /// When the server took it.
    pub at: Timestamp,
}

/// Everything needed to build a plan's replica, read at one moment.
#[derive(Debug, Clone)]
pub struct StoredPlan {
    /// The line of history.
    pub epoch: Epoch,
    /// The last row.
    pub head: Seq,
    /// As in [`PlanHead`](super::plans::PlanHead).
    pub access_version: i64,
    /// The newest snapshot and the last row it includes.
    pub snapshot: Option<(Seq, Bytes)>,
    /// The rows after the snapshot, in order, without holes up to `head`.
    pub rows: Vec<Row>,
    /// Whose each client id is.
    pub bindings: Vec<(u64, UserId)>,
}

/// An update that broke a replica.
#[derive(Debug, Clone)]
pub struct Quarantined {
    /// The plan.
    pub plan: PlanId,
    /// The line of history.
    pub epoch: Epoch,
    /// Its journal row, if it had become one.
    pub seq: Option<Seq>,
    /// The update.
    pub update: Bytes,
    /// Who made it.
    pub author: Option<UserId>,
    /// Where it came from.
    pub origin: Origin,
    /// What happened, for the operator.
    pub reason: String,
}

#[derive(FromRow)]
struct JournalRow {
    seq: i64,
    epoch: i64,
    update_bytes: Vec<u8>,
    author: Option<Uuid>,
    origin: String,
    origin_detail: Option<String>,
    created_at: i64,
}

impl JournalRow {
    fn read(self) -> Result<Row, StorageError> {
        Ok(Row {
            seq: Seq(self.seq),
            epoch: Epoch(self.epoch),
            update: self.update_bytes.into(),
            author: self.author.map(UserId::from_uuid),
            origin: Origin::read(&self.origin, self.origin_detail.as_deref())?,
            at: Timestamp::from_micros(self.created_at),
        })
    }
}

/// Which snapshot a load starts from.
#[derive(Clone, Copy)]
enum From {
    NewestSnapshot,
    FirstRow,
}

impl Storage {
    /// Everything needed to build the replica of `plan`, which may be a draft. None when it is gone, or the
    /// plan of the draft is.
    pub async fn load(&self, plan: PlanId) -> Result<Option<StoredPlan>, StorageError> {
        self.load_from(plan, From::NewestSnapshot).await
    }

    /// The same from the first row on, for when a snapshot cannot be used.
    pub async fn load_whole_journal(
        &self,
        plan: PlanId,
    ) -> Result<Option<StoredPlan>, StorageError> {
        self.load_from(plan, From::FirstRow).await
    }

    async fn load_from(
        &self,
        plan: PlanId,
        from: From,
    ) -> Result<Option<StoredPlan>, StorageError> {
        type Found = (i64, i64, i64, i64);
        type Snapshot = (i64, Vec<u8>);
        let ((epoch, head, access_version, base), snapshot, rows, bindings) = read_tx!(self, tx => {
            let found: Option<Found> = sqlx::query_as(
                "select it.epoch, it.head, it.access_version + coalesce(parent.access_version, 0),
                     it.base_seq
                 from plans it
                 left join plans parent on parent.id = it.draft_of
                 where it.id = $1 and it.deleted_at is null and parent.deleted_at is null",
            )
            .bind(plan.as_uuid())
            .fetch_optional(&mut *tx)
            .await?;
            let Some(found) = found else {
                return Ok(None);
            };
            let before_base = before_base(found.3);
            let snapshot: Option<Snapshot> = match from {
                From::FirstRow => None,
                From::NewestSnapshot => {
                    sqlx::query_as("select seq, state_bytes from snapshots where plan_id = $1")
                        .bind(plan.as_uuid())
                        .fetch_optional(&mut *tx)
                        .await?
                }
            };
            let rows: Vec<JournalRow> = sqlx::query_as(
                "select seq, epoch, update_bytes, author, origin, origin_detail, created_at
                 from journal
                 where plan_id = $1
                   and seq > $2
                 order by seq",
            )
            .bind(plan.as_uuid())
            .bind(snapshot.as_ref().map_or(before_base, |(seq, _)| *seq))
            .fetch_all(&mut *tx)
            .await?;
            let bindings: Vec<(i64, Uuid)> =
                sqlx::query_as("select client_id, user_id from client_ids where plan_id = $1")
                    .bind(plan.as_uuid())
                    .fetch_all(&mut *tx)
                    .await?;
            (found, snapshot, rows, bindings)
        });
        let start = snapshot.as_ref().map_or(before_base(base), |(seq, _)| *seq);
        let expected = start.saturating_add(1)..=head;
        if !rows.iter().map(|row| row.seq).eq(expected) {
            return Err(StorageError::corrupt(format_args!(
                "plan {plan} has not every row from {start} to {head}"
            )));
        }
        Ok(Some(StoredPlan {
            epoch: Epoch(epoch),
            head: Seq(head),
            access_version,
            snapshot: snapshot.map(|(seq, state)| (Seq(seq), state.into())),
            rows: rows
                .into_iter()
                .map(JournalRow::read)
                .collect::<Result<_, _>>()?,
            bindings: bindings
                .into_iter()
                .map(|(client, user)| Ok((read_client(client)?, UserId::from_uuid(user))))
                .collect::<Result<_, StorageError>>()?,
        }))
    }

    /// At most `limit` rows of `plan` after `seq`, in order.
    pub async fn rows_after(
        &self,
        plan: PlanId,
        seq: Seq,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        let rows: Vec<JournalRow> = read!(self, db => {
            sqlx::query_as(
                "select seq, epoch, update_bytes, author, origin, origin_detail, created_at
                 from journal
                 where plan_id = $1
                   and seq > $2
                 order by seq
                 limit $3",
            )
            .bind(plan.as_uuid())
            .bind(seq.0)
            .bind(i64::from(limit))
            .fetch_all(db)
            .await?
        });
        rows.into_iter().map(JournalRow::read).collect()
    }

    /// Keeps an update that broke a replica. False when its row was kept before.
    pub async fn quarantine(&self, broken: &Quarantined) -> Result<bool, StorageError> {
        let now = self.now();
        let kept = write_tx!(self, tx => {
            sqlx::query(
                "insert into quarantine
                     (plan_id, epoch, seq, update_bytes, author, origin, origin_detail, reason,
                      created_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 on conflict (plan_id, seq) do nothing",
            )
            .bind(broken.plan.as_uuid())
            .bind(broken.epoch.0)
            .bind(broken.seq.map(|seq| seq.0))
            .bind(&broken.update[..])
            .bind(broken.author.map(UserId::as_uuid))
            .bind(broken.origin.kind())
            .bind(broken.origin.detail())
            .bind(&broken.reason)
            .bind(now.as_micros())
            .execute(&mut *tx)
            .await?
            .rows_affected()
                > 0
        });
        Ok(kept)
    }
}

/// The row after which everything is read, when a plan was squashed into row `base`.
fn before_base(base: i64) -> i64 {
    base.saturating_sub(1).max(0)
}

fn read_client(client: i64) -> Result<u64, StorageError> {
    u64::try_from(client).map_err(StorageError::corrupt)
}
