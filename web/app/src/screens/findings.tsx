// What is wrong with the plan, the gravest first, with one-key fixes.

import type { Finding, Severity } from "@convene/client";
import { CircleCheck } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import { usePlan, usePlanState } from "../context.ts";
import { useFound, useLive } from "../live-context.ts";
import { Dialog } from "../ui/dialog.tsx";
import { reasonOf, tell, tellError } from "../ui/toast.ts";
import { ago, plural } from "../words.ts";
import { doable, FindingCard, Grave, useFix } from "./finding.tsx";

const SEVERITIES: Severity[] = ["block", "warn", "info"];

export function Findings() {
    const plan = usePlan();
    const live = useLive();
    const { mayEdit } = usePlanState();
    const { findings, dismissed, total, loading, error } = useFound();
    const [at, setAt] = useState(0);
    const [aside, setAside] = useState<Finding>();
    const fix = useFix();
    const active = findings[Math.min(at, findings.length - 1)];
    const onKey = (event: KeyboardEvent) => {
        if (event.target instanceof HTMLElement && event.target.closest("input, textarea, [role=dialog]")) return;
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const step =
            event.key === "j" || event.key === "ArrowDown" ? 1 : event.key === "k" || event.key === "ArrowUp" ? -1 : 0;
        if (step !== 0) {
            event.preventDefault();
            const next = Math.max(0, Math.min(findings.length - 1, at + step));
            setAt(next);
            document.getElementById(`finding-${next}`)?.scrollIntoView({ block: "nearest" });
        } else if (active && mayEdit && /^[1-9]$/.test(event.key)) {
            const chosen = doable(active)[Number(event.key) - 1];
            if (chosen) void fix(chosen);
        } else if (active && mayEdit && event.key === "d") {
            event.preventDefault();
            setAside(active);
        }
    };
    const reopen = (key: string) => {
        plan.control
            .call("finding.reopen", { plan: plan.id, key })
            .then(() => live.later())
            .catch(tellError);
    };
    return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the list takes keys, as the table does
        <div className="page narrow" onKeyDown={onKey} tabIndex={0} role="group" aria-label="Findings">
            <header className="page-head">
                <h1>Findings</h1>
                <p className="sub">
                    {loading
                        ? "Looking…"
                        : total === 0
                          ? "Nothing is wrong."
                          : `${SEVERITIES.map((severity) => `${findings.filter((one) => one.severity === severity).length} ${severity === "block" ? "block" : severity === "warn" ? "to look at" : "good to know"}`).join(", ")}.`}
                    {findings.length > 0 && mayEdit && (
                        <span className="hint">
                            {" "}
                            <kbd>j</kbd> <kbd>k</kbd> to move, <kbd>1</kbd>–<kbd>9</kbd> to fix, <kbd>d</kbd> to put
                            aside
                        </span>
                    )}
                </p>
            </header>
            {error && <p className="notice warn">{error}</p>}
            {!loading && findings.length === 0 && (
                <p className="empty">
                    <CircleCheck size={20} aria-hidden /> The checks found nothing. They run again with every change.
                </p>
            )}
            <div className="findings">
                {findings.map((finding, index) => (
                    <div key={finding.key} onPointerDown={() => setAt(index)}>
                        <FindingCard
                            finding={finding}
                            active={finding === active}
                            id={`finding-${index}`}
                            onDismiss={() => setAside(finding)}
                        />
                    </div>
                ))}
            </div>
            {total > findings.length && !loading && (
                <p className="sub">
                    The first {findings.length.toLocaleString("en")} of {total.toLocaleString("en")} are shown.
                </p>
            )}
            {dismissed.length > 0 && (
                <details className="aside-list">
                    <summary>{plural(dismissed.length, "finding")} put aside</summary>
                    {dismissed.map(({ finding, by, at: when, reason, until }) => (
                        <article key={finding.key} className="finding">
                            <p className="finding-say">
                                <Grave severity={finding.severity} />
                                <span>{finding.say}.</span>
                            </p>
                            <p className="finding-hint">
                                “{reason}” {by.name}, {ago(when)}
                                {until ? `, until ${new Date(until).toLocaleDateString("en-GB")}` : ""}
                            </p>
                            {mayEdit && (
                                <div className="finding-acts">
                                    <button type="button" className="button small" onClick={() => reopen(finding.key)}>
                                        Take up again
                                    </button>
                                </div>
                            )}
                        </article>
                    ))}
                </details>
            )}
            {aside && <Aside finding={aside} onClose={() => setAside(undefined)} />}
        </div>
    );
}

function Aside({ finding, onClose }: { finding: Finding; onClose: () => void }) {
    const plan = usePlan();
    const live = useLive();
    const [say, setSay] = useState<string>();
    const submit = async (event: FormEvent<HTMLFormElement>) => {
        event.preventDefault();
        const reason = String(new FormData(event.currentTarget).get("reason") ?? "").trim();
        if (reason === "") {
            setSay("Say why in a few words: others will wonder.");
            return;
        }
        try {
            await plan.control.call("finding.dismiss", { plan: plan.id, key: finding.key, reason });
            live.later();
            tell("Put aside.", {
                say: "Undo",
                run: () =>
                    void plan.control
                        .call("finding.reopen", { plan: plan.id, key: finding.key })
                        .then(() => live.later())
                        .catch(tellError),
            });
            onClose();
        } catch (error) {
            setSay(reasonOf(error));
        }
    };
    return (
        <Dialog title="Put this finding aside" open onClose={onClose}>
            <form onSubmit={submit} className="form">
                <p>{finding.say}.</p>
                <label className="form-field">
                    <span>Why it may stay so</span>
                    <textarea
                        name="reason"
                        className="input area"
                        rows={3}
                        maxLength={1000}
                        aria-invalid={say ? true : undefined}
                        aria-describedby="aside-problem"
                        onInput={() => setSay(undefined)}
                    />
                </label>
                <p id="aside-problem" className="problem" role="alert" hidden={!say}>
                    {say}
                </p>
                <div className="form-acts">
                    <button type="button" className="button" onClick={onClose}>
                        Cancel
                    </button>
                    <button type="submit" className="button primary">
                        Put aside
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
