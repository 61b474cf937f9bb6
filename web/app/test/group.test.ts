import { type Plan, type Row, rootNamed } from "@convene/client";
import { expect, test } from "vitest";
import { columnsOf, groupRows, mayGroup } from "../src/grid/columns.ts";

const around = { zone: "UTC", cur: "EUR", title: () => undefined, named: () => [] };
const plan = { around } as unknown as Plan;
const columns = columnsOf(rootNamed("sessions"), plan);
const row = (id: string, state?: string): Row => ({ id, rank: "V", archived: false, fields: { state } });
const rows = [row("a", "confirmed"), row("b"), row("c", "draft"), row("d", "confirmed"), row("e")];

test("rows with one value stand together, in the order of stages and then in their own", () => {
    const { rows: together, groups } = groupRows(plan, columns, rows, "state");
    expect(together.map(({ id }) => id)).toEqual(["c", "a", "d", "b", "e"]);
    expect([...groups]).toEqual([
        [0, { say: "Draft", count: 1 }],
        [1, { say: "Confirmed", count: 2 }],
        [3, { say: "No state", count: 2 }],
    ]);
});

test("nothing is grouped by nothing, nor by a field that is not there", () => {
    for (const group of [null, "colour"]) {
        const { rows: together, groups } = groupRows(plan, columns, rows, group);
        expect(together).toBe(rows);
        expect(groups.size).toBe(0);
    }
});

test("rows are grouped by what several of them share, and not by their titles", () => {
    const names = columns.filter(mayGroup).map(({ field }) => field.name);
    expect(names).toContain("state");
    expect(names).toContain("track_id");
    expect(names).not.toContain("title");
});
