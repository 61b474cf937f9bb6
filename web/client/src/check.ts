// Whether values fit the schema.

import { isCurrency, isMoney, MONEY_HINT } from "./money.ts";
import type { Field } from "./schema.ts";
import { words } from "./show.ts";
import { bag } from "./value.ts";
import { isDay, isZone, wallOf } from "./zone.ts";

export const DAY_HINT = "write a day as 2027-05-03 or 3 May 2027";

/** What is wrong with a value, as a sentence that says what would do; nothing when it fits. */
export function checkValue(field: Field, value: unknown): string | undefined {
    if (value === undefined || value === null) return field.needed ? "this cannot be empty" : undefined;
    const text = typeof value === "string" ? value : undefined;
    switch (field.kind) {
        case "line":
        case "text": {
            if (text === undefined) return "this must be text";
            const chars = [...text].length;
            if (chars < (field.chars_min ?? 0)) return "this cannot be empty";
            const most = field.chars_max ?? Number.POSITIVE_INFINITY;
            return chars > most ? `this has ${chars} characters; at most ${most} fit` : undefined;
        }
        case "int":
        case "number": {
            if (typeof value !== "number") return "this must be a number";
            const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = field;
            if (value >= min && value <= max) return undefined;
            return `this must be between ${min.toLocaleString("en")} and ${max.toLocaleString("en")}`;
        }
        case "bool":
            return typeof value === "boolean" ? undefined : "this must be yes or no";
        case "enum":
            return field.values?.includes(text ?? "") ? undefined : `this must be one of ${field.values?.join(", ")}`;
        case "day":
            return text !== undefined && isDay(text) ? undefined : DAY_HINT;
        case "instant":
            return text !== undefined && wallOf(text, "UTC") ? undefined : "write a day and a time as 2027-05-03 14:00";
        case "zone":
            return text !== undefined && isZone(text) ? undefined : "write a time zone such as Europe/Berlin";
        case "currency":
            return isCurrency(text) ? undefined : "write a currency code such as EUR or USD";
        case "country":
            return /^[A-Z]{2}$/.test(text ?? "") ? undefined : "write a country as two letters, such as DE";
        case "language":
            return isLanguage(text ?? "") ? undefined : "write a language such as en or pt-BR";
        case "color":
            return /^#[0-9a-f]{6}$/.test(text ?? "") ? undefined : "write a colour as #3b5bdb";
        case "url":
            return isAddress(text ?? "") ? undefined : "write an address that begins with https://";
        case "money":
            return isMoney(value) ? undefined : MONEY_HINT;
        case "record":
            return checkRecord(field, value);
        case "list":
            if (!Array.isArray(value)) return "this must be a list";
            return value.map((item) => checkRecord({ ...field, name: "" }, item)).find((say) => say !== undefined);
        default:
            return undefined;
    }
}

function checkRecord(field: Field, value: unknown): string | undefined {
    if (typeof value !== "object" || Array.isArray(value)) return "this must have parts";
    const parts = bag(value);
    for (const part of field.fields ?? []) {
        const say = checkValue(part, parts[part.name]);
        if (say) return `${words(part.name).toLowerCase()}: ${say}`;
    }
    if (field.name === "dates" && String(parts.end) < String(parts.start)) return "the last day is before the first";
    if (
        field.name === "attendance" &&
        !(Number(parts.min) <= Number(parts.expected) && Number(parts.expected) <= Number(parts.max))
    ) {
        return "expected must be between the least and the most";
    }
    return undefined;
}

function isLanguage(tag: string): boolean {
    try {
        return /^[a-z]{2,3}(-|$)/i.test(tag) && Intl.getCanonicalLocales(tag).length === 1;
    } catch {
        return false;
    }
}

function isAddress(text: string): boolean {
    return /^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : "");
}
