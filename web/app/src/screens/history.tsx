// What was changed, by whom, in words; and a way back for a field, a thing, or everything.

import type { Change, Restored, Version } from "@convene/client";
import { useCallback, useEffect, useState } from "react";
import { usePlan, usePlanState } from "../context.ts";
import { useLive } from "../live-context.ts";
import { href, useRoute } from "../route.ts";
import { Dialog } from "../ui/dialog.tsx";
import { reasonOf, tellError } from "../ui/toast.ts";
import { ago, plural } from "../words.ts";
import { Changes, SOURCES, sayRestored } from "./changes.tsx";
import { OfThing } from "./thing-history.tsx";

const PAGE = 50;

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
                setError(reasonOf(problem));
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
            sayRestored(done);
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
                        {version.proposal && (
                            <>
                                {" · "}
                                <a href={href("p", plan.id, "proposals", version.proposal)}>Open the proposal</a>
                            </>
                        )}
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
