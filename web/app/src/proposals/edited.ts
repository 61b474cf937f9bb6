// What was edited in a draft since it was submitted: its submitted changes do not say that.

import { type Plan, type Proposal, type Surroundings, same, showValue, valueAt } from "@convene/client";
import { useEffect, useState } from "react";
import type * as Y from "yjs";
import { label, ROOT_WORDS } from "../words.ts";
import { aboutOf } from "./naming.ts";

/** The paths that were edited on this page. */
export function useEdits(plan: Plan): string[][] {
    const [paths, setPaths] = useState<string[][]>([]);
    useEffect(() => {
        const take = (transaction: Y.Transaction) => {
            if (!transaction.local || transaction.changed.size === 0) return;
            const places = plan.content
                .places(transaction)
                .map(({ root, id, field }) => [root, id, field].filter((part) => part !== undefined));
            setPaths((before) => {
                const known = new Set(before.map((path) => path.join("/")));
                const added = places.filter((path) => !known.has(path.join("/")));
                return added.length > 0 ? [...before, ...added] : before;
            });
        };
        plan.doc.on("afterTransaction", take);
        return () => plan.doc.off("afterTransaction", take);
    }, [plan]);
    return paths;
}

/** In words, one for each place that says something else than what was submitted. */
export function sayEdited(plan: Plan, proposal: Proposal, edits: string[][]): string[] {
    const submitted = new Map(
        proposal.changes
            .filter(({ op, state }) => (op === "set" || op === "text") && state === "open")
            .map(({ path, after }) => [path.join("/"), after]),
    );
    const paths = [...proposal.changes.map(({ path }) => path), ...edits];
    const said = new Map<string, string>();
    for (const path of paths) {
        const key = path.join("/");
        const value = valueAt(plan.content, path);
        const isEdited = submitted.has(key)
            ? !same(submitted.get(key) ?? null, value ?? null)
            : edits.some((edit) => edit.join("/") === key);
        if (isEdited) said.set(key, sayOne(path, value, plan.around));
    }
    return [...said.values()];
}

function sayOne(path: string[], value: unknown, around: Surroundings): string {
    const about = aboutOf(path);
    if (!about) return path.join("/");
    const root = ROOT_WORDS[about.root]?.title ?? about.root;
    const thing = about.id ? (around.title(about.root, about.id) ?? about.id) : root;
    if (!about.field) return thing;
    const name = `${thing}: ${label(about.root, about.field).toLowerCase()}`;
    if (about.field.kind === "text") return `${name} has other words now`;
    return `${name} is ${showValue(about.field, value, around) || "nothing"} now`;
}
