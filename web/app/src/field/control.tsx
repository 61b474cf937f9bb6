// A control for a value of any kind but shared ones: it holds what is typed until that fits, and says beside it why not.

import { type Field, words } from "@convene/client";
import { X } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { usePlan } from "../context.ts";
import { GROUPS, ROOT_WORDS } from "../words.ts";
import { choicesOf, thingsOf } from "./choices.ts";
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
    const values = field.kind === "bool" ? ["true", "false"] : (field.values ?? []);
    const now = value === undefined || value === null ? "" : String(value);
    const say = (one: string) => (field.kind === "bool" ? (one === "true" ? "Yes" : "No") : words(one));
    const unknown = now !== "" && !values.includes(now);
    return (
        <select
            id={id}
            className="input select"
            aria-label={id ? undefined : label}
            value={now}
            disabled={disabled}
            onChange={({ target }) =>
                onSet(target.value === "" ? null : field.kind === "bool" ? target.value === "true" : target.value)
            }
        >
            {(!field.needed || now === "") && <option value="">—</option>}
            {unknown && <option value={now}>{now} (not known)</option>}
            {values.map((one) => (
                <option key={one} value={one}>
                    {say(one)}
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

const REFERABLE = GROUPS.flatMap(({ roots }) => roots).filter((root) => root !== "needs");

function AnyRef({ label, value, disabled, onSet }: ControlProps) {
    const plan = usePlan();
    const now = (typeof value === "object" && value !== null ? value : {}) as { root?: string; id?: string };
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
                {REFERABLE.map((name) => (
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
