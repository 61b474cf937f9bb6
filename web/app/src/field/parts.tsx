// Values with parts, and lists of such.

import { type Bag, bag, checkValue, type Field, words } from "@convene/client";
import { Plus, X } from "lucide-react";
import { useEffect, useId, useState } from "react";
import { Control, type ControlProps } from "./control.tsx";
import { Problem } from "./typed.tsx";

/** A record is one value: it is set as a whole, and only when all that it needs is there. */
export function Parts({ field, label, value, disabled, onSet }: ControlProps) {
    const [draft, setDraft] = useState<Bag>();
    const own = useId();
    const written = JSON.stringify(value ?? null);
    // biome-ignore lint/correctness/useExhaustiveDependencies: another value from outside ends the draft
    useEffect(() => setDraft(undefined), [written]);
    const parts = draft ?? bag(value);
    const short = (field.fields ?? []).every(({ kind }) => kind === "int" || kind === "number");
    const filled = Object.values(parts).some((part) => part !== undefined && part !== null);
    const say = draft && filled ? checkValue(field, parts) : undefined;
    const set = (name: string, part: unknown) => {
        const next = { ...parts };
        if (part === null) delete next[name];
        else next[name] = part;
        if (Object.keys(next).length === 0) {
            setDraft(undefined);
            if (!field.needed) onSet(null);
        } else if (checkValue(field, next) === undefined) {
            setDraft(undefined);
            onSet(next);
        } else setDraft(next);
    };
    return (
        <fieldset
            className={short ? "parts short" : "parts"}
            aria-describedby={say ? own : undefined}
            disabled={disabled}
        >
            <legend className="unseen">{label}</legend>
            {(field.fields ?? []).map((part) => {
                const name = partName(field, part);
                return (
                    // biome-ignore lint/a11y/noLabelWithoutControl: the control is inside, whichever it is
                    <label key={part.name} className="part">
                        <span className="part-name">{name}</span>
                        <Control
                            field={{ ...part, needed: false }}
                            label={name}
                            value={parts[part.name]}
                            disabled={disabled}
                            onSet={(next) => set(part.name, next)}
                        />
                    </label>
                );
            })}
            <Problem id={own} say={say && `Not saved yet. ${words(say)}`} />
        </fieldset>
    );
}

function partName(field: Field, part: Field): string {
    if (field.name === "qty" && part.name === "n") return "How many";
    if (part.name === "pct") return "Percent";
    return words(part.name.replace(/_id$/, ""));
}

export function List({ field, label, value, disabled, onSet }: ControlProps) {
    const items = Array.isArray(value) ? value : [];
    const [adding, setAdding] = useState(false);
    const item: Field = { ...field, kind: "record", name: "", needed: true };
    const replaced = (at: number, next: unknown) => items.map((one, index) => (index === at ? next : one));
    return (
        <div className="list">
            {items.map((one, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: items of a list have no names of their own
                <div key={at} className="list-item">
                    <Parts
                        field={item}
                        label={`${label} ${at + 1}`}
                        value={one}
                        disabled={disabled}
                        onSet={(next) => onSet(replaced(at, next))}
                    />
                    {!disabled && (
                        <button
                            type="button"
                            className="icon-button"
                            aria-label={`Remove ${label} ${at + 1}`}
                            onClick={() => onSet(items.length === 1 ? null : items.filter((_, index) => index !== at))}
                        >
                            <X size={14} aria-hidden />
                        </button>
                    )}
                </div>
            ))}
            {adding && (
                <div className="list-item">
                    <Parts
                        field={item}
                        label={`new ${label}`}
                        value={undefined}
                        disabled={disabled}
                        onSet={(next) => {
                            setAdding(false);
                            onSet([...items, next]);
                        }}
                    />
                    <button
                        type="button"
                        className="icon-button"
                        aria-label="Do not add"
                        onClick={() => setAdding(false)}
                    >
                        <X size={14} aria-hidden />
                    </button>
                </div>
            )}
            {!disabled && !adding && (
                <button type="button" className="button quiet" onClick={() => setAdding(true)}>
                    <Plus size={14} aria-hidden /> Add
                </button>
            )}
            {disabled && items.length === 0 && <p className="nothing">Nothing here yet.</p>}
        </div>
    );
}
