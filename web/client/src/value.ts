// Values of a plan for people and spreadsheets: shown, read from what was typed or pasted, and checked with a sentence.

import { decimalOf, isCurrency, isMoney, parseMoney, showMoney } from "./money.ts";
import type { Field } from "./schema.ts";
import { instantOf, isDay, isZone, wallOf } from "./zone.ts";

/** What a value is read and shown in. */
export interface Surroundings {
    /** The event's zone. */
    zone: string;
    /** The event's currency. */
    cur: string;
    /** What a thing is called; nothing when there is none. */
    title(root: string, id: string): string | undefined;
    /** The ids of the things of a root that are called so, whatever the case. */
    named(root: string, title: string): string[];
}

export type Read = { ok: true; value: unknown } | { ok: false; say: string };

const ok = (value: unknown): Read => ({ ok: true, value });
const no = (say: string): Read => ({ ok: false, say });

type Bag = Record<string, unknown>;
const bag = (value: unknown): Bag => (typeof value === "object" && value !== null ? (value as Bag) : {});

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** "3 May 2027". */
export function showDay(day: unknown): string {
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

/** "rfp_sent" as "RFP sent". */
export function words(name: string): string {
    const spaced = name.replaceAll("_", " ");
    const known: Record<string, string> = { rfp: "RFP", av: "AV", cfp: "CFP", mc: "MC", uk: "UK", eu: "EU", us: "US" };
    const first = spaced.split(" ")[0] ?? "";
    if (name === "na") return "Not applicable";
    if (known[first]) return known[first] + spaced.slice(first.length);
    return spaced.charAt(0).toUpperCase() + spaced.slice(1);
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
            return typeof value === "number" ? value.toLocaleString("en", { maximumFractionDigits: 6 }) : String(value);
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

function parseNumber(field: Field, text: string): Read {
    const plain = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(",", "") : text;
    const number = Number(plain);
    if (!/^-?(\d+\.?\d*|\.\d+)$/.test(plain) || !Number.isFinite(number)) {
        return no(field.kind === "int" ? "write a whole number" : "write a number, such as 12.5");
    }
    if (field.kind === "int" && !Number.isInteger(number)) return no("write a whole number");
    return ok(number === 0 ? 0 : number);
}

function parseDay(text: string): string | undefined {
    if (isDay(text)) return text;
    const dotted = /^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})$/.exec(text);
    const worded = /^(?:[A-Za-z]{2,9},?\s+)?(\d{1,2})\.?\s+([A-Za-z]{3,9})\.?\s+(\d{4})$/.exec(text);
    const month = dotted
        ? Number(dotted[2])
        : MONTHS.findIndex((name) => name.toLowerCase() === worded?.[2]?.slice(0, 3).toLowerCase()) + 1;
    const parts = dotted ?? worded;
    if (!parts) return undefined;
    const day = `${parts[3]}-${String(month).padStart(2, "0")}-${String(parts[1]).padStart(2, "0")}`;
    return isDay(day) ? day : undefined;
}

const DAY_SAY = "write a day as 2027-05-03 or 3 May 2027";

function parseInstant(text: string, zone: string): Read {
    if (/T.*(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))) {
        const wall = wallOf(text, zone);
        if (wall) return ok(instantOf(wall.day, wall.time, zone));
    }
    const match = /^(.*?)[,\sT]+(\d{1,2}):(\d{2})(?::\d{2})?$/.exec(text);
    const day = match ? parseDay(match[1]?.trim() ?? "") : undefined;
    if (!match || !day) return no(`write a day and a time as 2027-05-03 14:00, in ${zone}`);
    if (Number(match[2]) > 23 || Number(match[3]) > 59) return no("a time is between 00:00 and 23:59");
    return ok(instantOf(day, `${match[2]?.padStart(2, "0")}:${match[3]}`, zone));
}

function parseEnum(field: Field, text: string): Read {
    const plain = (one: string) => one.toLowerCase().replaceAll(/[\s_-]+/g, " ");
    const values = field.values ?? [];
    const found = values.find((value) => plain(value) === plain(text) || plain(words(value)) === plain(text));
    if (found) return ok(found);
    const some = values.map((value) => words(value).toLowerCase());
    return no(`“${text}” is none of ${some.slice(0, 8).join(", ")}${some.length > 8 ? " …" : ""}`);
}

function parseRef(root: string, noun: string, text: string, around: Surroundings): Read {
    if (around.title(root, text) !== undefined) return ok(text);
    const [id, ...others] = around.named(root, text);
    if (id === undefined) return no(`there is no ${noun} called “${text}”`);
    if (others.length > 0) return no(`several are called “${text}”: pick one`);
    return ok(id);
}

function parseTags(field: Field, text: string): Read {
    const members: Bag = {};
    for (const part of text.split(/[;,]/)) {
        const match = /^([^:]+)(?::(.*))?$/.exec(part.trim());
        if (!match) continue;
        const key = (match[1] ?? "").trim().toLowerCase().replaceAll(/\s+/g, "_");
        const said = match[2]?.trim() ?? "";
        const member = field.member;
        if (!member || member.kind === "present") members[key] = true;
        else if (member.kind === "enum") {
            const read = parseEnum(member, said || (member.values?.[0] ?? ""));
            if (!read.ok) return read;
            members[key] = read.value;
        } else if (member.kind === "number" || member.kind === "int") {
            const read = parseNumber(member, said);
            if (!read.ok) return no(`${words(key)}: ${read.say}`);
            members[key] = read.value;
        } else members[key] = {};
    }
    return ok(members);
}

function parseRecord(field: Field, text: string, around: Surroundings): Read {
    if (field.name === "slot") {
        const at = text.search(/[·@|]/);
        if (at < 0) return no("write a slot as 2027-05-03 14:00 · Main hall");
        const start = parseInstant(text.slice(0, at).trim(), around.zone);
        if (!start.ok) return start;
        const room = parseRef("rooms", "room", text.slice(at + 1).trim(), around);
        return room.ok ? ok({ start: start.value, room_id: room.value }) : room;
    }
    if (field.name === "qty") {
        const match = /^(\S+)(?:\s+per\s+(\w+))?$/.exec(text);
        const n = parseNumber({ name: "n", kind: "number", needed: true }, match?.[1] ?? "");
        const per = field.fields
            ?.find((part) => part.name === "per")
            ?.values?.find((one) => one === (match?.[2] ?? "fixed"));
        return n.ok && per ? ok({ per, n: n.value }) : no("write a quantity as 3, or 2 per attendee");
    }
    if (field.name === "due") {
        const day = parseDay(text);
        if (day) return ok({ day });
    }
    return no("open it to change it: it has several parts");
}

/** Reads what was typed or pasted. Empty text is nothing, `null`. */
export function parseValue(field: Field, typed: string, around: Surroundings): Read {
    const text = typed.trim();
    if (text === "") return field.needed ? no("this cannot be empty") : ok(null);
    const read = parseFilled(field, text, around);
    if (!read.ok) return read;
    const say = checkValue(field, read.value);
    return say === undefined ? read : no(say);
}

function parseFilled(field: Field, text: string, around: Surroundings): Read {
    if (/^[[{]/.test(text) && ["record", "list", "json", "any_ref", "tags", "refs"].includes(field.kind)) {
        try {
            return ok(JSON.parse(text));
        } catch {
            return no("this looks like JSON, but cannot be read as such");
        }
    }
    switch (field.kind) {
        case "int":
        case "number":
            return parseNumber(field, text);
        case "bool":
            if (/^(yes|true|y|1|x|✓)$/i.test(text)) return ok(true);
            return /^(no|false|n|0|-)$/i.test(text) ? ok(false) : no("write yes or no");
        case "enum":
            return parseEnum(field, text);
        case "day": {
            const day = parseDay(text);
            return day ? ok(day) : no(DAY_SAY);
        }
        case "instant":
            return parseInstant(text, around.zone);
        case "money": {
            const money = parseMoney(text, around.cur);
            return typeof money === "string" ? no(money) : ok(money);
        }
        case "ref":
            return parseRef(
                field.root ?? "",
                words(field.root ?? "thing")
                    .replace(/s$/, "")
                    .toLowerCase(),
                text,
                around,
            );
        case "refs": {
            const members: Bag = {};
            for (const name of text.split(";")) {
                if (!name.trim()) continue;
                const read = parseRef(field.root ?? "", "such entry", name.trim(), around);
                if (!read.ok) return read;
                members[String(read.value)] = field.member?.kind === "record" ? {} : true;
            }
            return ok(members);
        }
        case "tags":
            return parseTags(field, text);
        case "record":
            return parseRecord(field, text, around);
        case "list":
        case "any_ref":
            return no("open it to change it: it has several parts");
        case "currency":
        case "country":
            return ok(text.toUpperCase());
        case "color":
            return ok(/^[0-9a-f]{6}$/i.test(text) ? `#${text.toLowerCase()}` : text.toLowerCase());
        case "line":
            return ok(text.replaceAll(/\s+/g, " "));
        default:
            return ok(text);
    }
}

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
            return text !== undefined && isDay(text) ? undefined : DAY_SAY;
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
            return isMoney(value) ? undefined : "write an amount and a currency, such as 1250 EUR";
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

/** Whether two JSON values are the same; the order of keys does not count. */
export function same(a: unknown, b: unknown): boolean {
    if (Object.is(a, b)) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (Array.isArray(a) !== Array.isArray(b)) return false;
    const [left, right] = [bag(a), bag(b)];
    const keys = Object.keys(left);
    return (
        keys.length === Object.keys(right).length && keys.every((key) => key in right && same(left[key], right[key]))
    );
}
