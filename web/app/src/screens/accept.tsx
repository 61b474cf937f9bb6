// An invitation that was followed: becomes a member and opens the plan.

import { useEffect, useState } from "react";
import { useClient } from "../context.ts";
import { href, replace } from "../route.ts";
import { tell } from "../ui/toast.ts";

export function Accept({ code }: { code: string }) {
    const { control } = useClient();
    const [say, setSay] = useState<string>();
    useEffect(() => {
        control
            .call("member.accept", { code })
            .then((plan) => {
                tell(`You are in “${plan.name}” now, as ${plan.role}.`);
                replace(href("p", plan.id));
            })
            .catch((error: Error) => setSay(error.message));
    }, [control, code]);
    return (
        <main className="door" id="main">
            <div className="door-card">
                <h1>Invitation</h1>
                {say ? (
                    <p className="notice warn">
                        {say}. It may have been used, be too old, or be for somebody else: ask for a new one.
                    </p>
                ) : (
                    <p role="status">Opening…</p>
                )}
                {say && (
                    <a className="button" href="#/">
                        All plans
                    </a>
                )}
            </div>
        </main>
    );
}
