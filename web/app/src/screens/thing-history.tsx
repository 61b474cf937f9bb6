// What happened to one thing.

import type { Change, Version } from "@convene/client";
import { useCallback, useEffect, useState } from "react";
import { usePlan } from "../context.ts";
import { href } from "../route.ts";
import { reasonOf } from "../ui/toast.ts";
import { Changes, SOURCES } from "./changes.tsx";

/** So many versions are looked through at once. */
const THING_PAGE = 20;

interface Step {
    version: Version;
    changes: Change[];
}

/** What happened to one thing, version by version: those in which nothing did are left out. */
export function OfThing({ root, id }: { root: string; id: string }) {
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
                setError(reasonOf(problem));
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
