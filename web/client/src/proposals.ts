// The proposals of a plan: what can be asked about them, and a list that is kept fresh.

import type { Control } from "./control.ts";
import type {
    Decided,
    GateBody,
    Methods,
    Notifications,
    Op,
    ProposalBody,
    ProposalOpen,
    Status,
} from "./generated/control.ts";
import type { Pick, Proposal } from "./proposal-wire.ts";
import { RequestError } from "./session.ts";

export interface ProposalsNow {
    /** What changed last comes first. */
    proposals: ProposalBody[];
    /** Those that somebody still has to say something about. */
    gates: GateBody[];
    loading: boolean;
    /** There are older ones that were not asked for. */
    more: boolean;
    error?: string;
}

const OPEN: ReadonlySet<Status> = new Set<Status>(["drafting", "submitted", "changes_requested"]);
const QUIET_MS = 250;
const WATCHED_MAX = 20;

/** Whether it can still be written and decided. */
export function isOpen(status: Status): boolean {
    return OPEN.has(status);
}

/** Whether somebody still has to say something about it: approvals count for what is shown now. */
function isWanting({ status, approvals, shown, needs }: GateBody): boolean {
    const given = approvals.filter((one) => one.approves && one.shown === shown);
    return status === "pending" && given.length < needs;
}

/** The plan and the proposal that a draft's address names; nothing for the address of a plan. */
export function draftOf(address: string): { plan: string; proposal: string } | undefined {
    const [plan, proposal] = address.split("~");
    return plan && proposal ? { plan, proposal } : undefined;
}

/**
 * Follows what the connection is told: whoever uses it calls `events.subscribe` for the plan.
 */
export class ProposalStore {
    private state: ProposalsNow = { proposals: [], gates: [], loading: true, more: false };
    private readonly listeners = new Set<() => void>();
    private readonly interested = new Map<string, Set<() => void>>();
    private readonly watched = new Map<string, number>();
    private readonly offs: (() => void)[];
    private timer: ReturnType<typeof setTimeout> | undefined;
    private asking = 0;
    private watching = false;

    constructor(
        private readonly control: Control,
        readonly plan: string,
    ) {
        this.offs = [
            control.onOpen(() => {
                this.watch();
                this.later();
                this.touchAll();
            }),
            this.on("proposal.changed", ({ proposal }) => {
                this.put(proposal);
                this.touch(proposal.id);
                this.later();
            }),
            this.on("proposal.classes", ({ proposal }) => this.touch(proposal)),
            this.on("proposal.progress", ({ proposal }) => this.touch(proposal)),
            this.on("gate.changed", () => {
                this.later();
                this.touchAll();
            }),
        ];
        if (typeof window !== "undefined") {
            window.addEventListener("focus", this.onFocus);
            this.offs.push(() => window.removeEventListener("focus", this.onFocus));
        }
    }

    readonly subscribe = (listener: () => void): (() => void) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    };

    readonly snapshot = (): ProposalsNow => this.state;

    /** Calls when something about one proposal may be different: it is to be read again. */
    onProposal(id: string, listener: () => void): () => void {
        const listeners = this.interested.get(id) ?? new Set();
        this.interested.set(id, listeners);
        listeners.add(listener);
        return () => {
            listeners.delete(listener);
            if (listeners.size === 0) this.interested.delete(id);
        };
    }

    /** Has the server tell how the draft grows, until that is taken back. */
    follow(id: string): () => void {
        this.watched.set(id, (this.watched.get(id) ?? 0) + 1);
        this.watch();
        return () => {
            const left = (this.watched.get(id) ?? 1) - 1;
            if (left > 0) this.watched.set(id, left);
            else this.watched.delete(id);
            this.watch();
        };
    }

    /** Asks for the list again, soon. */
    later(): void {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.load(), QUIET_MS);
    }

    async load(): Promise<void> {
        const asked = ++this.asking;
        try {
            const [page, { gates }] = await Promise.all([
                this.call("proposal.list", { plan: this.plan }),
                this.call("gate.list", { plan: this.plan }),
            ]);
            // A later question has the newer answer.
            if (asked !== this.asking) return;
            this.become({
                proposals: page.proposals,
                gates: gates.filter(isWanting),
                loading: false,
                more: page.next !== undefined,
            });
        } catch (error) {
            // What is shown stays; it is only not the newest.
            if (error instanceof RequestError) this.become({ ...this.state, loading: false, error: error.message });
        }
    }

    get(proposal: string): Promise<Proposal> {
        return this.call("proposal.get", { plan: this.plan, proposal }) as Promise<Proposal>;
    }

    open(title: string, rest: Omit<ProposalOpen, "plan" | "title" | "idempotency_key"> = {}): Promise<ProposalBody> {
        return this.done(this.call("proposal.open", { plan: this.plan, title, ...rest }));
    }

    edit(proposal: string, ops: Op[]): Promise<{ seq: number }> {
        return this.done(this.call("proposal.edit", { plan: this.plan, proposal, ops }), proposal);
    }

    submit(proposal: string, said: { title?: string; rationale?: string } = {}): Promise<Proposal> {
        return this.done(this.call("proposal.submit", { plan: this.plan, proposal, ...said }), proposal);
    }

    requestChanges(proposal: string, revision: number, reason: string): Promise<ProposalBody> {
        const params = { plan: this.plan, proposal, revision, reason };
        return this.done(this.call("proposal.request_changes", params), proposal);
    }

    decide(
        proposal: string,
        revision: number,
        verdict: "approve" | "reject",
        changes: Pick[],
        reason?: string,
    ): Promise<Decided> {
        const params = { plan: this.plan, proposal, revision, verdict, changes, ...(reason ? { reason } : {}) };
        return this.done(this.call("proposal.decide", params), proposal);
    }

    withdraw(proposal: string, reason?: string): Promise<ProposalBody> {
        const params = { plan: this.plan, proposal, ...(reason ? { reason } : {}) };
        return this.done(this.call("proposal.withdraw", params), proposal);
    }

    rebase(proposal: string): Promise<Proposal> {
        return this.done(this.call("proposal.rebase", { plan: this.plan, proposal }), proposal);
    }

    undo(proposal: string, changes?: number[], reason?: string): Promise<Decided> {
        const params = {
            plan: this.plan,
            proposal,
            ...(changes ? { changes } : {}),
            ...(reason ? { reason } : {}),
        };
        return this.done(this.call("proposal.undo", params), proposal);
    }

    approveGate(gate: string, shown: string, proposal?: string): Promise<GateBody> {
        return this.done(this.call("gate.approve", { plan: this.plan, gate, shown }), proposal);
    }

    rejectGate(gate: string, reason: string, proposal?: string): Promise<GateBody> {
        return this.done(this.call("gate.reject", { plan: this.plan, gate, reason }), proposal);
    }

    destroy(): void {
        clearTimeout(this.timer);
        for (const off of this.offs) off();
    }

    private readonly onFocus = (): void => {
        this.later();
        this.touchAll();
    };

    /** What one does oneself is seen at once, whether or not the server tells of it. */
    private async done<T>(answer: Promise<T>, proposal?: string): Promise<T> {
        try {
            return await answer;
        } finally {
            this.later();
            if (proposal) this.touch(proposal);
        }
    }

    private call<M extends keyof Methods>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]> {
        return this.control.call(method, params);
    }

    private on<N extends "proposal.changed" | "proposal.classes" | "proposal.progress" | "gate.changed">(
        name: N,
        listener: (params: Notifications[N]["params"]) => void,
    ): () => void {
        return this.control.on(name, (params) => params.plan === this.plan && listener(params));
    }

    private watch(): void {
        // A connection that was told of none follows none.
        if (this.watched.size === 0 && !this.watching) return;
        this.watching = this.watched.size > 0;
        const proposals = [...this.watched.keys()].slice(-WATCHED_MAX);
        this.call("proposal.watch", { plan: this.plan, proposals }).catch(() => undefined);
    }

    private put(proposal: ProposalBody): void {
        const others = this.state.proposals.filter(({ id }) => id !== proposal.id);
        this.become({ ...this.state, proposals: [proposal, ...others] });
    }

    private touch(id: string): void {
        for (const listener of [...(this.interested.get(id) ?? [])]) listener();
    }

    private touchAll(): void {
        for (const id of [...this.interested.keys()]) this.touch(id);
    }

    private become(state: ProposalsNow): void {
        this.state = state;
        for (const listener of [...this.listeners]) listener();
    }
}
