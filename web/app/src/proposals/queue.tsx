// The queue: what waits for a decision first, then what is being written, then what is settled.

import { type GateBody, isOpen, type ProposalBody } from "@convene/client";
import { Bot, ShieldAlert, UserRound } from "lucide-react";
import { usePlan } from "../context.ts";
import { href } from "../route.ts";
import { Who } from "../ui/who.tsx";
import { ago, plural } from "../words.ts";
import { Badge } from "./badge.tsx";
import { isAgent, RISK, STATUS } from "./words.ts";

interface Props {
    list: ProposalBody[];
    gates: GateBody[];
    at: string | undefined;
}

export function Queue({ list, gates, at }: Props) {
    const open = list.filter(({ status }) => isOpen(status));
    const settled = list.filter(({ status }) => !isOpen(status));
    const rows = (some: ProposalBody[]) => (
        <ol className="queue-list">
            {some.map((body) => (
                <Row key={body.id} body={body} gates={gates} active={body.id === at} />
            ))}
        </ol>
    );
    return (
        <>
            {open.length > 0 && rows(open)}
            {settled.length > 0 && (
                <details className="settled" open={open.length === 0 || settled.some(({ id }) => id === at)}>
                    <summary>{plural(settled.length, "settled proposal")}</summary>
                    {rows(settled)}
                </details>
            )}
        </>
    );
}

function counted({ counts, status }: ProposalBody): string {
    if (status === "drafting") return "not submitted yet";
    const parts: string[] = [];
    const all = counts.open + counts.accepted + counts.rejected + counts.undone;
    if (counts.open === all) return plural(all, "change");
    if (counts.open > 0) parts.push(`${counts.open} open`);
    if (counts.accepted > 0) parts.push(`${counts.accepted} accepted`);
    if (counts.rejected > 0) parts.push(`${counts.rejected} rejected`);
    if (counts.undone > 0) parts.push(`${counts.undone} taken back`);
    return parts.join(", ");
}

function Row({ body, gates, active }: { body: ProposalBody; gates: GateBody[]; active: boolean }) {
    const plan = usePlan();
    const waiting = gates.filter(({ proposal }) => proposal === body.id).length;
    const Kind = isAgent(body) ? Bot : UserRound;
    return (
        <li>
            <a
                className="queue-row"
                href={href("p", plan.id, "proposals", body.id)}
                aria-current={active ? "true" : undefined}
                data-proposal={body.id}
            >
                <Who user={body.author} small />
                <span className="queue-title">{body.title}</span>
                <time className="queue-age" dateTime={body.updated_at}>
                    {ago(body.updated_at)}
                </time>
                <span className="queue-note">
                    <span className="by">
                        <Kind size={12} aria-hidden />{" "}
                        {isAgent(body) ? `${body.author.name}, agent of ${body.on_behalf_of?.name}` : body.author.name}
                    </span>
                    <span>{counted(body)}</span>
                </span>
                <span className="queue-marks">
                    <Badge said={STATUS[body.status]} />
                    {body.risk && isOpen(body.status) && <Badge said={RISK[body.risk]} />}
                    {waiting > 0 && isOpen(body.status) && (
                        <span className="mark warn">
                            <ShieldAlert size={13} aria-hidden /> {plural(waiting, "approval")} to give
                        </span>
                    )}
                </span>
            </a>
        </li>
    );
}
