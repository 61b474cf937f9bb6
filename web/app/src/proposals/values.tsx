// What a change is about, before and after: in columns, and texts word by word.

import {
    type ChangeBody,
    type Field,
    type Piece,
    type Plan,
    rootNamed,
    type Surroundings,
    showValue,
    valueAt,
    wordDifference,
    words,
} from "@convene/client";
import { type ReactNode, useMemo, useState } from "react";
import { label } from "../words.ts";
import { aboutOf } from "./naming.ts";

/** A part that both have is cut when it is longer than this. */
const SAME_SHOWN_MAX = 240;
const SAME_KEPT = 90;

function isNothing(value: unknown): boolean {
    return value === null || value === undefined || value === "";
}

function memberSaid(field: Field, value: unknown, around: Surroundings): string {
    const { member } = field;
    if (!member || member.kind === "present") return "is there";
    return showValue(member, value, around) || "is there";
}

/** A value at the path of a change. */
function said(path: string[], value: unknown, around: Surroundings): string {
    const about = aboutOf(path);
    if (about?.field && about.member !== undefined) return memberSaid(about.field, value, around);
    if (about?.field) return showValue(about.field, value, around);
    return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function Value({ path, value, around }: { path: string[]; value: unknown; around: Surroundings }) {
    if (isNothing(value)) return <span className="nothing-there">nothing</span>;
    return <span className="value">{said(path, value, around)}</span>;
}

function Same({ text, first, last, all }: { text: string; first: boolean; last: boolean; all: boolean }) {
    if (all || text.length <= SAME_SHOWN_MAX) return text;
    const head = first ? "" : text.slice(0, SAME_KEPT);
    const tail = last ? "" : text.slice(-SAME_KEPT);
    return `${head} … ${tail}`;
}

/** Two texts as one: what went struck out, what came marked. */
export function TextDifference({ before, after }: { before: string; after: string }) {
    const pieces = useMemo<Piece[]>(() => wordDifference(before, after), [before, after]);
    const [all, setAll] = useState(false);
    const long = pieces.some(({ kind, text }) => kind === "same" && text.length > SAME_SHOWN_MAX);
    return (
        <>
            <p className="text-change">
                {pieces.length === 0 && <span className="nothing-there">no words</span>}
                {pieces.map(({ kind, text }, at) => {
                    const key = `${at}${kind}`;
                    if (kind === "gone")
                        return (
                            <del key={key}>
                                <span className="unseen"> removed: </span>
                                {text}
                            </del>
                        );
                    if (kind === "new")
                        return (
                            <ins key={key}>
                                <span className="unseen"> added: </span>
                                {text}
                            </ins>
                        );
                    return <Same key={key} text={text} first={at === 0} last={at === pieces.length - 1} all={all} />;
                })}
            </p>
            {long && (
                <button type="button" className="link small" onClick={() => setAll(!all)}>
                    {all ? "Show less" : "Show the whole text"}
                </button>
            )}
        </>
    );
}

function Columns({ columns }: { columns: [name: string, value: ReactNode, tone?: string][] }) {
    return (
        <dl className={`values of-${columns.length}`}>
            {columns.map(([name, value, tone]) => (
                <div key={name} className={tone}>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                </div>
            ))}
        </dl>
    );
}

interface Props {
    change: ChangeBody;
    plan: Plan;
    around: Surroundings;
    /** What the draft has there at this moment, where it is followed. */
    live?: unknown;
}

export function Values({ change, plan, around, live }: Props) {
    const after = live === undefined ? change.after : live;
    if (change.op === "add") return <Made change={change} around={around} />;
    if (change.op === "archive" || change.op === "restore") return <PutAway change={change} />;
    if (change.op === "text") return <TextValues change={change} plan={plan} after={String(after ?? "")} />;
    const { path, before } = change;
    const show = (value: unknown) => <Value path={path} value={value} around={around} />;
    if (change.state === "accepted" || change.state === "undone")
        return (
            <Columns
                columns={[
                    ["Was", show(before)],
                    [
                        change.state === "accepted" ? "Became" : "Became, until it was taken back",
                        show(after),
                        "proposed",
                    ],
                ]}
            />
        );
    if (change.class === "conflict")
        return (
            <Columns
                columns={[
                    ["Was", show(before)],
                    ["Now", show(change.present), "theirs"],
                    ["Proposed", show(after), "proposed"],
                ]}
            />
        );
    if (change.class === "already") return <Columns columns={[["Now, and proposed", show(after)]]} />;
    if (change.class === "void")
        return (
            <Columns
                columns={[
                    ["Was", show(before)],
                    ["Proposed", show(after), "proposed"],
                ]}
            />
        );
    return (
        <Columns
            columns={[
                [change.state === "rejected" ? "Was" : "Now", show(before)],
                ["Proposed", show(after), "proposed"],
            ]}
        />
    );
}

function TextValues({ change, plan, after }: { change: ChangeBody; plan: Plan; after: string }) {
    const before = String(change.before ?? "");
    if (change.class === "mergeable") {
        const now = String(valueAt(plan.content, change.path) ?? "");
        return (
            <Columns
                columns={[
                    [
                        "What somebody changed meanwhile",
                        <TextDifference key="now" before={before} after={now} />,
                        "theirs",
                    ],
                    ["Proposed", <TextDifference key="after" before={before} after={after} />],
                    [
                        "With both, which is what you accept",
                        <TextDifference key="merged" before={now} after={change.merged ?? after} />,
                        "proposed",
                    ],
                ]}
            />
        );
    }
    if (change.class === "conflict")
        return (
            <Columns
                columns={[
                    [
                        "What somebody changed meanwhile",
                        <TextDifference key="now" before={before} after={String(change.present ?? "")} />,
                        "theirs",
                    ],
                    ["Proposed", <TextDifference key="after" before={before} after={after} />, "proposed"],
                ]}
            />
        );
    return <TextDifference before={before} after={after} />;
}

function PutAway({ change }: { change: ChangeBody }) {
    const [from, to] = change.op === "archive" ? ["In the plan", "Archived"] : ["Archived", "In the plan"];
    return (
        <Columns
            columns={[
                [change.state === "open" ? "Now" : "Was", change.class === "already" ? to : from],
                [change.state === "accepted" ? "Became" : "Proposed", to, "proposed"],
            ]}
        />
    );
}

/** Everything that a new thing holds. */
function Made({ change, around }: { change: ChangeBody; around: Surroundings }) {
    const root = change.path[0] ?? "";
    const about = aboutOf(change.path);
    const fields = Object.entries((change.after ?? {}) as Record<string, unknown>).filter(
        ([name, value]) =>
            !["id", "rank", "archived"].includes(name) &&
            !isNothing(value) &&
            !(typeof value === "object" && Object.keys(value as object).length === 0),
    );
    const order = about ? rootNamed(root).fields.map(({ name }) => name) : [];
    fields.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
    return (
        <dl className="made">
            {fields.map(([name, value]) => (
                <div key={name}>
                    <dt>{about ? label(root, name) : words(name)}</dt>
                    <dd>
                        <Value path={[...change.path, name]} value={value} around={around} />
                    </dd>
                </div>
            ))}
        </dl>
    );
}
