// The offer to take back what was just done.

import type { Plan } from "@convene/client";
import { type Toast, tell } from "./toast.ts";

export function undoLast(plan: Plan): NonNullable<Toast["act"]> {
    const takeBack = plan.takesBack();
    const run = () => {
        if (!takeBack()) tell("Something else came after that. Ctrl Z takes your edits back one by one.");
    };
    return { say: "Undo", run };
}
