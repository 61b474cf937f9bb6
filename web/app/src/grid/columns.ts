// The columns of a table: which fields, how wide, in what order.

import { type Field, isMoney, type Plan, type Root, type Row, showValue, titleField } from "@convene/client";
import { lineTotal } from "../totals.ts";
import { label } from "../words.ts";

export interface Column {
    field: Field;
    name: string;
    width: number;
    /** Numbers stand right. */
    right: boolean;
    /** What stands there is derived from the plan, and not a field. */
    derive?: (row: Row) => unknown;
    /** Changed in the cell; everything else in the drawer. */
    inCell: boolean;
}

const WIDTHS: Partial<Record<Field["kind"], number>> = {
    bool: 84,
    int: 96,
    number: 96,
    enum: 136,
    day: 118,
    instant: 190,
    money: 122,
    color: 108,
    text: 240,
    record: 200,
    list: 180,
    refs: 220,
    tags: 190,
    ref: 160,
    any_ref: 180,
};

const IN_CELL: Field["kind"][] = [
    "line",
    "int",
    "number",
    "bool",
    "enum",
    "day",
    "instant",
    "zone",
    "currency",
    "language",
    "country",
    "color",
    "url",
    "money",
    "ref",
];
/** Records that are written in one line. */
const RECORDS_IN_CELL = ["slot", "qty"];
/** What is there for the drawer more than for a table. */
const HIDDEN = ["vault", "photo", "geo", "file", "evidence"];

function columnOf(root: Root, field: Field): Column {
    const title = field === titleField(root);
    const wide = field.name === "slot" ? 268 : (WIDTHS[field.kind] ?? 150);
    const right = field.kind === "int" || field.kind === "number" || field.kind === "money";
    return {
        field,
        name: label(root.name, field),
        width: title ? 280 : wide,
        right,
        inCell: IN_CELL.includes(field.kind) || RECORDS_IN_CELL.includes(field.name),
    };
}

/** The title first, what is long last. */
export function columnsOf(root: Root, plan: Plan): Column[] {
    const title = titleField(root);
    const late = (field: Field) => field.kind === "text" || field.kind === "json" || field.kind === "list";
    const weight = (field: Field) => (field === title ? 0 : late(field) ? 2 : 1);
    const fields = [...root.fields].sort((a, b) => weight(a) - weight(b));
    const columns = fields.map((field) => columnOf(root, field));
    if (root.name !== "budget") return columns;
    const total: Column = {
        field: { name: "=total", kind: "money", needed: false },
        name: "Comes to",
        width: 122,
        right: true,
        inCell: false,
        derive: (row) => lineTotal(row.fields, plan.content),
    };
    const after = columns.findIndex(({ field }) => field.name === "qty") + 1;
    return [...columns.slice(0, after), total, ...columns.slice(after)];
}

/** The roots whose changes show in a table of this one: names that are referred to, and what a budget is priced by. */
export function referredBy(root: Root): string[] {
    const names = root.fields.flatMap((field) => [field.root, ...(field.fields ?? []).map((part) => part.root)]);
    const priced = root.name === "budget" ? ["meta", "brief", "speakers", "rooms", "tracks"] : [];
    return [...new Set([...names.filter((name): name is string => Boolean(name)), ...priced])];
}

/** A column is never narrower. */
export const WIDTH_MIN = 60;

export interface Layout {
    hidden: string[];
    sort: { field: string; down: boolean } | null;
    /** The field by whose values rows stand together. */
    group: string | null;
    widths: Record<string, number>;
}

function firstLayout(root: Root): Layout {
    const hidden = root.fields
        .filter(({ name, kind }) => HIDDEN.includes(name) || kind === "json")
        .map(({ name }) => name);
    return { hidden, sort: null, group: null, widths: {} };
}

/** Upwards, then downwards, then in the order of the plan again. */
export function nextSort(field: string, sort: Layout["sort"]): Layout["sort"] {
    if (sort?.field !== field) return { field, down: false };
    return sort.down ? null : { field, down: true };
}

/** How a table looks is remembered on this device. */
export function readLayout(root: Root): Layout {
    try {
        const stored = JSON.parse(
            localStorage.getItem(`convene:table:${root.name}`) ?? "null",
        ) as Partial<Layout> | null;
        return { ...firstLayout(root), ...stored };
    } catch {
        return firstLayout(root);
    }
}

export function writeLayout(root: Root, layout: Layout): void {
    localStorage.setItem(`convene:table:${root.name}`, JSON.stringify(layout));
}

export function cellValueOf({ field, derive }: Column, row: Row): unknown {
    return derive ? derive(row) : row.fields[field.name];
}

/** What a value sorts by: enums in the order of their stages, amounts by their currency first. */
function sortKey(plan: Plan, field: Field, value: unknown): string | number | undefined {
    if (value === undefined || value === null || value === "") return undefined;
    if (field.kind === "enum") return field.values?.indexOf(String(value)) ?? 0;
    if (typeof value === "number") return value;
    if (isMoney(value)) return value.minor;
    if (field.kind === "instant") return Date.parse(String(value));
    if (field.name === "slot") return Date.parse((value as { start?: string }).start ?? "") || undefined;
    if (field.kind === "day") return String(value);
    return showValue(field, value, plan.around).toLowerCase();
}

export function sortRows(plan: Plan, columns: Column[], rows: Row[], sort: Layout["sort"]): Row[] {
    const column = columns.find(({ field }) => field.name === sort?.field);
    if (!sort || !column) return rows;
    const keyed = rows.map((row) => ({ row, key: sortKey(plan, column.field, cellValueOf(column, row)) }));
    const collator = new Intl.Collator("en", { numeric: true });
    keyed.sort((a, b) => {
        // What has nothing there stands last, whichever way.
        if (a.key === undefined || b.key === undefined)
            return (a.key === undefined ? 1 : 0) - (b.key === undefined ? 1 : 0);
        const order =
            typeof a.key === "number" && typeof b.key === "number"
                ? a.key - b.key
                : collator.compare(String(a.key), String(b.key));
        return sort.down ? -order : order;
    });
    return keyed.map(({ row }) => row);
}

/** Fields of which several things have the same value. */
const GROUPED: Field["kind"][] = ["enum", "ref", "bool", "country", "language"];

export function mayGroup({ field }: Column): boolean {
    return GROUPED.includes(field.kind);
}

export interface Group {
    say: string;
    count: number;
}

/** Puts rows with the same value together, in the order they had, and says where each group begins, by the index of its first row. */
export function groupRows(
    plan: Plan,
    columns: Column[],
    rows: Row[],
    group: string | null,
): { rows: Row[]; groups: Map<number, Group> } {
    const column = columns.find(({ field }) => field.name === group);
    const groups = new Map<number, Group>();
    if (!group || !column) return { rows, groups };
    const together = sortRows(plan, columns, rows, { field: group, down: false });
    let last: Group | undefined;
    together.forEach((row, at) => {
        const value = cellValueOf(column, row);
        const nothing = value === undefined || value === null || value === "";
        const say = nothing ? `No ${column.name.toLowerCase()}` : showValue(column.field, value, plan.around);
        if (last?.say === say) last.count++;
        else {
            last = { say, count: 1 };
            groups.set(at, last);
        }
    });
    return { rows: together, groups };
}

/** All words must be somewhere in what the row shows. */
export function filterRows(plan: Plan, root: Root, rows: Row[], text: string): Row[] {
    const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (wanted.length === 0) return rows;
    return rows.filter((row) => {
        const shown = root.fields
            .map((field) => showValue(field, row.fields[field.name], plan.around))
            .join("\n")
            .toLowerCase();
        return wanted.every((word) => shown.includes(word));
    });
}
