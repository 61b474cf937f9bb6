// What a field can be, where that is a list.

import { type Field, type Plan, words } from "@convene/client";
import type { Choice } from "./picker.tsx";

let zones: Choice[] | undefined;
let currencies: Choice[] | undefined;

/** Nothing for fields that take anything. Archived things are left out, but for the one that is chosen. */
export function choicesOf(plan: Plan, field: Field, value?: unknown): Choice[] | undefined {
    switch (field.kind) {
        case "enum":
            return field.values?.map((one) => ({ value: one, label: words(one) }));
        case "ref":
        case "refs":
            return thingsOf(plan, field.root ?? "", value);
        case "zone":
            zones ??= Intl.supportedValuesOf("timeZone").map((zone) => ({ value: zone, label: zone }));
            return zones;
        case "currency": {
            const names = new Intl.DisplayNames("en", { type: "currency" });
            currencies ??= Intl.supportedValuesOf("currency").map((code) => ({
                value: code,
                label: `${code} ${names.of(code)}`,
            }));
            return currencies;
        }
        default:
            return undefined;
    }
}

export function thingsOf(plan: Plan, root: string, value?: unknown): Choice[] {
    const rows = plan.content.roots.get(root)?.list() ?? [];
    const live = rows.filter(({ id, archived }) => !archived || id === value);
    const choices = live.map(({ id }) => ({ value: id, label: plan.title(root, id) ?? id }));
    return choices.sort((a, b) => a.label.localeCompare(b.label));
}
