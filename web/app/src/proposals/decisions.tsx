// What was decided about a proposal, by whom and why.

import type { DecisionBody, Verdict } from "@convene/client";
import { ago, plural } from "../words.ts";
import { numbers } from "./words.ts";

const VERDICTS: Record<Verdict, string> = {
    approve: "accepted",
    reject: "rejected",
    request_changes: "asked for changes of",
    undo: "took back",
};

const ALL_NAMED_MAX = 8;

export function Decisions({ decisions }: { decisions: DecisionBody[] }) {
    if (decisions.length === 0) return null;
    return (
        <section className="decisions" aria-label="What was decided">
            <h3>What was decided</h3>
            <ol>
                {decisions.map(({ by, verdict, changes, revision, reason, at }) => (
                    <li key={`${at}${verdict}${changes.join()}`}>
                        <strong>{by.name}</strong> {VERDICTS[verdict]}{" "}
                        {changes.length === 0 || verdict === "request_changes"
                            ? `revision ${revision}`
                            : changes.length <= ALL_NAMED_MAX
                              ? numbers(changes)
                              : plural(changes.length, "change")}
                        , {ago(at)}
                        {reason && <q className="decision-why">{reason}</q>}
                    </li>
                ))}
            </ol>
        </section>
    );
}
