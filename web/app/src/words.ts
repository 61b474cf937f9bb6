// What roots and fields are called, and how they are grouped.

import { type Field, rootNamed, words } from "@convene/client";
import {
    Banknote,
    Building2,
    CalendarDays,
    ClipboardCheck,
    DoorOpen,
    FileSignature,
    Handshake,
    HeartHandshake,
    Layers,
    ListTodo,
    type LucideIcon,
    Megaphone,
    Mic,
    Plane,
    Route as RouteIcon,
    ShieldAlert,
    Ticket,
    TrendingUp,
} from "lucide-react";

export interface RootWords {
    title: string;
    icon: LucideIcon;
    /** What a root without things says. */
    empty: string;
}

export const ROOT_WORDS: Record<string, RootWords> = {
    sessions: {
        title: "Sessions",
        icon: CalendarDays,
        empty: "Talks, breaks, meals: everything that has a time. Add one, paste a block from a spreadsheet, or import a schedule.",
    },
    speakers: {
        title: "Speakers",
        icon: Mic,
        empty: "Who speaks, from the first idea to confirmed. Add one, or paste a column of names.",
    },
    tracks: { title: "Tracks", icon: RouteIcon, empty: "Threads through the programme, each with a colour." },
    rooms: {
        title: "Rooms",
        icon: DoorOpen,
        empty: "Where sessions happen, how many people fit, and what is in there.",
    },
    venues: {
        title: "Venues",
        icon: Building2,
        empty: "Places you are looking at, side by side, with their quotes and what is known about access.",
    },
    needs: {
        title: "Access needs",
        icon: HeartHandshake,
        empty: "How many people need what: diets, access, care. Only counts are kept here, never names.",
    },
    travel: { title: "Travel", icon: Plane, empty: "Journeys and nights of the people you bring in." },
    budget: {
        title: "Budget",
        icon: Banknote,
        empty: "What comes in and what goes out. A line can be per attendee, speaker or day, and is priced anew when those change.",
    },
    sponsors: {
        title: "Sponsors",
        icon: Handshake,
        empty: "Who may pay, how far the talk is, and what they were promised.",
    },
    tiers: { title: "Sponsor tiers", icon: Layers, empty: "What sponsors can buy." },
    contracts: { title: "Contracts", icon: FileSignature, empty: "What has to be signed and paid, and by when." },
    tickets: { title: "Tickets", icon: Ticket, empty: "What is on sale, for how much, and how much of it is sold." },
    tasks: { title: "Tasks", icon: ListTodo, empty: "What is to be done, by whom, and by when." },
    campaigns: { title: "Campaigns", icon: Megaphone, empty: "What you tell the world, where, and when." },
    risks: {
        title: "Risks",
        icon: ShieldAlert,
        empty: "What could go wrong, how likely, how bad, and what you do about it.",
    },
    compliance: {
        title: "Compliance",
        icon: ClipboardCheck,
        empty: "Permits and duties, with the evidence that they are met.",
    },
};

export const GROUPS: { title: string; roots: string[] }[] = [
    { title: "Programme", roots: ["sessions", "speakers", "tracks", "rooms"] },
    { title: "Place and people", roots: ["venues", "travel", "needs"] },
    { title: "Money", roots: ["budget", "sponsors", "tiers", "contracts", "tickets"] },
    { title: "Work", roots: ["tasks", "campaigns"] },
    { title: "Risk", roots: ["risks", "compliance"] },
];

/** Every root that the page has a place for. */
export const PLACED = GROUPS.flatMap(({ roots }) => roots);
/** Those that are a list of things. */
export const LISTS = PLACED.filter((root) => rootNamed(root).holds === "many");

export const OVERVIEW_ICON = TrendingUp;

const FIELDS: Record<string, string> = {
    "meta.tz": "Time zone",
    "meta.cur": "Currency",
    "meta.lang": "Language",
    "brief.paid": "People pay to come",
    "brief.minors": "Minors come",
    "brief.alcohol": "Alcohol is served",
    "brief.music": "Music is played",
    "brief.outdoor": "Partly outdoors",
    "sessions.lang": "Language",
    "sessions.turnaround": "Turnaround (min)",
    "sessions.expected": "Expected people",
    "sessions.record": "Recording",
    "venues.cancel": "Cancellation",
    "contracts.cancel": "Cancellation",
    "contracts.block": "Room block",
    "venues.geo": "Latitude, longitude",
    "rooms.cap": "Capacity",
    "rooms.area_m2": "Area (m²)",
    "rooms.avail": "Available",
    "speakers.org": "Organisation",
    "speakers.avail": "Available",
    "speakers.from": "Comes from",
    "speakers.due_on": "Answer due",
    "speakers.vault": "Vault reference",
    "budget.cat": "Category",
    "budget.qty": "Quantity",
    "budget.unit": "Unit price",
    "budget.tax_bp": "Tax (basis points)",
    "budget.ref": "About",
    "contracts.ref": "About",
    "tasks.ref": "About",
    "campaigns.kpi": "Target",
    "campaigns.needs": "Needs first",
    "risks.cat": "Category",
    "risks.l": "Likelihood",
    "risks.i": "Impact",
    "risks.rl": "Likelihood after",
    "risks.ri": "Impact after",
    "travel.dep": "Departs",
    "travel.arr": "Arrives",
    "compliance.class": "Jurisdiction",
};

export function label(root: string, field: Field | string): string {
    const name = typeof field === "string" ? field : field.name;
    return FIELDS[`${root}.${name}`] ?? words(name.replace(/_id$/, ""));
}

export function plural(count: number, one: string, many = `${one}s`): string {
    return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** "3 minutes ago". */
export function ago(instant: string, now = Date.now()): string {
    const seconds = (now - Date.parse(instant)) / 1000;
    const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
    if (seconds < 60) return "just now";
    if (seconds < 3600) return format.format(-Math.round(seconds / 60), "minute");
    if (seconds < 86_400) return format.format(-Math.round(seconds / 3600), "hour");
    if (seconds < 86_400 * 30) return format.format(-Math.round(seconds / 86_400), "day");
    return new Date(instant).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}
