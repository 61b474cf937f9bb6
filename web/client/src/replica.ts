// A document and all that hangs on it: its connection, the copy on this device, presence, and what can be undone.

import { HocuspocusProvider, type HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { IndexeddbPersistence } from "y-indexeddb";
import * as Y from "yjs";
import { Content } from "./content.ts";
import { Presence } from "./presence.ts";
import type { User } from "./session.ts";

/** A reset takes all of it away together. */
export class Replica {
    readonly doc = new Y.Doc();
    readonly content = new Content(this.doc);
    readonly undo: Y.UndoManager;
    readonly copy: IndexeddbPersistence | undefined;
    readonly provider: HocuspocusProvider;
    readonly presence: Presence;

    constructor(
        socket: HocuspocusProviderWebsocket,
        plan: string,
        user: User,
        token: () => Promise<string>,
        origin: object,
    ) {
        this.copy =
            typeof indexedDB === "undefined" ? undefined : new IndexeddbPersistence(`${user.id}/${plan}`, this.doc);
        this.provider = new HocuspocusProvider({ websocketProvider: socket, name: plan, document: this.doc, token });
        const { awareness } = this.provider;
        if (!awareness) throw new Error("a provider has presence unless it is told otherwise");
        this.presence = new Presence(awareness, user);
        const maps = [...this.content.roots.values()].map(({ map }) => map);
        // Only what this page did by itself: never an edit of somebody else, nor one of a text editor, which has its own.
        this.undo = new Y.UndoManager(maps, { trackedOrigins: new Set([origin]), captureTimeout: 0 });
    }

    /** Until everything that was changed before is in the copy on this device. */
    async copied(): Promise<void> {
        if (!this.copy) return;
        const { db } = await this.copy.whenSynced;
        if (!db) return;
        // It waits for what was written to the same store before it.
        const reading = db.transaction("updates", "readonly");
        reading.objectStore("updates").getKey(0);
        await new Promise<void>((resolve, reject) => {
            reading.oncomplete = () => resolve();
            reading.onabort = () => reject(reading.error);
        });
    }

    async destroy(keepCopy: boolean): Promise<void> {
        this.undo.destroy();
        this.provider.destroy();
        if (keepCopy) await this.copy?.destroy();
        else await this.copy?.clearData();
        this.doc.destroy();
    }
}
