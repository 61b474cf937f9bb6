// What is remembered between the inbox and the draft that is edited there before it is accepted.

import type { Proposal } from "@convene/client";

const nameOf = (proposal: string) => `convene:accept:${proposal}`;

/** Whoever goes to the draft means to accept: these changes, or with none of them all that fit. */
export function remember(proposal: Proposal, chosen: number[]): void {
    const paths = proposal.changes.filter(({ no }) => chosen.includes(no)).map(({ path }) => path.join("/"));
    sessionStorage.setItem(nameOf(proposal.id), JSON.stringify(paths));
}

/** The places of the changes that are meant to be accepted; nothing when that is not meant. */
export function remembered(proposal: string): string[] | undefined {
    try {
        const paths: unknown = JSON.parse(sessionStorage.getItem(nameOf(proposal)) ?? "null");
        return Array.isArray(paths) ? paths.filter((path) => typeof path === "string") : undefined;
    } catch {
        return undefined;
    }
}

export function forget(proposal: string): void {
    sessionStorage.removeItem(nameOf(proposal));
}
