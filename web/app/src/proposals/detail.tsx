// One proposal: why, what follows, its changes one by one, and what can be done about it.

import { isOpen, type Proposal, type Surroundings } from "@convene/client";
import { ArrowLeft, Bot, LoaderCircle, PenLine, RefreshCw, Undo2 } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { usePlan, useVersions } from "../context.ts";
import { go, href } from "../route.ts";
import { Who } from "../ui/who.tsx";
import { ago, PLACED, plural } from "../words.ts";
import { Acts, Ask, type Asking } from "./acts.tsx";
import { useDraft, useProposal, useProposals } from "./asking.ts";
import { Badge } from "./badge.tsx";
import { ChangeCard } from "./change.tsx";
import { type Deciding, useDeciding } from "./deciding.ts";
import { Decisions } from "./decisions.tsx";
import { Effect } from "./effect.tsx";
import { onActs } from "./keys.ts";
import { withAdded } from "./naming.ts";
import { Notices } from "./notices.tsx";
import { type Rights, rightsOf } from "./rights.ts";
import { remember } from "./suggesting.ts";
import { Why } from "./why.tsx";
import { isAgent, RISK, STATUS } from "./words.ts";

/** Changes shown at first; the rest when somebody asks. */
const SHOWN_MAX = 100;

export function Detail({ id, role }: { id: string; role: string | undefined }) {
    const plan = usePlan();
    const { proposal, error, reload } = useProposal(id);
    const names = useVersions(PLACED);
    const deciding = useDeciding(proposal, reload);
    // biome-ignore lint/correctness/useExhaustiveDependencies: names of things are part of what is shown
    const around = useMemo(() => withAdded(plan.around, proposal?.changes ?? []), [plan, proposal, names]);
    if (!proposal) {
        return (
            <section className="detail" aria-label="Proposal">
                <Back />
                {error ? <p className="notice warn">{error}</p> : <p className="empty">Asking the server…</p>}
            </section>
        );
    }
    const rights = rightsOf(proposal, plan.user.id, role);
    return <Shown key={id} {...{ proposal, around, deciding, rights, reload, error }} />;
}

function Back() {
    const plan = usePlan();
    return (
        <a className="back" href={href("p", plan.id, "proposals")}>
            <ArrowLeft size={14} aria-hidden /> All proposals
        </a>
    );
}

interface ShownProps {
    proposal: Proposal;
    around: Surroundings;
    deciding: Deciding;
    rights: Rights;
    reload: () => Promise<Proposal | undefined>;
    error: string | undefined;
}

function Shown({ proposal, around, deciding, rights, reload, error }: ShownProps) {
    const plan = usePlan();
    const proposals = useProposals();
    const draft = useDraft(proposal, () => void reload());
    const [asking, setAsking] = useState<Asking>();
    const [all, setAll] = useState(false);
    const { changes } = proposal;
    const ready = proposal.status === "submitted" && proposal.submitted && !proposal.edited;
    const decidable = rights.decides && ready;
    const openOnes = changes.filter(({ state }) => state === "open");
    const accepted = changes.filter(({ state }) => state === "accepted").map(({ no }) => no);
    // Every change that would be clean relies on the same: said once.
    const drifted = changes.filter((change) => change.state === "open" && change.class === "drifted");
    const reads = drifted.length > 1 ? drifted[0]?.reads : undefined;
    const chosen = [...deciding.chosen].filter((no) => openOnes.some((one) => one.no === no));
    const edit = (accepts: boolean) => {
        if (accepts) remember(proposal, chosen);
        go(href("p", proposal.draft));
    };
    const submitAgain = () =>
        deciding.act(async () => {
            await proposals.submit(proposal.id);
            return "Submitted. It can be decided now.";
        });
    const rebase = () =>
        deciding.act(async () => {
            const now = await proposals.rebase(proposal.id);
            return now.edited || !now.submitted
                ? "The draft goes on from what the plan says now. Submit it again."
                : "The draft goes on from what the plan says now.";
        });
    const approve = (gate: string, shown: string) =>
        deciding.act(async () => {
            await proposals.approveGate(gate, shown, proposal.id);
            return "Approved. It counts as long as this is what is shown.";
        });
    useEffect(() =>
        onActs({
            accept: () => decidable && void deciding.accept(),
            edit: () => decidable && edit(true),
            reject: () =>
                decidable &&
                setAsking({ what: "reject", only: chosen.length > 0 ? chosen : openOnes.map(({ no }) => no) }),
            undo: () =>
                rights.decides && accepted.length > 0 && setAsking({ what: "undo", only: deciding.last ?? accepted }),
        }),
    );
    const shown = all ? changes : changes.slice(0, SHOWN_MAX);
    return (
        <section className="detail" aria-label={`Proposal: ${proposal.title}`}>
            <Back />
            <Head proposal={proposal} rights={rights} onAsk={setAsking} onRebase={rebase} onEdit={() => edit(false)} />
            {error && <p className="notice warn">{error}</p>}
            <Notices
                {...{ proposal, deciding, rights, reads, around }}
                onSubmit={submitAgain}
                onEdit={() => edit(false)}
            />
            <Why proposal={proposal} around={around} />
            {changes.length > 0 && isOpen(proposal.status) && openOnes.length > 0 && (
                <Effect effect={proposal.effect} around={around} />
            )}
            <div className="cards-head">
                <h3>
                    {plural(changes.length, "change")}
                    {draft && (
                        <span className="live">
                            <LoaderCircle size={13} className="turning" aria-hidden /> growing as it is written
                        </span>
                    )}
                </h3>
                {decidable && openOnes.length > 1 && (
                    <button
                        type="button"
                        className="link small"
                        onClick={() => deciding.chooseAll(chosen.length === 0)}
                    >
                        {chosen.length === 0 ? "Select all" : "Select none"}
                    </button>
                )}
            </div>
            {changes.length === 0 && (
                <p className="empty">
                    {proposal.status === "drafting"
                        ? "Nothing is written in the draft yet. What is written appears here."
                        : "There is no change in it."}
                </p>
            )}
            <ul className="cards">
                {shown.map((change) => (
                    <ChangeCard
                        key={change.no}
                        {...{ change, plan, around, draft }}
                        drifted={reads === undefined}
                        {...(decidable && change.state === "open"
                            ? {
                                  deciding: {
                                      chosen: deciding.chosen.has(change.no),
                                      onChoose: (on: boolean) => deciding.choose(change.no, on),
                                      resolve: deciding.resolves.get(change.no),
                                      onResolve: (resolve: "theirs" | "mine") => deciding.resolve(change.no, resolve),
                                      onAccept: () => void deciding.accept([change.no]),
                                      onReject: () => setAsking({ what: "reject", only: [change.no] }),
                                      busy: deciding.busy,
                                  },
                              }
                            : {})}
                        {...(rights.approves &&
                        ready &&
                        change.gate?.id &&
                        !change.gate.approved_by.some(({ id }) => id === plan.user.id)
                            ? { onApprove: () => void approve(change.gate?.id ?? "", change.shown) }
                            : {})}
                        {...(rights.decides && change.state === "accepted"
                            ? { onUndo: () => setAsking({ what: "undo", only: [change.no] }) }
                            : {})}
                    />
                ))}
            </ul>
            {shown.length < changes.length && (
                <button type="button" className="button quiet" onClick={() => setAll(true)}>
                    Show all {plural(changes.length, "change")}
                </button>
            )}
            <Decisions decisions={proposal.decisions} />
            {decidable && openOnes.length > 0 && (
                <Acts
                    {...{ deciding, chosen }}
                    open={openOnes.map(({ no }) => no)}
                    onEdit={() => edit(true)}
                    onAsk={setAsking}
                />
            )}
            {asking && (
                <Ask key={asking.what} {...{ asking, proposal, deciding }} onClose={() => setAsking(undefined)} />
            )}
        </section>
    );
}

function Head({
    proposal,
    rights,
    onAsk,
    onRebase,
    onEdit,
}: {
    proposal: Proposal;
    rights: Rights;
    onAsk: (asking: Asking) => void;
    onRebase: () => void;
    onEdit: () => void;
}) {
    const open = isOpen(proposal.status);
    const writes = open && (rights.own || rights.decides);
    const moved = proposal.changes.some((change) => change.class === "conflict" || change.class === "void");
    const accepted = proposal.changes.filter(({ state }) => state === "accepted").map(({ no }) => no);
    return (
        <header className="detail-head">
            <div className="detail-names">
                <h2 tabIndex={-1} data-detail={proposal.id}>
                    {proposal.title}
                </h2>
                <p className="detail-by">
                    <Who user={proposal.author} small />
                    <span>
                        {proposal.author.name}
                        {isAgent(proposal) && (
                            <>
                                {" "}
                                <span className="mark plain">
                                    <Bot size={13} aria-hidden /> Agent
                                </span>{" "}
                                for {proposal.on_behalf_of?.name}
                            </>
                        )}
                    </span>
                    <span className="sub">
                        {proposal.revision > 0 ? `revision ${proposal.revision}, ` : ""}
                        {ago(proposal.updated_at)}
                        {open &&
                            ` · open until ${new Date(proposal.expires_at).toLocaleDateString("en-GB", { day: "numeric", month: "short" })}`}
                    </span>
                </p>
                <p className="detail-marks">
                    <Badge said={STATUS[proposal.status]} />
                    {proposal.risk && <Badge said={RISK[proposal.risk]} />}
                </p>
            </div>
            <span className="acts">
                {writes && (proposal.status !== "submitted" || rights.own) && (
                    <button type="button" className="button small" onClick={onEdit}>
                        <PenLine size={13} aria-hidden /> Open the draft
                    </button>
                )}
                {writes && moved && (
                    <button
                        type="button"
                        className="button small"
                        title="The draft goes on from what the plan says now"
                        onClick={onRebase}
                    >
                        <RefreshCw size={13} aria-hidden /> Bring up to date
                    </button>
                )}
                {rights.decides && accepted.length > 0 && (
                    <button
                        type="button"
                        className="button small"
                        onClick={() => onAsk({ what: "undo", only: accepted })}
                    >
                        <Undo2 size={13} aria-hidden /> Take back… <kbd>z</kbd>
                    </button>
                )}
                {open && (rights.own || rights.owner) && (
                    <button type="button" className="button small quiet" onClick={() => onAsk({ what: "withdraw" })}>
                        Withdraw…
                    </button>
                )}
            </span>
        </header>
    );
}
