// Who else is here, and in which field.

import type { Awareness } from "y-protocols/awareness";

export interface Peer {
    client: number;
    user: { id: string; name: string };
    /** 0 to 7, the same for a person everywhere. */
    hue: number;
    at?: { root: string; id: string; field?: string };
}

export function hueOf(user: string): number {
    let hash = 0;
    for (let at = 0; at < user.length; at++) hash = (hash * 31 + user.charCodeAt(at)) >>> 0;
    return hash % 8;
}

type State = { user?: { id?: unknown; name?: unknown }; at?: { root?: unknown; id?: unknown; field?: unknown } };

/** Everybody else, one entry for each of their tabs. What is not as it should be is left out. */
export function peersOf(states: Map<number, Record<string, unknown>>, own: number): Peer[] {
    const peers: Peer[] = [];
    for (const [client, state] of states) {
        const { user, at } = state as State;
        if (client === own || typeof user?.id !== "string" || typeof user.name !== "string") continue;
        const peer: Peer = { client, user: { id: user.id, name: user.name }, hue: hueOf(user.id) };
        if (typeof at?.root === "string" && typeof at.id === "string") {
            peer.at = { root: at.root, id: at.id, ...(typeof at.field === "string" ? { field: at.field } : {}) };
        }
        peers.push(peer);
    }
    return peers.sort((a, b) => a.client - b.client);
}

/** The peers of a document: the same array until somebody comes, goes or moves. */
export class Presence {
    private peers: Peer[] = [];
    private told = "[]";
    private readonly listeners = new Set<() => void>();

    constructor(
        readonly awareness: Awareness,
        private readonly user: { id: string; name: string },
    ) {
        awareness.setLocalState({ user: { id: user.id, name: user.name, kind: "person" }, hue: hueOf(user.id) });
        awareness.on("change", this.take);
    }

    readonly subscribe = (listener: () => void): (() => void) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    };

    readonly snapshot = (): Peer[] => this.peers;

    /** Says where this person is. */
    enter(at: { root: string; id: string; field?: string } | null): void {
        const now = this.awareness.getLocalState()?.at ?? null;
        if (JSON.stringify(now) !== JSON.stringify(at)) this.awareness.setLocalStateField("at", at);
    }

    private readonly take = (): void => {
        const all = peersOf(
            this.awareness.getStates() as Map<number, Record<string, unknown>>,
            this.awareness.clientID,
        );
        // Nobody wants to hear of their own other tabs, or of the page they have just reloaded.
        const peers = all.filter(({ user }) => user.id !== this.user.id);
        const told = JSON.stringify(peers);
        // Carets of a text are in the same states, and move with every key.
        if (told === this.told) return;
        this.told = told;
        this.peers = peers;
        for (const listener of [...this.listeners]) listener();
    };
}
