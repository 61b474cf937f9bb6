//! Writes appends of many plans in one transaction.
//!
//! Both engines do the same three things: take the plans' rows in the order of their ids and read
//! what is known about the batch ([`Known`]), settle without the database what becomes of each
//! append ([`settle`]), and write what follows. Each is done with sets, in a few calls however many
//! plans there are: PostgreSQL is a round trip away, and SQLite runs on a thread of its own.

mod postgres;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::database::{Database, Storage};
use super::error::StorageError;
use super::journal::{Append, AppendRefused, Committed, Epoch, NewRow, Seq};
use crate::ids::{AppendId, PlanId, UserId};

/// Client ids are below this: JavaScript's largest safe integer plus one.
const CLIENT_ID_END: u64 = 1 << 53;

type Answer = Result<Committed, AppendRefused>;

/// What the database knows about a batch, with the plans' rows taken.
#[derive(Default)]
struct Known {
    /// Epoch and head of each plan that is there.
    plans: HashMap<PlanId, (Epoch, i64)>,
    /// The appends that were committed before.
    committed: HashMap<AppendId, Committed>,
    /// Whose the client ids are that the batch mentions.
    owners: HashMap<(PlanId, i64), UserId>,
}

/// One row with its place.
struct PlacedRow<'a> {
    append: &'a Append,
    seq: i64,
    row: &'a NewRow,
}

/// What becomes of a batch.
#[derive(Default)]
struct Settled<'a> {
    /// One per append, in order.
    answers: Vec<Answer>,
    rows: Vec<PlacedRow<'a>>,
    /// New owners of client ids.
    owners: Vec<(PlanId, i64, UserId)>,
    /// New heads.
    heads: BTreeMap<PlanId, i64>,
}

/// Decides what becomes of each append, in order, as if each were a transaction of its own.
fn settle<'a>(batch: &'a [Append], known: &mut Known) -> Settled<'a> {
    let mut settled = Settled::default();
    for append in batch {
        let answer = settle_one(append, known, &mut settled);
        settled.answers.push(answer);
    }
    settled
}

fn settle_one<'a>(append: &'a Append, known: &mut Known, settled: &mut Settled<'a>) -> Answer {
    if let Some(committed) = known.committed.get(&append.id) {
        return Ok(*committed);
    }
    let (epoch, head) = known
        .plans
        .get_mut(&append.plan)
        .ok_or(AppendRefused::PlanGone)?;
    if *epoch != append.epoch {
        return Err(AppendRefused::StaleEpoch);
    }
    let mut new_owners: HashMap<i64, UserId> = HashMap::new();
    for &(client, user) in &append.bindings {
        let refused = AppendRefused::ClientIdTaken(client);
        let id = client_key(client).ok_or(refused)?;
        let owner = known.owners.get(&(append.plan, id));
        match owner.or_else(|| new_owners.get(&id)) {
            Some(owner) if *owner != user => return Err(refused),
            Some(_) => {}
            None => {
                new_owners.insert(id, user);
            }
        }
    }
    for (client, user) in new_owners {
        known.owners.insert((append.plan, client), user);
        settled.owners.push((append.plan, client, user));
    }
    let first = Seq(head.saturating_add(1));
    for row in &append.rows {
        *head = head.saturating_add(1);
        let seq = *head;
        settled.rows.push(PlacedRow { append, seq, row });
    }
    if !append.rows.is_empty() {
        settled.heads.insert(append.plan, *head);
    }
    let committed = Committed {
        first,
        last: Seq(*head),
    };
    known.committed.insert(append.id, committed);
    Ok(committed)
}

/// The client id as the databases keep it; none for what no honest client has.
fn client_key(client: u64) -> Option<i64> {
    i64::try_from(client)
        .ok()
        .filter(|_| client < CLIENT_ID_END)
}

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
