// Under a field: what somebody proposes for it, as they write it.

import { PenLine } from "lucide-react";
import { useSyncExternalStore } from "react";
import "../style/proposals.css";
import { useClient, usePlan } from "../context.ts";
import { href } from "../route.ts";
import { useProposals } from "./asking.ts";
import { type Ghost, ghostsOf } from "./ghosts.ts";
import { TextDifference, Value } from "./values.tsx";

interface Props {
    root: string;
    id: string;
    field: string;
}

export default function GhostsOf({ root, id, field }: Props) {
    const ghosts = ghostsOf(useClient(), useProposals());
    useSyncExternalStore(ghosts.subscribe, ghosts.snapshot);
    return ghosts.at(root, id, field).map((ghost) => <One key={`${ghost.body.id}${ghost.change.no}`} ghost={ghost} />);
}

function One({ ghost: { body, change, value } }: { ghost: Ghost }) {
    const plan = usePlan();
    const writing = body.status === "drafting";
    return (
        <div className="ghost">
            <p className="ghost-by">
                <PenLine size={12} aria-hidden /> {body.author.name} {writing ? "is writing" : "proposes"}
                <a href={href("p", plan.id, "proposals", body.id)}>
                    Open proposal<span className="unseen"> “{body.title}”</span>
                </a>
            </p>
            {change.op === "text" ? (
                <TextDifference before={String(change.before ?? "")} after={String(value ?? "")} />
            ) : (
                <p>
                    {change.op === "set" ? (
                        <Value path={change.path} value={value} around={plan.around} />
                    ) : (
                        <span className="value">{change.say}</span>
                    )}
                </p>
            )}
        </div>
    );
}
