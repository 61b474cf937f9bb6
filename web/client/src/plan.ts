// One open plan: its document, the copy on this device, what is saved, and what happens when the server refuses it.

import type { HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import type * as Y from "yjs";
import type { Content } from "./content.ts";
import type { Control } from "./control.ts";
import { type Edit, Editing } from "./editing.ts";
import type { Notifications } from "./generated/control.ts";
import { Names } from "./names.ts";
import type { Presence } from "./presence.ts";
import { Remembered } from "./remembered.ts";
import { Replica } from "./replica.ts";
import { rootNamed } from "./schema.ts";
import type { User } from "./session.ts";
import { sentence, words } from "./show.ts";
import { type KeptEdit, type KeptEdits, newest, Typed } from "./typed.ts";
import type { Surroundings } from "./value.ts";

export type Saved =
    /** Nothing is shown yet. */
    "loading" | "saved" | "saving" | "offline";

export interface PlanState {
    saved: Saved;
    /** How many fields were changed here that the server has not acknowledged. */
    waiting: number;
    /** There is something to show. */
    ready: boolean;
    mayEdit: boolean;
    /** Why nothing can be edited although the role would allow it. */
    readOnly?: string;
    warning?: string;
    /** The plan cannot be opened at all, and why. */
    gone?: string;
    /** What was refused and is kept. */
    kept?: KeptEdits;
    /** Goes up when the document was made anew. */
    replica: number;
}

/** As the server says it. */
const NOT_ALLOWED = "your role in this plan does not allow edits; ask its owner";
const EDITS = ["owner", "approver", "editor"];
/** Acknowledgements come one by one; what is at nothing for this long is saved. */
const SETTLED_MS = 250;

export class Plan extends Editing {
    state: PlanState;
    private replica: Replica;
    private readonly typed: Typed;
    private readonly remembered: Remembered;
    private readonly listeners = new Set<() => void>();
    private readonly offs: (() => void)[] = [];
    private settling: ReturnType<typeof setTimeout> | undefined;
    private closed = false;
    private local = false;
    /** How often something was typed here, and up to which time it is in the copy on this device. */
    private edits = 0;
    private inCopy = 0;
    private copying = false;

    constructor(
        readonly id: string,
        readonly user: User,
        private readonly socket: HocuspocusProviderWebsocket,
        readonly control: Control,
        private readonly token: () => Promise<string>,
        storage: Storage = localStorage,
    ) {
        super();
        this.remembered = new Remembered(`${user.id}/${id}`, storage);
        this.typed = new Typed(`convene:typed:${user.id}/${id}`, storage);
        this.state = {
            saved: "loading",
            waiting: this.typed.count,
            ready: false,
            mayEdit: this.remembered.mayEdit,
            replica: 1,
        };
        const { kept } = this.remembered;
        if (kept) this.state.kept = kept;
        this.replica = this.open();
        this.offs.push(control.on("member.changed", (changed) => this.onRole(changed)));
        if (typeof window !== "undefined") {
            const settle = () => this.settle();
            for (const name of ["online", "offline"]) {
                window.addEventListener(name, settle);
                this.offs.push(() => window.removeEventListener(name, settle));
            }
        }
    }

    get doc(): Y.Doc {
        return this.replica.doc;
    }

    get content(): Content {
        return this.replica.content;
    }

    get undo(): Y.UndoManager {
        return this.replica.undo;
    }

    get presence(): Presence {
        return this.replica.presence;
    }

    readonly subscribe = (listener: () => void): (() => void) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    };

    readonly snapshot = (): PlanState => this.state;

    /** What values of this plan are read and shown in. */
    readonly around: Surroundings = new Names(() => this.content);

    title(root: string, id: string): string | undefined {
        return this.around.title(root, id);
    }

    /** Offers of refused words are over: of these, or of all. */
    forgetKept(edits = this.state.kept?.edits ?? []): void {
        const { kept } = this.state;
        const left = kept?.edits.filter((edit) => !edits.includes(edit)) ?? [];
        this.offer(kept && left.length > 0 ? { ...kept, edits: left } : undefined);
    }

    private offer(kept: KeptEdits | undefined): void {
        this.remembered.kept = kept;
        this.become({ kept });
    }

    protected get mayEdit(): boolean {
        return this.state.mayEdit;
    }

    protected refuse(edits: Edit[]): void {
        this.keep(this.state.readOnly ?? NOT_ALLOWED, edits);
    }

    /** What is not taken is kept beside what was not taken before. */
    private keep(say: string, edits: Omit<KeptEdit, "title">[]): void {
        const titled = edits.map((edit) => ({ ...edit, title: this.nameOf(edit) }));
        const all = newest([...(this.state.kept?.edits ?? []), ...titled]);
        if (all.length > 0) this.offer({ say, at: new Date().toISOString(), edits: all });
    }

    private nameOf({ root, id }: { root: string; id: string }): string {
        return this.title(root, id) ?? words(rootNamed(root).noun);
    }

    async close(): Promise<void> {
        this.closed = true;
        for (const off of this.offs) off();
        clearTimeout(this.settling);
        await this.replica.destroy(true);
    }

    private open(): Replica {
        const replica = new Replica(this.socket, this.id, this.user, this.token, this.origin);
        const { provider, copy, doc, content } = replica;
        const own = () => this.replica === replica && !this.closed;
        doc.on("afterTransaction", (transaction: Y.Transaction) => {
            if (!own() || transaction.changed.size === 0) return;
            if (!transaction.local || transaction.origin === provider || transaction.origin === copy) return;
            this.typed.add(content.places(transaction));
            this.edits++;
            void this.lookAtCopy();
            this.settle();
        });
        copy?.on("synced", () => {
            this.local = true;
            if (own()) this.settle();
        });
        provider.on("authenticated", ({ scope }: { scope: string }) => {
            if (!own()) return;
            this.become({ mayEdit: this.allowed(scope === "read-write"), gone: undefined });
        });
        provider.on("authenticationFailed", ({ reason }: { reason: string }) => {
            if (own()) this.denied(reason);
        });
        provider.on("synced", () => own() && this.settle());
        provider.on("unsyncedChanges", () => own() && this.settle());
        provider.on("close", () => own() && this.settle());
        provider.on("stateless", ({ payload }: { payload: string }) => {
            // Notifications about a plan come on its own address.
            if (own()) this.hear(payload);
        });
        provider.attach();
        return replica;
    }

    private hear(payload: string): void {
        let said: { method?: string; params?: unknown };
        try {
            said = JSON.parse(payload);
        } catch {
            return;
        }
        if (said.method === "document.reset") {
            const { say, code } = said.params as Notifications["document.reset"]["params"];
            void this.reset(say, code);
        }
        if (said.method === "plan.read_only") {
            const { say } = said.params as Notifications["plan.read_only"]["params"];
            this.become({ mayEdit: false, readOnly: say });
        }
        if (said.method === "plan.size_warning") {
            this.become({ warning: (said.params as Notifications["plan.size_warning"]["params"]).say });
        }
        if (said.method === "member.changed") this.onRole(said.params as Notifications["member.changed"]["params"]);
    }

    private onRole({ plan, role }: { plan: string; role?: string | null }): void {
        if (plan !== this.id) return;
        if (!role) this.become({ mayEdit: false, gone: "You are no longer a member of this plan" });
        else this.become({ mayEdit: this.allowed(EDITS.includes(role)) });
    }

    /** Remembers what the role allows, and answers whether the plan does, too. */
    private allowed(role: boolean): boolean {
        this.remembered.mayEdit = role;
        return role && !this.state.readOnly;
    }

    private denied(reason: string): void {
        // Between a reset and the new document the server says no to the old one.
        if (/expired/.test(reason)) {
            void this.replica.provider.sendToken();
            return;
        }
        if (/Failed to get token/.test(reason)) return;
        // What was said first says more: a membership that ended is a plan that is not there.
        const unknown = /no such plan/.test(reason);
        const say = unknown ? "There is no such plan, or you are not a member of it" : sentence(reason);
        this.become({ gone: this.state.gone ?? say, mayEdit: false });
    }

    /** Looks until all that was typed is in the copy: before that, nobody is told that it is kept. */
    private async lookAtCopy(): Promise<void> {
        if (this.copying) return;
        this.copying = true;
        try {
            while (this.inCopy < this.edits && !this.closed) {
                const { edits } = this;
                await this.replica.copied();
                this.inCopy = Math.max(this.inCopy, edits);
            }
        } catch {
            // A device that keeps nothing: it is not said that it does.
        } finally {
            this.copying = false;
        }
        if (!this.closed) this.settle();
    }

    private settle(): void {
        const { provider, content } = this.replica;
        const done = provider.unsyncedChanges === 0 && provider.isAuthenticated;
        const ready = this.state.ready || provider.synced || (this.local && !content.isEmpty);
        // A socket notices late that its network is gone; the browser knows at once.
        const away = !provider.isAuthenticated || (typeof navigator !== "undefined" && navigator.onLine === false);
        const saved: Saved = !ready
            ? "loading"
            : away && this.inCopy === this.edits
              ? "offline"
              : !away && done && this.typed.count === 0
                ? "saved"
                : "saving";
        this.become({ saved, ready, waiting: this.typed.count });
        clearTimeout(this.settling);
        if (done && this.typed.count > 0) {
            this.settling = setTimeout(() => {
                if (this.replica.provider.unsyncedChanges !== 0) return;
                this.typed.clear();
                this.become({ saved: "saved", waiting: 0 });
            }, SETTLED_MS);
        }
    }

    /** The replica has no future: its words are kept, and the document is loaded anew. */
    private async reset(say: string, code: string): Promise<void> {
        const before = this.replica;
        const edits = this.typed.list().flatMap((place) => {
            const content = before.content.root(place.root);
            const fields = place.id === "" ? content.fields : content.get(place.id)?.fields;
            if (!fields) return [];
            return [{ ...place, value: place.field === "" ? fields : fields[place.field] }];
        });
        this.typed.clear();
        this.keep(say, edits);
        this.local = false;
        const ended = before.destroy(false);
        if (code === "not_found") {
            this.become({ gone: say, mayEdit: false });
            return;
        }
        // The copy has the same name, so the next one waits until this one is gone.
        await ended.catch(() => undefined);
        if (this.closed) return;
        this.inCopy = this.edits;
        this.replica = this.open();
        this.become({ saved: "loading", ready: false, waiting: 0, replica: this.state.replica + 1 });
    }

    private become(change: Partial<PlanState>): void {
        const next = { ...this.state, ...change };
        const keys = Object.keys(change) as (keyof PlanState)[];
        if (keys.every((key) => this.state[key] === next[key])) return;
        this.state = next;
        for (const listener of [...this.listeners]) listener();
    }
}
