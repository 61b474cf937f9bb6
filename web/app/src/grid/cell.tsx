// One cell: its value for people, and an editor in its place while it is being changed.

import { type Field, sentence, showMembers, showValue } from "@convene/client";
import { memo, useEffect, useRef, useState } from "react";
import { usePlan, usePlanState } from "../context.ts";
import { choicesOf, chosen } from "../field/choices.ts";
import { Picker } from "../field/picker.tsx";
import { Swatch } from "../field/typed.tsx";

const GOOD = [
    "confirmed",
    "contracted",
    "paid",
    "done",
    "signed",
    "accepted",
    "booked",
    "evidenced",
    "approved",
    "sent",
    "ok",
    "closed",
    "yes",
];
const BAD = ["cancelled", "declined", "withdrawn", "rejected", "blocked", "at_risk", "dropped"];

export function tone(value: string): string {
    if (GOOD.includes(value)) return "good";
    return BAD.includes(value) ? "bad" : "plain";
}

export const CellValue = memo(function CellValue({
    field,
    value,
    version: _,
}: {
    field: Field;
    value: unknown;
    version: number;
}) {
    const { around } = usePlan();
    if (value === undefined || value === null || value === "") return null;
    if (field.kind === "enum") {
        return <span className={`badge ${tone(String(value))}`}>{showValue(field, value, around)}</span>;
    }
    if (field.kind === "color") {
        return (
            <>
                <Swatch color={String(value)} /> {String(value)}
            </>
        );
    }
    if (field.kind === "tags" || field.kind === "refs") {
        return showMembers(field, value, around).map(({ key, say }) => (
            <span key={key} className="tag">
                {say}
            </span>
        ));
    }
    if (field.kind === "text") return String(value).slice(0, 160).replaceAll(/\s+/g, " ");
    if (field.kind === "url") return String(value).replace(/^https?:\/\//, "");
    return showValue(field, value, around);
});

interface EditorProps {
    field: Field;
    name: string;
    value: unknown;
    /** What it begins with: the value as text, or the character that was typed. */
    start: string;
    typed: boolean;
    /** Takes what was typed; answers why it cannot, or nothing. `after` is where to go on. */
    onDone: (text: string, after: "down" | "right" | "left" | "stay") => string | undefined;
    onPick: (value: unknown) => void;
    onCancel: () => void;
}

export function CellEditor({ field, name, value, start, typed, onDone, onPick, onCancel }: EditorProps) {
    const plan = usePlan();
    const [say, setSay] = useState<string>();
    const over = useRef(false);
    const input = useRef<HTMLInputElement>(null);
    const { mayEdit } = usePlanState();
    const choices = choicesOf(plan, field, value);
    const done = (text: string, after: "down" | "right" | "left" | "stay") => {
        const problem = onDone(text, after);
        if (problem) setSay(problem);
        else over.current = true;
    };
    // What is typed when edits are no longer allowed is kept, and the editor goes; what does not fit is still there to copy.
    const end = useRef(() => {});
    end.current = () => {
        if (input.current) done(input.current.value, "stay");
        else onCancel();
    };
    useEffect(() => {
        if (!mayEdit) end.current();
    }, [mayEdit]);
    if (choices) {
        const now = value === undefined || value === null ? null : String(value);
        return (
            <span
                className="cell-editor"
                onKeyDownCapture={(event) => {
                    if (event.key === "Escape") {
                        event.stopPropagation();
                        over.current = true;
                        onCancel();
                    }
                    if (event.key === "Tab") onCancel();
                }}
            >
                <Picker
                    label={name}
                    choices={choices}
                    value={now}
                    eager
                    {...(typed ? { typed: start } : {})}
                    onPick={(next) => {
                        over.current = true;
                        onPick(chosen(field, next));
                    }}
                    onLeave={() => {
                        if (!over.current) onCancel();
                    }}
                />
            </span>
        );
    }
    return (
        <span className="cell-editor">
            <input
                ref={input}
                className="cell-input"
                aria-label={name}
                aria-invalid={say ? true : undefined}
                defaultValue={start}
                // biome-ignore lint/a11y/noAutofocus: a cell that somebody begins to edit is where they type
                autoFocus
                onFocus={({ currentTarget }) =>
                    typed ? currentTarget.setSelectionRange(start.length, start.length) : currentTarget.select()
                }
                onInput={() => setSay(undefined)}
                onBlur={({ currentTarget }) => !over.current && done(currentTarget.value, "stay")}
                onKeyDown={(event) => {
                    event.stopPropagation();
                    if (event.key === "Escape") {
                        over.current = true;
                        onCancel();
                    } else if (event.key === "Enter") {
                        event.preventDefault();
                        done(event.currentTarget.value, "down");
                    } else if (event.key === "Tab") {
                        event.preventDefault();
                        done(event.currentTarget.value, event.shiftKey ? "left" : "right");
                    }
                }}
            />
            {say && (
                <span className="cell-problem" role="alert">
                    {sentence(say)}. <span className="cell-hint">Esc puts the old value back.</span>
                </span>
            )}
        </span>
    );
}
