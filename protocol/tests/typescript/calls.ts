// What a client written against the types does; every line of it is right.

import type { ChangingMethods, Methods, Notifications, Op } from "./control";

declare function call<M extends keyof Methods>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]>;
declare function on<N extends keyof Notifications>(name: N, tell: (params: Notifications[N]["params"]) => void): void;
declare function repeat<M extends ChangingMethods>(method: M, params: Methods[M]["params"] & { idempotency_key: string }): Promise<Methods[M]["result"]>;

export async function rename(plan: string): Promise<number> {
    const { entities, next } = await call("entity.list", { plan, root: "rooms", filter: { name: ["Hall"] }, limit: 10 });
    const after: string | undefined = next;
    const ops: Op[] = [
        { op: "set", path: ["rooms", "ro_01", "name"], from: null, to: "Great hall" },
        { op: "archive", path: ["rooms", "ro_02"] },
    ];
    await repeat("plan.edit", { plan, ops, idempotency_key: "k1" });
    const { findings } = await call("plan.findings", { plan });
    const grave = findings.filter((finding) => finding.severity === "block" && finding.fixes.length > 0);
    await call("plan.edit", { plan, ops: grave.flatMap((finding) => finding.fixes[0]?.ops ?? []) });
    await call("plan.list", {});
    return entities.length + (after === undefined ? 0 : 1);
}

on("member.changed", ({ plan, role }) => console.log(plan, role === null ? "no member any more" : role.toUpperCase()));
on("document.reset", ({ code, say }) => code === "conflict" && console.log(say));
