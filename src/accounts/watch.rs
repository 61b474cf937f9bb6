//! Ends the sockets whose sign-in has ended without this process: by an operator's command, by
//! another node, or between a socket's check and its entry in the list.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::LiveSessions;
use crate::storage::Storage;

/// How long such a socket may go on.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Compares the sign-ins of open sockets with what is stored, until `stop`.
pub async fn end_sockets_of_ended_sign_ins(
    storage: Storage,
    live: Arc<dyn LiveSessions>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let families = live.families();
        if families.is_empty() {
            continue;
        }
        match storage.ended_among(&families).await {
            Ok(ended) => {
                for family in ended {
                    tracing::info!(family.id = %family, "a sign-in ended elsewhere");
                    live.end_family(family);
                }
            }
            // The journal says it once when the database is away.
            Err(error) => tracing::debug!(%error, "the sign-ins of sockets could not be compared"),
        }
    }
}
