// Instants and the clock on the wall: an instant of a plan is RFC 3339 with the offset that the event's zone has then.

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string): Intl.DateTimeFormat {
    let made = formats.get(zone);
    if (!made) {
        const parts = {
            year: "numeric",
            month: "2-digit",
            day: "2-digit",
            hour: "2-digit",
            minute: "2-digit",
        } as const;
        made = new Intl.DateTimeFormat("en-CA", { ...parts, second: "2-digit", timeZone: zone, hourCycle: "h23" });
        formats.set(zone, made);
    }
    return made;
}

export function isZone(zone: string): boolean {
    try {
        // Bare offsets are formattable in new engines, but no IANA names.
        return /^[A-Za-z]/.test(zone) && Boolean(format(zone));
    } catch {
        return false;
    }
}

export interface Wall {
    /** YYYY-MM-DD. */
    day: string;
    /** HH:MM. */
    time: string;
}

function wallSeconds(at: number, zone: string): { day: string; clock: string; offset: number } {
    const part: Record<string, string> = {};
    for (const { type, value } of format(zone).formatToParts(at)) part[type] = value;
    const day = `${part.year}-${part.month}-${part.day}`;
    const clock = `${part.hour}:${part.minute}:${part.second}`;
    const offset = Date.parse(`${day}T${clock}Z`) - Math.floor(at / 1000) * 1000;
    return { day, clock, offset };
}

const walls = new Map<string, Wall>();

/** What the clock shows in the zone at an instant; nothing when it is no instant. */
export function wallOf(instant: string, zone: string): Wall | undefined {
    const key = `${zone} ${instant}`;
    const known = walls.get(key);
    if (known) return known;
    const at = Date.parse(instant);
    if (Number.isNaN(at) || !/T.*(Z|[+-]\d\d:\d\d)$/.test(instant)) return undefined;
    const { day, clock } = wallSeconds(at, zone);
    const wall = { day, time: clock.slice(0, 5) };
    // A table asks for the same ones again and again while it scrolls.
    if (walls.size > 20_000) walls.clear();
    walls.set(key, wall);
    return wall;
}

/** The instant when the clock in the zone shows this. In the hour that a clock skips it is the time an hour later. */
export function instantOf(day: string, time: string, zone: string): string {
    const asUtc = Date.parse(`${day}T${time}:00Z`);
    // The offset of a guess is right except within hours of a change of clocks; the second look settles those.
    const guess = asUtc - wallSeconds(asUtc, zone).offset;
    const at = asUtc - wallSeconds(guess, zone).offset;
    const { day: realDay, clock, offset } = wallSeconds(at, zone);
    const minutes = Math.round(offset / 60_000);
    const two = (number: number) => String(number).padStart(2, "0");
    const sign = minutes < 0 ? "-" : "+";
    const away = Math.abs(minutes);
    return `${realDay}T${clock}${sign}${two(Math.floor(away / 60))}:${two(away % 60)}`;
}

export function isDay(text: string): boolean {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
    const at = Date.parse(`${text}T00:00:00Z`);
    return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** Whole days from one to another. */
export function daysBetween(from: string, to: string): number {
    return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}

export function addDays(day: string, days: number): string {
    return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
