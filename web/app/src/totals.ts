// Totals of a budget, derived anew from the plan: a line per attendee or day is priced by what the plan says now.

import { type Content, daysBetween, isDay, isMoney, type Money } from "@convene/client";

export interface Totals {
    cur: string;
    expense: Money;
    income: Money;
    approved: Money;
    actual: Money;
    /** Lines in another currency, which are not in the sums. */
    foreign: number;
    /** Lines that cannot be priced: no unit price, or per something that the plan does not count. */
    open: number;
}

function multiplier(per: string, content: Content): number | undefined {
    const live = (root: string) => content.root(root).living();
    switch (per) {
        case "fixed":
            return 1;
        case "attendee": {
            const attendance = content.root("brief").fields.attendance as { expected?: number } | undefined;
            return attendance?.expected;
        }
        case "speaker":
            return live("speakers").filter(({ fields }) => fields.status === "confirmed").length;
        case "day": {
            const dates = content.root("meta").fields.dates as { start?: string; end?: string } | undefined;
            return dates?.start && dates.end && isDay(dates.start) && isDay(dates.end)
                ? daysBetween(dates.start, dates.end) + 1
                : undefined;
        }
        case "room":
            return live("rooms").length;
        case "track":
            return live("tracks").length;
        default:
            return undefined;
    }
}

/** What a line comes to, in its own currency. */
export function lineTotal(fields: Record<string, unknown>, content: Content): Money | undefined {
    const { unit, qty } = fields;
    if (!isMoney(unit)) return undefined;
    const { per, n } = (qty ?? { per: "fixed", n: 1 }) as { per?: string; n?: number };
    const times = multiplier(String(per ?? "fixed"), content);
    return times === undefined || typeof n !== "number"
        ? undefined
        : { minor: Math.round(unit.minor * n * times), cur: unit.cur };
}

/** In the event's currency, or that of the first price where none is chosen. Nothing without either, or without a line. */
export function budgetTotals(content: Content, chosen: string | undefined): Totals | undefined {
    const lines = content.root("budget").living();
    const prices = lines.flatMap(({ fields }) => [fields.unit, fields.approved, fields.actual]);
    const cur = chosen ?? prices.find(isMoney)?.cur;
    if (cur === undefined || lines.length === 0) return undefined;
    const totals = { expense: 0, income: 0, approved: 0, actual: 0 };
    let foreign = 0;
    let open = 0;
    for (const row of lines) {
        const total = lineTotal(row.fields, content);
        const { approved, actual, side } = row.fields;
        if ([total, approved, actual].some((money) => isMoney(money) && money.cur !== cur)) {
            foreign++;
            continue;
        }
        if (!total) open++;
        if (side === "income") totals.income += total?.minor ?? 0;
        else {
            totals.expense += total?.minor ?? 0;
            if (isMoney(approved)) totals.approved += approved.minor;
            if (isMoney(actual)) totals.actual += actual.minor;
        }
    }
    const money = (minor: number): Money => ({ minor, cur });
    return {
        cur,
        expense: money(totals.expense),
        income: money(totals.income),
        approved: money(totals.approved),
        actual: money(totals.actual),
        foreign,
        open,
    };
}
