// Files in: an import is shown before it is done, is done as a whole, and can be taken back.

import { type Format, type Imported, rootNamed, UPLOAD_BYTES_MAX, upload } from "@convene/client";
import { FileUp } from "lucide-react";
import { useRef, useState } from "react";
import { usePlan, usePlanState } from "../context.ts";
import { FORMATS } from "../formats.ts";
import { guessFields, guessRoot, HEAD_BYTES, type Head, headOf, mappingOf } from "../mapping.ts";
import { reasonOf, tell, tellError } from "../ui/toast.ts";
import { LISTS, ROOT_WORDS } from "../words.ts";
import { Export } from "./export.tsx";
import { Mapping } from "./mapping.tsx";
import { Notes } from "./notes.tsx";

function guess(name: string, start: string): Format | undefined {
    const ending = name.toLowerCase().split(".").at(-1);
    if (ending === "xml") return "frab_xml";
    if (ending === "csv" || ending === "tsv") return "csv";
    if (ending === "ics") return "ics";
    if (ending === "json") return start.includes('"convene.plan') ? "plan_json" : "c3voc_json";
    return undefined;
}

interface Chosen {
    file: File;
    format: Format | undefined;
    root: string;
    /** Of a table: its first lines, and which field each of its columns is. */
    head: Head;
    fields: string[];
}

/** What the server has to know of a table. */
function tableOf({ format, root, head, fields }: Chosen) {
    return format === "csv" ? { root, mapping: mappingOf(rootNamed(root), head.names, fields) } : {};
}

export function Files() {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const [chosen, setChosen] = useState<Chosen>();
    const [preview, setPreview] = useState<{ upload: string; imported: Imported }>();
    const [busy, setBusy] = useState<string>();
    const [say, setSay] = useState<string>();
    const input = useRef<HTMLInputElement>(null);

    const choose = async (file: File | undefined) => {
        if (!file) return;
        setPreview(undefined);
        setSay(undefined);
        if (file.size > UPLOAD_BYTES_MAX) {
            setSay(`“${file.name}” has ${Math.ceil(file.size / 1024 / 1024)} MB; at most 32 MB can be read.`);
            return;
        }
        const start = await file.slice(0, HEAD_BYTES).text();
        const format = guess(file.name, start);
        const head = headOf(start, file.size <= HEAD_BYTES);
        const root = guessRoot(head.names) ?? "sessions";
        const next = { file, format, root, head, fields: guessFields(rootNamed(root), head.names) };
        setChosen(next);
        if (format && format !== "csv") await look(next);
    };
    const look = async (what: Chosen) => {
        if (!what.format) return;
        setBusy("Sending the file…");
        setSay(undefined);
        setPreview(undefined);
        try {
            const id = await upload(plan.control, what.file, (share) =>
                setBusy(`Sending the file, ${Math.round(share * 100)} %…`),
            );
            setBusy("Looking what it would change…");
            const imported = await plan.control.call("plan.import", {
                plan: plan.id,
                upload: id,
                format: what.format,
                mode: "preview",
                ...tableOf(what),
            });
            setPreview({ upload: id, imported });
        } catch (error) {
            setSay(reasonOf(error));
        }
        setBusy(undefined);
    };
    const apply = async () => {
        if (!chosen?.format || !preview) return;
        setBusy("Importing…");
        try {
            const done = await plan.control.call(
                "plan.import",
                {
                    plan: plan.id,
                    upload: preview.upload,
                    format: chosen.format,
                    mode: "apply",
                    ...tableOf(chosen),
                },
                120_000,
            );
            const { seq } = done;
            tell(
                `Imported “${chosen.file.name}”.`,
                seq === undefined
                    ? undefined
                    : {
                          say: "Undo",
                          run: () =>
                              void plan.control
                                  .call("history.undo", { plan: plan.id, seq })
                                  .then(() => tell("The import is taken back."))
                                  .catch(tellError),
                      },
            );
            setChosen(undefined);
            setPreview(undefined);
        } catch (error) {
            setSay(reasonOf(error));
        }
        setBusy(undefined);
    };
    return (
        <div className="page narrow">
            <header className="page-head">
                <h1>Import and export</h1>
            </header>
            {mayEdit && (
                <section className="panel" aria-label="Import">
                    <h2>Import</h2>
                    {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the button is the first */}
                    <div
                        className="drop"
                        onDragOver={(event) => event.preventDefault()}
                        onDrop={(event) => {
                            event.preventDefault();
                            void choose(event.dataTransfer.files[0]);
                        }}
                    >
                        <FileUp size={22} aria-hidden />
                        <p>
                            A schedule (XML or JSON), a calendar, a CSV table, or a plan.json. You see what it would
                            change before anything is done.
                        </p>
                        <button
                            type="button"
                            className="button primary"
                            onClick={() => input.current?.click()}
                            disabled={busy !== undefined}
                        >
                            Choose a file
                        </button>
                        <input
                            ref={input}
                            type="file"
                            className="unseen"
                            tabIndex={-1}
                            aria-label="File to import"
                            accept=".xml,.json,.csv,.tsv,.ics"
                            onChange={(event) => {
                                void choose(event.target.files?.[0]);
                                event.target.value = "";
                            }}
                        />
                    </div>
                    {chosen && (
                        <div className="inline-form">
                            <span className="file-name">{chosen.file.name}</span>
                            <label className="form-field">
                                <span>Format</span>
                                <select
                                    className="input select"
                                    value={chosen.format ?? ""}
                                    onChange={({ target }) => {
                                        const next = { ...chosen, format: target.value as Format };
                                        setChosen(next);
                                        setPreview(undefined);
                                    }}
                                >
                                    {!chosen.format && <option value="">Which?</option>}
                                    {FORMATS.filter((one) => one.in).map(({ format, say: name }) => (
                                        <option key={format} value={format}>
                                            {name}
                                        </option>
                                    ))}
                                </select>
                            </label>
                            {chosen.format === "csv" && (
                                <label className="form-field">
                                    <span>A table of</span>
                                    <select
                                        className="input select"
                                        value={chosen.root}
                                        onChange={({ target }) => {
                                            setChosen({
                                                ...chosen,
                                                root: target.value,
                                                fields: guessFields(rootNamed(target.value), chosen.head.names),
                                            });
                                            setPreview(undefined);
                                        }}
                                    >
                                        {LISTS.map((name) => (
                                            <option key={name} value={name}>
                                                {ROOT_WORDS[name]?.title}
                                            </option>
                                        ))}
                                    </select>
                                </label>
                            )}
                        </div>
                    )}
                    {chosen?.format === "csv" && (
                        <Mapping
                            root={rootNamed(chosen.root)}
                            head={chosen.head}
                            fields={chosen.fields}
                            onChange={(fields) => {
                                setChosen({ ...chosen, fields });
                                setPreview(undefined);
                            }}
                        />
                    )}
                    {chosen && !preview && chosen.format && (
                        <div className="form-acts">
                            <button
                                type="button"
                                className="button"
                                disabled={
                                    busy !== undefined ||
                                    (chosen.format === "csv" && chosen.fields.every((field) => field === ""))
                                }
                                onClick={() => void look(chosen)}
                            >
                                Look what it would change
                            </button>
                        </div>
                    )}
                    {busy && (
                        <p className="sub" role="status">
                            {busy}
                        </p>
                    )}
                    <p className="problem" role="alert" hidden={!say}>
                        {say}
                    </p>
                    {preview && (
                        <div className="preview">
                            <h3>What it would change</h3>
                            <Sums imported={preview.imported} />
                            <Notes notes={preview.imported.notes} more={preview.imported.more_notes} />
                            <div className="form-acts">
                                <button
                                    type="button"
                                    className="button"
                                    onClick={() => {
                                        setChosen(undefined);
                                        setPreview(undefined);
                                    }}
                                >
                                    Leave it
                                </button>
                                <button
                                    type="button"
                                    className="button primary"
                                    disabled={busy !== undefined || empty(preview.imported)}
                                    onClick={() => void apply()}
                                >
                                    Import
                                </button>
                            </div>
                        </div>
                    )}
                </section>
            )}
            <Export />
        </div>
    );
}

function empty({ added, changed }: Imported): boolean {
    return Object.keys(added).length === 0 && Object.keys(changed).length === 0;
}

function Sums({ imported }: { imported: Imported }) {
    if (empty(imported)) return <p>Nothing: the plan holds all of it already.</p>;
    const roots = [...new Set([...Object.keys(imported.added), ...Object.keys(imported.changed)])];
    return (
        <table className="sums">
            <thead>
                <tr>
                    <th scope="col">List</th>
                    <th scope="col">New</th>
                    <th scope="col">Changed</th>
                </tr>
            </thead>
            <tbody>
                {roots.map((root) => (
                    <tr key={root}>
                        <th scope="row">{ROOT_WORDS[root]?.title ?? (root === "meta" ? "Event" : root)}</th>
                        <td>{imported.added[root]?.toLocaleString("en") ?? ""}</td>
                        <td>{imported.changed[root]?.toLocaleString("en") ?? ""}</td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}
