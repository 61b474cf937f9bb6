// What somebody may do about a proposal.

import type { Proposal } from "@convene/client";
import { mayApprove, mayDecide } from "./asking.ts";

export interface Rights {
    decides: boolean;
    /** Nobody's word counts for their own proposal, or their agent's. */
    approves: boolean;
    own: boolean;
    owner: boolean;
}

export function rightsOf(proposal: Proposal, user: string, role: string | undefined): Rights {
    const own = proposal.author.id === user || proposal.on_behalf_of?.id === user;
    return { decides: mayDecide(role), approves: mayApprove(role) && !own, own, owner: role === "owner" };
}
