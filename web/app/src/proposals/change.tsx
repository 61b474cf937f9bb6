// One change of a proposal: what it does, how it stands to the plan, what it needs, and what became of it.

import type { ChangeBody, Draft, GateBrief, Plan, ReadDrift, Surroundings } from "@convene/client";
import { ShieldAlert, ShieldCheck } from "lucide-react";
import { href } from "../route.ts";
import { ago, ROOT_WORDS } from "../words.ts";
import { Badge } from "./badge.tsx";
import type { Resolve } from "./deciding.ts";
import { aboutOf } from "./naming.ts";
import { Value, Values } from "./values.tsx";
import { CLASS, STATE } from "./words.ts";

interface Props {
    change: ChangeBody;
    plan: Plan;
    around: Surroundings;
    draft: Draft | undefined;
    /** Left out where nothing can be decided. */
    deciding?: {
        chosen: boolean;
        onChoose: (chosen: boolean) => void;
        resolve: Resolve | undefined;
        onResolve: (resolve: Resolve) => void;
        onAccept: () => void;
        onReject: () => void;
        busy: boolean;
    };
    /** What it relies on is said here, and not above for all of them. */
    drifted: boolean;
    onApprove?: () => void;
    onUndo?: () => void;
}

export function ChangeCard({ change, plan, around, draft, drifted, deciding, onApprove, onUndo }: Props) {
    const { no, state, gate } = change;
    const open = state === "open";
    const fits = open && change.class !== "void";
    const name = `change-${no}`;
    const live = open && draft && (change.op === "set" || change.op === "text") ? draft.at(change.path) : undefined;
    return (
        <li className={`card ${open ? (change.class ?? "clean") : state}`} id={name}>
            <header className="card-head">
                {deciding && fits ? (
                    <label className="card-say">
                        <input
                            type="checkbox"
                            className="card-check"
                            data-change={no}
                            checked={deciding.chosen}
                            onChange={(event) => deciding.onChoose(event.target.checked)}
                        />
                        <span className="card-no">{no}</span>
                        <span>{change.say}</span>
                    </label>
                ) : (
                    <p className="card-say">
                        <span className="card-no">{no}</span>
                        <span>{change.say}</span>
                    </p>
                )}
                {open ? change.class && <Badge said={CLASS[change.class]} /> : <Badge said={STATE[state]} />}
            </header>
            <div className="card-body">
                {open && <Standing change={change} around={around} drifted={drifted} />}
                <Values change={change} plan={plan} around={around} live={live} />
                {open && change.class === "conflict" && deciding && (
                    <fieldset className="resolve">
                        <legend>Which one counts?</legend>
                        {(["theirs", "mine"] as const).map((which) => (
                            <label key={which} className="check">
                                <input
                                    type="radio"
                                    name={`${name}-resolve`}
                                    checked={deciding.resolve === which}
                                    onChange={() => deciding.onResolve(which)}
                                />{" "}
                                {which === "theirs" ? "Keep what is there now" : "Apply what is proposed"}
                            </label>
                        ))}
                    </fieldset>
                )}
                {gate && open && <Gate gate={gate} {...(onApprove ? { onApprove } : {})} />}
            </div>
            <footer className="card-acts">
                {deciding && open && (
                    <>
                        {fits && (
                            <button
                                type="button"
                                className="button small"
                                disabled={deciding.busy}
                                onClick={deciding.onAccept}
                            >
                                Accept<span className="unseen"> change {no}</span>
                            </button>
                        )}
                        <button
                            type="button"
                            className="button small quiet"
                            disabled={deciding.busy}
                            onClick={deciding.onReject}
                        >
                            Reject…<span className="unseen"> change {no}</span>
                        </button>
                    </>
                )}
                {state === "accepted" && onUndo && (
                    <button type="button" className="button small quiet" onClick={onUndo}>
                        Take back…<span className="unseen"> change {no}</span>
                    </button>
                )}
                <Notes change={change} plan={plan} />
            </footer>
        </li>
    );
}

/** How it stands to the plan, where there is more to say than a word. */
function Standing({ change, around, drifted }: { change: ChangeBody; around: Surroundings; drifted: boolean }) {
    if (!change.class || change.class === "clean" || (change.class === "drifted" && !drifted)) return null;
    const { more } = CLASS[change.class];
    return (
        <div className="standing">
            <p>{change.class === "void" ? `${sentence(change.why ?? "")}.` : more}</p>
            {change.class === "drifted" && <Drift reads={change.reads ?? []} around={around} />}
        </div>
    );
}

/** What an author relied on and is different now. */
export function Drift({ reads, around }: { reads: ReadDrift[]; around: Surroundings }) {
    return (
        <ul className="bullets">
            {reads.map(({ path, was, now }) => (
                <li key={path.join("/")}>
                    <Place path={path} around={around} /> was <Value path={path} value={was} around={around} />, is{" "}
                    <Value path={path} value={now} around={around} /> now
                </li>
            ))}
        </ul>
    );
}

function sentence(say: string): string {
    return say.charAt(0).toUpperCase() + say.slice(1);
}

/** What a path leads to, in words. */
export function Place({ path, around }: { path: string[]; around: Surroundings }) {
    const about = aboutOf(path);
    if (!about) return <>{path.join("/")}</>;
    const thing = about.id
        ? (around.title(about.root, about.id) ?? about.id)
        : (ROOT_WORDS[about.root]?.title ?? about.root);
    const field = about.field?.name.replaceAll("_", " ").replace(/ id$/, "");
    return <>{field ? `${thing}: ${field}` : thing}</>;
}

function Notes({ change, plan }: { change: ChangeBody; plan: Plan }) {
    const about = aboutOf(change.path);
    const there = about && ROOT_WORDS[about.root] && about.id !== "" && plan.content.root(about.root).get(about.id);
    const settled = change.state !== "open" && change.settled_by;
    return (
        <p className="card-notes">
            {change.edited_by && <span>Edited by {change.edited_by.name}</span>}
            {settled && (
                <span>
                    {STATE[change.state as Exclude<ChangeBody["state"], "open">].say} by {change.settled_by?.name}
                    {change.settled_at ? `, ${ago(change.settled_at)}` : ""}
                </span>
            )}
            {change.depends_on.length > 0 && (
                <span>
                    Needs{" "}
                    {change.depends_on.map((no, at) => (
                        <span key={no}>
                            {at > 0 && ", "}
                            <button
                                type="button"
                                className="link"
                                onClick={() =>
                                    document.getElementById(`change-${no}`)?.scrollIntoView({ block: "center" })
                                }
                            >
                                change {no}
                            </button>
                        </span>
                    ))}
                </span>
            )}
            {there && (
                <a
                    href={`${href("p", plan.id, about.root, about.id)}${about.field ? `?field=${about.field.name}` : ""}`}
                >
                    Open in the plan
                </a>
            )}
        </p>
    );
}

/** What it needs beside an editor's word, and who has given it. */
function Gate({ gate, onApprove }: { gate: GateBrief; onApprove?: () => void }) {
    const missing = Math.max(0, gate.needs - gate.approved_by.length);
    const Icon = missing === 0 ? ShieldCheck : ShieldAlert;
    const names = (people: { name: string }[]) => people.map(({ name }) => name).join(", ");
    return (
        <div className={missing === 0 ? "gate open" : "gate"}>
            <p>
                <Icon size={14} aria-hidden /> {sentence(gate.say)}.
            </p>
            <p className="gate-note">
                {gate.approved_by.length === 0
                    ? "Nobody has approved it yet. "
                    : `Approved by ${names(gate.approved_by)}. `}
                {missing > 0 && gate.approved_by.length > 0 && `${missing} of ${gate.needs} are missing. `}
                {gate.fallen.length > 0 &&
                    `${names(gate.fallen)} approved what was shown before; that fell, since it is shown in another way now. `}
                {onApprove && "Accepting it gives yours."}
            </p>
            {onApprove && (
                <button type="button" className="button small" onClick={onApprove}>
                    <ShieldCheck size={13} aria-hidden /> Approve
                </button>
            )}
        </div>
    );
}
