// Where the sessions of a day stand in a grid of rooms and minutes, and which of them are in each other's way.

import { addDays, type Row, wallOf } from "@convene/client";

/** A session that begins before this hour belongs to the night of the day before. */
const NIGHT_ENDS = 3 * 60;
const DAY_MINUTES = 24 * 60;

export interface Placed {
    row: Row;
    room: string;
    day: string;
    /** Minutes from midnight of the day; over 1,440 in the night behind it. */
    from: number;
    to: number;
    /** Which of so many, side by side, where several are at once. */
    lane: number;
    lanes: number;
}

function minutesOf(time: string): number {
    return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/** Minutes as a clock shows them. */
export function clock(minutes: number): string {
    const rest = ((minutes % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES;
    return `${String(Math.floor(rest / 60)).padStart(2, "0")}:${String(rest % 60).padStart(2, "0")}`;
}

/** The calendar day and clock of minutes of an event's day. */
export function wallAt(day: string, minutes: number): { day: string; time: string } {
    return { day: addDays(day, Math.floor(minutes / DAY_MINUTES)), time: clock(minutes) };
}

function place(row: Row, zone: string): Placed | undefined {
    const slot = row.fields.slot as { start?: unknown; room_id?: unknown } | null | undefined;
    const wall = typeof slot?.start === "string" ? wallOf(slot.start, zone) : undefined;
    if (!wall) return undefined;
    const minutes = minutesOf(wall.time);
    const night = minutes < NIGHT_ENDS;
    const from = night ? minutes + DAY_MINUTES : minutes;
    const length = typeof row.fields.minutes === "number" ? Math.max(5, row.fields.minutes) : 30;
    const day = night ? addDays(wall.day, -1) : wall.day;
    return { row, room: String(slot?.room_id ?? ""), day, from, to: from + length, lane: 0, lanes: 1 };
}

/** All sessions that have a slot; those that are at once in a room get lanes side by side, so that none hides another. */
export function placeAll(rows: Row[], zone: string): Placed[] {
    const placed = rows.flatMap((row) => place(row, zone) ?? []);
    const groups = new Map<string, Placed[]>();
    for (const one of placed) {
        const key = `${one.day} ${one.room}`;
        groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    for (const group of groups.values()) {
        group.sort((a, b) => a.from - b.from || a.to - b.to);
        let cluster: Placed[] = [];
        let ends: number[] = [];
        const close = () => {
            for (const one of cluster) one.lanes = ends.length;
            cluster = [];
            ends = [];
        };
        for (const one of group) {
            if (ends.length > 0 && ends.every((end) => end <= one.from)) close();
            const free = ends.findIndex((end) => end <= one.from);
            one.lane = free < 0 ? ends.length : free;
            ends[one.lane] = one.to;
            cluster.push(one);
        }
        close();
    }
    return placed;
}
