// What a new row of a table begins with.

import { type Root, stageField } from "@convene/client";

/** What a new thing begins with, so that it has what it needs: the first of each needed choice. */
export function defaults(root: Root): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    for (const field of root.fields) {
        if (!field.needed) continue;
        if (field.kind === "enum")
            fields[field.name] = field === stageField(root) ? field.values?.[0] : firstKind(field.values);
        if (field.kind === "int")
            fields[field.name] = field.name === "minutes" ? 30 : Math.max(field.min ?? 0, field.max === 5 ? 3 : 0);
    }
    return fields;
}

/** A keynote is not what most sessions are. */
function firstKind(values: string[] | undefined): string | undefined {
    return ["talk", "invited", "other"].find((usual) => values?.includes(usual)) ?? values?.[0];
}
