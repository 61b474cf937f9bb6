// What was changed, by whom, in words; and a way back for a field, a thing, or everything.

import type { Change, Restored, Version } from "@convene/client";
import { RotateCcw } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { usePlan, usePlanState } from "../context.ts";
import { useLive } from "../live-context.ts";
import { href, useRoute } from "../route.ts";
import { Dialog } from "../ui/dialog.tsx";
import { tell, tellError } from "../ui/toast.ts";
import { ago, label, plural, ROOT_WORDS } from "../words.ts";

const PAGE = 50;
const SHOWN_MAX = 300;

const SOURCES: Record<Version["source"], string> = {
    session: "Edited",
    control: "Changed by a program or a fix",
    import: "Import",
    history: "Brought back",
    restore: "Backup restored",
    squash: "Squashed",
};

export function History() {
    const { parts } = useRoute();
    const [root, id] = [parts[3], parts[4]];
    return root && id ? <OfThing root={root} id={id} /> : <OfPlan />;
}

function names(version: Version): string {
    return version.by.map(({ name }) => name).join(", ") || "the server";
}

function OfPlan() {
    const plan = usePlan();
    const live = useLive();
    const [versions, setVersions] = useState<Version[]>();
    const [next, setNext] = useState<number>();
    const [chosen, setChosen] = useState<number>();
    const [error, setError] = useState<string>();
    const load = useCallback(
        async (before?: number) => {
            try {
                const page = await plan.control.call("history.list", {
                    plan: plan.id,
                    limit: PAGE,
                    ...(before ? { before } : {}),
                });
                setVersions((earlier) => (before ? [...(earlier ?? []), ...page.versions] : page.versions));
                setNext(page.next);
                setError(undefined);
            } catch (problem) {
                setError(problem instanceof Error ? problem.message : String(problem));
            }
        },
        [plan],
    );
    useEffect(() => {
        void load();
        return live.onChanged(() => void load());
    }, [load, live]);
    const version = versions?.find(({ first }) => first === chosen) ?? versions?.[0];
    return (
        <div className="page two">
            <section className="versions" aria-label="Versions">
                <h1>History</h1>
                {error && <p className="notice warn">{error}</p>}
                {!versions && !error && <p className="empty">Asking the server…</p>}
                {versions?.length === 0 && <p className="empty">Nothing was changed yet.</p>}
                <ol className="version-list">
                    {versions?.map((one) => (
                        <li key={one.first}>
                            <button
                                type="button"
                                className="version"
                                aria-pressed={one === version}
                                onClick={() => setChosen(one.first)}
                            >
                                <span className="version-name">{one.name ?? SOURCES[one.source]}</span>
                                <span className="version-note">
                                    <time dateTime={one.ended} title={new Date(one.ended).toLocaleString("en-GB")}>
                                        {ago(one.ended)}
                                    </time>{" "}
                                    · {names(one)}
                                </span>
                            </button>
                        </li>
                    ))}
                </ol>
                {next !== undefined && (
                    <button type="button" className="button quiet" onClick={() => void load(next)}>
                        Earlier
                    </button>
                )}
            </section>
            {version && (
                <OfVersion key={`${version.first}-${version.last}`} version={version} onDone={() => void load()} />
            )}
        </div>
    );
}

function OfVersion({ version, onDone }: { version: Version; onDone: () => void }) {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const [diff, setDiff] = useState<{ changes: Change[]; total: number }>();
    const [error, setError] = useState<string>();
    const [asking, setAsking] = useState<"undo" | "back">();
    const [name, setName] = useState<string>();
    useEffect(() => {
        let here = true;
        plan.control
            .call("history.diff", { plan: plan.id, from: version.first - 1, to: version.last })
            .then((answer) => here && setDiff(answer))
            .catch((problem: Error) => here && setError(problem.message));
        return () => {
            here = false;
        };
    }, [plan, version]);
    const act = async (what: "undo" | "back") => {
        setAsking(undefined);
        try {
            const done: Restored =
                what === "undo"
                    ? await plan.control.call("history.undo", { plan: plan.id, seq: version.first, to: version.last })
                    : await plan.control.call("history.restore", { plan: plan.id, seq: version.last });
            say(done);
            onDone();
        } catch (problem) {
            tellError(problem);
        }
    };
    const save = async () => {
        const text = name?.trim() ?? "";
        if (text === "") {
            setName(undefined);
            return;
        }
        try {
            await plan.control.call("history.name", { plan: plan.id, seq: version.last, name: text.slice(0, 200) });
            setName(undefined);
            onDone();
        } catch (problem) {
            tellError(problem);
        }
    };
    return (
        <section className="diff" aria-label="What was changed">
            <header className="diff-head">
                <div>
                    <h2>{version.name ?? SOURCES[version.source]}</h2>
                    <p className="sub">
                        {new Date(version.began).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}{" "}
                        to {new Date(version.ended).toLocaleTimeString("en-GB", { timeStyle: "short" })}, by{" "}
                        {names(version)}
                        {diff ? ` · ${plural(diff.total, "difference")}` : ""}
                    </p>
                </div>
                {mayEdit && (
                    <span className="acts">
                        {name === undefined ? (
                            <button type="button" className="button small" onClick={() => setName(version.name ?? "")}>
                                {version.name ? "Rename" : "Give it a name"}
                            </button>
                        ) : (
                            <form
                                className="inline-form"
                                onSubmit={(event) => {
                                    event.preventDefault();
                                    void save();
                                }}
                            >
                                <input
                                    className="input"
                                    aria-label="Name of this version"
                                    value={name}
                                    maxLength={200}
                                    onChange={(event) => setName(event.target.value)}
                                />
                                <button type="submit" className="button small">
                                    Save
                                </button>
                            </form>
                        )}
                        <button type="button" className="button small" onClick={() => setAsking("undo")}>
                            Take these back
                        </button>
                        <button type="button" className="button small" onClick={() => setAsking("back")}>
                            Go back to here
                        </button>
                    </span>
                )}
            </header>
            {error && <p className="notice warn">{error}</p>}
            {!diff && !error && <p className="empty">Comparing…</p>}
            {diff?.changes.length === 0 && (
                <p className="empty">Before and after are the same: what was changed was changed back.</p>
            )}
            {diff && <Changes changes={diff.changes} before={version.first - 1} onDone={onDone} />}
            <Dialog
                title={asking === "undo" ? "Take back what this version changed?" : "Make the plan what it was then?"}
                open={asking !== undefined}
                onClose={() => setAsking(undefined)}
            >
                <p className="dialog-text">
                    {asking === "undo"
                        ? "What was changed again since then stays as it is. Everybody sees this as an edit of yours, and it can be undone."
                        : "Everything after this version is undone, for everybody. What was made since is archived. It can be undone."}
                </p>
                <div className="form-acts">
                    <button type="button" className="button" onClick={() => setAsking(undefined)}>
                        Cancel
                    </button>
                    <button type="button" className="button primary" onClick={() => asking && void act(asking)}>
                        {asking === "undo" ? "Take back" : "Go back"}
                    </button>
                </div>
            </Dialog>
        </section>
    );
}

function say(done: Restored): void {
    const kept = done.kept.length > 0 ? ` ${plural(done.kept.length, "thing")} stayed: ${done.kept[0]?.say}.` : "";
    tell(done.seq === undefined ? `There was nothing to do.${kept}` : `${plural(done.changes, "change")} made.${kept}`);
}

/** `before` is the point at which the values before were. */
function Changes({ changes, before, onDone }: { changes: Change[]; before: number; onDone: () => void }) {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const [all, setAll] = useState(false);
    const restore = async (change: Change) => {
        const seq = before;
        const field = "field" in change ? change.field : undefined;
        try {
            say(
                await plan.control.call("history.restore", {
                    plan: plan.id,
                    seq,
                    root: change.root,
                    ...(change.id ? { id: change.id } : {}),
                    ...(field ? { field } : {}),
                }),
            );
            onDone();
        } catch (problem) {
            tellError(problem);
        }
    };
    const shown = all ? changes : changes.slice(0, SHOWN_MAX);
    return (
        <>
            <ul className="changes">
                {shown.map((change, at) => {
                    const field = "field" in change ? change.field : undefined;
                    const known = ROOT_WORDS[change.root] !== undefined;
                    return (
                        // biome-ignore lint/suspicious/noArrayIndexKey: differences have no names, and the list stays in order
                        <li key={at} className="change">
                            <span className={`change-what ${change.what}`} aria-hidden />
                            <div className="change-say">
                                <p>{change.say}</p>
                                {change.what === "text" && <TextChange before={change.before} after={change.after} />}
                                <p className="change-note">
                                    {change.by?.name}
                                    {change.at ? ` · ${ago(change.at)}` : ""}
                                    {known && change.id !== "" && (
                                        <>
                                            {" · "}
                                            <a
                                                href={`${href("p", plan.id, change.root, change.id)}${field ? `?field=${field}` : ""}`}
                                            >
                                                Open
                                            </a>
                                        </>
                                    )}
                                </p>
                            </div>
                            {mayEdit && field && (
                                <button
                                    type="button"
                                    className="button small quiet"
                                    onClick={() => void restore(change)}
                                >
                                    <RotateCcw size={13} aria-hidden /> Put {label(change.root, field).toLowerCase()}{" "}
                                    back
                                </button>
                            )}
                        </li>
                    );
                })}
            </ul>
            {shown.length < changes.length && (
                <button type="button" className="button quiet" onClick={() => setAll(true)}>
                    Show all {changes.length.toLocaleString("en")}
                </button>
            )}
        </>
    );
}

/** The part of a text that is different, with a little around it. */
function TextChange({ before, after }: { before: string; after: string }) {
    const around = 40;
    let start = 0;
    while (start < before.length && start < after.length && before[start] === after[start]) start++;
    let end = 0;
    while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end))
        end++;
    const cut = (text: string) => (text.length > 600 ? `${text.slice(0, 600)}…` : text);
    const lead = before.slice(Math.max(0, start - around), start);
    const trail = before.slice(before.length - end, before.length - end + around);
    return (
        <p className="text-change">
            {start > around && "…"}
            {lead}
            <del>{cut(before.slice(start, before.length - end))}</del>
            <ins>{cut(after.slice(start, after.length - end))}</ins>
            {trail}
            {end > around && "…"}
        </p>
    );
}

/** So many versions are looked through at once. */
const THING_PAGE = 20;

interface Step {
    version: Version;
    changes: Change[];
}

/** What happened to one thing, version by version: those in which nothing did are left out. */
function OfThing({ root, id }: { root: string; id: string }) {
    const plan = usePlan();
    const [steps, setSteps] = useState<Step[]>();
    const [next, setNext] = useState<number>();
    const [error, setError] = useState<string>();
    const [busy, setBusy] = useState(false);
    const load = useCallback(
        async (before?: number) => {
            setBusy(true);
            try {
                const page = await plan.control.call("history.list", {
                    plan: plan.id,
                    limit: THING_PAGE,
                    ...(before ? { before } : {}),
                });
                const found = await Promise.all(
                    page.versions.map(async (version) => {
                        const place = { plan: plan.id, from: version.first - 1, to: version.last, root, id };
                        return { version, changes: (await plan.control.call("history.diff", place)).changes };
                    }),
                );
                const some = found.filter(({ changes }) => changes.length > 0);
                setSteps((earlier) => (before ? [...(earlier ?? []), ...some] : some));
                setNext(page.next);
                setError(undefined);
            } catch (problem) {
                setError(problem instanceof Error ? problem.message : String(problem));
            }
            setBusy(false);
        },
        [plan, root, id],
    );
    useEffect(() => void load(), [load]);
    return (
        <div className="page narrow">
            <header className="page-head">
                <h1>Who changed what in “{plan.title(root, id) ?? "what is not here"}”</h1>
                <p className="sub">
                    <a href={href("p", plan.id, root, id)}>Open it</a> ·{" "}
                    <a href={href("p", plan.id, "history")}>All versions</a>
                </p>
            </header>
            {error && <p className="notice warn">{error}</p>}
            {busy && !steps && <p className="empty">Asking the server…</p>}
            {steps?.length === 0 && !busy && <p className="empty">Nothing, in the versions looked through.</p>}
            {steps?.map(({ version, changes }) => (
                <section key={version.first} className="diff">
                    <h2>
                        {version.name ?? SOURCES[version.source]}{" "}
                        <span className="count">
                            {new Date(version.ended).toLocaleString("en-GB", {
                                dateStyle: "medium",
                                timeStyle: "short",
                            })}
                        </span>
                    </h2>
                    <Changes changes={changes} before={version.first - 1} onDone={() => void load()} />
                </section>
            ))}
            {next !== undefined && (
                <button type="button" className="button quiet" disabled={busy} onClick={() => void load(next)}>
                    {busy ? "Looking…" : "Look further back"}
                </button>
            )}
        </div>
    );
}
