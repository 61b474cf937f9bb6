import { rootNamed } from "@convene/client";
import { expect, test } from "vitest";
import { guessFields, guessRoot, headOf, mappingOf } from "../src/mapping.ts";

const sessions = rootNamed("sessions");

test("cells are parted by what the first line has most of", () => {
    expect(headOf('Titel;Dauer\n"Kaffee; Kuchen";30\nEnde;5\n', true)).toEqual({
        names: ["Titel", "Dauer"],
        rows: [
            ["Kaffee; Kuchen", "30"],
            ["Ende", "5"],
        ],
    });
    expect(headOf('\uFEFFtitle,minutes\r\n"a ""b""",3\r\n', true).rows).toEqual([['a "b"', "3"]]);
});

test("of a file that goes on no row is shown that is cut, and no empty one", () => {
    expect(headOf("title\n\nKafka\nCRD", false).rows).toEqual([["Kafka"]]);
});

test("columns are fields by their names, by what fields are called here, and never twice", () => {
    expect(guessFields(sessions, ["Title", "Expected people", "MINUTES", "Name", "Raum"])).toEqual([
        "title",
        "expected",
        "minutes",
        "",
        "",
    ]);
    expect(guessFields(sessions, ["Name", "title"])).toEqual(["", "title"]);
    expect(guessFields(rootNamed("rooms"), ["Room", "Capacity"])).toEqual(["name", "cap"]);
    expect(guessFields(rootNamed("budget"), ["unit", "unit_cur"])).toEqual(["unit", "unit_cur"]);
});

test("of columns that are called the same the first one counts", () => {
    const names = ["Title", "Dauer", "dauer"];
    expect(guessFields(sessions, ["title", "Title"])).toEqual(["title", ""]);
    expect(mappingOf(sessions, names, ["title", "minutes", "expected"])).toEqual({ Dauer: "minutes" });
});

test("a table is one of the list whose fields it has", () => {
    expect(guessRoot(["name", "cap", "step_free"])).toBe("rooms");
    expect(guessRoot(["Raum", "Plätze"])).toBeUndefined();
});

test("the server is told only what it does not find by itself", () => {
    const names = ["Title", "Dauer", "state", "Notiz"];
    expect(mappingOf(sessions, names, ["title", "minutes", "", ""])).toEqual({ Dauer: "minutes", state: "" });
});
