//! Writes appends of many plans in one transaction.
//!
//! Both engines do the same three things: take the plans' rows in the order of their ids and read
//! what is known about the batch, let [`super::settlement`] decide what becomes of each append, and
//! write what follows. Each is done with sets, in a few calls however many
//! plans there are: PostgreSQL is a round trip away, and SQLite runs on a thread of its own.

mod postgres;
mod sqlite;

use std::collections::{BTreeSet, HashMap};

use serde_json::Value as Json;

use super::audit::Act;
use super::audit::chain::Chain;
use super::database::{Database, Storage};
use super::error::StorageError;
use super::journal::{Append, Committed, Seq};
use super::proposals::deciding::Along;
use super::settlement::{Answer, PlacedRow, client_key};
use crate::ids::PlanId;

/// The plans of a batch in the order in which everybody takes them.
fn plans_in_order(batch: &[Append]) -> Vec<PlanId> {
    let mut plans: BTreeSet<PlanId> = batch.iter().map(|append| append.plan).collect();
    for along in batch.iter().flat_map(along) {
        plans.extend([along.plan, along.proposal.draft()]);
    }
    plans.into_iter().collect()
}

/// What happens to proposals with an append.
fn along(append: &Append) -> impl Iterator<Item = &Along> {
    append.rows.iter().filter_map(|row| row.along.as_deref())
}

/// Reads how far the proposals of a batch are, and takes their rows: the second part of `known`.
macro_rules! read_proposals {
    ($tx:expr, $batch:expr, $known:expr, $lock:literal) => {
        for along in $batch
            .iter()
            .flat_map($crate::storage::journal_batch::along)
        {
            let found: Option<(i64,)> = sqlx::query_as(concat!(
                "select version from proposals where id = $1 ",
                $lock
            ))
            .bind(along.proposal.as_uuid())
            .fetch_optional(&mut *$tx)
            .await?;
            let found = found.map(|(version,)| (along.proposal, version));
            $known.proposals.extend(found);
        }
    };
}

use read_proposals;

fn client_keys(batch: &[Append]) -> BTreeSet<(PlanId, i64)> {
    batch
        .iter()
        .flat_map(|append| {
            append
                .bindings
                .iter()
                .map(|(client, _)| (append.plan, *client))
        })
        .filter_map(|(plan, client)| Some((plan, client_key(client)?)))
        .collect()
}

impl Storage {
    /// Writes `batch` in one transaction and answers each append in order. Appends of one plan keep
    /// their order. An append that was committed before is answered with the rows it became then,
    /// so after an unknown outcome the same batch is simply tried again. A refused append leaves
    /// nothing behind, and the others of the batch stand.
    pub async fn append(&self, batch: &[Append]) -> Result<Vec<Answer>, StorageError> {
        let now = self.now();
        match &self.database {
            Database::Sqlite { writer, .. } => sqlite::append(writer, batch, now).await,
            Database::Postgres(pool) => postgres::append(pool, batch, now).await,
        }
    }

    /// The same for a batch that was never tried before, in one round trip where that is possible: on a
    /// database elsewhere each costs more than what it does.
    pub async fn append_untried(&self, batch: &[Append]) -> Result<Vec<Answer>, StorageError> {
        let Database::Postgres(pool) = &self.database else {
            return self.append(batch).await;
        };
        if !postgres::is_plain(batch) {
            return self.append(batch).await;
        }
        let mut place = self.journal_connection.lock().await;
        // Out of its place while it is used: one on which something fails, or is given up, is closed.
        let mut connection = match place.take() {
            Some(connection) => connection,
            None => pool.acquire().await?.detach(),
        };
        let bases = postgres::append_plain(&mut connection, batch, self.now()).await?;
        *place = Some(connection);
        drop(place);
        self.answer_plain(batch, &bases).await
    }

    /// What became of a batch of which plans with a place in `bases` were written, after the row there.
    async fn answer_plain(
        &self,
        batch: &[Append],
        bases: &HashMap<PlanId, i64>,
    ) -> Result<Vec<Answer>, StorageError> {
        let is_left = |append: &&Append| !bases.contains_key(&append.plan);
        let left: Vec<Append> = batch.iter().filter(is_left).cloned().collect();
        // Their plans are gone or in another epoch; here it is found out which.
        let mut others = if left.is_empty() {
            Vec::new().into_iter()
        } else {
            self.append(&left).await?.into_iter()
        };
        let mut answers = Vec::with_capacity(batch.len());
        for append in batch {
            match bases.get(&append.plan) {
                Some(base) => {
                    answers.push(Ok(committed(base + 1, base + row_count(append))));
                }
                None => answers.extend(others.next()),
            }
        }
        Ok(answers)
    }
}

/// What the audit says of rows that are written, each with its plan and number.
fn acts<'a>(rows: &'a [PlacedRow<'a>]) -> impl Iterator<Item = (Chain, Act)> + use<'a> {
    rows.iter().filter_map(|placed| {
        let mut act = placed.row.audit.clone()?;
        if let Json::Object(detail) = &mut act.detail {
            detail.insert("seq".to_owned(), placed.seq.into());
        }
        Some((Chain::Plan(placed.append.plan), act))
    })
}

fn row_count(append: &Append) -> i64 {
    // One append has a few hundred rows.
    i64::try_from(append.rows.len()).unwrap_or(i64::MAX)
}

const fn committed(first: i64, last: i64) -> Committed {
    Committed {
        first: Seq(first),
        last: Seq(last),
    }
}
