import { expect, test } from "vitest";
import { type ChangeBody, draftOf, type Proposal, whatIsDifferent, wordDifference } from "../src/index.ts";

const both = (before: string, after: string) => {
    const pieces = wordDifference(before, after);
    const without = (kind: string) =>
        pieces
            .filter((piece) => piece.kind !== kind)
            .map(({ text }) => text)
            .join("");
    return { before: without("new"), after: without("gone"), pieces };
};

test.each([
    ["", ""],
    ["", "one"],
    ["one", ""],
    ["The venue costs 40000.", "The venue costs 55000."],
    ["It is near the station.", "It is close to the station, and quiet."],
    ["a b c d e", "e d c b a"],
    ["  spaced  out ", " spaced out"],
    ["Łódź – Kraków", "Łódź — Kraków"],
    ["🎉 party", "🎉🎉 party"],
    ["one\ntwo\n\nthree", "one\nthree"],
])("the pieces of %j and %j are both texts", (before, after) => {
    const found = both(before, after);
    expect(found.before).toBe(before);
    expect(found.after).toBe(after);
});

test("words are whole, and what is the same stays the same", () => {
    expect(wordDifference("The venue costs 40000 EUR", "The venue costs 55000 EUR")).toEqual([
        { kind: "same", text: "The venue costs " },
        { kind: "gone", text: "40000" },
        { kind: "new", text: "55000" },
        { kind: "same", text: " EUR" },
    ]);
});

test("neighbouring words that changed are one change", () => {
    const kinds = wordDifference("we met in the old hall today", "we met in a new room today").map(({ kind }) => kind);
    expect(kinds).toEqual(["same", "gone", "new", "same"]);
});

test("any two texts are put together again, also long ones", () => {
    let seed = 7;
    const random = (below: number) => {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        return seed % below;
    };
    const WORDS = ["tea", "hall", " ", "\n", ".", ",", "40", "ä", "'s", "🎉"];
    const text = (length: number) => Array.from({ length }, () => WORDS[random(WORDS.length)]).join("");
    for (let round = 0; round < 300; round++) {
        const [before, after] = [text(random(40)), text(random(40))];
        const found = both(before, after);
        expect(found.before).toBe(before);
        expect(found.after).toBe(after);
    }
    const [before, after] = [text(4000), text(4000)];
    const found = both(before, after);
    expect([found.before, found.after]).toEqual([before, after]);
});

test("a draft's address names its plan and its proposal", () => {
    expect(draftOf("p1~q2")).toEqual({ plan: "p1", proposal: "q2" });
    expect(draftOf("p1")).toBeUndefined();
});

function change(no: number, rest: Partial<ChangeBody> = {}): ChangeBody {
    const path = ["sessions", "se_1", "minutes"];
    return {
        no,
        op: "set",
        path,
        before: 30,
        after: 45,
        depends_on: [],
        say: "minutes 30 → 45",
        shown: "a",
        state: "open",
        class: "clean",
        ...rest,
    };
}

function proposal(changes: ChangeBody[], rest: Partial<Proposal> = {}): Proposal {
    return { status: "submitted", revision: 1, edited: false, changes, ...rest } as Proposal;
}

test("what somebody else decided is said with their name", () => {
    const ben = { id: "b", name: "Ben" };
    const after = proposal([change(1, { state: "accepted", settled_by: ben }), change(2)]);
    expect(whatIsDifferent(proposal([change(1), change(2)]), after)).toEqual(["Change 1 was accepted by Ben"]);
});

test("a change that meets another value now, and an approval that fell, are said", () => {
    const gate = { kind: "spend", say: "", needs: 1, needs_owners: 0, approved_by: [], fallen: [] };
    const before = proposal([change(1), change(2, { gate })]);
    const fallen = [{ id: "b", name: "Ben" }];
    const after = proposal([
        change(1, { class: "conflict", present: 40, shown: "b" }),
        change(2, { gate: { ...gate, fallen }, shown: "c" }),
    ]);
    expect(whatIsDifferent(before, after)).toEqual([
        "Change 1 meets another value in the plan now",
        "Change 2 has lost the approval of Ben",
    ]);
});

test("another revision, and changes that came and went, are said", () => {
    const after = proposal([change(2)], { revision: 2 });
    expect(whatIsDifferent(proposal([change(1)]), after)).toEqual([
        "There is a revision 2 now; you looked at 1",
        "Change 2 is new: minutes 30 → 45",
        "Change 1 is gone",
    ]);
    expect(whatIsDifferent(after, after)).toEqual([]);
});
