// What the control channel says of proposals and gates, until the schema does.

import type { Finding, Person } from "./generated/control.ts";

export type RiskLevel = "low" | "medium" | "high";
export type ProposalStatus =
    | "drafting"
    | "submitted"
    | "changes_requested"
    | "approved"
    | "partly_approved"
    | "rejected"
    | "withdrawn"
    | "superseded"
    | "expired"
    | "undone";
export type ChangeState = "open" | "accepted" | "rejected" | "undone";
export type ChangeKind = "set" | "add" | "archive" | "restore" | "text" | "link" | "unlink";
export type Verdict = "approve" | "reject" | "request_changes" | "undo";

export interface Risk {
    level: RiskLevel;
    effect?: string;
    mitigation?: string;
    reversible: boolean;
}

export interface Citation {
    kind: "plan" | "rule" | "source" | "url";
    ref: string;
    quote?: string;
    verified?: boolean;
}

export interface About {
    risk?: Risk;
    confidence?: number;
    citations?: Citation[];
    reads?: string[][];
    finding?: string;
}

export interface ProposalBody {
    id: string;
    plan: string;
    draft: string;
    author: Person;
    on_behalf_of?: Person;
    title: string;
    status: ProposalStatus;
    revision: number;
    counts: { open: number; accepted: number; rejected: number; undone: number };
    risk?: RiskLevel;
    reason?: string;
    supersedes?: string;
    created_at: string;
    updated_at: string;
    expires_at: string;
}

export interface ReadDrift {
    path: string[];
    was: unknown;
    now: unknown;
}

export type ChangeClass =
    | { class: "clean" }
    | { class: "already" }
    | { class: "mergeable"; merged: string }
    | { class: "drifted"; reads: ReadDrift[] }
    | { class: "conflict"; present: unknown }
    | { class: "void"; why: string };

export interface GateBrief {
    id?: string;
    kind: string;
    say: string;
    needs: number;
    needs_owners: number;
    approved_by: Person[];
    fallen: Person[];
}

export interface ChangeBody {
    no: number;
    op: ChangeKind;
    path: string[];
    before: unknown;
    after: unknown;
    depends_on: number[];
    say: string;
    shown: string;
    state: ChangeState;
    class?: ChangeClass["class"];
    merged?: string;
    reads?: ReadDrift[];
    present?: unknown;
    why?: string;
    edited_by?: Person;
    settled_by?: Person;
    settled_at?: string;
    seq?: number;
    gate?: GateBrief;
}

export interface TotalMoved {
    name: string;
    cur: string;
    before: number;
    after: number;
}

export interface DateMoved {
    path: string[];
    name: string;
    before: string | null;
    after: string | null;
}

export interface ProposalEffect {
    cleared: Finding[];
    caused: Finding[];
    totals: TotalMoved[];
    dates: DateMoved[];
    dates_left_out: number;
}

export interface DecisionBody {
    revision: number;
    changes: number[];
    by: Person;
    verdict: Verdict;
    reason?: string;
    at: string;
    seq?: number;
}

export interface Proposal extends ProposalBody {
    rationale: string;
    about: About;
    submitted: boolean;
    edited: boolean;
    seq: number;
    changes: ChangeBody[];
    unsound: { path: string[]; say: string }[];
    effect: ProposalEffect;
    decisions: DecisionBody[];
}

export interface Pick {
    no: number;
    shown: string;
    resolve?: "mine";
}

export interface Decided {
    proposal: ProposalBody;
    done: number[];
    already: number[];
    waiting: number[];
    kept: { no: number; why: string }[];
    seq?: number;
}

export interface GateBody {
    id: string;
    kind: string;
    say: string;
    needs: number;
    needs_owners: number;
    proposal?: string;
    change?: number;
    status: "pending" | "approved" | "rejected" | "void";
    shown?: string;
    requested_by: Person;
    at: string;
    approvals: { by: Person; approves: boolean; reason?: string; at: string; shown: string }[];
}

interface OfProposal {
    plan: string;
    proposal: string;
}

/** What may be asked, and what the answer is. */
export interface Asked {
    "proposal.open": {
        params: { plan: string; title: string; rationale?: string; about?: About; supersedes?: string; days?: number };
        result: ProposalBody;
    };
    "proposal.edit": { params: OfProposal & { ops: unknown[] }; result: { seq: number } };
    "proposal.submit": {
        params: OfProposal & { title?: string; rationale?: string; about?: About };
        result: Proposal;
    };
    "proposal.get": { params: OfProposal; result: Proposal };
    "proposal.list": {
        params: { plan: string; before?: number; limit?: number };
        result: { proposals: ProposalBody[]; next?: number };
    };
    "proposal.watch": { params: { plan: string; proposals: string[] }; result: unknown };
    "proposal.request_changes": { params: OfProposal & { revision: number; reason: string }; result: ProposalBody };
    "proposal.decide": {
        params: OfProposal & { revision: number; verdict: "approve" | "reject"; changes: Pick[]; reason?: string };
        result: Decided;
    };
    "proposal.withdraw": { params: OfProposal & { reason?: string }; result: ProposalBody };
    "proposal.rebase": { params: OfProposal; result: Proposal };
    "proposal.undo": { params: OfProposal & { changes?: number[]; reason?: string }; result: Decided };
    "gate.list": { params: { plan: string }; result: { gates: GateBody[] } };
    "gate.approve": { params: { plan: string; gate: string; shown: string; reason?: string }; result: GateBody };
    "gate.reject": { params: { plan: string; gate: string; reason: string }; result: GateBody };
}

/** What is told without being asked. */
export interface Told {
    "proposal.changed": { plan: string; proposal: ProposalBody };
    "proposal.classes": { plan: string; proposal: string; revision: number; classes: ({ no: number } & ChangeClass)[] };
    "proposal.progress": { plan: string; proposal: string; seq: number; by: string[]; roots: string[] };
    "gate.changed": { plan: string };
}

/** The methods that are repeated by a key. */
export const KEYED: ReadonlySet<keyof Asked> = new Set<keyof Asked>([
    "proposal.open",
    "proposal.edit",
    "proposal.submit",
    "proposal.request_changes",
    "proposal.decide",
    "proposal.withdraw",
    "proposal.rebase",
    "proposal.undo",
    "gate.approve",
    "gate.reject",
]);
