// Requests to the server beside the documents, as Stateless messages on the address `convene`. A request outlives its
// connection: it is sent again after a reconnection, and a change carries a key by which it is done only once.

import { HocuspocusProvider, type HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import * as Y from "yjs";
import { CHANGING, type Methods, type Notifications } from "./generated/control.ts";
import { type FieldError, RequestError } from "./session.ts";
import { sentence } from "./show.ts";

type Answer = {
    id?: string;
    method?: string;
    params?: unknown;
    result?: unknown;
    error?: {
        message: string;
        data?: { code: string; fields?: FieldError[]; retry_after_ms?: number };
    };
};

interface Waiting {
    payload: string;
    deadline: number;
    timer: ReturnType<typeof setTimeout>;
    resolve(result: unknown): void;
    reject(error: Error): void;
}

const READ_MS = 30_000;
const CHANGE_MS = 60_000;
const WAITING_MAX = 200;

/** What carries the messages; the provider in a page, something smaller in a test. */
export interface Carrier {
    send(payload: string): void;
}

export class Requests {
    private readonly waiting = new Map<string, Waiting>();
    private readonly heard = new Map<string, Set<(params: never) => void>>();
    private carrier: Carrier | undefined;
    private count = 0;
    private readonly openers = new Set<() => void>();

    /** Calls after every connection, as for what the server forgets with a socket, and at once when there is one. */
    onOpen(listener: () => void): () => void {
        this.openers.add(listener);
        if (this.carrier) listener();
        return () => this.openers.delete(listener);
    }

    call<M extends keyof Methods>(
        method: M,
        params: Methods[M]["params"],
        timeoutMs?: number,
    ): Promise<Methods[M]["result"]> {
        const changes = CHANGING.has(method);
        const keyed = changes ? { idempotency_key: crypto.randomUUID(), ...params } : params;
        const id = `c${++this.count}`;
        const payload = JSON.stringify({ jsonrpc: "2.0", id, method, params: keyed });
        if (this.waiting.size >= WAITING_MAX) {
            return Promise.reject(
                new RequestError(
                    "unavailable",
                    "Too much is waiting for the server already. Try again when it is back.",
                ),
            );
        }
        const ms = timeoutMs ?? (changes ? CHANGE_MS : READ_MS);
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                this.waiting.delete(id);
                const say = changes
                    ? "The server did not answer in time. It may still have done it: look before you try again."
                    : "The server did not answer in time. Try again when the connection is back.";
                reject(new RequestError("unavailable", say));
            }, ms);
            this.waiting.set(id, {
                payload,
                deadline: Date.now() + ms,
                timer,
                resolve: resolve as (result: unknown) => void,
                reject,
            });
            this.carrier?.send(payload);
        });
    }

    on<N extends keyof Notifications>(name: N, listener: (params: Notifications[N]["params"]) => void): () => void {
        const listeners = this.heard.get(name) ?? new Set();
        this.heard.set(name, listeners);
        listeners.add(listener);
        return () => listeners.delete(listener);
    }

    /** Messages can be carried from now on. What waits is sent, also what was sent before and has no answer. */
    opened(carrier: Carrier): void {
        this.carrier = carrier;
        for (const { payload } of this.waiting.values()) carrier.send(payload);
        for (const listener of [...this.openers]) listener();
    }

    closed(): void {
        this.carrier = undefined;
    }

    receive(payload: string): void {
        const answer = read(payload);
        if (!answer) return;
        if (answer.method !== undefined) {
            for (const listener of this.heard.get(answer.method) ?? []) listener(answer.params as never);
            return;
        }
        const waiting = answer.id === undefined ? undefined : this.waiting.get(answer.id);
        if (!answer.id || !waiting) return;
        const retry = answer.error?.data?.retry_after_ms;
        if (retry !== undefined && Date.now() + retry < waiting.deadline) {
            setTimeout(
                () => {
                    if (this.waiting.has(answer.id as string)) this.carrier?.send(waiting.payload);
                },
                Math.max(retry, 100),
            );
            return;
        }
        this.waiting.delete(answer.id);
        clearTimeout(waiting.timer);
        if (!answer.error) {
            waiting.resolve(answer.result);
            return;
        }
        const { message, data } = answer.error;
        waiting.reject(
            new RequestError(data?.code ?? "internal", sentence(message), data?.fields, data?.retry_after_ms),
        );
    }
}

/** The control channel on one socket. */
export class Control extends Requests {
    private readonly provider: HocuspocusProvider;

    constructor(socket: HocuspocusProviderWebsocket, token: () => Promise<string>) {
        super();
        const provider = new HocuspocusProvider({
            websocketProvider: socket,
            name: "convene",
            document: new Y.Doc(),
            awareness: null,
            token,
            onAuthenticated: () => this.opened({ send: (payload) => provider.sendStateless(payload) }),
            onAuthenticationFailed: () => this.closed(),
            onClose: () => this.closed(),
            onStateless: ({ payload }) => this.receive(payload),
        });
        this.provider = provider;
        provider.attach();
    }

    /** The server does not ask for a new token on this address. */
    renew(): void {
        void this.provider.sendToken();
    }

    destroy(): void {
        this.closed();
        this.provider.destroy();
    }
}

function read(payload: string): Answer | undefined {
    try {
        const answer: unknown = JSON.parse(payload);
        return typeof answer === "object" && answer !== null ? (answer as Answer) : undefined;
    } catch {
        return undefined;
    }
}
