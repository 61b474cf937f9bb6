// A page's connection to a server: one session, one socket for everything, and the plans that are open on it.

import { HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { Control } from "./control.ts";
import { Draft } from "./draft.ts";
import { Plan } from "./plan.ts";
import type { Session, User } from "./session.ts";

/** The address of the socket that belongs to an http address, or to the page's own. */
function socketAddress(base: string): string {
    const url = new URL("/ws", base || location.href);
    url.protocol = url.protocol.replace("http", "ws");
    return url.href;
}

export interface ClientOptions {
    /** The server's address; that of the page when left out. */
    base?: string;
    /** Where the platform has none of its own. */
    WebSocket?: unknown;
    /** Where to remember what is not acknowledged; the browser's when left out. */
    storage?: Storage;
}

export class Client {
    readonly control: Control;
    private readonly socket: HocuspocusProviderWebsocket;
    private readonly open = new Map<string, Plan>();
    private readonly drafts = new Map<string, { draft: Draft; readers: number }>();
    private readonly off: () => void;

    constructor(
        readonly session: Session,
        readonly user: User,
        private readonly options: ClientOptions = {},
    ) {
        this.socket = new HocuspocusProviderWebsocket({
            url: socketAddress(options.base ?? ""),
            delay: 500,
            minDelay: 500,
            maxDelay: 15_000,
            ...(options.WebSocket ? { WebSocketPolyfill: options.WebSocket } : {}),
        });
        const token = () => session.token();
        this.control = new Control(this.socket, token);
        this.off = session.onChange(() => {
            if (session.state.is === "in") this.control.renew();
        });
        if (typeof window !== "undefined") window.addEventListener("online", this.onOnline);
    }

    /** The plan, opened once however often it is asked for. */
    plan(id: string): Plan {
        let plan = this.open.get(id);
        if (!plan) {
            // A socket has each address once.
            this.drafts.get(id)?.draft.destroy();
            this.drafts.delete(id);
            plan = new Plan(id, this.user, this.socket, this.control, () => this.session.token(), this.options.storage);
            this.open.set(id, plan);
        }
        return plan;
    }

    async leave(id: string): Promise<void> {
        const plan = this.open.get(id);
        this.open.delete(id);
        await plan?.close();
    }

    /** The draft at this address, to be looked at until `leave` is called; nothing while it is open to be written. */
    draft(address: string): { draft: Draft; leave: () => void } | undefined {
        if (this.open.has(address)) return undefined;
        const known = this.drafts.get(address) ?? {
            draft: new Draft(this.socket, address, () => this.session.token()),
            readers: 0,
        };
        this.drafts.set(address, known);
        known.readers++;
        const leave = () => {
            known.readers--;
            if (known.readers > 0 || this.drafts.get(address) !== known) return;
            this.drafts.delete(address);
            known.draft.destroy();
        };
        return { draft: known.draft, leave };
    }

    destroy(): void {
        this.off();
        if (typeof window !== "undefined") window.removeEventListener("online", this.onOnline);
        for (const plan of this.open.values()) void plan.close();
        this.open.clear();
        for (const { draft } of this.drafts.values()) draft.destroy();
        this.drafts.clear();
        this.control.destroy();
        this.socket.destroy();
    }

    /** Waiting times have grown while there was no network. */
    private readonly onOnline = (): void => {
        void this.socket.connect();
    };
}
