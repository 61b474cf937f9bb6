// Deciding about a proposal: which changes are chosen, what is done, and what is said when somebody was faster.

import {
    type ChangeBody,
    type Decided,
    type Pick,
    type Proposal,
    RequestError,
    whatIsDifferent,
} from "@convene/client";
import { useEffect, useState } from "react";
import { reasonOf, tell } from "../ui/toast.ts";
import { plural } from "../words.ts";
import { useProposals } from "./asking.ts";
import { numbers } from "./words.ts";

/** What is done about a conflict: what is in the plan stays, or the proposed value replaces it. */
export type Resolve = "theirs" | "mine";

export interface Problem {
    say: string;
    different: string[];
}

/** What was left as it is when something was done. */
export interface Kept {
    say: string;
    kept: { no: number; why: string }[];
}

export interface Deciding {
    chosen: ReadonlySet<number>;
    choose: (no: number, on: boolean) => void;
    chooseAll: (on: boolean) => void;
    resolves: ReadonlyMap<number, Resolve>;
    resolve: (no: number, resolve: Resolve) => void;
    busy: boolean;
    problem: Problem | undefined;
    kept: Kept | undefined;
    forget: () => void;
    /** The chosen ones, or with nothing chosen all that can be. */
    accept: (only?: number[]) => Promise<boolean>;
    reject: (only: number[], reason: string) => Promise<boolean>;
    /** Does something else to the proposal, with the same care. */
    act: (work: () => Promise<string>) => Promise<boolean>;
    takeBack: (only: number[] | undefined, reason: string) => Promise<boolean>;
    /** What was accepted last on this page. */
    last: number[] | undefined;
}

const isOpen = ({ state }: ChangeBody) => state === "open";

/** A change with those that it cannot be without. */
function withNeeded(changes: ChangeBody[], no: number): number[] {
    const all = new Set<number>();
    const todo = [no];
    while (todo.length > 0) {
        const next = todo.pop() as number;
        const change = changes.find((one) => one.no === next);
        if (!change || all.has(next) || !isOpen(change)) continue;
        all.add(next);
        todo.push(...change.depends_on);
    }
    return [...all];
}

/** A change with those that cannot be without it. */
function withDependents(changes: ChangeBody[], no: number): number[] {
    const all = new Set([no]);
    for (let before = 0; before !== all.size; ) {
        before = all.size;
        for (const change of changes) if (change.depends_on.some((one) => all.has(one))) all.add(change.no);
    }
    return [...all];
}

export function useDeciding(proposal: Proposal | undefined, reload: () => Promise<Proposal | undefined>): Deciding {
    const proposals = useProposals();
    // With the hash of what was shown then: what is shown in another way now was not what somebody chose.
    const [marks, setMarks] = useState<ReadonlyMap<number, string>>(new Map());
    const [said, setSaid] = useState<ReadonlyMap<number, { shown: string; resolve: Resolve }>>(new Map());
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState<Problem>();
    const [kept, setKept] = useState<Kept>();
    const [last, setLast] = useState<number[]>();
    const changes = proposal?.changes ?? [];
    const shownOf = (no: number) => changes.find((change) => change.no === no && isOpen(change))?.shown;
    const chosen = new Set([...marks].filter(([no, shown]) => shownOf(no) === shown).map(([no]) => no));
    const resolves = new Map(
        [...said].filter(([no, { shown }]) => shownOf(no) === shown).map(([no, { resolve }]) => [no, resolve]),
    );
    const setChosen = (next: ReadonlySet<number>) =>
        setMarks(new Map([...next].flatMap((no) => [[no, shownOf(no) ?? ""] as const])));
    // biome-ignore lint/correctness/useExhaustiveDependencies: only another reading of the proposal lets go of something
    useEffect(() => {
        const gone = [...marks.keys()].filter((no) => !chosen.has(no));
        if (gone.length === 0) return;
        setChosen(chosen);
        const open = gone.filter((no) => shownOf(no) !== undefined);
        if (open.length > 0)
            tell(
                `${sentence(numbers(open))} ${open.length === 1 ? "is" : "are"} shown in another way now: look again, and select again.`,
            );
    }, [proposal]);
    const choosable = changes.filter((change) => isOpen(change) && change.class !== "void");

    const choose = (no: number, on: boolean) => {
        const next = new Set(chosen);
        const along = on ? withNeeded(changes, no) : withDependents(changes, no).filter((one) => chosen.has(one));
        for (const one of along) on ? next.add(one) : next.delete(one);
        const others = along.filter((one) => one !== no && chosen.has(one) !== on);
        if (others.length > 0)
            tell(on ? `It needs ${numbers(others)}, selected with it.` : `Without it, ${numbers(others)} cannot be.`);
        setChosen(next);
    };

    /** Runs what changes something; when it is refused, says what is different from what was shown. */
    const act = async (work: () => Promise<string>): Promise<boolean> => {
        if (busy || !proposal) return false;
        setBusy(true);
        setProblem(undefined);
        setKept(undefined);
        try {
            tell(await work());
            await reload();
            return true;
        } catch (error) {
            const now = await reload();
            const stale =
                error instanceof RequestError && ["conflict", "not_found", "unprocessable"].includes(error.code);
            const different = stale && now ? whatIsDifferent(proposal, now) : [];
            setProblem({ say: reasonOf(error), different });
            tell(`Nothing was done. ${different[0] ?? reasonOf(error)}`, undefined, "error");
            return false;
        } finally {
            setBusy(false);
        }
    };

    const accept = async (only?: number[]): Promise<boolean> => {
        if (!proposal) return false;
        const asked = only ?? (chosen.size > 0 ? [...chosen] : undefined);
        const wanted = asked?.flatMap((no) => withNeeded(changes, no));
        const among = choosable.filter(({ no }) => !wanted || wanted.includes(no));
        const unsaid = among.filter((change) => change.class === "conflict" && !resolves.has(change.no));
        if (wanted && unsaid.length > 0) {
            setProblem({
                say: `Say first which one counts for ${numbers(unsaid.map(({ no }) => no))}: what is there now, or what is proposed.`,
                different: [],
            });
            document.getElementById(`change-${unsaid[0]?.no}`)?.scrollIntoView({ block: "center" });
            return false;
        }
        const isTheirs = ({ no }: ChangeBody) => resolves.get(no) === "theirs";
        const theirs = among.filter((change) => change.class === "conflict" && isTheirs(change));
        const mine = among.filter((change) => !theirs.includes(change) && !unsaid.includes(change));
        const pick = ({ no, shown, class: is }: ChangeBody): Pick => ({
            no,
            shown,
            ...(is === "conflict" ? { resolve: "mine" as const } : {}),
        });
        if (mine.length + theirs.length === 0) {
            setProblem({ say: "There is no change here that can be accepted as it stands.", different: [] });
            return false;
        }
        return act(async () => {
            const { id, revision } = proposal;
            const parts: string[] = [];
            if (mine.length > 0) {
                const done = await proposals.decide(id, revision, "approve", mine.map(pick));
                parts.push(...sayAccepted(done));
                if (done.done.length > 0) setLast(done.done);
            }
            if (theirs.length > 0) {
                const why = "What was in the plan already was kept.";
                await proposals.decide(
                    id,
                    revision,
                    "reject",
                    theirs.map(({ no, shown }) => ({ no, shown })),
                    why,
                );
                parts.push(`${plural(theirs.length, "value")} of the plan kept.`);
            }
            if (unsaid.length > 0)
                parts.push(`${sentence(numbers(unsaid.map(({ no }) => no)))}: say which one counts.`);
            setChosen(new Set());
            return parts.join(" ");
        });
    };

    const reject = (only: number[], reason: string): Promise<boolean> =>
        act(async () => {
            const picks = changes
                .filter((change) => isOpen(change) && only.includes(change.no))
                .map(({ no, shown }) => ({ no, shown }));
            await proposals.decide(proposal?.id ?? "", proposal?.revision ?? 0, "reject", picks, reason);
            setChosen(new Set([...chosen].filter((no) => !only.includes(no))));
            return `${plural(picks.length, "change")} rejected. The author is told why.`;
        });

    const takeBack = (only: number[] | undefined, reason: string): Promise<boolean> =>
        act(async () => {
            const done = await proposals.undo(proposal?.id ?? "", only, reason || undefined);
            setLast(undefined);
            const say =
                done.done.length > 0 ? `${plural(done.done.length, "change")} taken back.` : "Nothing was taken back.";
            if (done.kept.length > 0)
                setKept({ say: `${plural(done.kept.length, "change")} stayed as they are:`, kept: done.kept });
            return done.kept.length > 0 ? `${say} ${plural(done.kept.length, "change")} stayed.` : say;
        });

    return {
        chosen,
        choose,
        chooseAll: (on) => setChosen(new Set(on ? choosable.map(({ no }) => no) : [])),
        resolves,
        resolve: (no, resolve) => setSaid(new Map(said).set(no, { shown: shownOf(no) ?? "", resolve })),
        busy,
        problem,
        kept,
        forget: () => {
            setProblem(undefined);
            setKept(undefined);
        },
        accept,
        reject,
        act,
        takeBack,
        last,
    };
}

/** What came of accepting, in sentences. */
export function sayAccepted(done: Decided): string[] {
    const parts: string[] = [];
    if (done.done.length > 0) parts.push(`${plural(done.done.length, "change")} accepted.`);
    if (done.already.length > 0) parts.push(`${sentence(numbers(done.already))} ${were(done.already)} there already.`);
    if (done.waiting.length > 0)
        parts.push(
            `${sentence(numbers(done.waiting))} ${done.waiting.length === 1 ? "waits" : "wait"} for approvals; yours is noted if it counts.`,
        );
    return parts.length > 0 ? parts : ["Nothing was to do."];
}

function were(list: number[]): string {
    return list.length === 1 ? "was" : "were";
}

function sentence(say: string): string {
    return say.charAt(0).toUpperCase() + say.slice(1);
}
