// Values from what was typed or pasted, with a sentence where it cannot be read.

import { checkValue, DAY_HINT } from "./check.ts";
import { parseMoney } from "./money.ts";
import type { Field } from "./schema.ts";
import { MONTHS, words } from "./show.ts";
import type { Bag, Surroundings } from "./value.ts";
import { instantOf, isDay, wallOf } from "./zone.ts";

export type Read = { ok: true; value: unknown } | { ok: false; say: string };

const ok = (value: unknown): Read => ({ ok: true, value });
const no = (say: string): Read => ({ ok: false, say });

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

const TAG_CHARS_MAX = 100;

/** "Nut allergy" as "nut_allergy", the key of a member or a count. */
export function tagOf(typed: string): string {
    return typed.trim().toLowerCase().replaceAll(/\s+/g, "_").slice(0, TAG_CHARS_MAX);
}

function parseTags(field: Field, text: string): Read {
    const members: Bag = {};
    for (const part of text.split(/[;,]/)) {
        const match = /^([^:]+)(?::(.*))?$/.exec(part.trim());
        if (!match) continue;
        const key = tagOf(match[1] ?? "");
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
            return day ? ok(day) : no(DAY_HINT);
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
