//! `upload.*`: files on their way in, part by part, since a request has a size at most. They are kept in
//! memory, on the node of the socket, until they are old.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use convene_plan::format::FILE_BYTES_MAX;
use convene_protocol::control::transfer::{Append, Begin, Upload};
use convene_protocol::error_code::ErrorCode;

use super::{Caller, Desk, Method};
use crate::error::Failure;
use crate::ids::{RequestId, UserId};

/// Uploads of one account; a further one takes the place of the oldest.
const PER_ACCOUNT_MAX: usize = 2;
/// Bytes of all accounts on this node.
const BYTES_MAX: usize = 256 << 20;
/// How long an upload is kept after its last part.
const KEPT_FOR: Duration = Duration::from_mins(10);

/// One file on its way.
#[derive(Debug)]
struct Arriving {
    user: UserId,
    bytes: usize,
    /// Shared with an import that reads it.
    received: Arc<Vec<u8>>,
    last: Instant,
}

/// All of this node.
#[derive(Debug, Clone, Default)]
pub(super) struct Uploads(Arc<Mutex<HashMap<String, Arriving>>>);

impl Uploads {
    /// Those that are not old.
    fn kept(&self, now: Instant) -> MutexGuard<'_, HashMap<String, Arriving>> {
        // Each change is one statement.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, one| now.saturating_duration_since(one.last) < KEPT_FOR);
        all
    }

    fn begin(&self, user: UserId, id: String, bytes: usize, now: Instant) {
        let mut all = self.kept(now);
        let mut own: Vec<(Instant, String)> = all
            .iter()
            .filter(|(_, one)| one.user == user)
            .map(|(id, one)| (one.last, id.clone()))
            .collect();
        own.sort_unstable();
        let surplus = (own.len() + 1).saturating_sub(PER_ACCOUNT_MAX);
        for (_, id) in own.iter().take(surplus) {
            all.remove(id);
        }
        let arriving = Arriving {
            user,
            bytes,
            received: Arc::default(),
            last: now,
        };
        all.insert(id, arriving);
    }

    fn append(
        &self,
        user: UserId,
        (id, at): (&str, u64),
        part: &[u8],
        now: Instant,
    ) -> Result<u64, Failure> {
        let mut all = self.kept(now);
        let there: usize = all.values().map(|one| one.received.len()).sum();
        let one = all
            .get_mut(id)
            .filter(|one| one.user == user)
            .ok_or_else(no_such_upload)?;
        let received = one.received.len();
        if u64::try_from(received).ok() != Some(at) {
            let say = format!("at: {received} bytes are there; go on from them");
            return Err(Failure::new(ErrorCode::Conflict, say));
        }
        if received + part.len() > one.bytes {
            let say = format!("data: the file was announced with {} bytes", one.bytes);
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        if there + part.len() > BYTES_MAX {
            let say = "too many files are on their way; go on in a few minutes";
            return Err(Failure::new(ErrorCode::Unavailable, say));
        }
        let all = Arc::make_mut(&mut one.received);
        all.reserve_exact(part.len());
        all.extend_from_slice(part);
        one.last = now;
        Ok(u64::try_from(one.received.len()).unwrap_or(u64::MAX))
    }

    /// A file that is whole.
    pub(super) fn whole(
        &self,
        user: UserId,
        id: &str,
        now: Instant,
    ) -> Result<Arc<Vec<u8>>, Failure> {
        let all = self.kept(now);
        let one = all
            .get(id)
            .filter(|one| one.user == user)
            .ok_or_else(no_such_upload)?;
        if one.received.len() < one.bytes {
            let say = format!(
                "upload: {} of {} bytes are there; append the rest first",
                one.received.len(),
                one.bytes
            );
            return Err(Failure::new(ErrorCode::Conflict, say));
        }
        Ok(Arc::clone(&one.received))
    }
}

fn no_such_upload() -> Failure {
    Failure::new(
        ErrorCode::NotFound,
        "there is no such upload on this connection's node; begin again with upload.begin",
    )
}

impl Method for Begin {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Upload, Failure> {
        let bytes = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        if bytes > FILE_BYTES_MAX {
            let say = format!("bytes: a file has at most {FILE_BYTES_MAX}");
            return Err(Failure::new(ErrorCode::TooLarge, say));
        }
        let upload = RequestId::generate(&desk.clock).to_string();
        let (user, now) = (caller.principal.user, desk.clock.monotonic());
        desk.uploads.begin(user, upload.clone(), bytes, now);
        Ok(Upload {
            upload,
            received: 0,
        })
    }
}

impl Method for Append {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Upload, Failure> {
        let part = STANDARD
            .decode(&self.data)
            .map_err(|_| Failure::new(ErrorCode::Invalid, "data: must be base64 with padding"))?;
        let (user, now) = (caller.principal.user, desk.clock.monotonic());
        let place = (self.upload.as_str(), self.at);
        let received = desk.uploads.append(user, place, &part, now)?;
        Ok(Upload {
            upload: self.upload,
            received,
        })
    }
}
