//! Writes appends of many plans in one transaction.
//!
//! Both engines do the same three things: take the plans' rows in the order of their ids and read
//! what is known about the batch, let [`super::settlement`] decide what becomes of each append, and
//! write what follows. Each is done with sets, in a few calls however many
//! plans there are: PostgreSQL is a round trip away, and SQLite runs on a thread of its own.

mod postgres;
mod sqlite;

use std::collections::BTreeSet;

use super::database::{Database, Storage};
use super::error::StorageError;
use super::journal::{Append, Committed, Seq};
use super::settlement::{Answer, client_key};
use crate::ids::PlanId;

/// The plans of a batch in the order in which everybody takes them.
fn plans_in_order(batch: &[Append]) -> Vec<PlanId> {
    let plans: BTreeSet<PlanId> = batch.iter().map(|append| append.plan).collect();
    plans.into_iter().collect()
}

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
}

const fn committed(first: i64, last: i64) -> Committed {
    Committed {
        first: Seq(first),
        last: Seq(last),
    }
}
