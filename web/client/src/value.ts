// What values are shown and read in, and what the other files about them share.

/** What a value is read and shown in. */
export interface Surroundings {
    /** The event's zone. */
    readonly zone: string;
    /** The event's currency; nothing until somebody has chosen one. */
    readonly cur: string | undefined;
    /** What a thing is called; nothing when there is none. */
    title(root: string, id: string): string | undefined;
    /** The ids of the things of a root that are called so, whatever the case. */
    named(root: string, title: string): string[];
}

/** A record, a shared map as an object, or nothing known about it. */
export type Bag = Record<string, unknown>;

export function bag(value: unknown): Bag {
    return typeof value === "object" && value !== null ? (value as Bag) : {};
}

/** Whether two JSON values are the same; the order of keys does not count. */
export function same(a: unknown, b: unknown): boolean {
    if (Object.is(a, b)) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (Array.isArray(a) !== Array.isArray(b)) return false;
    const [left, right] = [bag(a), bag(b)];
    const keys = Object.keys(left);
    return (
        keys.length === Object.keys(right).length && keys.every((key) => key in right && same(left[key], right[key]))
    );
}
