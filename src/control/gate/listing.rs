//! `gate.list`, and what is told of a gate.

use std::collections::HashMap;

use convene_plan::proposal::gate::Frozen;
use convene_plan::proposal::value_at;
use convene_protocol::control::gate::{ApprovalBody, GateBody, GateStatus, Gates, List};
use sha2::{Digest, Sha256};

use super::super::people::People;
use super::super::{Caller, Desk, For, Method};
use super::requesting::published;
use super::{frozen, no_such_gate};
use crate::auth::access::Grant;
use crate::error::Failure;
use crate::ids::{GateId, ProposalId};
use crate::storage::gates::{self, ApprovalRow, GateRow};

/// What is shown of changes of proposals, by the subjects of their gates: the hash, and the values.
type Shown = HashMap<String, (String, Vec<Frozen>)>;

impl Method for List {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Gates, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let rows = desk.storage.gates(grant.plan()).await?;
        Ok(Gates {
            gates: desk.gate_bodies(&grant, rows).await?,
        })
    }
}

impl Desk {
    /// What is told of one gate.
    pub(super) async fn gate_body(&self, grant: &Grant, gate: GateId) -> Result<GateBody, Failure> {
        let mut rows = self.storage.gates(grant.plan()).await?;
        rows.retain(|row| row.id == gate);
        let bodies = self.gate_bodies(grant, rows).await?;
        bodies.into_iter().next().ok_or_else(no_such_gate)
    }

    async fn gate_bodies(
        &self,
        grant: &Grant,
        rows: Vec<GateRow>,
    ) -> Result<Vec<GateBody>, Failure> {
        let approvals = self.storage.gate_approvals(grant.plan()).await?;
        let mentioned = rows.iter().map(|row| row.requested_by);
        let mentioned = mentioned.chain(approvals.iter().map(|it| it.by));
        let people = self.people(mentioned).await?;
        let shown = self.shown_changes(grant, &rows).await?;
        let content = self.read_plan(grant.plan()).await?;
        let work = move || {
            // A whole plan is written out for it.
            let is_published = rows.iter().any(|row| row.kind == "publish");
            let whole = is_published.then(|| published(&content));
            let bodies = rows.into_iter().map(|row| {
                let kept = frozen(&row)?;
                let has_drifted = row.change.is_none()
                    && kept.iter().any(|it| {
                        let is_other =
                            |whole: &Frozen| whole.path == it.path && whole.value != it.value;
                        (is_value(it) && value_at(&content, &it.path) != it.value)
                            || whole.as_ref().is_some_and(is_other)
                    });
                let values = shown.get(&row.subject).map(|(_, values)| values.clone());
                let values = values.unwrap_or(kept);
                Ok(body(
                    row,
                    values,
                    (has_drifted, &shown),
                    (&approvals, &people),
                ))
            });
            bodies.collect::<Result<Vec<GateBody>, Failure>>()
        };
        self.apart(work).await?
    }

    /// What is shown of the changes that gates wait for.
    async fn shown_changes(&self, grant: &Grant, rows: &[GateRow]) -> Result<Shown, Failure> {
        let pending = rows
            .iter()
            .filter(|row| row.status == gates::GateStatus::Pending);
        let mut proposals: Vec<ProposalId> = pending
            .filter_map(|row| row.change.map(|(proposal, _)| proposal))
            .collect();
        proposals.sort_unstable();
        proposals.dedup();
        let mut shown = Shown::new();
        for proposal in proposals {
            shown.extend(self.shown_of(grant, proposal).await?);
        }
        Ok(shown)
    }
}

/// Whether it is a value of the plan, and not a hash of something else.
fn is_value(frozen: &Frozen) -> bool {
    frozen
        .path
        .first()
        .is_some_and(|root| convene_plan::schema::Root::of(root).is_some())
}

fn body(
    row: GateRow,
    frozen: Vec<Frozen>,
    (has_drifted, shown): (bool, &Shown),
    (approvals, people): (&[ApprovalRow], &People),
) -> GateBody {
    let status = match row.status {
        gates::GateStatus::Pending | gates::GateStatus::Approved if has_drifted => GateStatus::Void,
        gates::GateStatus::Pending => GateStatus::Pending,
        gates::GateStatus::Approved => GateStatus::Approved,
        gates::GateStatus::Rejected => GateStatus::Rejected,
        gates::GateStatus::Void => GateStatus::Void,
    };
    let said = approvals.iter().filter(|it| it.gate == row.id);
    GateBody {
        id: row.id.to_string(),
        say: row.say.clone(),
        needs: row.needs,
        needs_owners: row.needs_owners,
        proposal: row.change.map(|(proposal, _)| proposal.to_string()),
        change: row.change.map(|(_, no)| no),
        status,
        shown: match row.change {
            Some(_) => shown.get(&row.subject).map(|(hash, _)| hash.clone()),
            None => Some(shown_gate(&row)),
        },
        requested_by: people.person(row.requested_by),
        at: row.created_at.to_rfc3339(),
        approvals: said
            .map(|it| ApprovalBody {
                by: people.person(it.by),
                approves: it.approves,
                reason: it.reason.clone(),
                at: it.at.to_rfc3339(),
                shown: it.shown.clone(),
            })
            .collect(),
        kind: row.kind,
        frozen,
    }
}

/// The hash of what a gate that is about no proposal shows.
fn shown_gate(row: &GateRow) -> String {
    let mut hash = Sha256::new_with_prefix(b"convene gate\0");
    for part in [&row.kind, &row.subject, &row.frozen] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    hex::encode(hash.get(..16).unwrap_or_default())
}
