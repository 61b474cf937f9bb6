// Values for people, and for spreadsheets.

import { decimalOf, isMoney, showMoney } from "./money.ts";
import type { Field } from "./schema.ts";
import { type Bag, bag, type Surroundings } from "./value.ts";
import { isDay, wallOf } from "./zone.ts";

export const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
// Made once: a table shows thousands of numbers.
const numbers = new Intl.NumberFormat("en", { maximumFractionDigits: 6 });
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** "3 May 2027". */
function showDay(day: unknown): string {
    if (typeof day !== "string" || !isDay(day)) return String(day ?? "");
    return `${Number(day.slice(8))} ${MONTHS[Number(day.slice(5, 7)) - 1]} ${day.slice(0, 4)}`;
}

/** "Mon 3 May". */
export function showWeekday(day: string): string {
    if (!isDay(day)) return day;
    const weekday = DAYS[new Date(`${day}T00:00:00Z`).getUTCDay()];
    return `${weekday} ${Number(day.slice(8))} ${MONTHS[Number(day.slice(5, 7)) - 1]}`;
}

/** "Mon 3 May 2027, 14:00", on the clock of the zone. */
export function showInstant(instant: unknown, zone: string): string {
    const wall = typeof instant === "string" ? wallOf(instant, zone) : undefined;
    return wall ? `${showWeekday(wall.day)} ${wall.day.slice(0, 4)}, ${wall.time}` : String(instant ?? "");
}

/** With a capital letter: the server's messages begin with a small one, to stand behind a name. */
export function sentence(say: string): string {
    return say.charAt(0).toUpperCase() + say.slice(1);
}

/** "rfp_sent" as "RFP sent". */
export function words(name: string): string {
    const spaced = name.replaceAll("_", " ");
    const known: Record<string, string> = { rfp: "RFP", av: "AV", cfp: "CFP", mc: "MC", uk: "UK", eu: "EU", us: "US" };
    const first = spaced.split(" ")[0] ?? "";
    if (name === "na") return "Not applicable";
    if (known[first]) return known[first] + spaced.slice(first.length);
    return sentence(spaced);
}

function showRecord(field: Field, value: Bag, around: Surroundings): string {
    if (field.name === "slot") {
        const room = typeof value.room_id === "string" ? around.title("rooms", value.room_id) : undefined;
        return `${showInstant(value.start, around.zone)} · ${room ?? "unknown room"}`;
    }
    if (field.name === "dates")
        return value.start === value.end ? showDay(value.start) : `${showDay(value.start)} – ${showDay(value.end)}`;
    if (field.name === "qty") return value.per === "fixed" ? `${value.n}` : `${value.n} per ${String(value.per)}`;
    if (field.name === "due") {
        if (value.day) return showDay(value.day);
        if (typeof value.anchor !== "string") return "";
        const days = Number(value.offset_days ?? 0);
        const anchor = value.anchor === "start" ? "the start" : words(value.anchor);
        return days === 0 ? `at ${anchor}` : `${Math.abs(days)} days ${days < 0 ? "before" : "after"} ${anchor}`;
    }
    if (field.name === "attendance") return `${value.min}–${value.max}, expected ${value.expected}`;
    const parts = (field.fields ?? []).flatMap((part) => {
        // An order among members is nothing to read.
        if (part.name === "rank") return [];
        const one = value[part.name];
        if (one === undefined || one === null || one === "") return [];
        const said = showValue(part, one, around);
        return part.kind === "int" || part.kind === "number" || part.kind === "bool"
            ? [`${words(part.name).toLowerCase()} ${said}`]
            : [said];
    });
    return parts.join(", ");
}

function showMember(key: string, field: Field, value: unknown, around: Surroundings): string {
    const member = field.member;
    const name = field.kind === "refs" ? (around.title(field.root ?? "", key) ?? key) : words(key);
    if (!member || member.kind === "present") return name;
    const said = showValue(member, value, around);
    if (!said) return name;
    return member.kind === "record" ? `${name} (${said})` : `${name}: ${said}`;
}

/** The members of a shared map, one chip each. */
export function showMembers(field: Field, value: unknown, around: Surroundings): { key: string; say: string }[] {
    return Object.entries(bag(value)).map(([key, member]) => ({ key, say: showMember(key, field, member, around) }));
}

/** For people. Empty for nothing. What does not fit its kind is shown as it is. */
export function showValue(field: Field, value: unknown, around: Surroundings): string {
    if (value === undefined || value === null || value === "") return "";
    switch (field.kind) {
        case "money":
            return isMoney(value) ? showMoney(value) : JSON.stringify(value);
        case "day":
            return showDay(value);
        case "instant":
            return showInstant(value, around.zone);
        case "enum":
            return words(String(value));
        case "bool":
            return value === true ? "Yes" : "No";
        case "present":
            return "Yes";
        case "int":
        case "number":
            return typeof value === "number" ? numbers.format(value) : String(value);
        case "ref":
            return around.title(field.root ?? "", String(value)) ?? `missing: ${String(value)}`;
        case "any_ref": {
            const { root, id } = bag(value);
            return typeof root === "string" && typeof id === "string"
                ? (around.title(root, id) ?? `missing: ${id}`)
                : "";
        }
        case "refs":
        case "tags":
            return showMembers(field, value, around)
                .map(({ say }) => say)
                .join("; ");
        case "record":
            return showRecord(field, bag(value), around);
        case "list":
            return Array.isArray(value)
                ? value.map((item) => showRecord({ ...field, name: "" }, bag(item), around)).join("; ")
                : JSON.stringify(value);
        case "json":
            if (Array.isArray(value)) return value.join(", ");
            return typeof value === "object" ? Object.values(value).filter(Boolean).join(", ") : String(value);
        default:
            return String(value);
    }
}

/** For a spreadsheet, so that pasting it back reads the same value. */
export function copyValue(field: Field, value: unknown, around: Surroundings): string {
    if (value === undefined || value === null) return "";
    switch (field.kind) {
        case "money":
            return isMoney(value) ? `${decimalOf(value)} ${value.cur}` : JSON.stringify(value);
        case "instant": {
            const wall = wallOf(String(value), around.zone);
            return wall ? `${wall.day} ${wall.time}` : String(value);
        }
        case "record": {
            if (field.name === "slot") {
                const { start, room_id } = bag(value);
                const wall = wallOf(String(start), around.zone);
                const room = around.title("rooms", String(room_id));
                if (wall && room) return `${wall.day} ${wall.time} · ${room}`;
            }
            return field.name === "qty" ? showRecord(field, bag(value), around) : JSON.stringify(value);
        }
        case "list":
        case "json":
        case "any_ref":
            return JSON.stringify(value);
        case "day":
        case "enum":
        case "int":
        case "number":
        case "color":
            return String(value);
        case "tags":
            if (field.member?.kind === "record") return JSON.stringify(value);
            return Object.entries(bag(value))
                .map(([key, member]) => (field.member?.kind === "present" ? key : `${key}: ${String(member)}`))
                .join("; ");
        case "refs":
            return Object.keys(bag(value))
                .map((id) => around.title(field.root ?? "", id) ?? id)
                .join("; ");
        default:
            return showValue(field, value, around);
    }
}
