// Which column of a table from elsewhere is which field: guessed by names, changed by a person, told to the server.

import { type Root, rootNamed, titleField } from "@convene/client";
import { readBlock } from "./grid/clipboard.ts";
import { LISTS, label } from "./words.ts";

/** Of a file, to show what its columns hold. */
export const HEAD_BYTES = 16 * 1024;
const ROWS_SHOWN = 3;

export interface Head {
    names: string[];
    /** The first rows. */
    rows: string[][];
}

/** What a column can become. */
export interface Target {
    /** As the server calls it. */
    field: string;
    say: string;
}

/** As the server compares names. */
function plain(name: string): string {
    return name.trim().toLowerCase().split(/\s+/).join(" ").replaceAll(/[ -]/g, "_");
}

/** The first lines of a table; what stands between its cells is what the first line has most of, as the server reads it. */
export function headOf(text: string, whole: boolean): Head {
    const source = text.replace(/^\uFEFF/, "");
    const first = source.split(/\r?\n|\r/, 1)[0] ?? "";
    const count = (one: string) => first.split(one).length;
    const between = [",", ";", "\t"].reduce((best, one) => (count(one) > count(best) ? one : best));
    const lines = readBlock(source, between);
    const [names = [], ...rows] = lines;
    // Of a file that goes on the last row is cut somewhere.
    const full = whole || rows.length < 2 ? rows : rows.slice(0, -1);
    const filled = full.filter((row) => row.some((cell) => cell.trim() !== ""));
    return { names, rows: filled.slice(0, ROWS_SHOWN) };
}

export function targetsOf(root: Root): Target[] {
    const fields = root.fields.flatMap((field) => {
        const say = label(root.name, field);
        const own = { field: field.name, say };
        return field.kind === "money" ? [own, { field: `${field.name}_cur`, say: `${say}: currency` }] : [own];
    });
    return [...fields, { field: "archived", say: "Archived" }, { field: "id", say: "Id, as this plan exports it" }];
}

/** The field of each column, empty for none. No field is taken twice. */
export function guessFields(root: Root, names: string[]): string[] {
    const targets = targetsOf(root);
    const title = titleField(root)?.name;
    const taken = new Set<string>();
    const take = (field: string | undefined): string => {
        if (field === undefined || taken.has(field)) return "";
        taken.add(field);
        return field;
    };
    // Names count before what fields are called on the page, wherever the columns stand.
    const exact = names.map((name, at) =>
        isRepeated(names, at) ? "" : take(targets.find(({ field }) => field === plain(name))?.field),
    );
    return exact.map((field, at) => {
        if (field !== "" || isRepeated(names, at)) return field;
        const name = plain(names[at] ?? "");
        const called = targets.find(({ say }) => plain(say) === name)?.field;
        return take(called ?? (["title", "name", root.noun].includes(name) ? title : undefined));
    });
}

/** The list whose fields most of the columns are; undefined when none has any. */
export function guessRoot(names: string[]): string | undefined {
    const found = LISTS.map((root) => ({
        root,
        count: guessFields(rootNamed(root), names).filter((field) => field !== "").length,
    }));
    const best = found.reduce((a, b) => (b.count > a.count ? b : a));
    return best.count > 0 ? best.root : undefined;
}

/** Whether a column before this one has its name: the server knows columns by names, so that one counts. */
export function isRepeated(names: string[], at: number): boolean {
    return names.slice(0, at).some((name) => plain(name) === plain(names[at] ?? ""));
}

/** What the server has to be told: only where it would not find the same by itself. */
export function mappingOf(root: Root, names: string[], fields: string[]): Record<string, string> {
    const known = new Set(targetsOf(root).map(({ field }) => field));
    const mapping: Record<string, string> = {};
    names.forEach((name, at) => {
        if (isRepeated(names, at)) return;
        const field = fields[at] ?? "";
        const alone = known.has(plain(name)) ? plain(name) : "";
        if (field !== alone) mapping[name] = field;
    });
    return mapping;
}
