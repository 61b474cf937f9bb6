// Shared sets: a chip for each member, with what is said about it.

import { bag, type Field, showMembers, tagOf, words } from "@convene/client";
import { X } from "lucide-react";
import { useMemo, useState } from "react";
import { usePlan } from "../context.ts";
import { thingsOf } from "./choices.ts";
import { Control } from "./control.tsx";
import { type Choice, Picker } from "./picker.tsx";

interface Props {
    field: Field;
    label: string;
    value: unknown;
    disabled: boolean;
    onSet: (members: Record<string, unknown>) => void;
}

const NOTHING: Choice[] = [];

/** What a member says when it is new. */
function first(field: Field): unknown {
    const member = field.member;
    if (member?.kind === "record") return {};
    if (member?.kind === "enum") return member.values?.[0];
    return member?.kind === "number" ? 0 : true;
}

export function Members({ field, label, value, disabled, onSet }: Props) {
    const plan = usePlan();
    const [tag, setTag] = useState("");
    const members = bag(value);
    const chips = showMembers(field, members, plan.around);
    const with_ = (key: string, member: unknown) => onSet({ ...members, [key]: member });
    const without = (key: string) =>
        onSet(Object.fromEntries(Object.entries(members).filter(([name]) => name !== key)));
    const addTag = () => {
        const key = tagOf(tag);
        setTag("");
        if (key !== "" && !(key in members)) with_(key, first(field));
    };
    const things = field.kind === "refs" ? thingsOf(plan, field.root ?? "") : NOTHING;
    const keys = Object.keys(members).join(" ");
    // biome-ignore lint/correctness/useExhaustiveDependencies: the keys stand for the members
    const others = useMemo(() => things.filter(({ value: id }) => !(id in members)), [things, keys]);
    const said = field.member && field.member.kind !== "present" ? field.member : undefined;
    const name = (key: string) => (field.kind === "refs" ? (plan.title(field.root ?? "", key) ?? key) : words(key));
    return (
        <div className="members">
            {chips.length > 0 && (
                <ul className={said ? "member-rows" : "chips"}>
                    {chips.map(({ key }) => (
                        <li key={key} className={said ? "member-row" : "chip"}>
                            <span className="member-name">{name(key)}</span>
                            {said && said.kind !== "record" && (
                                <Control
                                    field={{ ...said, name: key, needed: true }}
                                    label={`${label}: ${name(key)}`}
                                    value={members[key]}
                                    disabled={disabled}
                                    onSet={(next) => next !== null && with_(key, next)}
                                />
                            )}
                            {said?.kind === "record" && (
                                <span className="member-parts">
                                    {(said.fields ?? [])
                                        .filter((part) => part.name !== "rank")
                                        .map((part) => (
                                            <span key={part.name} className="member-part">
                                                <span className="part-name">{words(part.name)}</span>
                                                <Control
                                                    field={part}
                                                    label={`${words(part.name)} of ${name(key)}`}
                                                    value={
                                                        (members[key] as Record<string, unknown> | null)?.[part.name]
                                                    }
                                                    disabled={disabled}
                                                    onSet={(next) => {
                                                        const rest = { ...(members[key] as Record<string, unknown>) };
                                                        if (next === null) delete rest[part.name];
                                                        else rest[part.name] = next;
                                                        with_(key, rest);
                                                    }}
                                                />
                                            </span>
                                        ))}
                                </span>
                            )}
                            {!disabled && (
                                <button
                                    type="button"
                                    className="icon-button"
                                    aria-label={`Remove ${name(key)}`}
                                    onClick={() => without(key)}
                                >
                                    <X size={14} aria-hidden />
                                </button>
                            )}
                        </li>
                    ))}
                </ul>
            )}
            {chips.length === 0 && disabled && <p className="nothing">Nothing here yet.</p>}
            {!disabled && field.kind === "refs" && (
                <Picker
                    key={chips.length}
                    label={`Add to ${label}`}
                    choices={others}
                    value={null}
                    placeholder="Add…"
                    onPick={(id) => id && with_(id, first(field))}
                />
            )}
            {!disabled && field.kind === "tags" && (
                <input
                    className="input"
                    aria-label={`Add to ${label}`}
                    placeholder="Add, then Enter"
                    value={tag}
                    onChange={(event) => setTag(event.target.value)}
                    onBlur={addTag}
                    onKeyDown={(event) => {
                        if (event.key !== "Enter" && event.key !== ",") return;
                        event.preventDefault();
                        addTag();
                    }}
                />
            )}
        </div>
    );
}
