// What is done to a selected block of cells at once: copied, pasted over, emptied, filled.

import { copyValue, type Row } from "@convene/client";
import { tell } from "../ui/toast.ts";
import { undoLast } from "../ui/undo.ts";
import { plural } from "../words.ts";
import { readBlock, writeBlock } from "./clipboard.ts";
import { type Column, cellValueOf } from "./columns.ts";
import { PASTE_ROWS_MAX, type Pasted, pasteWords, readPaste, type Table } from "./paste.ts";
import type { Block } from "./selection.ts";

/** Whether the cells of the plan may be changed; says so when they may not. */
export function mayChange({ plan }: Pick<Table, "plan">): boolean {
    if (!plan.state.mayEdit) tell("Your role in this plan does not allow edits.");
    return plan.state.mayEdit;
}

function cut({ rows, columns }: Table, { top, bottom, left, right }: Block): { rows: Row[]; columns: Column[] } {
    return { rows: rows.slice(top, bottom + 1), columns: columns.slice(left, right + 1) };
}

/** The block as a spreadsheet takes it. */
export function copyBlock(table: Table, block: Block): string {
    const { rows, columns } = cut(table, block);
    const { around } = table.plan;
    tell(`${plural(rows.length * columns.length, "cell")} copied.`);
    return writeBlock(rows.map((row) => columns.map((one) => copyValue(one.field, cellValueOf(one, row), around))));
}

/** Puts what a spreadsheet copied over the block, and says what came of it. Nothing when it was not done. */
export function pasteBlock(table: Table, block: Block, text: string): Pasted | undefined {
    if (!mayChange(table)) return undefined;
    const cells = readBlock(text);
    if (cells.length > PASTE_ROWS_MAX) {
        const most = PASTE_ROWS_MAX.toLocaleString("en");
        const say = `A block has at most ${most} rows; this one has ${cells.length.toLocaleString("en")}. Import it as CSV instead.`;
        tell(say, undefined, "error");
        return undefined;
    }
    const { plan, root } = table;
    const pasted = readPaste(table, block, cells);
    const { edits, added, problems } = pasted;
    plan.batch(() => {
        plan.setMany(edits);
        if (added.length > 0) plan.add(root.name, added);
    });
    const undoable = problems.length === 0 && edits.length + added.length > 0;
    tell(pasteWords(pasted), undoable ? undoLast(plan) : undefined, problems.length > 0 ? "error" : "info");
    return pasted;
}

export function emptyBlock(table: Table, block: Block): void {
    const { rows, columns } = cut(table, block);
    const root = table.root.name;
    const empty = columns.filter(({ field }) => !field.needed);
    table.plan.setMany(
        rows.flatMap(({ id }) => empty.map(({ field }) => ({ root, id, field: field.name, value: null }))),
    );
    if (empty.length < columns.length) tell("What a thing needs stays: it can be changed, but not emptied.");
}

/** Gives every row of the block what the first one has. */
export function fillBlock(table: Table, block: Block): void {
    const { rows, columns } = cut(table, block);
    const [source, ...below] = rows;
    const root = table.root.name;
    if (!source || below.length === 0) return;
    table.plan.setMany(
        below.flatMap(({ id }) =>
            columns.map(({ field }) => ({ root, id, field: field.name, value: source.fields[field.name] ?? null })),
        ),
    );
}
