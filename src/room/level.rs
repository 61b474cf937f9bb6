//! Reads plans for the server itself, up to what other nodes have committed.

use std::time::Duration;

use crate::ids::PlanId;
use crate::room::ask::{Ask, Reply};
use crate::room::handle::JoinRefused;
use crate::room::registry::Registry;
use crate::storage::journal::Seq;

/// How often, and how many times, a room is asked again that is not level with the journal: it is within half
/// a second.
const EVERY: Duration = Duration::from_millis(50);
const TRIES: u32 = 20;

impl Registry {
    /// What the plan holds once its room here has every row up to `seq`; after a second, what it has.
    pub async fn read_level(&self, plan: PlanId, seq: Seq) -> Result<Reply, JoinRefused> {
        let mut reply = self.ask(plan, Ask::Read).await?;
        for _ in 0..TRIES {
            match &reply {
                Reply::Content(reading) if reading.seq < seq => {}
                Reply::Content(_) | Reply::Refused(_) => break,
            }
            tokio::time::sleep(EVERY).await;
            reply = self.ask(plan, Ask::Read).await?;
        }
        Ok(reply)
    }
}
