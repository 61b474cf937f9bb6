// One finding: how grave, what, where, and the ways out.

import { type Finding, type Fix, RequestError, type Severity } from "@convene/client";
import { CircleAlert, Info, OctagonAlert } from "lucide-react";
import { useState } from "react";
import { usePlan, usePlanState } from "../context.ts";
import { useLive } from "../live-context.ts";
import { href } from "../route.ts";
import { tell, tellError } from "../ui/toast.ts";
import { ROOT_WORDS } from "../words.ts";

const GRAVE: Record<Severity, { say: string; icon: typeof Info }> = {
    block: { say: "Blocks", icon: OctagonAlert },
    warn: { say: "Look at it", icon: CircleAlert },
    info: { say: "Good to know", icon: Info },
};

export function Grave({ severity }: { severity: Severity }) {
    const { say, icon: Icon } = GRAVE[severity];
    return (
        <span className={`grave ${severity}`}>
            <Icon size={14} aria-hidden /> {say}
        </span>
    );
}

/** The fixes that the page can do; others are done by people. */
export function doable(finding: Finding): Fix[] {
    return finding.fixes.filter(({ ops }) => ops.length > 0);
}

/** Does a fix and offers to take it back. */
export function useFix(): (fix: Fix) => Promise<void> {
    const plan = usePlan();
    const live = useLive();
    return async (fix) => {
        try {
            const { seq } = await plan.control.call("plan.edit", { plan: plan.id, ops: fix.ops });
            const undo = () => {
                plan.control
                    .call("history.undo", { plan: plan.id, seq })
                    .then(() => live.later())
                    .catch(tellError);
            };
            tell(`Done: ${fix.say}.`, { say: "Undo", run: undo });
            live.later();
        } catch (error) {
            if (error instanceof RequestError && error.code === "conflict") live.later();
            tellError(error);
        }
    };
}

interface Props {
    finding: Finding;
    active?: boolean;
    id?: string;
    onDismiss?: () => void;
}

export function FindingCard({ finding, active, id, onDismiss }: Props) {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const fix = useFix();
    const [busy, setBusy] = useState(false);
    const things = finding.refs.filter(({ id: thing }) => thing !== "");
    return (
        <article id={id} className={active ? "finding active" : "finding"}>
            <p className="finding-say">
                <Grave severity={finding.severity} />
                <span>{finding.say}.</span>
            </p>
            <p className="finding-refs">
                {things.map(({ root, id: thing, field }) => (
                    <a
                        key={`${root}/${thing}/${field}`}
                        href={`${href("p", plan.id, root, thing)}${field ? `?field=${field}` : ""}`}
                    >
                        {ROOT_WORDS[root]?.title ?? root}: {plan.title(root, thing) ?? "not there"}
                    </a>
                ))}
                {things.length === 0 && finding.refs.length > 0 && <a href={href("p", plan.id)}>Overview</a>}
            </p>
            {mayEdit && (
                <div className="finding-acts">
                    {finding.fixes.map((one) =>
                        one.ops.length === 0 ? (
                            <span key={one.say} className="finding-hint">
                                By hand: {one.say.charAt(0).toLowerCase() + one.say.slice(1)}
                            </span>
                        ) : (
                            <button
                                key={one.say}
                                type="button"
                                className="button small"
                                disabled={busy}
                                onClick={() => {
                                    setBusy(true);
                                    void fix(one).finally(() => setBusy(false));
                                }}
                            >
                                {active && <kbd>{doable(finding).indexOf(one) + 1}</kbd>}
                                {one.say}
                            </button>
                        ),
                    )}
                    {onDismiss && (
                        <button type="button" className="button small quiet" onClick={onDismiss}>
                            {active && <kbd>d</kbd>} Put aside…
                        </button>
                    )}
                </div>
            )}
        </article>
    );
}
