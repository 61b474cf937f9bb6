// What of a file was not understood, or had no place.

import type { Note } from "@convene/client";
import { plural } from "../words.ts";

export function Notes({ notes, more }: { notes: Note[]; more: number }) {
    if (notes.length === 0) return null;
    return (
        <details className="notes">
            <summary>{plural(notes.length + more, "note")} on what does not fit as it is</summary>
            <ul>
                {notes.map(({ at, field, say }, index) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: notes have no names, and the list stays as it is
                    <li key={index}>
                        <strong>{[at, field].filter(Boolean).join(", ")}</strong> {say}
                    </li>
                ))}
            </ul>
            {more > 0 && <p className="sub">And {more.toLocaleString("en")} more.</p>}
        </details>
    );
}
