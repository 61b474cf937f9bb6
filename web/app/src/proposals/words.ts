// What is said of proposals, and the signs beside the words.

import type { ChangeBody, ChangeState, ProposalBody, ProposalStatus, RiskLevel } from "@convene/client";
import {
    Ban,
    Check,
    CheckCheck,
    CircleAlert,
    CircleCheck,
    Clock,
    GitMerge,
    Layers,
    type LucideIcon,
    MessageSquare,
    OctagonAlert,
    PenLine,
    ShieldCheck,
    Shuffle,
    Split,
    Undo2,
    X,
} from "lucide-react";

export type Tone = "good" | "warn" | "bad" | "plain";

export interface Said {
    say: string;
    icon: LucideIcon;
    tone: Tone;
    /** Said in full, where there is room. */
    more?: string;
}

export const STATUS: Record<ProposalStatus, Said> = {
    drafting: { say: "Being written", icon: PenLine, tone: "plain" },
    submitted: { say: "To decide", icon: Clock, tone: "warn" },
    changes_requested: { say: "Changes asked for", icon: MessageSquare, tone: "plain" },
    approved: { say: "Accepted", icon: CircleCheck, tone: "good" },
    partly_approved: { say: "Partly accepted", icon: CircleCheck, tone: "good" },
    rejected: { say: "Rejected", icon: X, tone: "bad" },
    withdrawn: { say: "Withdrawn", icon: Undo2, tone: "plain" },
    superseded: { say: "Replaced", icon: Layers, tone: "plain" },
    expired: { say: "Expired", icon: Clock, tone: "plain" },
    undone: { say: "Taken back", icon: Undo2, tone: "plain" },
};

export const RISK: Record<RiskLevel, Said> = {
    low: { say: "Low risk", icon: ShieldCheck, tone: "good" },
    medium: { say: "Medium risk", icon: CircleAlert, tone: "warn" },
    high: { say: "High risk", icon: OctagonAlert, tone: "bad" },
};

export const CLASS: Record<NonNullable<ChangeBody["class"]>, Said> = {
    clean: { say: "Fits", icon: Check, tone: "good", more: "The plan is there as the author saw it." },
    already: { say: "Already there", icon: CheckCheck, tone: "plain", more: "Accepting it does nothing." },
    mergeable: {
        say: "Merged",
        icon: GitMerge,
        tone: "good",
        more: "Somebody edited the same text meanwhile. Both edits fit together; accepting writes the text with both.",
    },
    drifted: {
        say: "Relies on something that changed",
        icon: Shuffle,
        tone: "warn",
        more: "What it is about is the same, but not what the author relied on:",
    },
    conflict: {
        say: "Conflict",
        icon: Split,
        tone: "bad",
        more: "Somebody changed the same thing meanwhile. Say which one counts.",
    },
    void: { say: "Cannot be made", icon: Ban, tone: "bad" },
};

export const STATE: Record<Exclude<ChangeState, "open">, Said> = {
    accepted: { say: "Accepted", icon: CircleCheck, tone: "good" },
    rejected: { say: "Rejected", icon: X, tone: "bad" },
    undone: { say: "Taken back", icon: Undo2, tone: "plain" },
};

/** Whoever acts for somebody is a program. */
export function isAgent({ on_behalf_of }: ProposalBody): boolean {
    return on_behalf_of !== undefined;
}

/** "changes 2 and 5". */
export function numbers(list: number[]): string {
    if (list.length === 1) return `change ${list[0]}`;
    return `changes ${list.slice(0, -1).join(", ")} and ${list.at(-1)}`;
}
