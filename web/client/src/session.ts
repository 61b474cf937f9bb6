// Who is signed in: tokens, kept fresh, shared by the tabs of a browser, and asked for again when they have ended.

export interface User {
    id: string;
    email: string;
    name: string;
}

/** A value that the server did not accept, and why. */
export interface FieldError {
    field: string;
    message: string;
}

/** What the server answered instead of what was asked for. `message` is for a person. */
export class RequestError extends Error {
    constructor(
        readonly code: string,
        message: string,
        readonly fields: FieldError[] = [],
        readonly retryAfterMs?: number,
    ) {
        super(message);
    }
}

/** What a server takes from somebody who is not signed in. */
export interface Door {
    /** Who may make an account. */
    registration: "open" | "invite" | "closed";
    /** Whether there is any account yet. */
    has_accounts: boolean;
}

export type SessionState =
    | { is: "out" }
    | { is: "in"; user: User }
    /** The sign-in has ended; the page stays, and `again` brings it back. */
    | { is: "ended"; user: User };

interface Stored {
    user: User;
    access: string;
    refresh: string;
    /** Milliseconds since 1970. */
    expiresAt: number;
}

interface Pair {
    access_token: string;
    refresh_token: string;
    expires_in: number;
    user: User;
}

const KEY = "convene:session";
/** A token is traded this long before it expires. */
const AHEAD_MS = 60_000;
const RETRY_MS_MAX = 15_000;

export class Session {
    state: SessionState = { is: "out" };
    private readonly listeners = new Set<() => void>();
    private running: Promise<string> | undefined;
    private timer: ReturnType<typeof setTimeout> | undefined;

    /** `base` is the server's address, empty for that of the page. */
    constructor(
        private readonly base: string,
        private readonly storage: Storage = localStorage,
    ) {
        const stored = this.read();
        if (stored) this.state = { is: "in", user: stored.user };
        if (typeof window !== "undefined") window.addEventListener("storage", this.onStorage);
        if (stored) this.plan(stored);
    }

    onChange(listener: () => void): () => void {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }

    /** Who may make an account here, and whether anybody has. */
    door(): Promise<Door> {
        return this.ask<Door>("state", { method: "GET" });
    }

    async signIn(email: string, password: string): Promise<void> {
        this.take(await this.post<Pair>("login", { email, password }));
    }

    async signUp(name: string, email: string, password: string, invite?: string): Promise<void> {
        this.take(await this.post<Pair>("register", { name, email, password, ...(invite ? { invite } : {}) }));
    }

    /** The password of the same account once more, after its sign-in has ended. */
    async again(password: string): Promise<void> {
        if (this.state.is === "out") throw new RequestError("unauthenticated", "nobody was signed in");
        await this.signIn(this.state.user.email, password);
    }

    async signOut(): Promise<void> {
        const stored = this.read();
        this.set({ is: "out" }, undefined);
        if (!stored) return;
        // Without the server the sign-in ends by itself, later.
        await this.post("logout", { refresh_token: stored.refresh }, stored.access).catch(() => undefined);
    }

    /** An access token that counts for a while. Waits while the server is away, and while somebody types the password. */
    token(): Promise<string> {
        this.running ??= this.fresh().finally(() => {
            this.running = undefined;
        });
        return this.running;
    }

    private async fresh(): Promise<string> {
        for (let wait = 500; ; wait = Math.min(wait * 2, RETRY_MS_MAX)) {
            if (this.state.is === "ended") await this.untilSettled();
            if (this.state.is === "out") throw new RequestError("unauthenticated", "sign in first");
            try {
                const token = await this.alone(() => this.refreshed());
                if (token) return token;
            } catch (error) {
                if (
                    error instanceof RequestError &&
                    error.code !== "unavailable" &&
                    error.code !== "rate_limited" &&
                    error.code !== "internal"
                ) {
                    if (this.state.is === "in") this.set({ is: "ended", user: this.state.user });
                    continue;
                }
                await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random() / 2)));
            }
        }
    }

    /** A refresh token counts once, so only one tab may show it. */
    private alone<T>(work: () => Promise<T>): Promise<T> {
        const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
        return locks ? locks.request("convene:refresh", work) : work();
    }

    private async refreshed(): Promise<string | undefined> {
        const stored = this.read();
        if (!stored) {
            this.set({ is: "out" });
            return undefined;
        }
        if (stored.expiresAt - Date.now() > AHEAD_MS) return stored.access;
        const pair = await this.post<Pair>("refresh", { refresh_token: stored.refresh });
        return this.take(pair).access;
    }

    private untilSettled(): Promise<void> {
        return new Promise((resolve) => {
            const off = this.onChange(() => {
                if (this.state.is === "ended") return;
                off();
                resolve();
            });
        });
    }

    private take(pair: Pair): Stored {
        const stored = {
            user: pair.user,
            access: pair.access_token,
            refresh: pair.refresh_token,
            expiresAt: Date.now() + pair.expires_in * 1000,
        };
        this.set({ is: "in", user: pair.user }, stored);
        return stored;
    }

    private set(state: SessionState, stored?: Stored): void {
        if (state.is === "in" && stored) this.storage.setItem(KEY, JSON.stringify(stored));
        if (state.is === "out") this.storage.removeItem(KEY);
        this.state = state;
        if (stored) this.plan(stored);
        for (const listener of [...this.listeners]) listener();
    }

    /** Trades the token in time, so that sockets hear of the next one before theirs expires. */
    private plan(stored: Stored): void {
        clearTimeout(this.timer);
        const wait = Math.max(1000, stored.expiresAt - Date.now() - AHEAD_MS + 1000);
        this.timer = setTimeout(() => void this.token().catch(() => undefined), wait);
    }

    private read(): Stored | undefined {
        try {
            const stored = JSON.parse(this.storage.getItem(KEY) ?? "null") as Stored | null;
            return stored?.refresh && stored.user ? stored : undefined;
        } catch {
            return undefined;
        }
    }

    /** Another tab has signed in, out, or traded the token. */
    private readonly onStorage = (event: StorageEvent): void => {
        if (event.key !== KEY && event.key !== null) return;
        const stored = this.read();
        if (!stored) this.state = { is: "out" };
        else this.state = { is: "in", user: stored.user };
        if (stored) this.plan(stored);
        for (const listener of [...this.listeners]) listener();
    };

    private post<T>(path: string, body: unknown, token?: string): Promise<T> {
        const headers: Record<string, string> = { "content-type": "application/json" };
        if (token) headers.authorization = `Bearer ${token}`;
        return this.ask(path, { method: "POST", headers, body: JSON.stringify(body) });
    }

    private async ask<T>(path: string, request: RequestInit): Promise<T> {
        let answer: Response;
        try {
            answer = await fetch(`${this.base}/api/v1/auth/${path}`, request);
        } catch {
            throw new RequestError("unavailable", "The server cannot be reached. Check the connection and try again.");
        }
        const text = await answer.text();
        const json = parse(text) as
            | (T & { code?: string; message?: string; fields?: FieldError[]; retry_after_ms?: number })
            | undefined;
        if (answer.ok) return json as T;
        const code = json?.code ?? (answer.status >= 500 ? "unavailable" : "internal");
        const message = json?.message ?? `The server answered ${answer.status}. Try again in a moment.`;
        throw new RequestError(code, message, json?.fields ?? [], json?.retry_after_ms);
    }
}

function parse(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
