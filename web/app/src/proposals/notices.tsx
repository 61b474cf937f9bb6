// What stands in the way of a decision, and what has just not been done.

import { isOpen, type Proposal, type ReadDrift, type Surroundings } from "@convene/client";
import { Send } from "lucide-react";
import { Drift } from "./change.tsx";
import type { Deciding } from "./deciding.ts";
import type { Rights } from "./rights.ts";
import { isAgent, STATUS } from "./words.ts";

export function Notices({
    proposal,
    deciding,
    rights,
    reads,
    around,
    onSubmit,
    onEdit,
}: {
    proposal: Proposal;
    deciding: Deciding;
    rights: Rights;
    /** What all its changes rely on and is different. */
    reads: ReadDrift[] | undefined;
    around: Surroundings;
    onSubmit: () => void;
    onEdit: () => void;
}) {
    const { status, edited, unsound, reason } = proposal;
    const writes = isOpen(status) && (rights.own || rights.decides);
    const submit = writes && proposal.changes.length > 0 && unsound.length === 0 && (
        <button type="button" className="button small" disabled={deciding.busy} onClick={onSubmit}>
            <Send size={13} aria-hidden /> {proposal.revision > 0 ? "Submit again" : "Submit"}
        </button>
    );
    return (
        <>
            {deciding.problem && (
                <div className="notice warn" role="alert">
                    <p>
                        <strong>Nothing was done.</strong> {deciding.problem.say}
                    </p>
                    {deciding.problem.different.length > 0 && (
                        <>
                            <p>What is different from what you looked at:</p>
                            <ul className="bullets">
                                {deciding.problem.different.map((say) => (
                                    <li key={say}>{say}.</li>
                                ))}
                            </ul>
                        </>
                    )}
                    <button type="button" className="link small" onClick={deciding.forget}>
                        Understood
                    </button>
                </div>
            )}
            {deciding.kept && (
                <div className="notice">
                    <p>{deciding.kept.say}</p>
                    <ul className="bullets">
                        {deciding.kept.kept.map(({ no, why }) => (
                            <li key={no}>
                                Change {no}: {why}.
                            </li>
                        ))}
                    </ul>
                    <button type="button" className="link small" onClick={deciding.forget}>
                        Understood
                    </button>
                </div>
            )}
            {status === "drafting" && (
                <p className="notice">
                    {rights.own && !isAgent(proposal)
                        ? "Nobody is asked to decide before you submit it. "
                        : `${proposal.author.name} is still writing. Nothing can be decided before it is submitted. `}
                    {rights.own && !isAgent(proposal) && submit}
                </p>
            )}
            {status === "changes_requested" && (
                <p className="notice warn">
                    {rights.own ? "You are" : `${proposal.author.name} is`} asked to change it
                    {reason ? `: “${reason}”` : ""}. {submit}
                </p>
            )}
            {status === "submitted" && edited && (
                <p className="notice warn">
                    The draft was edited since revision {proposal.revision} was submitted. It can be decided once it is
                    submitted again. {submit}
                </p>
            )}
            {!isOpen(status) && reason && (
                <p className="notice">
                    {STATUS[status].say}: “{reason}”
                </p>
            )}
            {reads && (
                <div className="notice warn">
                    <p>The author relied on something that has another value now:</p>
                    <Drift reads={reads} around={around} />
                </div>
            )}
            {isOpen(status) && unsound.length > 0 && (
                <div className="notice warn">
                    <p>The draft holds what cannot be proposed:</p>
                    <ul className="bullets">
                        {unsound.slice(0, 10).map(({ path, say }) => (
                            <li key={path.join("/")}>{say}.</li>
                        ))}
                    </ul>
                    {writes && (
                        <button type="button" className="link small" onClick={onEdit}>
                            Mend it in the draft
                        </button>
                    )}
                </div>
            )}
        </>
    );
}
