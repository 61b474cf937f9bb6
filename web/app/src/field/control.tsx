// A control for a value of any kind but shared ones: it holds what is typed until that fits, and says beside it why not.

import {
    checkValue,
    copyValue,
    type Field,
    isMoney,
    parseValue,
    type Surroundings,
    same,
    showValue,
    words,
    writtenMoney,
} from "@convene/client";
import { Plus, X } from "lucide-react";
import { type ReactNode, useEffect, useId, useState } from "react";
import { usePlan } from "../context.ts";
import { GROUPS, ROOT_WORDS } from "../words.ts";
import { choicesOf, thingsOf } from "./choices.ts";
import { Picker } from "./picker.tsx";

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

export function Problem({ id, say }: { id: string; say: string | undefined }) {
    return (
        <p id={id} className="problem" role="alert" hidden={!say}>
            {say ? say.charAt(0).toUpperCase() + say.slice(1) : ""}
        </p>
    );
}

const HINTS: Partial<Record<Field["kind"], string>> = {
    day: "2027-05-03",
    instant: "2027-05-03 14:00",
    url: "https://",
    color: "#3b5bdb",
    country: "DE",
    language: "en",
    money: "1250.00",
};

/** What a field begins with when it is typed in. */
function writtenAs(field: Field, value: unknown, around: Surroundings): string {
    if (field.kind === "line" || field.kind === "url") return String(value ?? "");
    if (field.kind === "money" && isMoney(value)) return writtenMoney(value);
    return field.kind === "day" ? showValue(field, value, around) : copyValue(field, value, around);
}

function Typed({ field, label, value, disabled, onSet, id }: ControlProps) {
    const plan = usePlan();
    const written = writtenAs(field, value, plan.around);
    const [draft, setDraft] = useState<string>();
    const [say, setSay] = useState<string>();
    const own = useId();
    // What somebody else sets meanwhile is shown, unless something is being typed here.
    const shown = draft ?? written;
    const leave = () => {
        if (draft === undefined) return;
        if (draft === written) {
            setDraft(undefined);
            setSay(undefined);
            return;
        }
        const read = parseValue(field, draft, plan.around);
        if (!read.ok) {
            setSay(read.say);
            return;
        }
        setSay(undefined);
        setDraft(undefined);
        if (!same(read.value, value ?? null)) onSet(read.value);
    };
    const unfit = draft === undefined && value !== undefined && value !== null ? checkValue(field, value) : undefined;
    const problem = say ?? unfit;
    return (
        <>
            <span className="typed">
                {field.kind === "color" && typeof value === "string" && <Swatch color={value} />}
                <input
                    id={id}
                    className="input"
                    aria-label={id ? undefined : label}
                    aria-invalid={problem ? true : undefined}
                    aria-describedby={problem ? own : undefined}
                    value={shown}
                    disabled={disabled}
                    placeholder={disabled ? "" : (HINTS[field.kind] ?? "")}
                    inputMode={
                        field.kind === "int"
                            ? "numeric"
                            : field.kind === "number" || field.kind === "money"
                              ? "decimal"
                              : undefined
                    }
                    onChange={(event) => {
                        setDraft(event.target.value);
                        setSay(undefined);
                    }}
                    onBlur={leave}
                    onKeyDown={(event) => {
                        if (event.key === "Enter") leave();
                        if (event.key === "Escape" && draft !== undefined) {
                            event.stopPropagation();
                            setDraft(undefined);
                            setSay(undefined);
                        }
                    }}
                />
            </span>
            <Problem id={own} say={problem} />
        </>
    );
}

export function Swatch({ color }: { color: string }) {
    const ok = /^#[0-9a-f]{6}$/i.test(color);
    return <span className="swatch" aria-hidden style={ok ? { backgroundColor: color } : undefined} />;
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

type Bag = Record<string, unknown>;
const bag = (value: unknown): Bag =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Bag) : {};

/** A record is one value: it is set as a whole, and only when all that it needs is there. */
function Parts({ field, label, value, disabled, onSet }: ControlProps) {
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

function List({ field, label, value, disabled, onSet }: ControlProps) {
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

const REFERABLE = GROUPS.flatMap(({ roots }) => roots).filter((root) => root !== "needs");

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
function Json(props: ControlProps) {
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
