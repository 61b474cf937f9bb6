//! The batch on PostgreSQL: six statements, since each is a round trip, or one for what is most common.

use std::collections::HashMap;

use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::super::audit::chain::Chain;
use super::super::audit::record;
use super::super::error::StorageError;
use super::super::journal::{Append, Epoch};
use super::super::proposals::deciding::write_along;
use super::super::proposals::{touch_draft, touch_proposals};
use super::super::settlement::{Answer, Known, PlacedRow, settle};
use super::{acts, client_keys, committed, plans_in_order, read_proposals, row_count};
use crate::clock::Timestamp;
use crate::ids::{AppendId, PlanId, UserId};

/// Whether nothing of the batch has to be looked at before it is written: nearly always, since a client
/// id is new once, and a room has one append under way.
pub(super) fn is_plain(batch: &[Append]) -> bool {
    let is_plain = |append: &Append| {
        append.bindings.is_empty()
            && !append.rows.is_empty()
            && append
                .rows
                .iter()
                .all(|row| row.audit.is_none() && row.along.is_none())
    };
    batch.iter().all(is_plain) && plans_in_order(batch).len() == batch.len()
}

/// Writes a batch that was never tried before and is plain, in one statement, which is a transaction by
/// itself. Answers the row of each plan after which its rows are; plans that are missing are gone or in
/// another epoch, and nothing was written of them.
pub(super) async fn append_plain(
    connection: &mut PgConnection,
    batch: &[Append],
    now: Timestamp,
) -> Result<HashMap<PlanId, i64>, StorageError> {
    let mut rows = Vec::new();
    for append in batch {
        rows.extend(
            (1..)
                .zip(&append.rows)
                .map(|(seq, row)| PlacedRow { append, seq, row }),
        );
    }
    let plans: Vec<Uuid> = batch.iter().map(|it| it.plan.as_uuid()).collect();
    let epochs: Vec<i64> = batch.iter().map(|it| it.epoch.0).collect();
    let counts: Vec<i64> = batch.iter().map(row_count).collect();
    let columns = Columns::of(&rows);
    // The plans are taken in the order of their ids before any is changed: two nodes that took them in
    // different orders would wait for each other.
    let moved: Vec<(Uuid, i64)> = sqlx::query_as(
        "with wanted as (
             select *
             from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as wanted (id, epoch, rows)
         ),
         taken as materialized (
             select plans.id
             from plans
             join wanted using (id)
             where plans.epoch = wanted.epoch
               and plans.deleted_at is null
             order by plans.id
             for no key update of plans
         ),
         moved as (
             update plans
             set head = plans.head + wanted.rows,
                 updated_at = $4
             from taken
             join wanted using (id)
             where plans.id = taken.id
             returning plans.id, plans.epoch, plans.head - wanted.rows as base
         ),
         written as (
             insert into journal
                 (plan_id, seq, epoch, append_id, update_bytes, author, origin, origin_detail,
                  created_at)
             select moved.id, moved.base + placed.seq, moved.epoch, placed.append_id,
                 placed.update_bytes, placed.author, placed.origin, placed.origin_detail,
                 placed.created_at
             from unnest($5::uuid[], $6::bigint[], $7::uuid[], $8::bytea[], $9::uuid[],
                 $10::text[], $11::text[], $12::bigint[])
                 as placed (plan_id, seq, append_id, update_bytes, author, origin, origin_detail,
                     created_at)
             join moved on moved.id = placed.plan_id
         )
         select id, base from moved",
    )
    .bind(plans)
    .bind(epochs)
    .bind(counts)
    .bind(now.as_micros())
    .bind(columns.plans)
    .bind(columns.seqs)
    .bind(columns.appends)
    .bind(columns.updates)
    .bind(columns.authors)
    .bind(columns.origins)
    .bind(columns.details)
    .bind(columns.times)
    .fetch_all(connection)
    .await?;
    let moved = moved.into_iter();
    Ok(moved
        .map(|(plan, base)| (PlanId::from_uuid(plan), base))
        .collect())
}

/// Rows as PostgreSQL takes them: column by column.
struct Columns<'a> {
    plans: Vec<Uuid>,
    seqs: Vec<i64>,
    appends: Vec<Uuid>,
    updates: Vec<&'a [u8]>,
    authors: Vec<Option<Uuid>>,
    origins: Vec<&'static str>,
    details: Vec<Option<String>>,
    times: Vec<i64>,
}

impl<'a> Columns<'a> {
    fn of(rows: &'a [PlacedRow<'_>]) -> Self {
        let author = |it: &PlacedRow<'_>| it.row.author.map(UserId::as_uuid);
        Self {
            plans: rows.iter().map(|it| it.append.plan.as_uuid()).collect(),
            seqs: rows.iter().map(|it| it.seq).collect(),
            appends: rows.iter().map(|it| it.append.id.as_uuid()).collect(),
            updates: rows.iter().map(|it| &it.row.update[..]).collect(),
            authors: rows.iter().map(author).collect(),
            origins: rows.iter().map(|it| it.row.origin.kind()).collect(),
            details: rows.iter().map(|it| it.row.origin.detail()).collect(),
            times: rows.iter().map(|it| it.row.at.as_micros()).collect(),
        }
    }
}

pub(super) async fn append(
    pool: &PgPool,
    batch: &[Append],
    now: Timestamp,
) -> Result<Vec<Answer>, StorageError> {
    let mut tx = pool.begin().await?;
    let mut known = known(&mut tx, batch).await?;
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
        insert_rows(&mut tx, &settled.rows).await?;
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
    for (chain, act) in acts(&settled.rows) {
        record!(tx, chain, &act, now);
    }
    for placed in &settled.rows {
        if let Some(along) = &placed.row.along {
            write_along!(tx, along, Some(placed.seq), now);
        }
    }
    tx.commit().await?;
    Ok(settled.answers)
}

async fn insert_rows(
    tx: &mut Transaction<'_, Postgres>,
    rows: &[PlacedRow<'_>],
) -> Result<(), StorageError> {
    let epochs: Vec<i64> = rows.iter().map(|it| it.append.epoch.0).collect();
    let columns = Columns::of(rows);
    sqlx::query(
        "insert into journal
             (plan_id, seq, epoch, append_id, update_bytes, author, origin, origin_detail,
              created_at)
         select * from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::bytea[],
             $6::uuid[], $7::text[], $8::text[], $9::bigint[])",
    )
    .bind(columns.plans)
    .bind(columns.seqs)
    .bind(epochs)
    .bind(columns.appends)
    .bind(columns.updates)
    .bind(columns.authors)
    .bind(columns.origins)
    .bind(columns.details)
    .bind(columns.times)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn known(
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
    read_proposals!(*tx, batch, known, "for no key update");
    Ok(known)
}
