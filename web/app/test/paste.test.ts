import { Content, type Plan, type Row, rootNamed } from "@convene/client";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { columnsOf } from "../src/grid/columns.ts";
import { pasteWords, readPaste } from "../src/grid/paste.ts";
import { budgetTotals, lineTotal } from "../src/totals.ts";

const root = rootNamed("sessions");
const around = { zone: "UTC", cur: "EUR", title: () => undefined, named: () => [] };
const plan = { around } as unknown as Plan;
const columns = columnsOf(root, plan).slice(0, 4);
const row = (id: string): Row => ({ id, rank: "V", archived: false, fields: { title: id } });
const rows = [row("se_1"), row("se_2")];
const at = (top: number, left: number, bottom = top, right = left) => ({ top, left, bottom, right });

test("the columns are those that a planner pastes first", () => {
    expect(columns.map(({ field }) => field.name)).toEqual(["title", "kind", "state", "minutes"]);
});

test("a block changes what is there and adds what is below", () => {
    const cells = [
        ["Kafka", "Talk"],
        ["CRDTs", "workshop"],
    ];
    const { edits, added, problems } = readPaste({ plan, root, rows, columns }, at(1, 0), cells);
    expect(edits.map(({ id, field, value }) => [id, field, value])).toEqual([
        ["se_2", "title", "Kafka"],
        ["se_2", "kind", "talk"],
    ]);
    expect(added).toMatchObject([{ title: "CRDTs", kind: "workshop", state: "draft", minutes: 30 }]);
    expect(problems).toEqual([]);
});

test("a block that is pasted where there are no rows makes them, with every column", () => {
    const cells = [["Kafka", "Talk", "draft", "45"]];
    const { added, problems } = readPaste({ plan, root, rows: [], columns }, at(0, 0), cells);
    expect(added).toEqual([{ title: "Kafka", kind: "talk", state: "draft", minutes: 45 }]);
    expect(problems).toEqual([]);
});

test("one cell fills the selected block", () => {
    const { edits, height, width } = readPaste({ plan, root, rows, columns }, at(0, 3, 1, 3), [["45"]]);
    expect(edits.map(({ id, value }) => [id, value])).toEqual([
        ["se_1", 45],
        ["se_2", 45],
    ]);
    expect([height, width]).toEqual([2, 1]);
});

test("what does not fit is named, and the rest is taken", () => {
    const pasted = readPaste({ plan, root, rows, columns }, at(0, 2), [
        ["Draft", "soon"],
        ["nonsense", "30"],
    ]);
    expect(pasted.edits.length).toBe(2);
    expect(pasteWords(pasted)).toMatch(
        /^2 cells pasted\. 2 cells did not fit: row 1, Minutes: write a whole number; row 2, State: /,
    );
});

test("what reaches over the edge is left out", () => {
    const { edits } = readPaste({ plan, root, rows, columns }, at(0, 3), [["45", "beyond"]]);
    expect(edits.length).toBe(1);
});

test("a budget line is priced by what the plan says now", () => {
    const doc = new Y.Doc();
    const content = new Content(doc);
    const money = (minor: number, cur = "EUR") => ({ minor, cur });
    doc.getMap("brief").set("attendance", { min: 50, expected: 100, max: 200 });
    doc.getMap("meta").set("dates", { start: "2027-05-03", end: "2027-05-04" });
    const add = (id: string, fields: Record<string, unknown>) =>
        doc
            .getMap("budget")
            .set(id, new Y.Map(Object.entries({ id, rank: id, archived: false, side: "expense", ...fields })));
    add("a", { unit: money(6200), qty: { per: "attendee", n: 2 } });
    add("b", { unit: money(100_00), qty: { per: "day", n: 1 }, actual: money(150_00) });
    add("c", { unit: money(50_000), qty: { per: "fixed", n: 1 }, side: "income" });
    add("d", { unit: money(9_000_00, "USD"), qty: { per: "fixed", n: 1 } });
    add("e", { label: "no price yet" });
    add("f", { unit: money(1), qty: { per: "fixed", n: 1 }, archived: true });
    const totals = budgetTotals(content, "EUR");
    expect(totals).toMatchObject({
        expense: money(1_240_000 + 20_000),
        income: money(50_000),
        actual: money(15_000),
        foreign: 1,
        open: 1,
    });
    doc.getMap("brief").set("attendance", { min: 50, expected: 10, max: 200 });
    expect(lineTotal(content.root("budget").get("a")?.fields ?? {}, content)).toEqual(money(124_000));
});
