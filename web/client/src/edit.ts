// Edits of a document as PLAN.md says: things with all their shared types at once, ranks, members of sets one by one.

import * as Y from "yjs";
import type { RootContent } from "./content.ts";
import { commonEnds } from "./difference.ts";
import { rankBetween } from "./rank.ts";
import { type Field, isShared, type Root } from "./schema.ts";
import { ulid } from "./ulid.ts";
import { same } from "./value.ts";

function shared(field: Field, value: unknown): Y.Text | Y.Map<unknown> {
    if (field.kind === "text") return new Y.Text(typeof value === "string" ? value : "");
    const members = typeof value === "object" && value !== null ? Object.entries(value) : [];
    return new Y.Map(members);
}

/** Makes a thing and answers its id. To be called in a transaction, in which all of it comes to be. */
export function makeEntity(
    root: Root,
    map: Y.Map<unknown>,
    fields: Record<string, unknown>,
    rank: string,
    archived: boolean,
): string {
    const id = `${root.prefix}_${ulid()}`;
    const entity = new Y.Map<unknown>();
    entity.set("id", id);
    entity.set("rank", rank);
    entity.set("archived", archived);
    for (const field of root.fields) {
        const value = fields[field.name];
        if (isShared(field)) entity.set(field.name, shared(field, value));
        else if (value !== undefined && value !== null) entity.set(field.name, value);
    }
    map.set(id, entity);
    return id;
}

/** Ranks in order behind all, or right behind one. */
export function ranksBehind(content: RootContent, count: number, id?: string): string[] {
    const list = content.list();
    const at = id === undefined ? list.length - 1 : list.findIndex((row) => row.id === id);
    const high = at + 1 < list.length ? list[at + 1]?.rank : undefined;
    const ranks: string[] = [];
    for (let made = 0; made < count; made++) ranks.push(rankBetween(ranks.at(-1) ?? list[at]?.rank, high));
    return ranks;
}

/** Gives a field of a thing a value, `null` to take it away, and answers whether that changed something. To be called in a transaction. */
export function setField(entity: Y.Map<unknown>, field: Field, value: unknown): boolean {
    const now = entity.get(field.name);
    if (field.kind === "text") return setText(entity, field.name, typeof value === "string" ? value : "");
    if (isShared(field)) return setMembers(entity, field, (value ?? {}) as Record<string, unknown>);
    if (value === null || value === undefined) {
        if (!entity.has(field.name)) return false;
        entity.delete(field.name);
        return true;
    }
    if (same(now instanceof Y.AbstractType ? now.toJSON() : now, value)) return false;
    entity.set(field.name, value);
    return true;
}

function setText(entity: Y.Map<unknown>, name: string, text: string): boolean {
    const now = entity.get(name);
    if (!(now instanceof Y.Text)) {
        if (text === "") return false;
        entity.set(name, new Y.Text(text));
        return true;
    }
    const before = now.toString();
    if (before === text) return false;
    const { start, end } = commonEnds(before, text);
    now.delete(start, before.length - start - end);
    now.insert(start, text.slice(start, text.length - end));
    return true;
}

function setMembers(entity: Y.Map<unknown>, field: Field, members: Record<string, unknown>): boolean {
    const now = entity.get(field.name);
    if (!(now instanceof Y.Map)) {
        if (Object.keys(members).length === 0) return false;
        entity.set(field.name, shared(field, members));
        return true;
    }
    let changed = false;
    for (const key of [...now.keys()]) {
        if (key in members) continue;
        now.delete(key);
        changed = true;
    }
    for (const [key, value] of Object.entries(members)) {
        if (now.has(key) && same(now.get(key), value)) continue;
        now.set(key, value);
        changed = true;
    }
    return changed;
}
