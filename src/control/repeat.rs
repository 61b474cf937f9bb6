//! Repeated requests: the same key within a day gets the first answer, not a second change.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use convene_protocol::control::IDEMPOTENCY_KEY_BYTES_MAX;
use convene_protocol::error_code::ErrorCode;
use serde_json::value::RawValue;

use super::{Caller, Desk};
use crate::error::Failure;
use crate::ids::UserId;
use crate::storage::answers::RequestKey;

type Key = (UserId, &'static str, String);

/// The keyed requests that are being worked on.
#[derive(Debug, Clone, Default)]
pub(super) struct Repeats(Arc<Mutex<HashSet<Key>>>);

/// One keyed request; over when dropped.
struct UnderWay {
    repeats: Repeats,
    key: Key,
}

impl Repeats {
    fn begin(&self, key: Key) -> Option<UnderWay> {
        let is_first = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.clone());
        is_first.then(|| UnderWay {
            repeats: self.clone(),
            key,
        })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.repeats
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

impl Desk {
    /// Does `work` unless the same request was answered within the last day.
    pub(super) async fn once(
        &self,
        caller: &Caller,
        method: &'static str,
        key: &str,
        work: impl Future<Output = Result<Box<RawValue>, Failure>>,
    ) -> Result<Box<RawValue>, Failure> {
        // PostgreSQL cannot keep a zero byte.
        if !(1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len()) || key.contains('\0') {
            return Err(Failure::new(
                ErrorCode::Invalid,
                format!(
                    "an idempotency_key has 1 to {IDEMPOTENCY_KEY_BYTES_MAX} bytes, none of them \
                     zero"
                ),
            ));
        }
        let user = caller.principal.user;
        let Some(_under_way) = self.repeats.begin((user, method, key.to_owned())) else {
            return Err(Failure::new(
                ErrorCode::Conflict,
                "the first request with this key is still being worked on; repeat it shortly",
            )
            .retry_after(Duration::from_millis(500)));
        };
        let request = RequestKey { user, method, key };
        if let Some(answer) = self.storage.find_answer(request).await? {
            return RawValue::from_string(answer).map_err(|error| {
                Failure::new(ErrorCode::Internal, "the first answer cannot be read")
                    .caused_by(error)
            });
        }
        let answer = work.await?;
        self.storage.keep_answer(request, answer.get()).await?;
        Ok(answer)
    }
}
