// Proposals as parts of the page ask for them: the list, one with its changes, its draft while that is written.

import {
    type Draft,
    isOpen,
    type Proposal,
    type ProposalBody,
    type ProposalStore,
    type ProposalsNow,
    RequestError,
} from "@convene/client";
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useClient, usePlan } from "../context.ts";
import { useLive } from "../live-context.ts";
import { reasonOf } from "../ui/toast.ts";

const QUIET_MS = 150;
/** How soon after something was written in a draft it is compared with the plan again. */
const DRAFT_QUIET_MS = 400;

export function useProposals(): ProposalStore {
    return useLive().proposals;
}

export function useProposalList(): ProposalsNow {
    const proposals = useProposals();
    return useSyncExternalStore(proposals.subscribe, proposals.snapshot);
}

/** Those that wait for a decision first, then what else is open, then the rest. */
export function inOrder(list: ProposalBody[]): ProposalBody[] {
    const weight = ({ status }: ProposalBody) => (status === "submitted" ? 0 : isOpen(status) ? 1 : 2);
    return [...list].sort((a, b) => weight(a) - weight(b) || b.updated_at.localeCompare(a.updated_at));
}

export interface Asked {
    proposal?: Proposal;
    error?: string;
    /** Reads it again, and answers what is there now. */
    reload: () => Promise<Proposal | undefined>;
}

/** A proposal with its changes, read again whenever they may be different. */
export function useProposal(id: string): Asked {
    const proposals = useProposals();
    const [state, setState] = useState<{ proposal?: Proposal; error?: string }>({});
    const asked = useRef(0);
    const reload = useCallback(async () => {
        const own = ++asked.current;
        try {
            const proposal = await proposals.get(id);
            if (own === asked.current) setState({ proposal });
            return proposal;
        } catch (problem) {
            const gone = problem instanceof RequestError && problem.code === "not_found";
            if (own === asked.current)
                setState((before) => (gone ? { error: reasonOf(problem) } : { ...before, error: reasonOf(problem) }));
            return undefined;
        }
    }, [proposals, id]);
    useEffect(() => {
        let timer: ReturnType<typeof setTimeout> | undefined;
        void reload();
        const off = proposals.onProposal(id, () => {
            clearTimeout(timer);
            timer = setTimeout(() => void reload(), QUIET_MS);
        });
        return () => {
            clearTimeout(timer);
            off();
            asked.current++;
        };
    }, [proposals, id, reload]);
    return { ...state, reload };
}

/** The draft of a proposal as it is written; nothing once nobody writes it. Who calls this is drawn again as it grows. */
export function useDraft(body: ProposalBody | undefined, onGrown?: () => void): Draft | undefined {
    const client = useClient();
    const proposals = useProposals();
    const [draft, setDraft] = useState<Draft>();
    const grown = useRef(onGrown);
    grown.current = onGrown;
    const address = body?.status === "drafting" ? body.draft : undefined;
    const id = body?.id;
    useEffect(() => {
        if (!address || !id) return undefined;
        const opened = client.draft(address);
        if (!opened) return undefined;
        let timer: ReturnType<typeof setTimeout> | undefined;
        const unfollow = proposals.follow(id);
        const off = opened.draft.subscribe(() => {
            clearTimeout(timer);
            timer = setTimeout(() => grown.current?.(), DRAFT_QUIET_MS);
        });
        setDraft(opened.draft);
        return () => {
            clearTimeout(timer);
            off();
            unfollow();
            setDraft(undefined);
            opened.leave();
        };
    }, [client, proposals, address, id]);
    useSyncExternalStore(
        useCallback((listener: () => void) => draft?.subscribe(listener) ?? (() => undefined), [draft]),
        () => draft?.snapshot() ?? 0,
    );
    return draft;
}

/** What somebody may do in the plan; nothing while the server has not said so. */
export function useRole(): string | undefined {
    const { control } = usePlan();
    const { plan } = useProposals();
    const [role, setRole] = useState<string>();
    useEffect(() => {
        let here = true;
        const load = () =>
            control
                .call("plan.get", { plan })
                .then((answer) => here && setRole(answer.role))
                .catch(() => undefined);
        const offs = [
            control.onOpen(() => void load()),
            control.on("member.changed", (changed) => {
                if (changed.plan === plan) void load();
            }),
        ];
        return () => {
            here = false;
            for (const off of offs) off();
        };
    }, [control, plan]);
    return role;
}

export const mayDecide = (role: string | undefined): boolean =>
    role === "owner" || role === "approver" || role === "editor";
export const mayApprove = (role: string | undefined): boolean => role === "owner" || role === "approver";
export const maySuggest = (role: string | undefined): boolean => mayDecide(role) || role === "suggester";
