// The inbox of proposals: the queue on the left, the one that is looked at on the right.

import { isOpen } from "@convene/client";
import { PencilRuler } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import "../style/proposals.css";
import { usePlan } from "../context.ts";
import { href, replace, useRoute } from "../route.ts";
import { plural } from "../words.ts";
import { inOrder, maySuggest, useProposalList, useProposals, useRole } from "./asking.ts";
import { Detail } from "./detail.tsx";
import { onMoves } from "./keys.ts";
import { Queue } from "./queue.tsx";
import { Suggest } from "./suggest.tsx";

/** A page as narrow as this shows the queue or one proposal. */
const WIDE = "(min-width: 900px)";

function useWide(): boolean {
    const [wide, setWide] = useState(() => matchMedia(WIDE).matches);
    useEffect(() => {
        const media = matchMedia(WIDE);
        const onChange = () => setWide(media.matches);
        media.addEventListener("change", onChange);
        return () => media.removeEventListener("change", onChange);
    }, []);
    return wide;
}

export default function Inbox() {
    const plan = usePlan();
    const { parts } = useRoute();
    const store = useProposals();
    const { proposals, gates, loading, more, error } = useProposalList();
    useEffect(() => store.later(), [store]);
    const role = useRole();
    const wide = useWide();
    const [suggesting, setSuggesting] = useState(false);
    const list = useMemo(() => inOrder(proposals), [proposals]);
    // What is looked at stays, wherever the queue moves it.
    const first = list[0]?.id;
    const [shown, setShown] = useState<string>();
    useEffect(() => setShown((before) => before ?? first), [first]);
    const at = parts[3] ?? (wide ? shown : undefined);
    useEffect(() =>
        onMoves((by) => {
            const now = list.findIndex(({ id }) => id === at);
            const next = list[Math.max(0, Math.min(list.length - 1, now + by))];
            if (!next) return;
            replace(href("p", plan.id, "proposals", next.id));
            const row = document.querySelector<HTMLElement>(`[data-proposal="${next.id}"]`);
            row?.closest("details")?.setAttribute("open", "");
            row?.focus();
            row?.scrollIntoView({ block: "nearest" });
        }),
    );
    const waiting = list.filter(({ status }) => status === "submitted").length;
    const open = list.filter(({ status }) => isOpen(status)).length;
    return (
        <div className={parts[3] ? "inbox one" : "inbox"}>
            <section className="queue" aria-label="Queue">
                <header className="queue-head">
                    <div>
                        <h1>Proposals</h1>
                        <p className="sub" role="status">
                            {loading
                                ? "Asking the server…"
                                : waiting > 0
                                  ? `${plural(waiting, "proposal")} to decide.`
                                  : open > 0
                                    ? "Nothing waits for a decision."
                                    : "Nothing is open."}
                            {list.length > 1 && (
                                <span className="hint">
                                    {" "}
                                    <kbd>j</kbd> <kbd>k</kbd> next, previous
                                </span>
                            )}
                        </p>
                    </div>
                    {maySuggest(role) && (
                        <button type="button" className="button small" onClick={() => setSuggesting(true)}>
                            <PencilRuler size={13} aria-hidden /> Suggest changes
                        </button>
                    )}
                </header>
                {error && <p className="notice warn">{error}</p>}
                {!loading && list.length === 0 && !error && <Empty role={role} />}
                <Queue {...{ list, gates, at }} />
                {more && <p className="sub">Only the newest are shown.</p>}
            </section>
            {at !== undefined ? (
                <Detail key={at} id={at} role={role} />
            ) : (
                wide && !loading && <section className="detail" aria-label="Proposal" />
            )}
            {suggesting && <Suggest onClose={() => setSuggesting(false)} />}
        </div>
    );
}

function Empty({ role }: { role: string | undefined }) {
    const plan = usePlan();
    return (
        <div className="queue-empty">
            <p>Nobody has proposed anything yet.</p>
            <p className="sub">
                A proposal is a set of changes that somebody thinks of and others decide, one by one. People suggest
                changes by editing a draft of the plan; agents are programs that do the same, and never decide.
            </p>
            {role === "owner" && (
                <p>
                    <a href={href("p", plan.id, "members")}>Let an agent in</a>
                </p>
            )}
        </div>
    );
}
