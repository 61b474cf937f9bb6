// What a change is about, for people: its field, and what the things are called that it refers to.

import {
    type ChangeBody,
    type Field,
    fieldOf,
    isRoot,
    rootNamed,
    type Surroundings,
    titleField,
} from "@convene/client";

export interface About {
    root: string;
    /** Empty for a root that holds one thing. */
    id: string;
    field?: Field;
    /** Of a shared map. */
    member?: string;
}

export function aboutOf(path: string[]): About | undefined {
    const [root, ...rest] = path;
    if (root === undefined || !isRoot(root)) return undefined;
    const found = rootNamed(root);
    const id = found.holds === "many" ? (rest.shift() ?? "") : "";
    const [name, member] = rest;
    const field = name === undefined ? undefined : fieldOf(found, name);
    return { root, id, ...(field ? { field } : {}), ...(member === undefined ? {} : { member }) };
}

/** Knows also what the things are called that these changes would make. */
export function withAdded(around: Surroundings, changes: ChangeBody[]): Surroundings {
    const added = new Map<string, string>();
    for (const { op, path, after } of changes) {
        const [root, id] = path;
        if (op !== "add" || !root || !id || !isRoot(root)) continue;
        const field = titleField(rootNamed(root));
        const title = field ? (after as Record<string, unknown> | null)?.[field.name] : undefined;
        if (typeof title === "string") added.set(`${root}/${id}`, title);
    }
    return {
        get zone() {
            return around.zone;
        },
        get cur() {
            return around.cur;
        },
        title: (root, id) => around.title(root, id) ?? added.get(`${root}/${id}`),
        named: (root, title) => around.named(root, title),
    };
}
