// What a device remembers of a plan beside its document.

import type { KeptEdits } from "./typed.ts";

export class Remembered {
    /** `name` is that of the account and the plan. */
    constructor(
        private readonly name: string,
        private readonly storage: Storage,
    ) {}

    /** What the server said last: without a network it is all there is to go by, and what it refuses is kept. */
    get mayEdit(): boolean {
        return this.storage.getItem(`convene:role:${this.name}`) === "edits";
    }

    set mayEdit(may: boolean) {
        this.storage.setItem(`convene:role:${this.name}`, may ? "edits" : "reads");
    }

    /** What was refused, until somebody has looked at it. */
    get kept(): KeptEdits | undefined {
        try {
            const stored = this.storage.getItem(`convene:kept:${this.name}`);
            return stored === null ? undefined : (JSON.parse(stored) as KeptEdits);
        } catch {
            return undefined;
        }
    }

    set kept(kept: KeptEdits | undefined) {
        if (kept) this.storage.setItem(`convene:kept:${this.name}`, JSON.stringify(kept));
        else this.storage.removeItem(`convene:kept:${this.name}`);
    }
}
