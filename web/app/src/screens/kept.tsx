// What was typed and refused: the words, why, and a way to use them again.

import { fieldOf, isRoot, type KeptEdit, rootNamed, same, sentence, showValue } from "@convene/client";
import { usePlan, usePlanState } from "../context.ts";
import { copyText, tell } from "../ui/toast.ts";
import { undoLast } from "../ui/undo.ts";
import { label, plural } from "../words.ts";

const SHOWN_MAX = 50;
/** Of what the plan has; one's own words are shown as they are. */
const NOW_CHARS_MAX = 120;

export function Kept() {
    const plan = usePlan();
    const { kept, mayEdit, ready, gone } = usePlanState();
    if (!kept || !(ready || gone)) return null;
    const now = (edit: KeptEdit): unknown => {
        const content = plan.content.roots.get(edit.root);
        return edit.id === "" ? content?.fields[edit.field] : content?.get(edit.id)?.fields[edit.field];
    };
    const say = (edit: KeptEdit, value: unknown): string => {
        const field = isRoot(edit.root) ? fieldOf(rootNamed(edit.root), edit.field) : undefined;
        if (value === undefined || value === null || value === "") return "nothing";
        return field ? showValue(field, value, plan.around) : typeof value === "string" ? value : JSON.stringify(value);
    };
    const called = (edit: KeptEdit): string =>
        edit.field === "" ? `New: ${edit.title}` : `${edit.title}, ${label(edit.root, edit.field).toLowerCase()}`;
    // What the plan has by now is nothing to decide about.
    const open = kept.edits.filter((edit) => edit.field === "" || !same(now(edit), edit.value));
    const copy = (edits: KeptEdit[]) =>
        copyText(
            edits.length === 1 && edits[0]
                ? say(edits[0], edits[0].value)
                : edits.map((edit) => `${called(edit)}\t${say(edit, edit.value)}`).join("\n"),
        );
    const again = (wanted: KeptEdit[]) => {
        const edits = wanted.filter(
            ({ root, id, field }) => field === "" || id === "" || plan.content.root(root).get(id),
        );
        if (edits.length < wanted.length)
            tell("What some of it was about is not in the plan any more; copy those words.");
        if (edits.length === 0) return;
        plan.batch(() => {
            plan.setMany(
                edits
                    .filter(({ field }) => field !== "")
                    .map(({ root, id, field, value }) => ({ root, id, field, value: value ?? null })),
            );
            for (const edit of edits)
                if (edit.field === "" && !plan.content.root(edit.root).get(edit.id))
                    plan.add(edit.root, [edit.value as Record<string, unknown>]);
        });
        plan.forgetKept(edits);
        tell("Your words are in again.", undoLast(plan));
    };
    return (
        <section className="kept" aria-label="What was not taken">
            <h2>
                {open.length === 0
                    ? "All that you typed is in the plan"
                    : `${plural(open.length, "edit")} of yours ${open.length === 1 ? "was" : "were"} not taken`}
            </h2>
            <p>
                {sentence(kept.say)}.{" "}
                {open.length === 0
                    ? "It holds the same by now."
                    : mayEdit
                      ? "Nothing that you typed is lost, and you may put it in now."
                      : "Nothing that you typed is lost: it stays here until you may edit again."}
            </p>
            <ul>
                {open.slice(0, SHOWN_MAX).map((edit) => (
                    <li key={`${edit.root}/${edit.id}/${edit.field}`}>
                        <strong className="kept-name">{called(edit)}</strong>
                        {edit.field !== "" && (
                            <dl className="kept-values">
                                <dt>You wrote</dt>
                                <dd className="kept-yours">{say(edit, edit.value)}</dd>
                                <dt>The plan has</dt>
                                <dd className="kept-now">{say(edit, now(edit)).slice(0, NOW_CHARS_MAX)}</dd>
                            </dl>
                        )}
                        <span className="kept-acts">
                            {edit.field !== "" && (
                                <button type="button" className="link small" onClick={() => copy([edit])}>
                                    Copy<span className="unseen"> {called(edit)}</span>
                                </button>
                            )}
                            {mayEdit && (
                                <button type="button" className="link small" onClick={() => again([edit])}>
                                    Put in<span className="unseen"> {called(edit)}</span>
                                </button>
                            )}
                            <button type="button" className="link small" onClick={() => plan.forgetKept([edit])}>
                                Throw away<span className="unseen"> {called(edit)}</span>
                            </button>
                        </span>
                    </li>
                ))}
            </ul>
            {open.length > SHOWN_MAX && <p className="sub">And {open.length - SHOWN_MAX} more, in “Copy all”.</p>}
            {open.length !== 1 && (
                <div className="form-acts">
                    {open.length > 0 && (
                        <button type="button" className="button" onClick={() => copy(open)}>
                            Copy all
                        </button>
                    )}
                    <button type="button" className="button" onClick={() => plan.forgetKept()}>
                        {open.length > 0 ? "Throw all away" : "All right"}
                    </button>
                    {open.length > 0 && mayEdit && (
                        <button type="button" className="button primary" onClick={() => again(open)}>
                            Put all in again
                        </button>
                    )}
                </div>
            )}
        </section>
    );
}
