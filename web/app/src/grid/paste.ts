// What a pasted block becomes: cells that change, rows that are new, and what does not fit.

import { type Plan, parseValue, type Root, type Row, same } from "@convene/client";
import { plural } from "../words.ts";
import type { Column } from "./columns.ts";
import { defaults } from "./new-row.ts";
import type { Block } from "./selection.ts";

export const PASTE_ROWS_MAX = 2000;

export interface Pasted {
    edits: { root: string; id: string; field: string; value: unknown }[];
    added: Record<string, unknown>[];
    problems: string[];
    /** How far the block reaches. */
    height: number;
    width: number;
}

/** What a table shows, and of what. */
export interface Table {
    plan: Plan;
    root: Root;
    rows: Row[];
    columns: Column[];
}

/** One cell fills the selected block; a block goes where it goes, with new rows below the last. */
export function readPaste({ plan, root, rows, columns }: Table, block: Block, cells: string[][]): Pasted {
    const single = cells.length === 1 && cells[0]?.length === 1;
    const height = single ? block.bottom - block.top + 1 : cells.length;
    const width = single ? block.right - block.left + 1 : Math.max(...cells.map((row) => row.length));
    const pasted: Pasted = { edits: [], added: [], problems: [], height, width };
    for (let line = 0; line < height; line++) {
        const row = rows[block.top + line];
        const values = single ? Array.from({ length: width }, () => cells[0]?.[0] ?? "") : (cells[line] ?? []);
        const fresh: Record<string, unknown> = {};
        values.forEach((text, offset) => {
            const target = columns[block.left + offset];
            if (!target || target.derive) return;
            const { field } = target;
            const read =
                field.kind === "text" ? ({ ok: true, value: text } as const) : parseValue(field, text, plan.around);
            if (!read.ok) {
                const said = `row ${block.top + line + 1}, ${target.name}: ${read.say}`;
                if (row || text.trim() !== "") pasted.problems.push(said);
            } else if (row) {
                const value = keepMembers(row.fields[field.name], read.value, target);
                pasted.edits.push({ root: root.name, id: row.id, field: field.name, value });
            } else if (read.value !== null) fresh[field.name] = read.value;
        });
        if (!row && Object.keys(fresh).length > 0) pasted.added.push({ ...defaults(root), ...fresh });
    }
    return pasted;
}

const PROBLEMS_SHOWN = 3;

/** What happened, in a sentence or two. */
export function pasteWords({ edits, added, problems }: Pasted): string {
    const done = [
        edits.length > 0 ? `${plural(edits.length, "cell")} pasted` : "",
        added.length > 0 ? `${plural(added.length, "row")} added` : "",
    ].filter(Boolean);
    if (problems.length === 0) return `${done.join(", ") || "Nothing to paste"}.`;
    const more = problems.length > PROBLEMS_SHOWN ? `; and ${problems.length - PROBLEMS_SHOWN} more` : "";
    const some = problems.slice(0, PROBLEMS_SHOWN).join("; ");
    return `${done.join(", ") || "Nothing pasted"}. ${plural(problems.length, "cell")} did not fit: ${some}${more}.`;
}

/** Who is named again keeps the role that is there. */
function keepMembers(now: unknown, next: unknown, { field }: Column): unknown {
    if (field.kind !== "refs" || typeof now !== "object" || now === null || typeof next !== "object" || next === null)
        return next;
    const before = now as Record<string, unknown>;
    return Object.fromEntries(
        Object.entries(next).map(([key, value]) => [key, same(value, {}) && key in before ? before[key] : value]),
    );
}
