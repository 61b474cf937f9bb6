// What every part of the page may ask for: the client, the open plan, its rows, and who is here.

import type { Client, Peer, Plan, PlanState, RootContent } from "@convene/client";
import { createContext, useContext, useMemo, useRef, useSyncExternalStore } from "react";

export const ClientContext = createContext<Client | undefined>(undefined);
export const PlanContext = createContext<Plan | undefined>(undefined);

function found<T>(value: T | undefined): T {
    if (value === undefined) throw new Error("this part of the page stands outside of what it needs");
    return value;
}

export const useClient = (): Client => found(useContext(ClientContext));
export const usePlan = (): Plan => found(useContext(PlanContext));

export function usePlanState(): PlanState {
    const plan = usePlan();
    return useSyncExternalStore(plan.subscribe, plan.snapshot);
}

/** The content of a root; who calls this is drawn again with every change in it. */
export function useContent(root: string): RootContent {
    const plan = usePlan();
    const content = plan.content.root(root);
    useSyncExternalStore(content.subscribe, content.snapshot);
    return content;
}

/** A number that goes up when one of these roots changes, for names of things that are referred to. */
export function useVersions(roots: readonly string[]): number {
    const plan = usePlan();
    const subscribe = useMemo(
        () => (listener: () => void) => {
            const offs = roots.map((root) => plan.content.root(root).subscribe(listener));
            return () => {
                for (const off of offs) off();
            };
        },
        [plan, roots],
    );
    return useSyncExternalStore(subscribe, () => roots.reduce((sum, root) => sum + plan.content.root(root).version, 0));
}

/** The same array wherever there is nobody. */
export const NOBODY: Peer[] = [];

/** The others in each thing of a root. */
export function usePeersByThing(root: string): Map<string, Peer[]> {
    const { presence } = usePlan();
    const peers = useSyncExternalStore(presence.subscribe, presence.snapshot);
    return useMemo(() => {
        const byThing = new Map<string, Peer[]>();
        for (const peer of peers)
            if (peer.at?.root === root) byThing.set(peer.at.id, [...(byThing.get(peer.at.id) ?? []), peer]);
        return byThing;
    }, [peers, root]);
}

/** The others in this field of this thing; the same array while they are the same. */
export function usePeers(root: string, id: string, field?: string): Peer[] {
    const { presence } = usePlan();
    const last = useRef(NOBODY);
    return useSyncExternalStore(presence.subscribe, () => {
        const here = presence
            .snapshot()
            .filter(({ at }) => at?.root === root && at.id === id && (field === undefined || at.field === field));
        const before = last.current;
        if (here.length === before.length && here.every((peer, at) => peer.client === before[at]?.client))
            return before;
        last.current = here.length === 0 ? NOBODY : here;
        return last.current;
    });
}
