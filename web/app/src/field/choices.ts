// What a field can be, where that is a list.

import { type Field, type Plan, type RootContent, words } from "@convene/client";
import type { Choice } from "./picker.tsx";

const YES_NO: Choice[] = [
    { value: "true", label: "Yes" },
    { value: "false", label: "No" },
];
let zones: Choice[] | undefined;
let currencies: Choice[] | undefined;

/** Nothing for fields that take anything. Archived things are left out, but for the one that is chosen. */
export function choicesOf(plan: Plan, field: Field, value?: unknown): Choice[] | undefined {
    switch (field.kind) {
        case "enum":
            return field.values?.map((one) => ({ value: one, label: words(one) }));
        case "bool":
            return YES_NO;
        case "ref":
        case "refs":
            return thingsOf(plan, field.root ?? "", value);
        case "zone":
            zones ??= Intl.supportedValuesOf("timeZone").map((zone) => ({ value: zone, label: zone }));
            return zones;
        case "currency": {
            currencies ??= allCurrencies();
            return currencies;
        }
        default:
            return undefined;
    }
}

/** The value that a choice of a field stands for; `null` is nothing. */
export function chosen(field: Field, choice: string | null): unknown {
    return field.kind === "bool" && choice !== null ? choice === YES_NO[0]?.value : choice;
}

function allCurrencies(): Choice[] {
    const names = new Intl.DisplayNames("en", { type: "currency" });
    return Intl.supportedValuesOf("currency").map((code) => ({ value: code, label: `${code} ${names.of(code)}` }));
}

interface Known {
    version: number;
    choices: Choice[];
}

/** A drawer asks for the same list for several fields, and again with every key that is pressed in it. */
const known = new WeakMap<RootContent, Known>();
const collator = new Intl.Collator("en", { numeric: true });

function livingOf(plan: Plan, content: RootContent): Choice[] {
    const before = known.get(content);
    if (before?.version === content.version) return before.choices;
    const choices = content.living().map(({ id }) => ({ value: id, label: plan.title(content.root.name, id) ?? id }));
    choices.sort((a, b) => collator.compare(a.label, b.label));
    known.set(content, { version: content.version, choices });
    return choices;
}

export function thingsOf(plan: Plan, root: string, value?: unknown): Choice[] {
    const content = plan.content.roots.get(root);
    if (!content) return [];
    const choices = livingOf(plan, content);
    if (typeof value !== "string" || content.get(value)?.archived !== true) return choices;
    return [{ value, label: plan.title(root, value) ?? value }, ...choices];
}
