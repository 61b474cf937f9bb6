// A place under a field for what others propose; nothing is fetched for it while nobody proposes anything.

import { draftOf, isOpen } from "@convene/client";
import { lazy, Suspense } from "react";
import { usePlan } from "../context.ts";
import { useProposalList } from "../proposals/asking.ts";

const Ghost = lazy(() => import("../proposals/ghost.tsx"));

export function GhostSlot({ root, id, field }: { root: string; id: string; field: string }) {
    const plan = usePlan();
    const { proposals } = useProposalList();
    const others = proposals.some(({ status, author }) => isOpen(status) && author.id !== plan.user.id);
    if (!others || draftOf(plan.id)) return null;
    return (
        <Suspense fallback={null}>
            <Ghost root={root} id={id} field={field} />
        </Suspense>
    );
}
