// Where two texts differ, word by word.

import { commonEnds } from "./difference.ts";

export interface Piece {
    kind: "same" | "gone" | "new";
    text: string;
}

/** Beyond this the middle is shown as one piece that went and one that came. */
const STEPS_MAX = 1_000_000;

/** Words, the space between them, and every other sign by itself. */
function wordsOf(text: string): string[] {
    return text.match(/[\p{L}\p{N}\p{M}_'’]+|\s+|[^\p{L}\p{N}\p{M}_'’\s]/gu) ?? [];
}

/** Both texts, in pieces: what is the same, what went, what came. */
export function wordDifference(before: string, after: string): Piece[] {
    const [a, b] = [wordsOf(before), wordsOf(after)];
    let start = 0;
    while (start < a.length && start < b.length && a[start] === b[start]) start++;
    let end = 0;
    while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
    const pieces: Piece[] = [];
    const put = (kind: Piece["kind"], text: string) => {
        if (text === "") return;
        const last = pieces.at(-1);
        if (last?.kind === kind) last.text += text;
        else pieces.push({ kind, text });
    };
    put("same", a.slice(0, start).join(""));
    const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
    for (const { kind, text } of middle(left, right)) put(kind, text);
    put("same", a.slice(a.length - end).join(""));
    return tidy(pieces);
}

function middle(a: string[], b: string[]): Piece[] {
    if (a.length * b.length > STEPS_MAX) {
        return [
            { kind: "gone", text: a.join("") },
            { kind: "new", text: b.join("") },
        ];
    }
    // How many words the rest of both have in common at best, from each place on.
    const width = b.length + 1;
    const common = new Uint32Array((a.length + 1) * width);
    const at = (i: number, j: number) => common[i * width + j] ?? 0;
    for (let i = a.length - 1; i >= 0; i--) {
        for (let j = b.length - 1; j >= 0; j--) {
            common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
        }
    }
    const pieces: Piece[] = [];
    let [i, j] = [0, 0];
    while (i < a.length || j < b.length) {
        if (i < a.length && j < b.length && a[i] === b[j]) {
            pieces.push({ kind: "same", text: a[i] ?? "" });
            i++;
            j++;
        } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) {
            pieces.push({ kind: "gone", text: a[i++] ?? "" });
        } else {
            pieces.push({ kind: "new", text: b[j++] ?? "" });
        }
    }
    return pieces;
}

/** A lone space between two changed words reads better as a part of both; what went stands before what came. */
function tidy(pieces: Piece[]): Piece[] {
    const out: Piece[] = [];
    let [gone, came] = ["", ""];
    const flush = () => {
        // Spaces that both have at an end were not changed.
        const { start, end } = gone && came ? commonSpace(gone, came) : { start: 0, end: 0 };
        if (start) out.push({ kind: "same", text: gone.slice(0, start) });
        if (gone.length > start + end) out.push({ kind: "gone", text: gone.slice(start, gone.length - end) });
        if (came.length > start + end) out.push({ kind: "new", text: came.slice(start, came.length - end) });
        if (end) out.push({ kind: "same", text: gone.slice(gone.length - end) });
        [gone, came] = ["", ""];
    };
    pieces.forEach((piece, at) => {
        const between = piece.kind === "same" && /^\s+$/.test(piece.text) && (gone !== "" || came !== "");
        if (piece.kind === "gone") gone += piece.text;
        else if (piece.kind === "new") came += piece.text;
        else if (between && gone !== "" && came !== "" && pieces[at + 1] && pieces[at + 1]?.kind !== "same") {
            gone += piece.text;
            came += piece.text;
        } else {
            flush();
            out.push({ ...piece });
        }
    });
    flush();
    return out.reduce<Piece[]>((joined, piece) => {
        const last = joined.at(-1);
        if (last?.kind === piece.kind) last.text += piece.text;
        else joined.push(piece);
        return joined;
    }, []);
}

function commonSpace(a: string, b: string): { start: number; end: number } {
    const { start, end } = commonEnds(a, b);
    const lead = /^\s*/.exec(a.slice(0, start))?.[0].length ?? 0;
    const trail = /\s*$/.exec(a.slice(a.length - end))?.[0].length ?? 0;
    return { start: lead, end: trail };
}
