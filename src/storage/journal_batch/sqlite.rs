//! The batch on SQLite: two calls of the driver, since each is a switch to its thread and back.

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::super::audit::chain::Chain;
use super::super::audit::record;
use super::super::error::StorageError;
use super::super::journal::{Append, Epoch};
use super::super::proposals::deciding::write_along;
use super::super::proposals::{touch_draft, touch_proposals};
use super::super::settlement::{Answer, Known, PlacedRow, Settled, settle};
use super::{acts, client_keys, committed, plans_in_order, read_proposals};
use crate::clock::Timestamp;
use crate::ids::{AppendId, PlanId, UserId};

/// SQLite takes 32,766 parameters in a statement, and a journal row has nine.
const PARTS_PER_STATEMENT: usize = 2_000;

pub(super) async fn append(
    writer: &SqlitePool,
    batch: &[Append],
    now: Timestamp,
) -> Result<Vec<Answer>, StorageError> {
    let mut tx = OwnTransaction::on(writer.acquire().await?);
    let mut known = begin(&mut tx.connection, batch).await?;
    let settled = settle(batch, &mut known);
    for (chain, act) in acts(&settled.rows) {
        record!(tx.connection, chain, &act, now);
    }
    for placed in &settled.rows {
        if let Some(along) = &placed.row.along {
            write_along!(tx.connection, along, Some(placed.seq), now);
        }
    }
    commit(&mut tx.connection, &settled, now).await?;
    tx.progress = Progress::Over;
    Ok(settled.answers)
}

/// A connection with a transaction of which the driver does not know, since it is begun and ended
/// inside of other statements. Unless it is said to be over the connection is closed, which rolls
/// back: after an error, and when nobody waits for the outcome any more.
struct OwnTransaction {
    connection: PoolConnection<Sqlite>,
    progress: Progress,
}

/// How far the transaction is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    UnderWay,
    Over,
}

impl OwnTransaction {
    fn on(connection: PoolConnection<Sqlite>) -> Self {
        Self {
            connection,
            progress: Progress::UnderWay,
        }
    }
}

impl Drop for OwnTransaction {
    fn drop(&mut self) {
        if self.progress == Progress::UnderWay {
            self.connection.close_on_drop();
        }
    }
}

/// Begins, and reads what is known of a batch; asks once more when client ids are new.
async fn begin(connection: &mut SqliteConnection, batch: &[Append]) -> Result<Known, StorageError> {
    let mut query = QueryBuilder::new(
        "begin immediate;
         select 0, id, epoch, head from plans where deleted_at is null and id in (",
    );
    let mut list = query.separated(", ");
    for plan in plans_in_order(batch) {
        list.push_bind(plan.as_uuid());
    }
    query.push(
        ") union all select 1, append_id, min(seq), max(seq) from journal
         where append_id in (",
    );
    let mut list = query.separated(", ");
    for append in batch {
        list.push_bind(append.id.as_uuid());
    }
    query.push(") group by append_id");
    let found: Vec<(i64, Uuid, i64, i64)> = query
        .build_query_as()
        .persistent(is_small(batch.len()))
        .fetch_all(&mut *connection)
        .await?;
    let mut known = Known::default();
    for (kind, id, first, second) in found {
        if kind == 0 {
            known
                .plans
                .insert(PlanId::from_uuid(id), (Epoch(first), second));
        } else {
            let append = AppendId::from_uuid(id);
            known.committed.insert(append, committed(first, second));
        }
    }
    let clients: Vec<(PlanId, i64)> = client_keys(batch).into_iter().collect();
    for clients in clients.chunks(PARTS_PER_STATEMENT) {
        let mut query = QueryBuilder::new("select plan_id, client_id, user_id from (");
        query.push_values(clients, |mut row, (plan, client)| {
            row.push_bind(plan.as_uuid()).push_bind(*client);
        });
        query.push(
            ") as asked join client_ids
             on plan_id = asked.column1 and client_id = asked.column2",
        );
        let found: Vec<(Uuid, i64, Uuid)> = query
            .build_query_as()
            .persistent(is_small(clients.len()))
            .fetch_all(&mut *connection)
            .await?;
        known
            .owners
            .extend(found.into_iter().map(|(plan, client, user)| {
                ((PlanId::from_uuid(plan), client), UserId::from_uuid(user))
            }));
    }
    read_proposals!(connection, batch, known, "");
    Ok(known)
}

/// Writes everything and commits, in one go.
async fn commit(
    connection: &mut SqliteConnection,
    settled: &Settled<'_>,
    now: Timestamp,
) -> Result<(), StorageError> {
    let mut query = QueryBuilder::new("");
    if !settled.heads.is_empty() {
        query.push("update plans set updated_at = ");
        query.push_bind(now.as_micros());
        query.push(", head = moved.column2 from (");
        query.push_values(&settled.heads, |mut row, (plan, head)| {
            row.push_bind(plan.as_uuid()).push_bind(*head);
        });
        query.push(") as moved where id = moved.column1;");
    }
    for rows in settled.rows.chunks(PARTS_PER_STATEMENT) {
        query.push(
            "insert into journal
                 (plan_id, seq, epoch, append_id, update_bytes, author, origin, origin_detail,
                  created_at) ",
        );
        query.push_values(rows, |mut values, placed| {
            let PlacedRow { append, seq, row } = placed;
            values
                .push_bind(append.plan.as_uuid())
                .push_bind(*seq)
                .push_bind(append.epoch.0)
                .push_bind(append.id.as_uuid())
                .push_bind(&row.update[..])
                .push_bind(row.author.map(UserId::as_uuid))
                .push_bind(row.origin.kind())
                .push_bind(row.origin.detail())
                .push_bind(row.at.as_micros());
        });
        query.push(";");
    }
    for owners in settled.owners.chunks(PARTS_PER_STATEMENT) {
        query.push("insert into client_ids (plan_id, client_id, user_id) ");
        query.push_values(owners, |mut row, (plan, client, user)| {
            row.push_bind(plan.as_uuid())
                .push_bind(*client)
                .push_bind(user.as_uuid());
        });
        query.push(";");
    }
    query.push("commit");
    query
        .build()
        .persistent(is_small(settled.rows.len() + settled.owners.len()))
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// Whether a batch is of a kind that comes often, so that its statements are kept prepared.
const fn is_small(parts: usize) -> bool {
    parts <= 8
}
