//! Answers to changing requests, kept for a day: providers drop their queue on reconnect, so clients
//! repeat a request with the same key and must not get the same thing done twice.

use std::time::Duration;

use super::database::{Storage, read, write_tx};
use super::error::StorageError;
use crate::ids::UserId;

/// How long an answer is kept: longer than a client keeps repeating a request.
pub const ANSWER_KEPT_FOR: Duration = Duration::from_hours(24);

/// What makes two requests the same.
#[derive(Debug, Clone, Copy)]
pub struct RequestKey<'a> {
    /// Who asks.
    pub user: UserId,
    /// What is asked.
    pub method: &'a str,
    /// The client's `idempotency_key`.
    pub key: &'a str,
}

impl Storage {
    /// The answer given to the same request within the last day, as JSON.
    pub async fn find_answer(
        &self,
        request: RequestKey<'_>,
    ) -> Result<Option<String>, StorageError> {
        let since = self.now().before(ANSWER_KEPT_FOR);
        let row: Option<(String,)> = read!(self, db => {
            sqlx::query_as(
                "select answer
                 from answers
                 where user_id = $1
                   and method = $2
                   and key = $3
                   and created_at > $4",
            )
            .bind(request.user.as_uuid())
            .bind(request.method)
            .bind(request.key)
            .bind(since.as_micros())
            .fetch_optional(db)
            .await?
        });
        Ok(row.map(|(answer,)| answer))
    }

    /// Keeps the answer to a request for a day. The first answer stays.
    pub async fn keep_answer(
        &self,
        request: RequestKey<'_>,
        answer: &str,
    ) -> Result<(), StorageError> {
        let now = self.now();
        write_tx!(self, tx => {
            sqlx::query(
                "insert into answers (user_id, method, key, answer, created_at)
                 values ($1, $2, $3, $4, $5)
                 on conflict (user_id, method, key) do update
                 set answer = excluded.answer,
                     created_at = excluded.created_at
                 where answers.created_at <= $6",
            )
            .bind(request.user.as_uuid())
            .bind(request.method)
            .bind(request.key)
            .bind(answer)
            .bind(now.as_micros())
            .bind(now.before(ANSWER_KEPT_FOR).as_micros())
            .execute(&mut *tx)
            .await?;
        });
        Ok(())
    }

    /// Removes answers older than a day and says how many.
    pub async fn delete_old_answers(&self) -> Result<u64, StorageError> {
        let since = self.now().before(ANSWER_KEPT_FOR);
        let deleted = write_tx!(self, tx => {
            sqlx::query("delete from answers where created_at <= $1")
                .bind(since.as_micros())
                .execute(&mut *tx)
                .await?
                .rows_affected()
        });
        Ok(deleted)
    }
}
