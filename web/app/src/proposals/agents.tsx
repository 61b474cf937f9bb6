// Programs that belong to the plan: what they may do, how to let one in, and how to end it.

import { type AgentBody, type AgentMade, draftOf, ROOTS, words } from "@convene/client";
import { Bot, Copy, UserMinus } from "lucide-react";
import { type FormEvent, useCallback, useEffect, useRef, useState } from "react";
import "../style/proposals.css";
import { usePlan } from "../context.ts";
import { useLive } from "../live-context.ts";
import { href } from "../route.ts";
import { Dialog } from "../ui/dialog.tsx";
import { copyText, reasonOf, tell } from "../ui/toast.ts";
import { Who } from "../ui/who.tsx";
import { ago, plural, ROOT_WORDS } from "../words.ts";

const NAME_MAX = 80;
const OPEN_MAX = 20;
const DAYS_MAX = 366;
const PROPOSED = ROOTS.map(({ name }) => name).filter((name) => name !== "comments");

function titleOf(root: string): string {
    return ROOT_WORDS[root]?.title ?? words(root);
}

function isOver(agent: AgentBody): boolean {
    return agent.revoked_at !== undefined || Date.parse(agent.expires_at) < Date.now();
}

export default function Agents({ owner }: { owner: boolean }) {
    const plan = usePlan();
    const live = useLive();
    const [agents, setAgents] = useState<AgentBody[]>();
    const [error, setError] = useState<string>();
    const [making, setMaking] = useState(false);
    const [ending, setEnding] = useState<AgentBody>();
    const load = useCallback(async () => {
        try {
            setAgents((await plan.control.call("agent.list", { plan: plan.id })).agents);
            setError(undefined);
        } catch (problem) {
            setError(reasonOf(problem));
        }
    }, [plan]);
    useEffect(() => {
        if (draftOf(plan.id)) return undefined;
        void load();
        return live.onChanged(() => void load());
    }, [plan, load, live]);
    const living = agents?.filter((agent) => !isOver(agent)) ?? [];
    const over = agents?.filter(isOver) ?? [];
    return (
        <section className="panel" aria-label="Agents">
            <header className="page-head with-acts">
                <h2>Agents</h2>
                {owner && (
                    <button type="button" className="button small" onClick={() => setMaking(true)}>
                        <Bot size={14} aria-hidden /> Let an agent in
                    </button>
                )}
            </header>
            <p className="sub">
                Programs that read this plan and propose changes to it. None of them decides: what they propose is in{" "}
                <a href={href("p", plan.id, "proposals")}>Proposals</a>.
            </p>
            {error && <p className="notice warn">{error}</p>}
            {agents && living.length === 0 && <p className="sub">There is none.</p>}
            <ul className="people">
                {living.map((agent) => (
                    <Row key={agent.id} agent={agent} {...(owner ? { onEnd: () => setEnding(agent) } : {})} />
                ))}
            </ul>
            {over.length > 0 && (
                <details className="settled">
                    <summary>{plural(over.length, "agent")} of before</summary>
                    <ul className="people">
                        {over.map((agent) => (
                            <Row key={agent.id} agent={agent} />
                        ))}
                    </ul>
                </details>
            )}
            {making && <Make onMade={load} onClose={() => setMaking(false)} />}
            {ending && <End agent={ending} onDone={load} onClose={() => setEnding(undefined)} />}
        </section>
    );
}

function Row({ agent, onEnd }: { agent: AgentBody; onEnd?: () => void }) {
    const { name, paths, open_max: open, made_by: by } = agent;
    const day = (instant: string) =>
        new Date(instant).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
    const used = agent.last_used_at ? `last here ${ago(agent.last_used_at)}` : "never here";
    return (
        <li className="person">
            <Who user={{ id: agent.id, name }} />
            <span className="person-name">
                <strong>{name}</strong>
                <span className="mark plain">
                    <Bot size={13} aria-hidden /> for {by.name}
                </span>
                <span className="person-note">
                    {paths.length === 0
                        ? "Proposes anywhere"
                        : `Proposes in ${paths.map((path) => (path.includes("/") ? path : titleOf(path))).join(", ")}`}
                    , {plural(open, "open proposal")} at a time
                </span>
                <span className="person-note">
                    {agent.revoked_at
                        ? `Revoked ${ago(agent.revoked_at)}`
                        : isOver(agent)
                          ? `Its token ended on ${day(agent.expires_at)}`
                          : `${used.charAt(0).toUpperCase()}${used.slice(1)} · its token counts until ${day(agent.expires_at)}`}
                </span>
            </span>
            {onEnd && (
                <button type="button" className="icon-button" aria-label={`Revoke ${name}`} onClick={onEnd}>
                    <UserMinus size={15} aria-hidden />
                </button>
            )}
        </li>
    );
}

function End({ agent, onDone, onClose }: { agent: AgentBody; onDone: () => Promise<void>; onClose: () => void }) {
    const plan = usePlan();
    const live = useLive();
    const [say, setSay] = useState<string>();
    const end = async () => {
        try {
            await plan.control.call("agent.revoke", { plan: plan.id, agent: agent.id });
            tell(`${agent.name} is out.`);
            live.proposals.later();
            onClose();
            await onDone();
        } catch (error) {
            setSay(reasonOf(error));
        }
    };
    return (
        <Dialog title={`Revoke ${agent.name}?`} open onClose={onClose}>
            <p className="dialog-text">
                Its token counts no more, and what it has proposed and nobody has decided is withdrawn. What was
                accepted stays in the plan.
            </p>
            <p className="problem" role="alert" hidden={!say}>
                {say}
            </p>
            <div className="form-acts">
                <button type="button" className="button" onClick={onClose}>
                    Cancel
                </button>
                <button type="button" className="button danger" onClick={() => void end()}>
                    Revoke
                </button>
            </div>
        </Dialog>
    );
}

/** A whole number of a form, or nothing where it is left out; a sentence where it does not fit. */
function wholeNumber(data: FormData, name: string, title: string, max: number): number | string | undefined {
    const typed = String(data.get(name) ?? "").trim();
    if (typed === "") return undefined;
    const value = Number(typed);
    return Number.isInteger(value) && value >= 1 && value <= max ? value : `${title}: a whole number from 1 to ${max}.`;
}

function Make({ onMade, onClose }: { onMade: () => Promise<void>; onClose: () => void }) {
    const plan = usePlan();
    const field = useRef<HTMLInputElement>(null);
    const [say, setSay] = useState<string>();
    const [everywhere, setEverywhere] = useState(true);
    const [made, setMade] = useState<AgentMade>();
    const [busy, setBusy] = useState(false);
    const submit = async (event: FormEvent<HTMLFormElement>) => {
        event.preventDefault();
        const data = new FormData(event.currentTarget);
        const name = String(data.get("name") ?? "").trim();
        const open = wholeNumber(data, "open", "Proposals at a time", OPEN_MAX);
        const days = wholeNumber(data, "days", "Days", DAYS_MAX);
        const paths = everywhere ? [] : data.getAll("path").map(String);
        const problem =
            name === ""
                ? "Write the name that others shall see."
                : !everywhere && paths.length === 0
                  ? "Choose where it may propose, or let it propose anywhere."
                  : typeof open === "string"
                    ? open
                    : typeof days === "string"
                      ? days
                      : undefined;
        setSay(problem);
        if (problem || typeof open === "string" || typeof days === "string") return;
        setBusy(true);
        try {
            setMade(
                await plan.control.call("agent.create", {
                    plan: plan.id,
                    name,
                    paths,
                    ...(open === undefined ? {} : { open_max: open }),
                    ...(days === undefined ? {} : { days }),
                }),
            );
            await onMade();
        } catch (error) {
            setSay(reasonOf(error));
        } finally {
            setBusy(false);
        }
    };
    if (made)
        return (
            <Dialog title={`${made.agent.name} may come in`} open onClose={onClose} wide>
                <Token made={made} onClose={onClose} />
            </Dialog>
        );
    return (
        <Dialog title="Let an agent in" open onClose={onClose} wide focus={field}>
            <form className="form" onSubmit={submit} noValidate>
                <label className="form-field">
                    <span>Name that others see</span>
                    <input ref={field} name="name" className="input" maxLength={NAME_MAX} autoComplete="off" />
                </label>
                <label className="check">
                    <input
                        type="checkbox"
                        checked={everywhere}
                        onChange={(event) => setEverywhere(event.target.checked)}
                    />{" "}
                    It may propose anywhere in the plan
                </label>
                {!everywhere && (
                    <fieldset className="path-list">
                        <legend>It may propose in</legend>
                        {PROPOSED.map((root) => (
                            <label key={root} className="check">
                                <input type="checkbox" name="path" value={root} /> {titleOf(root)}
                            </label>
                        ))}
                    </fieldset>
                )}
                <div className="inline-form">
                    <label className="form-field">
                        <span>Open proposals at a time</span>
                        <input name="open" className="input" inputMode="numeric" defaultValue="5" />
                    </label>
                    <label className="form-field">
                        <span>Days that its token counts</span>
                        <input name="days" className="input" inputMode="numeric" defaultValue="90" />
                    </label>
                </div>
                <p className="problem" role="alert" hidden={!say}>
                    {say}
                </p>
                <div className="form-acts">
                    <button type="button" className="button" onClick={onClose}>
                        Cancel
                    </button>
                    <button type="submit" className="button primary" disabled={busy}>
                        Make its token
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function snippet(plan: string): string {
    const url = `${location.origin.replace(/^http/, "ws")}/ws`;
    return [
        "// npm install @hocuspocus/provider yjs     (Node 22 or newer)",
        'import { HocuspocusProvider } from "@hocuspocus/provider";',
        'import * as Y from "yjs";',
        "",
        "const convene = new HocuspocusProvider({",
        `  url: "${url}",`,
        '  name: "convene",',
        "  document: new Y.Doc(),",
        "  token: process.env.CONVENE_TOKEN,",
        "  onStateless: ({ payload }) => console.log(payload),",
        "  onAuthenticated: () => convene.sendStateless(JSON.stringify({",
        '    jsonrpc: "2.0", id: "1", method: "proposal.open",',
        `    params: { plan: "${plan}", title: "An idea" },`,
        "  })),",
        "});",
    ].join("\n");
}

function Token({ made, onClose }: { made: AgentMade; onClose: () => void }) {
    const plan = usePlan();
    const code = snippet(plan.id);
    return (
        <div className="token">
            <p className="dialog-text">
                Give it this token. It is shown this once, and kept nowhere: who loses it lets the agent in again.
            </p>
            <p className="invite-link">
                <input
                    className="input"
                    readOnly
                    aria-label="Token"
                    value={made.token}
                    onFocus={(event) => event.currentTarget.select()}
                />
                <button type="button" className="button" onClick={() => copyText(made.token)}>
                    <Copy size={14} aria-hidden /> Copy the token
                </button>
            </p>
            <h3>How it comes in</h3>
            <p className="sub">
                It opens the address of the plan to read along, and the draft of its proposal to write: both are Yjs
                documents. The answer to this names the draft.
            </p>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys */}
            <pre tabIndex={0}>{code}</pre>
            <div className="form-acts">
                <button type="button" className="button" onClick={() => copyText(code)}>
                    <Copy size={14} aria-hidden /> Copy the example
                </button>
                <button type="button" className="button primary" onClick={onClose}>
                    Done
                </button>
            </div>
        </div>
    );
}
