// A draft that is only looked at: it grows under the eyes of who reads it, and leaves nothing on this device.

import { HocuspocusProvider, type HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import * as Y from "yjs";
import { Content } from "./content.ts";
import { rootNamed } from "./schema.ts";

export class Draft {
    readonly doc = new Y.Doc();
    readonly content = new Content(this.doc);
    private readonly provider: HocuspocusProvider;
    private readonly listeners = new Set<() => void>();
    private count = 0;

    constructor(
        socket: HocuspocusProviderWebsocket,
        readonly address: string,
        token: () => Promise<string>,
    ) {
        this.provider = new HocuspocusProvider({
            websocketProvider: socket,
            name: address,
            document: this.doc,
            awareness: null,
            token,
        });
        this.doc.on("update", this.grew);
        this.provider.attach();
    }

    readonly subscribe = (listener: () => void): (() => void) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    };

    /** Goes up with everything that is written. */
    readonly snapshot = (): number => this.count;

    get synced(): boolean {
        return this.provider.synced;
    }

    /** What the draft has there now: a path as a change has it. */
    at(path: string[]): unknown {
        return valueAt(this.content, path);
    }

    destroy(): void {
        this.listeners.clear();
        this.provider.destroy();
        this.doc.destroy();
    }

    private readonly grew = (): void => {
        this.count++;
        for (const listener of [...this.listeners]) listener();
    };
}

/** What a document has at the path of a change: a thing's fields, a field, or a member of it. */
export function valueAt(content: Content, path: string[]): unknown {
    const [root, ...rest] = path;
    if (root === undefined || !content.roots.has(root)) return undefined;
    const { fields, rows } = content.root(root);
    let value: unknown = fields;
    if (rootNamed(root).holds === "many") {
        const id = rest.shift();
        value = id === undefined ? undefined : rows.get(id)?.fields;
    }
    for (const part of rest) {
        if (typeof value !== "object" || value === null) return undefined;
        value = (value as Record<string, unknown>)[part];
    }
    return value;
}
