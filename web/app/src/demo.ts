// The demo plan, for somebody who wants to see a full one: the same as that of `convene demo`.

import { type Control, type PlanBody, upload } from "@convene/client";
// A file of its own, which nobody fetches who does not ask for it.
import address from "../../../src/demo/rails-world-2025.json?url";

const NAME = "Rails World 2025 (demo)";
const IMPORT_MS = 60_000;

/** Makes it as a plan of the account. When it cannot be filled there is none. */
export async function makeDemo(control: Control): Promise<PlanBody> {
    const answer = await fetch(address).catch(() => undefined);
    if (!answer?.ok) throw new Error("The demo plan could not be fetched. Try again when the connection is back.");
    const file = await answer.blob();
    const plan = await control.call("plan.create", { name: NAME });
    try {
        const sent = await upload(control, file);
        const what = { plan: plan.id, upload: sent, format: "plan_json", mode: "apply" } as const;
        await control.call("plan.import", what, IMPORT_MS);
    } catch (error) {
        await control.call("plan.delete", { plan: plan.id }).catch(() => undefined);
        throw error;
    }
    return plan;
}
