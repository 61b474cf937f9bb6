import type { Row } from "@convene/client";
import { expect, test } from "vitest";
import { clock, placeAll, wallAt } from "../src/grid/agenda-layout.ts";

function session(id: string, start: string, minutes: number, room = "ro_1"): Row {
    return { id, rank: "V", archived: false, fields: { minutes, slot: { start, room_id: room } } };
}

const lanes = (rows: Row[]) =>
    Object.fromEntries(placeAll(rows, "Europe/Berlin").map(({ row, lane, lanes: all }) => [row.id, `${lane}/${all}`]));

test("sessions at once in a room stand side by side, and only those", () => {
    const rows = [
        session("a", "2027-05-03T10:00:00+02:00", 60),
        session("b", "2027-05-03T10:30:00+02:00", 60),
        session("c", "2027-05-03T11:00:00+02:00", 30),
        session("d", "2027-05-03T11:30:00+02:00", 30),
        session("e", "2027-05-03T10:00:00+02:00", 60, "ro_2"),
    ];
    expect(lanes(rows)).toEqual({ a: "0/2", b: "1/2", c: "0/2", d: "0/1", e: "0/1" });
});

test("what begins after midnight belongs to the night before", () => {
    const [one] = placeAll([session("a", "2027-05-04T01:30:00+02:00", 60)], "Europe/Berlin");
    expect(one).toMatchObject({ day: "2027-05-03", from: 25 * 60 + 30 });
    expect(wallAt("2027-05-03", one?.from ?? 0)).toEqual({ day: "2027-05-04", time: "01:30" });
    expect(clock(25 * 60 + 30)).toBe("01:30");
});

test("what has no slot, or one that cannot be read, is not placed", () => {
    const broken: Row = { id: "x", rank: "V", archived: false, fields: { slot: "soon" } };
    expect(placeAll([broken, session("y", "never", 30)], "UTC")).toEqual([]);
});
