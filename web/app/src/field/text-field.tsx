// A long text in the drawer; its editor is fetched when the first one is shown.

import { type Field, words } from "@convene/client";
import { lazy, Suspense, useState } from "react";
import { useContent, usePlan, usePlanState } from "../context.ts";

const TextEditor = lazy(() => import("./text-editor.tsx"));

interface Props {
    root: string;
    id: string;
    field: Field;
    label: string;
    onFocus: () => void;
    onBlur: () => void;
}

export function TextField({ root, id, field, label, onFocus, onBlur }: Props) {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    useContent(root);
    const [chars, setChars] = useState(0);
    const text = plan.text(root, id, field.name);
    const charsMax = field.chars_max ?? 20_000;
    const awareness = plan.presence.awareness;
    if (!text) {
        // Made by whoever writes it first, and not by whoever looks at it.
        if (!mayEdit) return <p className="nothing">Nothing here yet.</p>;
        return (
            <button type="button" className="text-start" onClick={() => plan.startText(root, id, field.name)}>
                Write {words(label).toLowerCase()}…
            </button>
        );
    }
    return (
        <div className="text-box" data-field={field.name} data-read={mayEdit ? undefined : ""}>
            <Suspense fallback={<div className="text-plain">{text.toString()}</div>}>
                <TextEditor {...{ text, awareness, label, mayEdit, charsMax, onFocus, onBlur }} onLength={setChars} />
            </Suspense>
            {chars > charsMax * 0.8 && (
                <p className={chars >= charsMax ? "text-count full" : "text-count"}>
                    {chars.toLocaleString("en")} of {charsMax.toLocaleString("en")} characters
                </p>
            )}
        </div>
    );
}
