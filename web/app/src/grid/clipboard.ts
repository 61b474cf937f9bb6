// Blocks of cells as spreadsheets copy them: tab-separated, with quotes around what holds a tab, a quote or a new line.

export function writeBlock(rows: string[][]): string {
    return rows.map((row) => row.map(quote).join("\t")).join("\n");
}

function quote(cell: string): string {
    return /[\t\n\r"]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Reads a pasted block, or a table with another character between its cells. Quotes count only where a cell begins with one, as spreadsheets write them. */
export function readBlock(text: string, between = "\t"): string[][] {
    const rows: string[][] = [[]];
    let at = 0;
    const source = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n").replace(/\n$/, "");
    for (;;) {
        let cell = "";
        const closing = source[at] === '"' ? closingQuote(source, at, between) : -1;
        if (closing >= 0) {
            cell = source.slice(at + 1, closing).replaceAll('""', '"');
            at = closing + 1;
        } else {
            let end = at;
            while (end < source.length && source[end] !== between && source[end] !== "\n") end++;
            cell = source.slice(at, end);
            at = end;
        }
        rows.at(-1)?.push(cell);
        if (at >= source.length) return rows;
        if (source[at] === "\n") rows.push([]);
        at++;
    }
}

/** Where the cell ends that begins with a quote; nothing when what follows the quote is not an end. */
function closingQuote(source: string, from: number, between: string): number {
    for (let at = from + 1; at < source.length; at++) {
        if (source[at] !== '"') continue;
        if (source[at + 1] === '"') {
            at++;
            continue;
        }
        return at + 1 === source.length || source[at + 1] === between || source[at + 1] === "\n" ? at : -1;
    }
    return -1;
}
