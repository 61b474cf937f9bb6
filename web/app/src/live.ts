// What the server finds in a plan, and the proposals for it, asked for again whenever it says that something is different.

import { type Dismissed, draftOf, type Finding, type Plan, ProposalStore, RequestError } from "@convene/client";

export interface Found {
    findings: Finding[];
    dismissed: Dismissed[];
    total: number;
    loading: boolean;
    error?: string;
}

const QUIET_MS = 300;

export class Live {
    private found: Found = { findings: [], dismissed: [], total: 0, loading: true };
    private readonly listeners = new Set<() => void>();
    private readonly changed = new Set<() => void>();
    readonly proposals: ProposalStore;
    private readonly offs: (() => void)[];
    private timer: ReturnType<typeof setTimeout> | undefined;
    private readonly isDraft: boolean;

    constructor(private readonly plan: Plan) {
        const { control } = plan;
        const draft = draftOf(plan.id);
        // A draft is no plan: what is told is told of the plan that it is a draft of.
        const id = draft?.plan ?? plan.id;
        this.isDraft = draft !== undefined;
        this.proposals = new ProposalStore(control, id);
        const mine = (params: { plan: string }) => {
            if (params.plan !== id) return;
            for (const listener of [...this.changed]) listener();
        };
        this.offs = [
            control.onOpen(() => {
                control.call("events.subscribe", { plans: [id] }).catch(() => undefined);
                this.later();
            }),
            control.on("finding.changed", (params) => params.plan === id && this.later()),
            control.on("plan.changed", mine),
            control.on("plan.imported", mine),
            control.on("plan.members", mine),
        ];
    }

    readonly subscribe = (listener: () => void): (() => void) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    };

    readonly snapshot = (): Found => this.found;

    /** Calls when the plan's history or members became longer. */
    onChanged(listener: () => void): () => void {
        this.changed.add(listener);
        return () => this.changed.delete(listener);
    }

    later(): void {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.load(), QUIET_MS);
    }

    async load(): Promise<void> {
        if (this.isDraft) {
            this.become({ findings: [], dismissed: [], total: 0, loading: false });
            return;
        }
        try {
            const { findings, dismissed, total } = await this.plan.control.call("plan.findings", {
                plan: this.plan.id,
            });
            this.become({ findings, dismissed, total, loading: false });
        } catch (error) {
            // What is shown stays; it is only not the newest.
            if (error instanceof RequestError) this.become({ ...this.found, loading: false, error: error.message });
        }
    }

    destroy(): void {
        clearTimeout(this.timer);
        this.proposals.destroy();
        for (const off of this.offs) off();
        this.plan.control.call("events.subscribe", { plans: [] }).catch(() => undefined);
    }

    private become(found: Found): void {
        this.found = found;
        for (const listener of [...this.listeners]) listener();
    }
}
