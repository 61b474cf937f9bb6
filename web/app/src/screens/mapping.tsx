// The columns of a table that is imported, what they hold, and which fields they become.

import type { Root } from "@convene/client";
import { type Head, isRepeated, targetsOf } from "../mapping.ts";
import { ROOT_WORDS } from "../words.ts";

const SAMPLE_CHARS_MAX = 120;

interface Props {
    root: Root;
    head: Head;
    /** Of each column, empty for none. */
    fields: string[];
    onChange: (fields: string[]) => void;
}

export function Mapping({ root, head, fields, onChange }: Props) {
    const targets = targetsOf(root);
    const left = head.names.filter((_, at) => fields[at] === "");
    const needed = root.fields.find((field) => field.needed && field.kind === "line");
    const unnamed = needed && !fields.includes(needed.name) && !fields.includes("id");
    const title = targets.find(({ field }) => field === needed?.name)?.say.toLowerCase();
    return (
        <section className="mapping" aria-label="Columns of the table">
            <h3>What its columns are</h3>
            <table>
                <thead>
                    <tr>
                        <th scope="col">Column</th>
                        <th scope="col">Field of {ROOT_WORDS[root.name]?.title.toLowerCase() ?? root.name}</th>
                    </tr>
                </thead>
                <tbody>
                    {head.names.map((name, at) => {
                        const twice = fields[at] !== "" && fields.indexOf(fields[at] ?? "") !== at;
                        const repeated = isRepeated(head.names, at);
                        const sample = head.rows
                            .map((row) => row[at]?.trim())
                            .filter(Boolean)
                            .join(" · ")
                            .slice(0, SAMPLE_CHARS_MAX);
                        return (
                            // biome-ignore lint/suspicious/noArrayIndexKey: columns may be called the same, and stay in order
                            <tr key={at}>
                                <th scope="row">
                                    {name.trim() || `(column ${at + 1})`}
                                    <span className="mapping-sample">{sample || "empty in the first rows"}</span>
                                </th>
                                <td>
                                    <select
                                        className="input select"
                                        aria-label={`Field of the column ${name.trim() || at + 1}`}
                                        disabled={repeated}
                                        aria-invalid={twice ? true : undefined}
                                        aria-describedby={twice ? `twice-${at}` : undefined}
                                        value={fields[at] ?? ""}
                                        onChange={({ target }) =>
                                            onChange(fields.map((field, one) => (one === at ? target.value : field)))
                                        }
                                    >
                                        <option value="">Leave out</option>
                                        {targets.map(({ field, say }) => (
                                            <option key={field} value={field}>
                                                {say}
                                            </option>
                                        ))}
                                    </select>
                                    {repeated && <p className="sub">Called like one before it, which counts.</p>}
                                    {twice && (
                                        <p id={`twice-${at}`} className="problem">
                                            Another column is this already, and counts.
                                        </p>
                                    )}
                                </td>
                            </tr>
                        );
                    })}
                </tbody>
            </table>
            {unnamed ? (
                <p className="notice warn">
                    No column is the {title}, so new rows have none. Say which one it is, or go on if the table only
                    changes what has an id.
                </p>
            ) : (
                left.length > 0 && (
                    <p className="sub">
                        Left out: {left.map((name) => `“${name.trim()}”`).join(", ")}. Nothing in the plan changes by
                        them.
                    </p>
                )
            )}
        </section>
    );
}
