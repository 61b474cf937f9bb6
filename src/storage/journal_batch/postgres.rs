//! The batch on PostgreSQL: six statements, since each is a round trip.

use sqlx::postgres::PgPool;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::super::error::StorageError;
use super::super::journal::{Append, Epoch};
use super::super::settlement::{Answer, Known, PlacedRow, settle};
use super::{client_keys, committed, plans_in_order};
use crate::clock::Timestamp;
use crate::ids::{AppendId, PlanId, UserId};

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
    tx.commit().await?;
    Ok(settled.answers)
}

async fn insert_rows(
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
    Ok(known)
}
