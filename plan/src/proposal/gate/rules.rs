//! The rules of what needs approval, for reading and for the server that keeps the approvals.

use super::{Approvals, GateKind, Rule, When};

const ONE_APPROVER: Approvals = Approvals { needs: 1, owner: 0 };
const TWO_APPROVERS: Approvals = Approvals { needs: 2, owner: 0 };
const TWO_WITH_OWNER: Approvals = Approvals { needs: 2, owner: 1 };
const ONE_OWNER: Approvals = Approvals { needs: 1, owner: 1 };
const TWO_OWNERS: Approvals = Approvals { needs: 2, owner: 2 };

const CONTRACT_FROZEN: &[&str] = &["state", "value", "party"];

/// All rules.
pub const RULES: &[Rule] = &[
    Rule {
        kind: GateKind::Contract,
        root: "contracts",
        fields: &["state"],
        when: When::Becomes(&["signed"]),
        approvals: ONE_OWNER,
        large: Some((25, TWO_OWNERS)),
        frozen: CONTRACT_FROZEN,
        act: "signing",
    },
    // Else a small contract could be signed and then be a large one.
    Rule {
        kind: GateKind::Contract,
        root: "contracts",
        fields: &["value", "party"],
        when: When::ChangesWhile("state", "signed"),
        approvals: ONE_OWNER,
        large: Some((25, TWO_OWNERS)),
        frozen: CONTRACT_FROZEN,
        act: "changing what is signed in",
    },
    Rule {
        kind: GateKind::Contract,
        root: "meta",
        fields: &["venue_id"],
        when: When::Chosen,
        approvals: ONE_OWNER,
        large: None,
        frozen: &["venue_id"],
        act: "choosing the venue of",
    },
    Rule {
        kind: GateKind::Spend,
        root: "budget",
        fields: &["committed", "actual", "state", "unit", "qty", "side"],
        when: When::Commits,
        approvals: ONE_APPROVER,
        large: Some((10, TWO_APPROVERS)),
        frozen: &["state", "committed", "unit", "qty"],
        act: "committing money for",
    },
    Rule {
        kind: GateKind::Outreach,
        root: "campaigns",
        fields: &["state"],
        when: When::Becomes(&["sent"]),
        approvals: ONE_APPROVER,
        large: None,
        frozen: &["state", "title", "channel", "audience", "copy", "send_at"],
        act: "sending",
    },
    Rule {
        kind: GateKind::People,
        root: "speakers",
        fields: &["status"],
        when: When::Becomes(&["confirmed", "declined"]),
        approvals: ONE_APPROVER,
        large: None,
        frozen: &["status", "name", "fee"],
        act: "confirming or declining",
    },
    Rule {
        kind: GateKind::People,
        root: "sponsors",
        fields: &["stage"],
        when: When::Becomes(&["declined"]),
        approvals: ONE_APPROVER,
        large: None,
        frozen: &["stage", "name", "amount"],
        act: "declining",
    },
    Rule {
        kind: GateKind::Event,
        root: "meta",
        fields: &["dates"],
        when: When::Changes,
        approvals: TWO_APPROVERS,
        large: None,
        frozen: &["dates"],
        act: "moving the dates of",
    },
    Rule {
        kind: GateKind::Event,
        root: "meta",
        fields: &["venue_id"],
        when: When::Changes,
        approvals: TWO_APPROVERS,
        large: None,
        frozen: &["venue_id"],
        act: "changing the venue of",
    },
    Rule {
        kind: GateKind::Event,
        root: "meta",
        fields: &["phase"],
        when: When::Becomes(&["postponed", "cancelled"]),
        approvals: TWO_APPROVERS,
        large: None,
        frozen: &["phase"],
        act: "postponing or cancelling",
    },
    Rule {
        kind: GateKind::Risk,
        root: "risks",
        fields: &["state", "l", "i", "rl", "ri"],
        when: When::AcceptsRisk,
        approvals: TWO_WITH_OWNER,
        large: None,
        frozen: &["state", "l", "i", "rl", "ri"],
        act: "accepting",
    },
    Rule {
        kind: GateKind::Risk,
        root: "compliance",
        fields: &["state"],
        when: When::Becomes(&["waived"]),
        approvals: TWO_WITH_OWNER,
        large: None,
        frozen: &["state", "rule", "evidence"],
        act: "waiving",
    },
];
