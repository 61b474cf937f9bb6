import { expect, test } from "vitest";
import { checkValue } from "../src/check.ts";
import { decimalOf, parseMoney, showMoney, writtenMoney } from "../src/money.ts";
import { parseValue } from "../src/read.ts";
import { type Field, fieldOf, ROOTS, rootNamed, stageField, titleField } from "../src/schema.ts";
import { copyValue, showValue } from "../src/show.ts";
import { type Surroundings, same } from "../src/value.ts";

const things: Record<string, Record<string, string>> = {
    rooms: { ro_1: "Main hall", ro_2: "Side room", ro_3: "Side room" },
    speakers: { sp_1: "Ada", sp_2: "Ben" },
};
const around: Surroundings = {
    zone: "Europe/Berlin",
    cur: "EUR",
    title: (root, id) => things[root]?.[id],
    named: (root, title) =>
        Object.entries(things[root] ?? {})
            .filter(([, name]) => name.toLowerCase() === title.toLowerCase())
            .map(([id]) => id),
};

function field(root: string, name: string): Field {
    const found = fieldOf(rootNamed(root), name);
    if (!found) throw new Error(`${root}.${name}`);
    return found;
}

function read(root: string, name: string, text: string): unknown {
    const answer = parseValue(field(root, name), text, around);
    return answer.ok ? answer.value : `! ${answer.say}`;
}

test("money is read by its currency and never rounded", () => {
    expect(parseMoney("18000", "EUR")).toEqual({ minor: 1_800_000, cur: "EUR" });
    expect(parseMoney("18,000.50", "EUR")).toEqual({ minor: 1_800_050, cur: "EUR" });
    expect(parseMoney("-0.05", "EUR")).toEqual({ minor: -5, cur: "EUR" });
    expect(parseMoney("$20", "EUR")).toEqual({ minor: 2000, cur: "USD" });
    expect(parseMoney("500 jpy", "EUR")).toEqual({ minor: 500, cur: "JPY" });
    expect(parseMoney("1.234 KWD", "EUR")).toEqual({ minor: 1234, cur: "KWD" });
    for (const wrong of ["1.234", "1e3", "", "abc", "1,23", "12 XQZ"])
        expect(typeof parseMoney(wrong, "EUR")).toBe("string");
    expect(parseMoney("1.5", "JPY")).toBe("JPY has no decimals");
    expect(decimalOf({ minor: -1230, cur: "EUR" })).toBe("-12.30");
    expect(decimalOf({ minor: 1, cur: "KWD" })).toBe("0.001");
    expect(showMoney({ minor: 1_800_000, cur: "EUR" })).toBe("€18,000");
    for (const minor of [0, -5, 99, 100_000, 123_456_789, -1_000_000]) {
        for (const cur of ["EUR", "JPY", "KWD"])
            expect(parseMoney(writtenMoney({ minor, cur }), "USD")).toEqual({ minor, cur });
    }
});

test("what is copied is read back as the same", () => {
    const samples: [string, string, unknown][] = [
        ["sessions", "title", "Kafka"],
        ["sessions", "kind", "keynote"],
        ["sessions", "minutes", 45],
        ["sessions", "locked", true],
        ["sessions", "slot", { start: "2027-05-03T14:00:00+02:00", room_id: "ro_1" }],
        ["sessions", "needs", { captions: true, interpreter: true }],
        ["sessions", "people", { sp_1: {}, sp_2: {} }],
        ["speakers", "asked_on", "2027-05-03"],
        ["speakers", "fee", { minor: 12_050, cur: "USD" }],
        ["speakers", "avail", [{ from: "2027-05-03T09:00:00+02:00", to: "2027-05-03T18:00:00+02:00" }]],
        ["venues", "access", { lift: "yes", hearing_loop: "unknown" }],
        ["venues", "scores", { price: 3.5 }],
        ["budget", "qty", { per: "attendee", n: 2 }],
        ["tracks", "color", "#3b5bdb"],
        ["travel", "dep", "2027-05-03T14:00:00+02:00"],
        ["contracts", "ref", { root: "venues", id: "ve_1" }],
        ["tasks", "due", { anchor: "start", offset_days: -30 }],
    ];
    for (const [root, name, value] of samples) {
        const text = copyValue(field(root, name), value, around);
        expect(read(root, name, text), `${root}.${name} as ${text}`).toEqual(value);
    }
});

test("bad input is answered with what would do", () => {
    expect(read("sessions", "minutes", "ten")).toBe("! write a whole number");
    expect(read("sessions", "minutes", "2")).toBe("! this must be between 5 and 1,440");
    expect(read("sessions", "title", " ")).toBe("! this cannot be empty");
    expect(read("sessions", "title", "x".repeat(201))).toBe("! this has 201 characters; at most 200 fit");
    expect(read("sessions", "kind", "lecture")).toMatch(/^! “lecture” is none of keynote, talk/);
    expect(read("sessions", "slot", "2027-05-03 14:00 · Cellar")).toBe("! there is no room called “Cellar”");
    expect(read("sessions", "slot", "2027-05-03 14:00 · Side room")).toBe("! several are called “Side room”: pick one");
    expect(read("speakers", "asked_on", "2027-02-30")).toMatch(/write a day/);
    expect(read("tracks", "color", "blue")).toBe("! write a colour as #3b5bdb");
    expect(read("speakers", "photo", "javascript:alert(1)")).toMatch(/https/);
});

test("an amount without a currency has the event's, and is not guessed where none is chosen", () => {
    const cap = field("brief", "budget_cap");
    expect(parseValue(cap, "1250", around)).toEqual({ ok: true, value: { minor: 125_000, cur: "EUR" } });
    const unknown = { ...around, cur: undefined };
    expect(parseValue(cap, "1250", unknown)).toEqual({
        ok: false,
        say: "write an amount and a currency, such as 1250 EUR",
    });
    expect(parseValue(cap, "1250 NOK", unknown)).toEqual({ ok: true, value: { minor: 125_000, cur: "NOK" } });
});

test("days are read as people write them", () => {
    for (const text of ["2027-05-03", "3 May 2027", "Mon 3 May 2027", "03.05.2027"])
        expect(read("speakers", "asked_on", text)).toBe("2027-05-03");
    expect(read("travel", "dep", "3 May 2027, 9:05")).toBe("2027-05-03T09:05:00+02:00");
    expect(read("travel", "dep", "2027-05-03T12:00:00Z")).toBe("2027-05-03T14:00:00+02:00");
});

test("values are shown for people", () => {
    expect(showValue(field("sessions", "slot"), { start: "2027-05-03T12:00:00Z", room_id: "ro_1" }, around)).toBe(
        "Mon 3 May 2027, 14:00 · Main hall",
    );
    expect(showValue(field("venues", "status"), "rfp_sent", around)).toBe("RFP sent");
    expect(showValue(field("sessions", "people"), { sp_1: { role: "host", rank: "1" }, sp_9: {} }, around)).toBe(
        "Ada (host); sp_9",
    );
    expect(showValue(field("rooms", "venue_id"), "ve_9", around)).toBe("missing: ve_9");
});

test("records are checked as a whole", () => {
    expect(checkValue(field("meta", "dates"), { start: "2027-05-04", end: "2027-05-03" })).toBe(
        "the last day is before the first",
    );
    expect(checkValue(field("brief", "attendance"), { min: 10, expected: 5, max: 20 })).toMatch(/between/);
    expect(checkValue(field("sessions", "slot"), { start: "2027-05-03T14:00:00+02:00" })).toBe(
        "room id: this cannot be empty",
    );
});

test("every kind of the schema can be shown, copied and read without failing", () => {
    const junk: unknown[] = [undefined, null, "", "x", 1, true, {}, [], { a: 1 }, [{ a: 1 }], [1], "2027-05-03"];
    for (const root of ROOTS) {
        for (const one of root.fields) {
            for (const value of junk) {
                expect(typeof showValue(one, value, around)).toBe("string");
                expect(typeof copyValue(one, value, around)).toBe("string");
                checkValue(one, value);
            }
            for (const text of ["", "x", "[", "{}", "1", "a: b; c", "·"]) parseValue(one, text, around);
        }
    }
});

test("every root of things has a name and most have stages", () => {
    expect(titleField(rootNamed("contracts"))?.name).toBe("party");
    expect(titleField(rootNamed("compliance"))?.name).toBe("title");
    expect(stageField(rootNamed("sponsors"))?.name).toBe("stage");
    expect(stageField(rootNamed("rooms"))).toBeUndefined();
});

test("values are compared by what they hold", () => {
    expect(same({ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 })).toBe(true);
    expect(same({ a: 1 }, { a: 1, b: undefined })).toBe(false);
    expect(same([], {})).toBe(false);
    expect(same(null, {})).toBe(false);
});
