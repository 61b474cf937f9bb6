// The formats of files that go in and out, and what they are called.

import type { Format } from "@convene/client";

export const FORMATS: { format: Format; say: string; note: string; in: boolean }[] = [
    {
        format: "plan_json",
        say: "Everything (plan.json)",
        note: "Without loss: for a copy, or another server",
        in: true,
    },
    { format: "frab_xml", say: "Schedule XML", note: "Pentabarf, frab, pretalx", in: true },
    { format: "c3voc_json", say: "Schedule JSON", note: "pretalx, c3voc", in: true },
    { format: "ics", say: "Calendar (.ics)", note: "Sessions and tasks, for calendars", in: true },
    { format: "csv", say: "Table (CSV)", note: "One list, for spreadsheets", in: true },
    { format: "markdown", say: "Page to read (Markdown)", note: "The plan as a document", in: false },
];
