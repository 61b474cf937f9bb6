// The order of things: each has a rank, a fraction written in base 62, and whoever puts one between two others gives it
// a rank between theirs. Lists are sorted by rank, then by id.

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANK_CHARS_MAX = 64;

export function isRank(rank: unknown): rank is string {
    return typeof rank === "string" && /^[0-9A-Za-z]*[1-9A-Za-z]$/.test(rank) && rank.length <= RANK_CHARS_MAX;
}

/** How many digits count up when something is put behind everything: room for millions without ranks growing. */
const STEP_CHARS = 4;

/** The next number of so many digits behind `low`; nothing when there is none. */
function after(low: string): string | undefined {
    const digits = Array.from({ length: STEP_CHARS }, (_, at) => Math.max(0, DIGITS.indexOf(low.charAt(at) || "0")));
    for (let at = STEP_CHARS - 1; at >= 0; at--) {
        const digit = digits[at] ?? 0;
        if (digit === DIGITS.length - 1) {
            digits[at] = at === STEP_CHARS - 1 ? 1 : 0;
            continue;
        }
        // A rank that ends with 0 has nothing before it.
        digits[at] = digit + 1;
        return digits
            .map((one) => DIGITS.charAt(one))
            .join("")
            .replace(/0+$/, "");
    }
    return undefined;
}

/** A rank between two; nothing is before the first, or behind the last. When `low` is not before `high`, one behind `low`. */
export function rankBetween(low: string | undefined, high: string | undefined): string {
    const from = isRank(low) ? low : "";
    const to = isRank(high) && high > from ? high : undefined;
    if (to === undefined && from !== "") {
        const next = after(from);
        if (next !== undefined && next > from) return next;
    }
    let rank = "";
    let bounded = to !== undefined;
    for (let at = 0; ; at++) {
        const least = at < from.length ? DIGITS.indexOf(from.charAt(at)) : 0;
        const most = bounded && to !== undefined ? (at < to.length ? DIGITS.indexOf(to.charAt(at)) : 0) : DIGITS.length;
        if (most > least + 1) return rank + DIGITS.charAt((least + most) >> 1);
        // As `low` up to here; once below `high`, anything may follow.
        bounded = bounded && most === least;
        rank += DIGITS.charAt(least);
    }
}

/** By bytes, as every other client sorts; never by the rules of a language. */
export function byRank(a: { rank: string; id: string }, b: { rank: string; id: string }): number {
    if (a.rank !== b.rank) return a.rank < b.rank ? -1 : 1;
    return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
