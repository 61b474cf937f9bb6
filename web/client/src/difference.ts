// Where two texts differ.

/** How many characters are the same at the start, and how many of the rest at the end. */
export function commonEnds(before: string, after: string): { start: number; end: number } {
    let start = 0;
    while (start < before.length && start < after.length && before[start] === after[start]) start++;
    let end = 0;
    while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end))
        end++;
    return { start, end };
}
