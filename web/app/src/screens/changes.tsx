// Differences in words, and a way back for each.

import { type Change, commonEnds, type Restored, type Version } from "@convene/client";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { usePlan, usePlanState } from "../context.ts";
import { href } from "../route.ts";
import { tell, tellError } from "../ui/toast.ts";
import { ago, label, plural, ROOT_WORDS } from "../words.ts";

const SHOWN_MAX = 300;

/** What a version without a name is called. */
export const SOURCES: Record<Version["source"], string> = {
    session: "Edited",
    control: "Changed by a program or a fix",
    import: "Import",
    history: "Brought back",
    proposal: "Proposal",
    restore: "Backup restored",
    squash: "Squashed",
};

/** Says what came of it. */
export function sayRestored(done: Restored): void {
    const kept = done.kept.length > 0 ? ` ${plural(done.kept.length, "thing")} stayed: ${done.kept[0]?.say}.` : "";
    tell(done.seq === undefined ? `There was nothing to do.${kept}` : `${plural(done.changes, "change")} made.${kept}`);
}

/** `before` is the point at which the values before were. */
export function Changes({ changes, before, onDone }: { changes: Change[]; before: number; onDone: () => void }) {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const [all, setAll] = useState(false);
    const restore = async (change: Change) => {
        const seq = before;
        const field = "field" in change ? change.field : undefined;
        try {
            sayRestored(
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
    const { start, end } = commonEnds(before, after);
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
