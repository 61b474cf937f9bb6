import { expect, test } from "vitest";
import { byRank, isRank, rankBetween } from "../src/rank.ts";

/** The same numbers in every run. */
function numbers(seed: number): () => number {
    let state = seed;
    return () => {
        state = (state * 1664525 + 1013904223) >>> 0;
        return state / 2 ** 32;
    };
}

test("a rank between two is between them, wherever it is put", () => {
    const next = numbers(7);
    const ranks: string[] = [];
    for (let count = 0; count < 400; count++) {
        const at = Math.floor(next() * (ranks.length + 1));
        const rank = rankBetween(ranks[at - 1], ranks[at]);
        ranks.splice(at, 0, rank);
    }
    const sorted = ranks.map((rank, at) => ({ rank, id: String(at) })).sort(byRank);
    expect(sorted.map(({ rank }) => rank)).toEqual(ranks);
    expect(new Set(ranks).size).toBe(ranks.length);
    expect(ranks.every((rank) => /^[0-9A-Za-z]*[1-9A-Za-z]$/.test(rank))).toBe(true);
});

test("ranks do not grow when things are put behind one another", () => {
    let last: string | undefined;
    for (let count = 0; count < 5000; count++) {
        const rank = rankBetween(last, undefined);
        expect(isRank(rank)).toBe(true);
        expect(last === undefined || rank > last).toBe(true);
        last = rank;
    }
    expect(last?.length).toBeLessThan(8);
});

test("behind the last possible rank there is still one", () => {
    const rank = rankBetween("zzzz", undefined);
    expect(rank > "zzzz").toBe(true);
    expect(isRank(rank)).toBe(true);
});

test("what is no rank counts as nothing", () => {
    for (const wrong of ["", "a b", "V0", "é"]) expect(isRank(wrong)).toBe(false);
    expect(rankBetween("V0", undefined)).toBe(rankBetween(undefined, undefined));
});
