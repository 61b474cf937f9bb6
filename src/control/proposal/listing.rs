//! `proposal.list`, and what is told of a proposal without its changes.

use std::collections::HashMap;

use convene_protocol::control::proposal::{Counts, List, PROPOSALS_MAX, ProposalBody, Proposals};

use super::super::people::People;
use super::super::{Caller, Desk, For, Method, limit};
use super::case::Kept;
use crate::error::Failure;
use crate::ids::{DocumentId, ProposalId, UserId};
use crate::storage::proposals::ProposalRow;

impl Method for List {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Proposals, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let limit = limit(self.limit, PROPOSALS_MAX)?;
        let mut rows = desk
            .storage
            .list_proposals(grant.plan(), self.before, limit.saturating_add(1))
            .await?;
        let asked = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > asked;
        rows.truncate(asked);
        let next = rows.last().filter(|_| has_more);
        let next = next.map(|last| last.touched);
        Ok(Proposals {
            proposals: desk.bodies(&rows).await?,
            next,
        })
    }
}

impl Desk {
    /// What is told of a proposal.
    pub(in crate::control) async fn body(
        &self,
        row: &ProposalRow,
    ) -> Result<ProposalBody, Failure> {
        let bodies = self.bodies(std::slice::from_ref(row)).await?;
        bodies.into_iter().next().ok_or_else(Failure::fault)
    }

    /// The same of several of one plan.
    pub(in crate::control) async fn bodies(
        &self,
        rows: &[ProposalRow],
    ) -> Result<Vec<ProposalBody>, Failure> {
        let touched = || rows.iter().map(|row| row.touched);
        let (Some(row), Some(first), Some(last)) = (rows.first(), touched().min(), touched().max())
        else {
            return Ok(Vec::new());
        };
        let counts = self.storage.count_changes(row.plan, (first, last)).await?;
        let people = self.people(rows.iter().flat_map(mentioned)).await?;
        rows.iter().map(|row| body(row, &counts, &people)).collect()
    }
}

fn mentioned(row: &ProposalRow) -> impl Iterator<Item = UserId> + use<> {
    [Some(row.author), row.on_behalf_of].into_iter().flatten()
}

fn body(
    row: &ProposalRow,
    counts: &HashMap<ProposalId, Counts>,
    people: &People,
) -> Result<ProposalBody, Failure> {
    let kept: Kept =
        serde_json::from_str(&row.about).map_err(|error| Failure::fault().caused_by(error))?;
    let draft = DocumentId::Draft {
        plan: row.plan,
        proposal: row.id,
    };
    Ok(ProposalBody {
        id: row.id.to_string(),
        plan: row.plan.to_string(),
        draft: draft.to_string(),
        author: people.person(row.author),
        on_behalf_of: row.on_behalf_of.map(|user| people.person(user)),
        title: row.title.clone(),
        status: row.status,
        revision: row.revision,
        counts: counts.get(&row.id).copied().unwrap_or_default(),
        risk: kept.about.risk.map(|risk| risk.level),
        reason: row.reason.clone(),
        supersedes: row.supersedes.map(|it| it.to_string()),
        created_at: row.created_at.to_rfc3339(),
        updated_at: row.updated_at.to_rfc3339(),
        expires_at: row.expires_at.to_rfc3339(),
    })
}
