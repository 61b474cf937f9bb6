// What others propose for the fields of a plan, while they write it: read from their drafts, and only while somebody looks.

import {
    type ChangeBody,
    type Client,
    type Draft,
    isOpen,
    type ProposalBody,
    type ProposalStore,
} from "@convene/client";

export interface Ghost {
    body: ProposalBody;
    change: ChangeBody;
    /** What the draft has there at this moment. */
    value: unknown;
}

/** Proposals that are followed at a time, those that are being written first. */
const FOLLOWED_MAX = 5;
const QUIET_MS = 400;

interface Followed {
    body: ProposalBody;
    draft: Draft | undefined;
    changes: ChangeBody[];
    end: () => void;
}

export class Ghosts {
    private readonly followed = new Map<string, Followed>();
    private readonly listeners = new Set<() => void>();
    private off: (() => void) | undefined;
    private byPlace = new Map<string, Ghost[]>();
    private version = 0;

    constructor(
        private readonly client: Client,
        private readonly proposals: ProposalStore,
    ) {}

    readonly subscribe = (listener: () => void): (() => void) => {
        this.listeners.add(listener);
        if (!this.off) {
            this.off = this.proposals.subscribe(() => this.take());
            this.take();
        }
        return () => {
            this.listeners.delete(listener);
            // A drawer that shows the next thing looks again at once.
            setTimeout(() => this.listeners.size === 0 && this.end(), 1_000);
        };
    };

    readonly snapshot = (): number => this.version;

    /** What is proposed for a field of a thing. */
    at(root: string, id: string, field: string): Ghost[] {
        return this.byPlace.get([root, id, field].join("/")) ?? [];
    }

    private end(): void {
        this.off?.();
        this.off = undefined;
        for (const one of this.followed.values()) one.end();
        this.followed.clear();
        this.byPlace = new Map();
    }

    private take(): void {
        const wanted = this.proposals
            .snapshot()
            .proposals.filter(({ status, author }) => isOpen(status) && author.id !== this.client.user.id)
            .sort((a, b) => Number(b.status === "drafting") - Number(a.status === "drafting"))
            .slice(0, FOLLOWED_MAX);
        for (const [id, one] of [...this.followed]) {
            const still = wanted.find((body) => body.id === id);
            if (still && still.status === one.body.status && still.revision === one.body.revision) continue;
            one.end();
            this.followed.delete(id);
        }
        for (const body of wanted) if (!this.followed.has(body.id)) this.followed.set(body.id, this.follow(body));
        this.grew();
    }

    private follow(body: ProposalBody): Followed {
        const opened = body.status === "drafting" ? this.client.draft(body.draft) : undefined;
        const one: Followed = { body, draft: opened?.draft, changes: [], end: () => undefined };
        let timer: ReturnType<typeof setTimeout> | undefined;
        let over = false;
        const load = async () => {
            const proposal = await this.proposals.get(body.id).catch(() => undefined);
            if (over || !proposal) return;
            one.changes = proposal.changes.filter(({ state }) => state === "open");
            this.grew();
        };
        const later = () => {
            clearTimeout(timer);
            timer = setTimeout(() => void load(), QUIET_MS);
        };
        const offs = [this.proposals.onProposal(body.id, later)];
        if (opened) {
            offs.push(
                this.proposals.follow(body.id),
                opened.draft.subscribe(() => {
                    later();
                    this.grew();
                }),
                opened.leave,
            );
        }
        one.end = () => {
            over = true;
            clearTimeout(timer);
            for (const off of offs) off();
        };
        void load();
        return one;
    }

    private grew(): void {
        const byPlace = new Map<string, Ghost[]>();
        for (const { body, draft, changes } of this.followed.values()) {
            for (const change of changes) {
                if (change.op !== "set" && change.op !== "text" && change.op !== "link" && change.op !== "unlink")
                    continue;
                const live = draft?.at(change.path);
                const [root = "", ...rest] = change.path;
                // A root that holds one thing has no ids.
                const place = rest.length === 1 ? [root, "", rest[0]] : [root, rest[0], rest[1]];
                const key = place.join("/");
                const ghost = { body, change, value: live === undefined ? change.after : live };
                byPlace.set(key, [...(byPlace.get(key) ?? []), ghost]);
            }
        }
        this.byPlace = byPlace;
        this.version++;
        for (const listener of [...this.listeners]) listener();
    }
}

const ALL = new WeakMap<ProposalStore, Ghosts>();

export function ghostsOf(client: Client, proposals: ProposalStore): Ghosts {
    const ghosts = ALL.get(proposals) ?? new Ghosts(client, proposals);
    ALL.set(proposals, ghosts);
    return ghosts;
}
