// A value that is typed: it holds what was typed until that fits, and says beside it why it does not.

import {
    checkValue,
    copyValue,
    type Field,
    isMoney,
    parseValue,
    type Surroundings,
    same,
    sentence,
    showValue,
    writtenMoney,
} from "@convene/client";
import { useEffect, useId, useRef, useState } from "react";
import { usePlan } from "../context.ts";
import type { ControlProps } from "./control.tsx";

export function Problem({ id, say }: { id: string; say: string | undefined }) {
    return (
        <p id={id} className="problem" role="alert" hidden={!say}>
            {say && sentence(say)}
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
    money: "1250.00 EUR",
};

/** What a field begins with when it is typed in. */
function writtenAs(field: Field, value: unknown, around: Surroundings): string {
    if (field.kind === "money" && isMoney(value)) return writtenMoney(value);
    return field.kind === "day" ? showValue(field, value, around) : copyValue(field, value, around);
}

export function Typed({ field, label, value, disabled, onSet, id }: ControlProps) {
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
    // A field that is switched off while somebody types in it gets no blur, so its words would go with it.
    const leaving = useRef(leave);
    leaving.current = leave;
    useEffect(() => {
        if (disabled) leaving.current();
    }, [disabled]);
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
