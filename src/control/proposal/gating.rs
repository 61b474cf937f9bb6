//! What a change needs beside an editor's word, and who has given it.

use convene_plan::proposal::gate::GateNeed;
use convene_plan::proposal::{Change, Class, shown};
use convene_protocol::control::proposal::GateBrief;
use sha2::{Digest, Sha256};

use super::super::people::People;
use crate::auth::access::Role;
use crate::ids::{GateId, ProposalId, UserId};
use crate::storage::gates::{ApprovalRow, GateRow, GateStatus};
use crate::storage::proposals::ProposalRow;

/// Bytes of a hash that are shown: what somebody would have to find a second proposal for.
const HASH_BYTES: usize = 16;

/// A gate of a change, and how far it is for what is shown now.
#[derive(Debug, Clone)]
pub(super) struct SeenGate {
    pub(super) need: GateNeed,
    pub(super) id: Option<GateId>,
    /// Who approved what is shown now.
    pub(super) approved_by: Vec<UserId>,
    /// How many of them are owners.
    pub(super) owners: usize,
    /// Who approved what was shown before.
    pub(super) fallen: Vec<UserId>,
    /// Whose word does not count, since it is their own proposal or their agent's.
    pub(super) barred: [Option<UserId>; 2],
}

impl SeenGate {
    /// Whether it has all that it needs.
    pub(super) fn is_open(&self) -> bool {
        self.approved_by.len() >= usize::from(self.need.needs)
            && self.owners >= usize::from(self.need.owner)
    }

    /// Whether somebody's word would count.
    pub(super) fn counts(&self, user: UserId, role: Role) -> bool {
        let may = matches!(role, Role::Owner | Role::Approver);
        may && !self.barred.contains(&Some(user))
    }
}

/// The hash of all that is shown of a change: revision, values, how it stands to the plan, what an approval is
/// bound to.
pub(super) fn shown_hash(
    (proposal, revision): (ProposalId, i64),
    (change, class): (&Change, Option<&Class>),
    need: Option<&GateNeed>,
) -> String {
    let mut hash = Sha256::new_with_prefix(b"convene shown\0");
    hash.update(proposal.as_uuid().as_bytes());
    hash.update(revision.to_be_bytes());
    // Decided ones are not decided again: of them the change itself is enough.
    hash.update(shown(change, class.unwrap_or(&Class::Already)));
    if let Some(need) = need {
        // A value has one spelling: its members are sorted.
        let frozen = serde_json::to_vec(&need.frozen).unwrap_or_default();
        hash.update(b"\0");
        hash.update(frozen);
    }
    let hash = hash.finalize();
    let shown = hash.get(..HASH_BYTES).unwrap_or_default();
    hex::encode(shown)
}

/// What is known of the gate of a change.
pub(super) fn gate_of(
    need: GateNeed,
    (row, no): (&ProposalRow, u32),
    shown: &str,
    (gates, approvals): &(Vec<GateRow>, Vec<ApprovalRow>),
) -> SeenGate {
    let subject = gate_subject(row, no);
    let gate = gates
        .iter()
        .find(|gate| gate.subject == subject && gate.status == GateStatus::Pending);
    let barred = [Some(row.author), row.on_behalf_of];
    let mut seen = SeenGate {
        need,
        id: gate.map(|gate| gate.id),
        approved_by: Vec::new(),
        owners: 0,
        fallen: Vec::new(),
        barred,
    };
    let given = approvals
        .iter()
        .filter(|it| Some(it.gate) == seen.id && it.approves);
    for approval in given {
        let role: Option<Role> = approval.role.as_deref().and_then(|role| role.parse().ok());
        let counts = role.is_some_and(|role| seen.counts(approval.by, role));
        if approval.shown == shown && counts {
            seen.approved_by.push(approval.by);
            seen.owners += usize::from(role == Some(Role::Owner));
        } else {
            seen.fallen.push(approval.by);
        }
    }
    seen
}

/// What the gate of a change is about: another revision may have another change of this number.
pub(super) fn gate_subject(row: &ProposalRow, no: u32) -> String {
    format!("proposal/{}/{}/{no}", row.id, row.revision)
}

/// The same as it is told.
pub(super) fn gate_brief(gate: &SeenGate, people: &People) -> GateBrief {
    GateBrief {
        id: gate.id.map(|id| id.to_string()),
        kind: kind(&gate.need),
        say: gate.need.say.clone(),
        needs: u32::from(gate.need.needs),
        needs_owners: u32::from(gate.need.owner),
        approved_by: gate
            .approved_by
            .iter()
            .map(|user| people.person(*user))
            .collect(),
        fallen: gate
            .fallen
            .iter()
            .map(|user| people.person(*user))
            .collect(),
    }
}

/// The kind of a gate as it is kept and sent.
pub(in crate::control) fn kind(need: &GateNeed) -> String {
    let kind = serde_json::to_value(need.kind).ok();
    kind.and_then(|kind| kind.as_str().map(str::to_owned))
        .unwrap_or_default()
}
