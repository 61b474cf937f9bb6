//! The tables of agents, proposals and gates.

use super::super::table::Kind::{Bytes, Id, Integer, Text};
use super::super::table::Table;

pub(super) const AGENTS: Table = Table {
    name: "agents",
    columns: &[
        ("id", Id),
        ("plan_id", Id),
        ("token_hash", Bytes),
        ("family_id", Id),
        ("paths", Text),
        ("open_max", Integer),
        ("made_by", Id),
        ("created_at", Integer),
        ("expires_at", Integer),
        ("revoked_at", Integer),
    ],
};

pub(super) const PROPOSALS: Table = Table {
    name: "proposals",
    columns: &[
        ("id", Id),
        ("plan_id", Id),
        ("author", Id),
        ("on_behalf_of", Id),
        ("title", Text),
        ("rationale", Text),
        ("about", Text),
        ("finding", Text),
        ("status", Text),
        ("revision", Integer),
        ("version", Integer),
        ("draft_seq", Integer),
        ("base_seq", Integer),
        ("base_epoch", Integer),
        ("base", Text),
        ("fingerprint", Text),
        ("reason", Text),
        ("supersedes", Id),
        ("touched", Integer),
        ("deciding_by", Id),
        ("deciding_until", Integer),
        ("created_at", Integer),
        ("updated_at", Integer),
        ("expires_at", Integer),
    ],
};

pub(super) const PROPOSAL_CHANGES: Table = Table {
    name: "proposal_changes",
    columns: &[
        ("proposal_id", Id),
        ("revision", Integer),
        ("no", Integer),
        ("change", Text),
        ("state", Text),
        ("edited_by", Id),
        ("took", Text),
        ("settled_by", Id),
        ("settled_at", Integer),
        ("settled_seq", Integer),
    ],
};

pub(super) const DECISIONS: Table = Table {
    name: "decisions",
    columns: &[
        ("proposal_id", Id),
        ("seq", Integer),
        ("revision", Integer),
        ("changes", Text),
        ("decided_by", Id),
        ("verdict", Text),
        ("reason", Text),
        ("plan_seq", Integer),
        ("created_at", Integer),
    ],
};

pub(super) const GATES: Table = Table {
    name: "gates",
    columns: &[
        ("id", Id),
        ("plan_id", Id),
        ("kind", Text),
        ("subject", Text),
        ("say", Text),
        ("frozen", Text),
        ("needs", Integer),
        ("needs_owners", Integer),
        ("proposal_id", Id),
        ("change_no", Integer),
        ("status", Text),
        ("requested_by", Id),
        ("touched", Integer),
        ("created_at", Integer),
        ("updated_at", Integer),
    ],
};

pub(super) const GATE_APPROVALS: Table = Table {
    name: "gate_approvals",
    columns: &[
        ("gate_id", Id),
        ("given_by", Id),
        ("verdict", Text),
        ("shown_hash", Text),
        ("reason", Text),
        ("created_at", Integer),
    ],
};
