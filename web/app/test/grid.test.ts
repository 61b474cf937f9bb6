import { expect, test } from "vitest";
import { readBlock, writeBlock } from "../src/grid/clipboard.ts";
import { blockOf, move } from "../src/grid/selection.ts";

test("a block is read as it was written, whatever is in its cells", () => {
    const blocks = [
        [
            ["a", "b"],
            ["c", "d"],
        ],
        [["one"]],
        [
            ["", ""],
            ["", "x"],
        ],
        [
            ['say "yes"', "tab\there"],
            ["two\nlines", '"'],
        ],
        [['"quoted"', "a b"]],
    ];
    for (const block of blocks) expect(readBlock(writeBlock(block))).toEqual(block);
});

test("a block from a spreadsheet is read", () => {
    expect(readBlock("Kafka\t30\r\nCRDTs\t45\r\n")).toEqual([
        ["Kafka", "30"],
        ["CRDTs", "45"],
    ]);
    expect(readBlock('"a\nb"\tc')).toEqual([["a\nb", "c"]]);
    expect(readBlock('5" pipe\tx')).toEqual([['5" pipe', "x"]]);
    expect(readBlock('"half open\tx')).toEqual([['"half open', "x"]]);
    expect(readBlock("")).toEqual([[""]]);
});

const size = { rows: 100, cols: 5, page: 20 };
const at = (row: number, col: number) => ({ active: { row, col }, anchor: { row, col } });
const key = (name: string, more: object = {}) => ({ key: name, shift: false, command: false, ...more });

test("keys move the active cell, and stop at the edges", () => {
    expect(move(at(0, 0), key("ArrowUp"), size)).toEqual(at(0, 0));
    expect(move(at(99, 4), key("ArrowDown"), size)).toEqual(at(99, 4));
    expect(move(at(3, 2), key("End"), size)).toEqual(at(3, 4));
    expect(move(at(3, 2), key("Home", { command: true }), size)).toEqual(at(0, 0));
    expect(move(at(90, 2), key("PageDown"), size)).toEqual(at(99, 2));
    expect(move(at(3, 2), key("ArrowDown", { command: true }), size)).toEqual(at(99, 2));
    expect(move(at(3, 2), key("x"), size)).toBeUndefined();
});

test("with shift the block grows from where it began", () => {
    const grown = move(
        move(at(3, 2), key("ArrowDown", { shift: true }), size) ?? at(0, 0),
        key("ArrowLeft", { shift: true }),
        size,
    );
    expect(grown && blockOf(grown)).toEqual({ top: 3, bottom: 4, left: 1, right: 2 });
});
