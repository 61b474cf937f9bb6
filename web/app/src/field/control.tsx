// A control for a value of any kind but shared ones: it holds what is typed until that fits, and says beside it why not.

import { bag, type Field } from "@convene/client";
import { X } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { usePlan } from "../context.ts";
import { LISTS, ROOT_WORDS } from "../words.ts";
import { choicesOf, chosen, thingsOf } from "./choices.ts";
import { Json } from "./json.tsx";
import { List, Parts } from "./parts.tsx";
import { Picker } from "./picker.tsx";
import { Typed } from "./typed.tsx";

export interface ControlProps {
    field: Field;
    label: string;
    value: unknown;
    disabled: boolean;
    /** Only values that fit; `null` is nothing. */
    onSet: (value: unknown) => void;
    id?: string;
}

export function Control(props: ControlProps): ReactNode {
    switch (props.field.kind) {
        case "enum":
        case "bool":
            return <Choose {...props} />;
        case "ref":
        case "zone":
        case "currency":
            return <Pick {...props} />;
        case "record":
            return <Parts {...props} />;
        case "list":
            return <List {...props} />;
        case "any_ref":
            return <AnyRef {...props} />;
        case "json":
            return <Json {...props} />;
        default:
            return <Typed {...props} />;
    }
}

function Choose({ field, label, value, disabled, onSet, id }: ControlProps) {
    const choices = choicesOf(usePlan(), field) ?? [];
    const now = value === undefined || value === null ? "" : String(value);
    const unknown = now !== "" && !choices.some((choice) => choice.value === now);
    return (
        <select
            id={id}
            className="input select"
            aria-label={id ? undefined : label}
            value={now}
            disabled={disabled}
            onChange={({ target }) => onSet(chosen(field, target.value || null))}
        >
            {(!field.needed || now === "") && <option value="">—</option>}
            {unknown && <option value={now}>{now} (not known)</option>}
            {choices.map((choice) => (
                <option key={choice.value} value={choice.value}>
                    {choice.label}
                </option>
            ))}
        </select>
    );
}

function Pick({ field, label, value, disabled, onSet, id }: ControlProps) {
    const plan = usePlan();
    const choices = choicesOf(plan, field, value) ?? [];
    const now = typeof value === "string" ? value : null;
    return (
        <span className="pick">
            <Picker
                {...{ label, choices, disabled, id }}
                value={now}
                onPick={(next) => (next !== null || !field.needed) && onSet(next)}
                placeholder="Nothing yet"
            />
            {now !== null && !field.needed && !disabled && (
                <button type="button" className="icon-button" aria-label={`Clear ${label}`} onClick={() => onSet(null)}>
                    <X size={14} aria-hidden />
                </button>
            )}
        </span>
    );
}

function AnyRef({ label, value, disabled, onSet }: ControlProps) {
    const plan = usePlan();
    const now = bag(value) as { root?: string; id?: string };
    const [root, setRoot] = useState(now.root ?? "");
    useEffect(() => setRoot(now.root ?? ""), [now.root]);
    return (
        <span className="any-ref">
            <select
                className="input select"
                aria-label={`${label}: of what kind`}
                value={root}
                disabled={disabled}
                onChange={({ target }) => {
                    setRoot(target.value);
                    if (target.value === "" && value) onSet(null);
                }}
            >
                <option value="">—</option>
                {LISTS.map((name) => (
                    <option key={name} value={name}>
                        {ROOT_WORDS[name]?.title ?? name}
                    </option>
                ))}
            </select>
            {root !== "" && (
                <Picker
                    label={`${label}: which`}
                    choices={thingsOf(plan, root, now.id)}
                    value={now.root === root ? (now.id ?? null) : null}
                    disabled={disabled}
                    placeholder="Which?"
                    onPick={(id) => id && onSet({ root, id })}
                />
            )}
        </span>
    );
}
