//! Writes appends of many plans in one transaction.
//!
//! Both engines do the same three things: take the plans' rows in the order of their ids and read
//! what is known about the batch ([`Known`]), settle without the database what becomes of each
//! append ([`settle`]), and write what follows. PostgreSQL does it with sets, in six statements
//! however many plans there are; SQLite, which has no round trip to save, with loops.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;
use sqlx::{Postgres, Sqlite, Transaction};
use uuid::Uuid;

use super::database::{Database, Storage};
use super::error::StorageError;
use super::journal::{Append, AppendRefused, Committed, Epoch, NewRow, Seq, insert_row};
use crate::clock::Timestamp;
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
            Database::Sqlite { writer, .. } => append_sqlite(writer, batch, now).await,
            Database::Postgres(pool) => append_postgres(pool, batch, now).await,
        }
    }
}

async fn append_sqlite(
    writer: &SqlitePool,
    batch: &[Append],
    now: Timestamp,
) -> Result<Vec<Answer>, StorageError> {
    let mut tx = writer.begin_with("begin immediate").await?;
    let mut known = known_sqlite(&mut tx, batch).await?;
    let settled = settle(batch, &mut known);
    for (plan, head) in &settled.heads {
        sqlx::query("update plans set head = $1, updated_at = $2 where id = $3")
            .bind(head)
            .bind(now.as_micros())
            .bind(plan.as_uuid())
            .execute(&mut *tx)
            .await?;
    }
    for PlacedRow { append, seq, row } in &settled.rows {
        insert_row!(tx, append.plan, seq, append.epoch.0, append.id, row);
    }
    for (plan, client, user) in &settled.owners {
        sqlx::query("insert into client_ids (plan_id, client_id, user_id) values ($1, $2, $3)")
            .bind(plan.as_uuid())
            .bind(client)
            .bind(user.as_uuid())
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(settled.answers)
}

async fn known_sqlite(
    tx: &mut Transaction<'_, Sqlite>,
    batch: &[Append],
) -> Result<Known, StorageError> {
    let mut known = Known::default();
    for plan in plans_in_order(batch) {
        let found: Option<(i64, i64)> =
            sqlx::query_as("select epoch, head from plans where id = $1 and deleted_at is null")
                .bind(plan.as_uuid())
                .fetch_optional(&mut **tx)
                .await?;
        known
            .plans
            .extend(found.map(|(epoch, head)| (plan, (Epoch(epoch), head))));
    }
    for append in batch {
        let (first, last): (Option<i64>, Option<i64>) =
            sqlx::query_as("select min(seq), max(seq) from journal where append_id = $1")
                .bind(append.id.as_uuid())
                .fetch_one(&mut **tx)
                .await?;
        if let (Some(first), Some(last)) = (first, last) {
            known.committed.insert(append.id, committed(first, last));
        }
    }
    for (plan, client) in client_keys(batch) {
        let owner: Option<(Uuid,)> =
            sqlx::query_as("select user_id from client_ids where plan_id = $1 and client_id = $2")
                .bind(plan.as_uuid())
                .bind(client)
                .fetch_optional(&mut **tx)
                .await?;
        known
            .owners
            .extend(owner.map(|(user,)| ((plan, client), UserId::from_uuid(user))));
    }
    Ok(known)
}

async fn append_postgres(
    pool: &PgPool,
    batch: &[Append],
    now: Timestamp,
) -> Result<Vec<Answer>, StorageError> {
    let mut tx = pool.begin().await?;
    let mut known = known_postgres(&mut tx, batch).await?;
    let settled = settle(batch, &mut known);
    if !settled.heads.is_empty() {
        let (plans, heads): (Vec<Uuid>, Vec<i64>) = settled
            .heads
            .iter()
            .map(|(plan, head)| (plan.as_uuid(), *head))
            .unzip();
        sqlx::query(
            "update plans
             set head = moved.head,
                 updated_at = $3
             from unnest($1::uuid[], $2::bigint[]) as moved (id, head)
             where plans.id = moved.id",
        )
        .bind(plans)
        .bind(heads)
        .bind(now.as_micros())
        .execute(&mut *tx)
        .await?;
        insert_rows_postgres(&mut tx, &settled.rows).await?;
    }
    if !settled.owners.is_empty() {
        let owners = &settled.owners;
        let plans: Vec<Uuid> = owners.iter().map(|(plan, ..)| plan.as_uuid()).collect();
        let clients: Vec<i64> = owners.iter().map(|(_, client, _)| *client).collect();
        let users: Vec<Uuid> = owners.iter().map(|(.., user)| user.as_uuid()).collect();
        sqlx::query(
            "insert into client_ids (plan_id, client_id, user_id)
             select * from unnest($1::uuid[], $2::bigint[], $3::uuid[])",
        )
        .bind(plans)
        .bind(clients)
        .bind(users)
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(settled.answers)
}

async fn insert_rows_postgres(
    tx: &mut Transaction<'_, Postgres>,
    rows: &[PlacedRow<'_>],
) -> Result<(), StorageError> {
    let plans: Vec<Uuid> = rows.iter().map(|it| it.append.plan.as_uuid()).collect();
    let seqs: Vec<i64> = rows.iter().map(|it| it.seq).collect();
    let epochs: Vec<i64> = rows.iter().map(|it| it.append.epoch.0).collect();
    let appends: Vec<Uuid> = rows.iter().map(|it| it.append.id.as_uuid()).collect();
    let updates: Vec<&[u8]> = rows.iter().map(|it| &it.row.update[..]).collect();
    let authors: Vec<Option<Uuid>> = rows
        .iter()
        .map(|it| it.row.author.map(UserId::as_uuid))
        .collect();
    let origins: Vec<&str> = rows.iter().map(|it| it.row.origin.kind()).collect();
    let details: Vec<Option<String>> = rows.iter().map(|it| it.row.origin.detail()).collect();
    let times: Vec<i64> = rows.iter().map(|it| it.row.at.as_micros()).collect();
    sqlx::query(
        "insert into journal
             (plan_id, seq, epoch, append_id, update_bytes, author, origin, origin_detail,
              created_at)
         select * from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::bytea[],
             $6::uuid[], $7::text[], $8::text[], $9::bigint[])",
    )
    .bind(plans)
    .bind(seqs)
    .bind(epochs)
    .bind(appends)
    .bind(updates)
    .bind(authors)
    .bind(origins)
    .bind(details)
    .bind(times)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn known_postgres(
    tx: &mut Transaction<'_, Postgres>,
    batch: &[Append],
) -> Result<Known, StorageError> {
    let mut known = Known::default();
    let plans: Vec<Uuid> = plans_in_order(batch)
        .into_iter()
        .map(PlanId::as_uuid)
        .collect();
    // Two nodes that took plans in different orders would wait for each other.
    let found: Vec<(Uuid, i64, i64)> = sqlx::query_as(
        "select id, epoch, head
         from plans
         where id = any($1)
           and deleted_at is null
         order by id
         for no key update",
    )
    .bind(plans)
    .fetch_all(&mut **tx)
    .await?;
    known.plans.extend(
        found
            .into_iter()
            .map(|(plan, epoch, head)| (PlanId::from_uuid(plan), (Epoch(epoch), head))),
    );
    // Only now, with the plans taken: an earlier try of the same append whose answer got lost may
    // have been committing until this moment.
    let appends: Vec<Uuid> = batch.iter().map(|append| append.id.as_uuid()).collect();
    let before: Vec<(Uuid, i64, i64)> = sqlx::query_as(
        "select append_id, min(seq), max(seq)
         from journal
         where append_id = any($1)
         group by append_id",
    )
    .bind(appends)
    .fetch_all(&mut **tx)
    .await?;
    known.committed.extend(
        before
            .into_iter()
            .map(|(append, first, last)| (AppendId::from_uuid(append), committed(first, last))),
    );
    let clients = client_keys(batch);
    if !clients.is_empty() {
        let (plans, ids): (Vec<Uuid>, Vec<i64>) = clients
            .into_iter()
            .map(|(plan, client)| (plan.as_uuid(), client))
            .unzip();
        let owners: Vec<(Uuid, i64, Uuid)> = sqlx::query_as(
            "select plan_id, client_id, user_id
             from client_ids
             join unnest($1::uuid[], $2::bigint[]) as asked (plan_id, client_id)
                 using (plan_id, client_id)",
        )
        .bind(plans)
        .bind(ids)
        .fetch_all(&mut **tx)
        .await?;
        known
            .owners
            .extend(owners.into_iter().map(|(plan, client, user)| {
                ((PlanId::from_uuid(plan), client), UserId::from_uuid(user))
            }));
    }
    Ok(known)
}

const fn committed(first: i64, last: i64) -> Committed {
    Committed {
        first: Seq(first),
        last: Seq(last),
    }
}
