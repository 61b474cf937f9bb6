//! Ends proposals that nobody decided in time.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::room::registry::Registry;
use crate::storage::Storage;

/// How often it is looked; a proposal lives for days.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Ends those whose time is over, until `stop`.
pub(super) async fn end_expired_proposals(
    storage: Storage,
    registry: Registry,
    stop: CancellationToken,
) {
    let mut turn = tokio::time::interval(LOOK_EVERY);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = turn.tick() => {}
        }
        match storage.expire_proposals().await {
            Ok(ended) => {
                for (plan, proposal) in ended {
                    tracing::info!(plan.id = %plan, proposal.id = %proposal, "a proposal is over");
                    registry.tell_changed(plan);
                    registry.tell_changed(proposal.draft());
                }
            }
            // The journal says it once when the database is away.
            Err(error) => tracing::debug!(%error, "proposals could not be looked through"),
        }
    }
}
