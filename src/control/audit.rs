//! `audit.*`: who did what to a plan.

use convene_protocol::control::audit::{ENTRIES_MAX, Entries, Entry, List, Verified, Verify};

use super::{Caller, Desk, Method, limit};
use crate::error::Failure;
use crate::storage::audit::chain::Chain;

impl Method for List {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Entries, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let limit = limit(self.limit, ENTRIES_MAX)?;
        let chain = Chain::Plan(grant.plan());
        let entries = desk
            .storage
            .audit_entries(chain, self.before, limit)
            .await?;
        let people = desk
            .people(entries.iter().filter_map(|it| it.actor))
            .await?;
        Ok(Entries {
            // A chain begins with 1.
            next: entries.last().map(|it| it.seq).filter(|seq| *seq > 1),
            entries: entries
                .into_iter()
                .map(|it| Entry {
                    seq: it.seq,
                    at: it.at.to_rfc3339(),
                    actor: it.actor.map(|actor| people.person(actor)),
                    verb: it.verb,
                    detail: it.detail,
                    hash: hex::encode(it.hash),
                })
                .collect(),
        })
    }
}

impl Method for Verify {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Verified, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        // Long chains take a connection and a processor for a while.
        let permit = desk.histories.acquire().await;
        let _permit = permit.map_err(|error| Failure::fault().caused_by(error))?;
        let verdict = desk.storage.verify_audit(Chain::Plan(grant.plan())).await?;
        Ok(Verified {
            entries: verdict.entries,
            hash: hex::encode(verdict.hash),
            broken: verdict.broken.map(|broken| broken.to_string()),
        })
    }
}
