// What was typed and refused: the words, why, and a way to use them again.

import { fieldOf, isRoot, type KeptEdit, rootNamed, same, showValue } from "@convene/client";
import { usePlan, usePlanState } from "../context.ts";
import { tell } from "../ui/toast.ts";
import { undoLast } from "../ui/undo.ts";
import { label, plural } from "../words.ts";

export function Kept() {
    const plan = usePlan();
    const { kept, mayEdit, ready } = usePlanState();
    if (!kept || !ready) return null;
    const now = (edit: KeptEdit): unknown => {
        const content = plan.content.roots.get(edit.root);
        return edit.id === "" ? content?.fields[edit.field] : content?.get(edit.id)?.fields[edit.field];
    };
    const say = (edit: KeptEdit, value: unknown): string => {
        const field = isRoot(edit.root) ? fieldOf(rootNamed(edit.root), edit.field) : undefined;
        if (value === undefined || value === null || value === "") return "nothing";
        return field ? showValue(field, value, plan.around) : typeof value === "string" ? value : JSON.stringify(value);
    };
    const open = kept.edits.filter((edit) => edit.field === "" || !same(now(edit), edit.value));
    const again = () => {
        plan.setMany(
            open
                .filter(({ field }) => field !== "")
                .map(({ root, id, field, value }) => ({ root, id, field, value: value ?? null })),
        );
        for (const edit of open)
            if (edit.field === "" && !plan.content.root(edit.root).get(edit.id))
                plan.add(edit.root, [edit.value as Record<string, unknown>]);
        plan.forgetKept();
        tell("Your words are in again.", undoLast(plan));
    };
    return (
        <section className="kept" aria-label="What was not taken">
            <h2>
                {open.length === 0
                    ? "This plan was loaded anew"
                    : `${plural(open.length, "edit")} of yours was not taken`}
            </h2>
            <p>
                The server said: {kept.say}.{" "}
                {open.length > 0
                    ? "The plan was loaded anew. Nothing that you typed is lost:"
                    : "All that you typed is in it."}
            </p>
            <ul>
                {open.slice(0, 50).map((edit) => (
                    <li key={`${edit.root}/${edit.id}/${edit.field}`}>
                        <strong>
                            {edit.field === ""
                                ? `New: ${edit.title}`
                                : `${edit.title}, ${label(edit.root, edit.field).toLowerCase()}`}
                        </strong>
                        <span className="kept-yours">{edit.field === "" ? "" : say(edit, edit.value)}</span>
                        {edit.field !== "" && (
                            <span className="kept-now">now: {say(edit, now(edit)).slice(0, 120)}</span>
                        )}
                    </li>
                ))}
            </ul>
            <div className="form-acts">
                {open.length > 0 && (
                    <button
                        type="button"
                        className="button"
                        onClick={() =>
                            void navigator.clipboard
                                ?.writeText(
                                    open
                                        .map((edit) => `${edit.title}\t${edit.field}\t${say(edit, edit.value)}`)
                                        .join("\n"),
                                )
                                .then(() => tell("Copied."))
                        }
                    >
                        Copy all
                    </button>
                )}
                <button type="button" className="button" onClick={() => plan.forgetKept()}>
                    {open.length > 0 ? "Throw away" : "All right"}
                </button>
                {open.length > 0 && mayEdit && (
                    <button type="button" className="button primary" onClick={again}>
                        Put in again
                    </button>
                )}
            </div>
        </section>
    );
}
