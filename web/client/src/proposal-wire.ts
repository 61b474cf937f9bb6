// Proposals as the page reads them: how a change stands to the plan is one type with parts that may be left out.

import type { Pick as Picked, ReadDrift, Status, ChangeBody as Told, Proposal as Whole } from "./generated/control.ts";

export type ProposalStatus = Status;

/** How a change stands to the plan, while nobody has decided. */
export type ChangeClass = "clean" | "already" | "mergeable" | "drifted" | "conflict" | "void";

export type ChangeBody = Told & {
    class?: ChangeClass;
    /** Of a mergeable one: the text with both. */
    merged?: string;
    /** Of one that drifted. */
    reads?: ReadDrift[];
    /** Of one in conflict: what is there. */
    present?: unknown;
    /** Of a void one. */
    why?: string;
};

export type Proposal = Omit<Whole, "changes"> & { changes: ChangeBody[] };

/** A change that is decided, with the hash of what was shown of it. */
export type Pick = Picked;
