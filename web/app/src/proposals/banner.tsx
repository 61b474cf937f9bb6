// Over every screen of a draft: what it is that is being written, and the ways out of it.

import { draftOf, isOpen, type Proposal } from "@convene/client";
import { ArrowLeft, Check, Eye, PencilRuler, Send } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import "../style/proposals.css";
import { useClient, usePlan, usePlanState } from "../context.ts";
import { go, href } from "../route.ts";
import { Dialog } from "../ui/dialog.tsx";
import { reasonOf, tell } from "../ui/toast.ts";
import { plural } from "../words.ts";
import { type Asked, useProposal, useProposals } from "./asking.ts";
import { forgetDraft } from "./copy.ts";
import { sayAccepted } from "./deciding.ts";
import { sayEdited, useEdits } from "./edited.ts";
import { forget, remembered } from "./suggesting.ts";
import { STATUS } from "./words.ts";

const QUIET_MS = 600;
const SAVED_WITHIN_MS = 8_000;
const TITLE_MAX = 200;
const RATIONALE_MAX = 4_000;
const SHOWN_MAX = 12;

export default function Banner() {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const named = draftOf(plan.id);
    const asked = useProposal(named?.proposal ?? "");
    const { proposal, error, reload } = asked;
    const [asking, setAsking] = useState<"submit" | "discard">();
    const edits = useEdits(plan);
    // What is written here becomes changes there a moment later.
    useEffect(() => {
        let timer: ReturnType<typeof setTimeout> | undefined;
        const later = () => {
            clearTimeout(timer);
            timer = setTimeout(() => void reload(), QUIET_MS);
        };
        plan.doc.on("update", later);
        return () => {
            clearTimeout(timer);
            plan.doc.off("update", later);
        };
    }, [plan, reload]);
    useForgotten(proposal);
    if (!named) return null;
    const inbox = href("p", named.plan, "proposals", named.proposal);
    if (!proposal)
        return (
            <aside className="banner" aria-label="Draft">
                <p>{error ?? "Asking the server what this draft is…"}</p>
                <a href={href("p", named.plan)}>To the plan</a>
            </aside>
        );
    const own = proposal.author.id === plan.user.id;
    const open = isOpen(proposal.status);
    const writes = open && mayEdit;
    const edited = sayEdited(plan, proposal, edits);
    const again = proposal.submitted && proposal.revision > 0;
    const count = again
        ? edited.length > 0
            ? `${plural(edited.length, "edit")} since revision ${proposal.revision}`
            : `as revision ${proposal.revision} says`
        : plural(proposal.changes.filter(({ state }) => state === "open").length, "change");
    const Icon = writes ? PencilRuler : Eye;
    return (
        <aside className="banner" aria-label="Draft">
            <p className="banner-say">
                <Icon size={15} aria-hidden />
                <strong>
                    {!open
                        ? `${STATUS[proposal.status].say}: this draft can only be read`
                        : !writes
                          ? `You are watching ${proposal.author.name}`
                          : own
                            ? "You are suggesting"
                            : `You are editing what ${proposal.author.name} proposes`}
                </strong>
                <a className="banner-title" href={inbox}>
                    {proposal.title}
                </a>
                <span className="sub" role="status">
                    {proposal.unsound.length > 0
                        ? `${plural(proposal.unsound.length, "thing")} cannot be proposed`
                        : count}
                </span>
            </p>
            <span className="acts">
                <a className="button small quiet" href={href("p", named.plan)}>
                    <ArrowLeft size={13} aria-hidden /> To the plan
                </a>
                {writes && own && (
                    <button type="button" className="button small quiet" onClick={() => setAsking("discard")}>
                        Discard…
                    </button>
                )}
                {writes && (
                    <button type="button" className="button small primary" onClick={() => setAsking("submit")}>
                        <Send size={13} aria-hidden /> Submit…
                    </button>
                )}
            </span>
            {asking === "submit" && (
                <Submit
                    {...{ proposal, asked }}
                    edited={again ? edited : undefined}
                    onClose={() => setAsking(undefined)}
                />
            )}
            {asking === "discard" && <Discard proposal={proposal} onClose={() => setAsking(undefined)} />}
        </aside>
    );
}

/** A draft that is over leaves nothing on this device once it is left, unless words in it were refused. */
function useForgotten(proposal: Proposal | undefined): void {
    const client = useClient();
    const plan = usePlan();
    const over = proposal !== undefined && !isOpen(proposal.status);
    useEffect(() => {
        if (!over) return undefined;
        return () => {
            const { kept, waiting } = plan.state;
            // A moment later the address says whether it was left.
            setTimeout(() => {
                if (!kept && waiting === 0 && !location.hash.includes(plan.id)) void forgetDraft(client, plan.id);
            }, 0);
        };
    }, [client, plan, over]);
}

/** Until what was typed here is on the server. */
function useSaved(): () => Promise<void> {
    const plan = usePlan();
    return () =>
        new Promise((resolve, reject) => {
            const say =
                "Not everything that you typed is on the server yet. Try again when the page says that it is saved.";
            const settled = () => plan.state.saved === "saved" && plan.state.waiting === 0;
            if (settled()) {
                resolve();
                return;
            }
            const timer = setTimeout(() => {
                off();
                reject(new Error(say));
            }, SAVED_WITHIN_MS);
            const off = plan.subscribe(() => {
                if (!settled()) return;
                clearTimeout(timer);
                off();
                resolve();
            });
        });
}

function Submit({
    proposal,
    asked,
    edited,
    onClose,
}: {
    proposal: Proposal;
    asked: Asked;
    /** What is different from the revision before; left out where there is none. */
    edited: string[] | undefined;
    onClose: () => void;
}) {
    const plan = usePlan();
    const proposals = useProposals();
    const saved = useSaved();
    const accepts = remembered(proposal.id);
    const kept = `convene:rationale:${proposal.id}`;
    const [title, setTitle] = useState(proposal.title);
    const [rationale, setRationale] = useState(() => sessionStorage.getItem(kept) ?? proposal.rationale);
    const [say, setSay] = useState<string>();
    const [busy, setBusy] = useState(false);
    const { changes, unsound } = asked.proposal ?? proposal;
    const open = changes.filter(({ state }) => state === "open");
    const said = edited ?? [...new Set(open.map(({ say: change }) => change))];
    const nothing = !edited && open.length === 0;
    const submit = async (accept: boolean) => {
        if (title.trim() === "") {
            setSay("Say in a line what it is.");
            return;
        }
        setBusy(true);
        try {
            await saved();
            const now = await proposals.submit(proposal.id, { title: title.trim(), rationale: rationale.trim() });
            sessionStorage.removeItem(kept);
            const done = accept ? await acceptEdited(now) : "Submitted. It waits for a decision now.";
            forget(proposal.id);
            onClose();
            go(href("p", proposals.plan, "proposals", proposal.id));
            tell(done);
        } catch (error) {
            setSay(reasonOf(error));
            setBusy(false);
            void asked.reload();
        }
    };
    const acceptEdited = async (now: Proposal): Promise<string> => {
        const meant = (change: Proposal["changes"][number]) =>
            !accepts ||
            accepts.length === 0 ||
            accepts.includes(change.path.join("/")) ||
            change.edited_by?.id === plan.user.id;
        const fits = now.changes.filter(
            (change) =>
                change.state === "open" && change.class !== "void" && change.class !== "conflict" && meant(change),
        );
        if (fits.length === 0) return "Submitted. None of it can be accepted as it stands: look at it.";
        const picks = fits.map(({ no, shown }) => ({ no, shown }));
        try {
            const decided = await proposals.decide(now.id, now.revision, "approve", picks);
            return `Submitted. ${sayAccepted(decided).join(" ")}`;
        } catch (error) {
            return `Submitted, and not accepted: ${reasonOf(error)}`;
        }
    };
    const onSubmit = (event: FormEvent) => {
        event.preventDefault();
        void submit(accepts !== undefined);
    };
    return (
        <Dialog title="Submit what you suggest" open onClose={onClose} wide>
            <form className="form" onSubmit={onSubmit} noValidate>
                <label className="form-field">
                    <span>What it is, in a line</span>
                    <input
                        className="input"
                        value={title}
                        maxLength={TITLE_MAX}
                        onChange={(event) => setTitle(event.target.value)}
                    />
                </label>
                <label className="form-field">
                    <span>Why? (may be left out)</span>
                    <textarea
                        className="input area"
                        rows={3}
                        maxLength={RATIONALE_MAX}
                        value={rationale}
                        onChange={(event) => {
                            setRationale(event.target.value);
                            sessionStorage.setItem(kept, event.target.value);
                        }}
                    />
                </label>
                <section aria-label="What is submitted">
                    <h3>{edited ? `Edited since revision ${proposal.revision}` : plural(said.length, "change")}</h3>
                    {said.length === 0 && (
                        <p className="sub">
                            {edited
                                ? "Nothing on this page; what others edited is submitted too."
                                : "The draft says what the plan says. Edit something first."}
                        </p>
                    )}
                    <ol className="said-list">
                        {said.slice(0, SHOWN_MAX).map((one) => (
                            <li key={one}>{one}</li>
                        ))}
                    </ol>
                    {said.length > SHOWN_MAX && <p className="sub">And {said.length - SHOWN_MAX} more.</p>}
                </section>
                {unsound.length > 0 && (
                    <div className="notice warn">
                        <p>This cannot be proposed:</p>
                        <ul className="bullets">
                            {unsound.slice(0, SHOWN_MAX).map(({ path, say: why }) => (
                                <li key={path.join("/")}>{why}.</li>
                            ))}
                        </ul>
                    </div>
                )}
                <p className="problem" role="alert" hidden={!say}>
                    {say}
                </p>
                <div className="form-acts">
                    <button type="button" className="button" onClick={onClose}>
                        Go on editing
                    </button>
                    {accepts !== undefined && (
                        <button
                            type="button"
                            className="button"
                            disabled={busy || nothing}
                            onClick={() => void submit(false)}
                        >
                            Submit only
                        </button>
                    )}
                    <button type="submit" className="button primary" disabled={busy || nothing}>
                        {accepts === undefined ? (
                            "Submit"
                        ) : (
                            <>
                                <Check size={14} aria-hidden /> Submit and accept
                            </>
                        )}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function Discard({ proposal, onClose }: { proposal: Proposal; onClose: () => void }) {
    const client = useClient();
    const proposals = useProposals();
    const [say, setSay] = useState<string>();
    const discard = async () => {
        try {
            await proposals.withdraw(proposal.id);
            onClose();
            go(href("p", proposals.plan));
            await forgetDraft(client, proposal.draft);
            tell("The draft is discarded. The plan is as it was.");
        } catch (error) {
            setSay(reasonOf(error));
        }
    };
    return (
        <Dialog title="Discard this draft?" open onClose={onClose}>
            <p className="dialog-text">
                {proposal.changes.length > 0 ? `Its ${plural(proposal.changes.length, "change")} go with it. ` : ""}
                Nothing of it is in the plan.
            </p>
            <p className="problem" role="alert" hidden={!say}>
                {say}
            </p>
            <div className="form-acts">
                <button type="button" className="button" onClick={onClose}>
                    Keep it
                </button>
                <button type="button" className="button danger" onClick={() => void discard()}>
                    Discard
                </button>
            </div>
        </Dialog>
    );
}
