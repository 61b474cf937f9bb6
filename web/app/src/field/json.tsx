// Values that the schema gives no shape.

import { type Field, same, words } from "@convene/client";
import { useId, useState } from "react";
import type { ControlProps } from "./control.tsx";
import { Problem, Typed } from "./typed.tsx";

type Scalars = Record<string, string | number | null>;

/** What a place has, when nothing says otherwise. */
const ADDRESS = ["street", "postal_code", "city", "country_code"];

function scalarsOf(field: Field, value: unknown): Scalars | undefined {
    if (value === undefined || value === null) return field.name === "address" ? {} : undefined;
    if (typeof value !== "object" || Array.isArray(value)) return undefined;
    const simple = Object.values(value).every((one) => one === null || ["string", "number"].includes(typeof one));
    return simple ? (value as Scalars) : undefined;
}

/** What has no shape of its own: a field for each name where it is flat, words or numbers as they are, else JSON. */
export function Json(props: ControlProps) {
    const { field, label, value, disabled, onSet } = props;
    const scalars = scalarsOf(field, value);
    if (!scalars) return <JsonText {...props} />;
    const names = [...new Set([...(field.name === "address" ? ADDRESS : []), ...Object.keys(scalars)])];
    return (
        <fieldset className="parts" disabled={disabled}>
            <legend className="unseen">{label}</legend>
            {names.map((name) => (
                // biome-ignore lint/a11y/noLabelWithoutControl: the control is inside
                <label key={name} className="part">
                    <span className="part-name">{words(name)}</span>
                    <Typed
                        field={{ name, kind: "line", needed: false, chars_max: 500 }}
                        label={words(name)}
                        value={scalars[name] ?? undefined}
                        disabled={disabled}
                        onSet={(next) => {
                            const rest = { ...scalars };
                            if (next === null) delete rest[name];
                            else rest[name] = next as string;
                            onSet(Object.keys(rest).length === 0 ? null : rest);
                        }}
                    />
                </label>
            ))}
        </fieldset>
    );
}

const isNumbers = (value: unknown): value is number[] =>
    Array.isArray(value) && value.every((one) => typeof one === "number");

function JsonText({ label, value, disabled, onSet, id }: ControlProps) {
    const written =
        value === undefined || value === null
            ? ""
            : typeof value === "string"
              ? value
              : isNumbers(value)
                ? value.join(", ")
                : JSON.stringify(value);
    const [draft, setDraft] = useState<string>();
    const [say, setSay] = useState<string>();
    const own = useId();
    const leave = () => {
        if (draft === undefined) return;
        const text = draft.trim();
        let next: unknown = text === "" ? null : text;
        if (/^-?\d+(\.\d+)?(\s*,\s*-?\d+(\.\d+)?)+$/.test(text)) next = text.split(",").map(Number);
        if (/^[[{]/.test(text)) {
            try {
                next = JSON.parse(text);
            } catch {
                setSay("This begins like JSON, but cannot be read as such. Check the quotes and brackets.");
                return;
            }
        }
        setSay(undefined);
        setDraft(undefined);
        if (!same(next, value ?? null)) onSet(next);
    };
    return (
        <>
            <textarea
                id={id}
                className="input area"
                aria-label={id ? undefined : label}
                aria-invalid={say ? true : undefined}
                aria-describedby={say ? own : undefined}
                rows={Math.min(4, Math.ceil((draft ?? written).length / 48) || 1)}
                value={draft ?? written}
                disabled={disabled}
                onChange={(event) => setDraft(event.target.value)}
                onBlur={leave}
            />
            <Problem id={own} say={say} />
        </>
    );
}
