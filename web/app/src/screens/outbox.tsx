// Letters that follow from a release: drafts that somebody copies, sends and marks, since the server sends nothing.

import type { Message } from "@convene/client";
import { Check, Copy, Mail } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { usePlanBody } from "../body.ts";
import { usePlan, usePlanState } from "../context.ts";
import { mayApprove } from "../proposals/asking.ts";
import { href } from "../route.ts";
import { copyText, reasonOf, tell, tellError } from "../ui/toast.ts";
import { ago, ROOT_WORDS } from "../words.ts";

type Sent = "without" | "only" | "with";

const SHOWN: { sent: Sent; say: string; none: string }[] = [
    {
        sent: "without",
        say: "To send",
        none: "There is nothing to send. Whoever is in a session that a new release tells of gets a draft here.",
    },
    { sent: "only", say: "Sent", none: "Nobody has marked a letter as sent yet." },
    { sent: "with", say: "All", none: "There are no letters yet." },
];

export function Outbox() {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const role = usePlanBody()?.role;
    const marks = mayEdit && mayApprove(role);
    const [sent, setSent] = useState<Sent>("without");
    const [found, setFound] = useState<{ sent: Sent; messages: Message[]; total: number }>();
    const [error, setError] = useState<string>();
    const load = useCallback(async () => {
        try {
            setFound({ sent, ...(await plan.control.call("outbox.list", { plan: plan.id, sent })) });
            setError(undefined);
        } catch (problem) {
            setError(reasonOf(problem));
        }
    }, [plan, sent]);
    useEffect(() => void load(), [load]);
    const mark = async (message: Message) => {
        try {
            const marked = await plan.control.call("outbox.mark_sent", { plan: plan.id, id: message.id });
            const first = marked.sent_by && marked.sent_by.id !== plan.user.id;
            tell(first ? `${marked.sent_by?.name} had sent it already.` : `The letter to ${message.to.name} is sent.`);
            await load();
        } catch (problem) {
            tellError(problem);
        }
    };
    const messages = found?.sent === sent ? found.messages : undefined;
    const more = found && messages ? found.total - messages.length : 0;
    return (
        <div className="page narrow">
            <header className="page-head with-acts">
                <div>
                    <h1>Outbox</h1>
                    <p className="sub">
                        Drafts of letters. This server sends nothing and knows no addresses of speakers: copy one, send
                        it, and mark it as sent.{!marks && " An approver or owner of the plan marks it."}
                    </p>
                </div>
                <fieldset className="plain-set">
                    <legend className="unseen">Which letters</legend>
                    <span className="toggle">
                        {SHOWN.map((one) => (
                            <button
                                key={one.sent}
                                type="button"
                                className={one.sent === sent ? "on" : undefined}
                                aria-pressed={one.sent === sent}
                                onClick={() => setSent(one.sent)}
                            >
                                {one.say}
                            </button>
                        ))}
                    </span>
                </fieldset>
            </header>
            {error && (
                <p className="notice warn">
                    {error}{" "}
                    <button type="button" className="link" onClick={() => void load()}>
                        Try again
                    </button>
                </p>
            )}
            {!messages && !error && <p className="empty">Asking the server…</p>}
            {messages?.length === 0 && <p className="empty">{SHOWN.find((one) => one.sent === sent)?.none}</p>}
            {messages?.map((message) => (
                <Letter key={message.id} message={message} onSent={marks ? () => mark(message) : undefined} />
            ))}
            {more > 0 && <p className="sub">And {more.toLocaleString("en")} older ones.</p>}
        </div>
    );
}

function Letter({ message, onSent }: { message: Message; onSent: (() => Promise<void>) | undefined }) {
    const plan = usePlan();
    const [busy, setBusy] = useState(false);
    const { to, subject, body, at, sent_at, sent_by } = message;
    return (
        <article className="panel letter" aria-label={`To ${to.name}: ${subject}`}>
            <header className="letter-head">
                <h2>{subject}</h2>
                <p className="sub">
                    To{" "}
                    {to.id && ROOT_WORDS[to.root] ? (
                        <a href={href("p", plan.id, to.root, to.id)}>{to.name}</a>
                    ) : (
                        to.name
                    )}{" "}
                    · drafted {ago(at)}
                    {sent_at && ` · sent ${ago(sent_at)} by ${sent_by?.name ?? "somebody"}`}
                </p>
            </header>
            <p className="letter-body">{body}</p>
            <div className="form-acts">
                <button type="button" className="button small quiet" onClick={() => copyText(subject)}>
                    Copy the subject
                </button>
                <button type="button" className="button small" onClick={() => copyText(body)}>
                    <Copy size={13} aria-hidden /> Copy the text
                </button>
                <a
                    className="button small"
                    href={`mailto:?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(body)}`}
                >
                    <Mail size={13} aria-hidden /> Open as mail
                </a>
                {onSent && !sent_at && (
                    <button
                        type="button"
                        className="button small primary"
                        disabled={busy}
                        onClick={() => {
                            setBusy(true);
                            void onSent().finally(() => setBusy(false));
                        }}
                    >
                        <Check size={13} aria-hidden /> Mark as sent
                    </button>
                )}
            </div>
        </article>
    );
}
