// The parts of the page about proposals, which are fetched when somebody needs them.

import { draftOf } from "@convene/client";
import { Inbox as InboxIcon } from "lucide-react";
import { lazy, Suspense } from "react";
import { usePlan } from "../context.ts";
import { useProposalList } from "../proposals/asking.ts";
import { href } from "../route.ts";

const Inbox = lazy(() => import("../proposals/inbox.tsx"));
const Banner = lazy(() => import("../proposals/banner.tsx"));
const AgentList = lazy(() => import("../proposals/agents.tsx"));
const Suggest = lazy(() => import("../proposals/suggest.tsx").then(({ Suggest: it }) => ({ default: it })));

export function Proposals() {
    return (
        <Suspense fallback={<p className="empty">Asking the server…</p>}>
            <Inbox />
        </Suspense>
    );
}

/** What a draft is, over each of its screens. */
export function DraftBanner() {
    const plan = usePlan();
    if (!draftOf(plan.id)) return null;
    return (
        <Suspense fallback={null}>
            <Banner />
        </Suspense>
    );
}

export function SuggestDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
    return open ? (
        <Suspense fallback={null}>
            <Suggest onClose={onClose} />
        </Suspense>
    ) : null;
}

export function Agents({ owner }: { owner: boolean }) {
    return (
        <Suspense fallback={null}>
            <AgentList owner={owner} />
        </Suspense>
    );
}

/** In the rail, with how many wait for a decision. */
export function ProposalsLink({ active }: { active: boolean }) {
    const plan = usePlan();
    const { proposals } = useProposalList();
    const waiting = proposals.filter(({ status }) => status === "submitted").length;
    return (
        <li>
            <a className="rail-link" href={href("p", plan.id, "proposals")} aria-current={active ? "page" : undefined}>
                <InboxIcon size={15} aria-hidden />
                <span>Proposals</span>
                {waiting > 0 && (
                    <span className="rail-count">
                        {waiting}
                        <span className="unseen"> to decide</span>
                    </span>
                )}
            </a>
        </li>
    );
}
