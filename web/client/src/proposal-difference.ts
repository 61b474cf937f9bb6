// What happened to a proposal between two looks at it, in words: for somebody whose decision was not taken.

import type { ChangeBody, Proposal } from "./proposal-wire.ts";
import { same } from "./value.ts";

const STATES: Record<ChangeBody["state"], string> = {
    open: "is open again",
    accepted: "was accepted",
    rejected: "was rejected",
    undone: "was taken back",
};

const CLASSES: Record<NonNullable<ChangeBody["class"]>, string> = {
    clean: "fits the plan again",
    already: "is in the plan already",
    mergeable: "meets another edit of the same text, and both fit together",
    drifted: "relies on something that has another value now",
    conflict: "meets another value in the plan now",
    void: "cannot be made any more",
};

/** One sentence each; none when nothing is different. */
export function whatIsDifferent(before: Proposal, after: Proposal): string[] {
    const say: string[] = [];
    if (before.status !== after.status) say.push(`The proposal is ${after.status.replaceAll("_", " ")} now`);
    if (before.revision !== after.revision)
        say.push(`There is a revision ${after.revision} now; you looked at ${before.revision}`);
    if (!before.edited && after.edited) say.push("The draft was edited since it was submitted");
    const old = new Map(before.changes.map((change) => [change.no, change]));
    for (const change of after.changes) {
        const was = old.get(change.no);
        old.delete(change.no);
        if (!was) {
            say.push(`Change ${change.no} is new: ${change.say}`);
            continue;
        }
        const one = ofChange(was, change);
        if (one) say.push(`Change ${change.no} ${one}`);
    }
    for (const no of old.keys()) say.push(`Change ${no} is gone`);
    return say;
}

function ofChange(was: ChangeBody, now: ChangeBody): string | undefined {
    if (was.state !== now.state) {
        const by = now.settled_by && now.state !== "open" ? ` by ${now.settled_by.name}` : "";
        return `${STATES[now.state]}${by}`;
    }
    if (now.state !== "open") return undefined;
    if (!same(was.path, now.path) || !same(was.after, now.after)) return "proposes something else now";
    if (was.class !== now.class && now.class) return CLASSES[now.class];
    if (!same(was.present, now.present)) return "meets yet another value in the plan now";
    if (was.merged !== now.merged) return "would be merged with other words now";
    if (!same(was.reads, now.reads)) return "relies on something that has yet another value now";
    const [old, gate] = [was.gate, now.gate];
    const fallen = gate?.fallen.filter(({ id }) => !old?.fallen.some((one) => one.id === id)) ?? [];
    if (fallen.length > 0) return `has lost the approval of ${fallen.map(({ name }) => name).join(", ")}`;
    if (!old && gate) return "needs an approval now";
    if (was.shown !== now.shown) return "is shown in another way now";
    return undefined;
}
