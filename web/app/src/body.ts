// What the server says of the open plan itself: its name in lists, and the role of who looks.

import type { PlanBody } from "@convene/client";
import { useEffect, useState } from "react";
import { usePlan } from "./context.ts";

/** Nothing while the server has not answered; asked for again when a role is changed. */
export function usePlanBody(): PlanBody | undefined {
    const plan = usePlan();
    const [body, setBody] = useState<PlanBody>();
    useEffect(() => {
        let here = true;
        const load = () =>
            plan.control
                .call("plan.get", { plan: plan.id })
                .then((answer) => here && setBody(answer))
                .catch(() => undefined);
        void load();
        const off = plan.control.on("member.changed", (changed) => {
            if (changed.plan === plan.id) void load();
        });
        return () => {
            here = false;
            off();
        };
    }, [plan]);
    return body;
}
