// What a person does to a plan: every call is one step that can be undone, and touches nothing that others did.

import * as Y from "yjs";
import type { Content } from "./content.ts";
import { makeEntity, ranksBehind, setField } from "./edit.ts";
import { rankBetween } from "./rank.ts";
import { fieldOf, rootNamed } from "./schema.ts";

/** A value for a field of a thing. The id is empty for a root that holds one, or counts, whose fields are its tags. */
export interface Edit {
    root: string;
    id: string;
    field: string;
    value: unknown;
}

export abstract class Editing {
    /** By which the undo of this page knows its own steps. */
    protected readonly origin = {};
    private together = false;

    abstract get doc(): Y.Doc;
    abstract get content(): Content;
    abstract get undo(): Y.UndoManager;
    /** Otherwise nothing is changed. */
    protected abstract get mayEdit(): boolean;
    /** Takes what was typed when edits were no longer allowed. */
    protected abstract refuse(edits: Edit[]): void;

    /** The thing, or the root itself where it holds one. */
    private entity(root: string, id: string): Y.Map<unknown> | undefined {
        const { map } = this.content.root(root);
        const entity = id === "" ? map : map.get(id);
        return entity instanceof Y.Map ? entity : undefined;
    }

    /** One undoable step. */
    private step(work: () => void): void {
        if (!this.together) this.undo.stopCapturing();
        this.doc.transact(work, this.origin);
        if (!this.together) this.undo.stopCapturing();
    }

    /** Several calls as one step. */
    batch(work: () => void): void {
        const { undo } = this;
        undo.stopCapturing();
        undo.captureTimeout = Number.MAX_SAFE_INTEGER;
        this.together = true;
        try {
            work();
        } finally {
            this.together = false;
            undo.captureTimeout = 0;
            undo.stopCapturing();
        }
    }

    /** What takes back the last step, and nothing else: once something came after it, it answers `false`. */
    takesBack(): () => boolean {
        const { undo } = this;
        const step = undo.undoStack.at(-1);
        return () => {
            if (!step || this.undo !== undo || undo.undoStack.at(-1) !== step) return false;
            undo.undo();
            return true;
        };
    }

    set(root: string, id: string, field: string, value: unknown): void {
        this.setMany([{ root, id, field, value }]);
    }

    /** Several values as one step, as a pasted block. */
    setMany(edits: Edit[]): void {
        if (!this.mayEdit) {
            this.refuse(edits);
            return;
        }
        this.step(() => {
            for (const { root, id, field, value } of edits) {
                if (rootNamed(root).holds === "counts") {
                    setCount(this.content.root(root).map, field, value);
                    continue;
                }
                const kind = fieldOf(rootNamed(root), field);
                const entity = this.entity(root, id);
                if (kind && entity) setField(entity, kind, value);
            }
        });
    }

    /** A number of a root of counts; `null` takes it away. */
    count(root: string, tag: string, value: number | null): void {
        this.set(root, "", tag, value);
    }

    /** Makes things behind all others, or behind one, and answers their ids. Undone, they are archived: somebody may have written in them. */
    add(root: string, rows: Record<string, unknown>[], behind?: string): string[] {
        if (!this.mayEdit) return [];
        const content = this.content.root(root);
        const ranks = ranksBehind(content, rows.length, behind);
        const make = () =>
            rows.map((fields, at) => makeEntity(content.root, content.map, fields, ranks[at] ?? "V", true));
        const ids = this.doc.transact(make, "add");
        this.step(() => {
            for (const id of ids) (content.map.get(id) as Y.Map<unknown>).set("archived", false);
        });
        return ids;
    }

    /** Puts a thing between its neighbours: before the one `by` places up or down in `order`. */
    move(root: string, id: string, order: readonly string[], by: 1 | -1): void {
        if (!this.mayEdit) return;
        const content = this.content.root(root);
        const at = order.indexOf(id);
        const to = at + by;
        const entity = this.entity(root, id);
        if (at < 0 || to < 0 || to >= order.length || !entity) return;
        const rank = (index: number) => content.get(order[index] ?? "")?.rank;
        const [low, high] = by > 0 ? [rank(to), rank(to + 1)] : [rank(to - 1), rank(to)];
        this.step(() => entity.set("rank", rankBetween(low, high)));
    }

    archive(root: string, ids: string[], archived: boolean): void {
        if (!this.mayEdit) return;
        this.step(() => {
            for (const id of ids) {
                const entity = this.entity(root, id);
                if (entity && (entity.get("archived") === true) !== archived) entity.set("archived", archived);
            }
        });
    }

    /** The shared text of a field; nothing until somebody has started it. */
    text(root: string, id: string, field: string): Y.Text | undefined {
        const now = this.entity(root, id)?.get(field);
        return now instanceof Y.Text ? now : undefined;
    }

    /** Makes the text of a field, of what is there. */
    startText(root: string, id: string, field: string): void {
        const entity = this.entity(root, id);
        if (!this.mayEdit || !entity || this.text(root, id, field)) return;
        const before = entity.get(field);
        this.doc.transact(() => entity.set(field, new Y.Text(typeof before === "string" ? before : "")), "add");
    }
}

function setCount(map: Y.Map<unknown>, tag: string, value: unknown): void {
    if (typeof value === "number") map.set(tag, value);
    else map.delete(tag);
}
