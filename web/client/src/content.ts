// What a document holds, as plain values: a row for each thing, made anew only when something in it was changed.

import * as Y from "yjs";
import { byRank } from "./rank.ts";
import { ROOTS, type Root } from "./schema.ts";

export interface Row {
    id: string;
    rank: string;
    archived: boolean;
    /** Shared texts as strings, shared maps as objects. */
    fields: Record<string, unknown>;
}

/** Where a change was: a root, the thing where it holds things, the field. */
export interface Place {
    root: string;
    id?: string;
    field?: string;
}

function plain(value: unknown): unknown {
    if (value instanceof Y.Text) return value.toString();
    if (value instanceof Y.AbstractType) return value.toJSON();
    return value;
}

function rowOf(id: string, entity: unknown): Row | undefined {
    if (!(entity instanceof Y.Map)) return undefined;
    const fields: Record<string, unknown> = {};
    for (const [name, value] of entity.entries()) fields[name] = plain(value);
    const rank = typeof fields.rank === "string" ? fields.rank : "";
    return { id, rank, archived: fields.archived === true, fields };
}

/** One root of a document. `version` goes up with every change, and `rows` is another object then. */
export class RootContent {
    version = 0;
    /** By id, of a root that holds things. */
    readonly rows = new Map<string, Row>();
    /** The fields or counts, of a root that holds one thing or counts. */
    fields: Record<string, unknown> = {};
    private sorted: Row[] | undefined;
    private unarchived: Row[] | undefined;
    private readonly listeners = new Set<() => void>();

    constructor(
        readonly root: Root,
        readonly map: Y.Map<unknown>,
    ) {
        this.reread(undefined);
    }

    /** By rank, archived ones too. The same array until something changes. */
    list(): Row[] {
        this.sorted ??= [...this.rows.values()].sort(byRank);
        return this.sorted;
    }

    /** Like `list`, without archived ones. */
    living(): Row[] {
        this.unarchived ??= this.list().filter(({ archived }) => !archived);
        return this.unarchived;
    }

    get(id: string): Row | undefined {
        return this.rows.get(id);
    }

    readonly subscribe = (listener: () => void): (() => void) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    };

    readonly snapshot = (): number => this.version;

    /** Reads these things again, or all of them. */
    reread(ids: Iterable<string> | undefined): void {
        this.version++;
        if (this.root.holds !== "many") {
            this.fields = {};
            for (const [name, value] of this.map.entries()) this.fields[name] = plain(value);
        } else {
            this.sorted = undefined;
            this.unarchived = undefined;
            for (const id of ids ?? this.map.keys()) {
                const row = rowOf(id, this.map.get(id));
                if (row) this.rows.set(id, row);
                else this.rows.delete(id);
            }
        }
        for (const listener of [...this.listeners]) listener();
    }
}

export class Content {
    readonly roots: ReadonlyMap<string, RootContent>;
    private readonly names = new Map<Y.AbstractType<unknown>, Root>();

    constructor(doc: Y.Doc) {
        const roots = new Map<string, RootContent>();
        for (const root of ROOTS) {
            const map = doc.getMap(root.name);
            this.names.set(map as Y.AbstractType<unknown>, root);
            roots.set(root.name, new RootContent(root, map));
        }
        this.roots = roots;
        doc.on("afterTransaction", (transaction: Y.Transaction) => this.take(transaction));
    }

    root(name: string): RootContent {
        const content = this.roots.get(name);
        if (!content) throw new Error(`no such root: ${name}`);
        return content;
    }

    get isEmpty(): boolean {
        return [...this.roots.values()].every(({ map }) => map.size === 0);
    }

    /** The places that a transaction changed. */
    places(transaction: Y.Transaction): Place[] {
        const places: Place[] = [];
        for (const [type, keys] of transaction.changed) {
            const path: string[] = [];
            let at = type as Y.AbstractType<unknown>;
            while (at._item) {
                path.unshift(at._item.parentSub ?? "");
                at = at._item.parent as Y.AbstractType<unknown>;
            }
            const root = this.names.get(at);
            if (!root) continue;
            const depth = root.holds === "many" ? 2 : 1;
            const ends = path.length >= depth ? [undefined] : [...keys].map((key) => key ?? undefined);
            for (const end of ends) {
                const full = end === undefined ? path : [...path, end];
                places.push(
                    depth === 2
                        ? { root: root.name, id: full[0], field: full[1] }
                        : { root: root.name, field: full[0] },
                );
            }
        }
        return places;
    }

    private take(transaction: Y.Transaction): void {
        if (transaction.changed.size === 0) return;
        const changed = new Map<string, Set<string>>();
        for (const { root, id } of this.places(transaction)) {
            const ids = changed.get(root) ?? new Set();
            changed.set(root, ids);
            if (id !== undefined) ids.add(id);
        }
        for (const [root, ids] of changed) this.root(root).reread(ids);
    }
}
