// What a plan holds, as data: the 19 roots and the kinds of their fields.

import data from "../../../protocol/schema/plan.json";

export type Kind =
    | "line"
    | "text"
    | "int"
    | "number"
    | "bool"
    | "enum"
    | "day"
    | "instant"
    | "zone"
    | "currency"
    | "language"
    | "country"
    | "color"
    | "url"
    | "money"
    | "ref"
    | "refs"
    | "any_ref"
    | "tags"
    | "present"
    | "record"
    | "list"
    | "json";

/** A field, or the value of a member of a shared map (then without a name). */
export interface Field {
    name: string;
    kind: Kind;
    needed: boolean;
    min?: number;
    max?: number;
    chars_min?: number;
    chars_max?: number;
    values?: string[];
    /** Where a reference leads to. */
    root?: string;
    /** What a member of a shared map holds. */
    member?: Field;
    /** The parts of a record, or of each item of a list. */
    fields?: Field[];
}

export interface Root {
    name: string;
    noun: string;
    holds: "one" | "many" | "counts";
    prefix: string | null;
    fields: Field[];
}

export const ROOTS = data.roots as unknown as Root[];

const BY_NAME = new Map(ROOTS.map((root) => [root.name, root]));

/** The root of this name; throws when the schema has none, which is a mistake of the program. */
export function rootNamed(name: string): Root {
    const root = BY_NAME.get(name);
    if (!root) throw new Error(`no such root: ${name}`);
    return root;
}

export function isRoot(name: string): boolean {
    return BY_NAME.has(name);
}

export function fieldOf(root: Root, name: string): Field | undefined {
    return root.fields.find((field) => field.name === name);
}

/** Whether the value is a shared type of its own, which several people change at once. */
export function isShared(field: Field): boolean {
    return field.kind === "text" || field.kind === "tags" || field.kind === "refs";
}

/** The field that names a thing to people: its first needed line. */
export function titleField(root: Root): Field | undefined {
    return TITLES.get(root.name);
}

function findTitle(root: Root): Field | undefined {
    const lines = root.fields.filter((field) => field.kind === "line" && field.needed);
    return lines.find((field) => ["title", "name", "label", "party"].includes(field.name)) ?? lines[0];
}

/** Found once: every name that is shown asks for it. */
const TITLES = new Map(ROOTS.map((root) => [root.name, findTitle(root)]));

/** The field whose values are the stages that a thing goes through, for a board. */
export function stageField(root: Root): Field | undefined {
    const enums = root.fields.filter((field) => field.kind === "enum");
    return enums.find((field) => ["state", "status", "stage"].includes(field.name)) ?? enums[0];
}
