// Files out: the whole plan or a part of it, in a format that others read.

import type { Exported, Format } from "@convene/client";
import { Download } from "lucide-react";
import { useState } from "react";
import { usePlan } from "../context.ts";
import { FORMATS } from "../formats.ts";
import { saveFile } from "../save.ts";
import { tellError } from "../ui/toast.ts";
import { LISTS, ROOT_WORDS } from "../words.ts";
import { Notes } from "./notes.tsx";

export function Export() {
    const plan = usePlan();
    const [root, setRoot] = useState("sessions");
    const [done, setDone] = useState<Exported>();
    const [busy, setBusy] = useState(false);
    const write = async (format: Format) => {
        setBusy(true);
        try {
            const file = await plan.control.call(
                "plan.export",
                { plan: plan.id, format, ...(format === "csv" ? { root } : {}) },
                60_000,
            );
            saveFile(file.name, file.media_type, file.text);
            setDone(file);
        } catch (error) {
            tellError(error);
        }
        setBusy(false);
    };
    return (
        <section className="panel" aria-label="Export">
            <h2>Export</h2>
            <ul className="formats">
                {FORMATS.map(({ format, say, note }) => (
                    <li key={format} className="format">
                        <span>
                            <strong>{say}</strong>
                            <span className="person-note">{note}</span>
                        </span>
                        {format === "csv" && (
                            <select
                                className="input select compact"
                                aria-label="Which list"
                                value={root}
                                onChange={({ target }) => setRoot(target.value)}
                            >
                                {LISTS.map((name) => (
                                    <option key={name} value={name}>
                                        {ROOT_WORDS[name]?.title}
                                    </option>
                                ))}
                            </select>
                        )}
                        <button type="button" className="button" disabled={busy} onClick={() => void write(format)}>
                            <Download size={14} aria-hidden /> Save<span className="unseen"> as {say}</span>
                        </button>
                    </li>
                ))}
            </ul>
            {done && (
                <div role="status">
                    <p className="sub">
                        Saved {done.name}
                        {done.notes.length === 0 ? ", with everything." : "."}
                    </p>
                    <Notes notes={done.notes} more={done.more_notes} />
                </div>
            )}
        </section>
    );
}
