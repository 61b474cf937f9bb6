// What can be done about a proposal: the acts at its foot, and the question why.

import type { Proposal } from "@convene/client";
import type { ReactNode } from "react";
import { plural } from "../words.ts";
import { useProposals } from "./asking.ts";
import type { Deciding } from "./deciding.ts";
import { Reason } from "./reason.tsx";
import { numbers } from "./words.ts";

export type Asking =
    | { what: "reject"; only: number[] }
    | { what: "request" }
    | { what: "undo"; only: number[] }
    | { what: "withdraw" };

export function Acts({
    deciding,
    chosen,
    open,
    onEdit,
    onAsk,
}: {
    deciding: Deciding;
    chosen: number[];
    open: number[];
    onEdit: () => void;
    onAsk: (asking: Asking) => void;
}) {
    const some = chosen.length > 0;
    const act = (say: ReactNode, key: string, run: () => void, look = "button") => (
        <button type="button" className={look} disabled={deciding.busy} onClick={run}>
            {say} <kbd>{key}</kbd>
        </button>
    );
    return (
        <section className="decide" aria-label="Decide">
            <span className="decide-count" role="status">
                {some ? `${chosen.length} of ${open.length} selected` : `None of ${open.length} selected`}
            </span>
            {act(
                some ? `Accept ${plural(chosen.length, "change")}` : "Accept all that can be",
                "1",
                () => void deciding.accept(),
                "button primary",
            )}
            {act("Edit, then accept", "2", onEdit)}
            {act(some ? `Reject ${chosen.length}…` : "Reject all…", "3", () =>
                onAsk({ what: "reject", only: some ? chosen : open }),
            )}
            <button type="button" className="button quiet" onClick={() => onAsk({ what: "request" })}>
                Ask for changes…
            </button>
        </section>
    );
}

export function Ask({
    asking,
    proposal,
    deciding,
    onClose,
}: {
    asking: Asking;
    proposal: Proposal;
    deciding: Deciding;
    onClose: () => void;
}) {
    const proposals = useProposals();
    const { id, revision, author } = proposal;
    const own = {
        onClose,
        name: `${id}/${asking.what}`,
        problem: deciding.problem
            ? [deciding.problem.say, ...deciding.problem.different.map((say) => `${say}.`)].join(" ")
            : undefined,
    };
    switch (asking.what) {
        case "reject":
            return (
                <Reason
                    {...own}
                    title={`Reject ${numbers(asking.only)}?`}
                    text={`The plan stays as it is. ${author.name} is told why, and does not propose the same again.`}
                    label="Why not?"
                    say="Reject"
                    danger
                    needed
                    onSubmit={(reason) => deciding.reject(asking.only, reason)}
                />
            );
        case "request":
            return (
                <Reason
                    {...own}
                    title="Ask for changes?"
                    text={`${author.name} is told what should be different, and can submit another revision. Until then nothing is decided.`}
                    label="What should be different?"
                    say="Ask"
                    needed
                    onSubmit={(reason) =>
                        deciding.act(async () => {
                            await proposals.requestChanges(id, revision, reason);
                            return `${author.name} is asked to change it.`;
                        })
                    }
                />
            );
        case "undo":
            return (
                <Reason
                    {...own}
                    title={`Take back ${numbers(asking.only)}?`}
                    text="What was changed again since then stays as it is, and you are told what and why. Everybody sees this as an edit of yours."
                    label="Why? (may be left out)"
                    say="Take back"
                    needed={false}
                    onSubmit={(reason) => deciding.takeBack(asking.only, reason)}
                />
            );
        case "withdraw":
            return (
                <Reason
                    {...own}
                    title="Withdraw this proposal?"
                    text="Nobody can decide about it any more. What was accepted of it stays in the plan."
                    label="Why? (may be left out)"
                    say="Withdraw"
                    danger
                    needed={false}
                    onSubmit={(reason) =>
                        deciding.act(async () => {
                            await proposals.withdraw(id, reason);
                            return "The proposal is withdrawn.";
                        })
                    }
                />
            );
    }
}
