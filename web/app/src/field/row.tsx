// A field of a thing: its name, its control, and who else is in it.

import { type Field, isShared, same } from "@convene/client";
import { memo, useId } from "react";
import { usePeers, usePlan, usePlanState } from "../context.ts";
import { label } from "../words.ts";
import { Control } from "./control.tsx";
import { GhostSlot } from "./ghost-slot.tsx";
import { Members } from "./members.tsx";
import { TextField } from "./text-field.tsx";

interface Props {
    root: string;
    /** Empty for a root that holds one thing. */
    id: string;
    field: Field;
    value: unknown;
    /** Goes up when things that are referred to change. */
    names: number;
}

/** Controls that are one element, which a label can stand for. */
const SINGLE = [
    "line",
    "int",
    "number",
    "day",
    "instant",
    "language",
    "country",
    "color",
    "url",
    "money",
    "enum",
    "bool",
    "ref",
    "zone",
    "currency",
];

function FieldRowView({ root, id, field, value }: Props) {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const peers = usePeers(root, id, field.name);
    const own = useId();
    const name = label(root, field);
    const single = SINGLE.includes(field.kind);
    const enter = () => plan.presence.enter({ root, id, field: field.name });
    const leave = () => plan.presence.enter(id === "" ? null : { root, id });
    const set = (next: unknown) => plan.set(root, id, field.name, next);
    const peer = peers[0];
    const missing = field.needed && (value === undefined || value === null || value === "");
    const className = peer ? `field taken who-${peer.hue}` : "field";
    return (
        // biome-ignore lint/a11y/noStaticElementInteractions: focus is only listened to, to tell others
        <div className={className} data-field={field.name} onFocus={enter} onBlur={leave}>
            {single ? (
                <label className="field-name" htmlFor={own}>
                    {name}
                    {missing && <span className="needed"> needed</span>}
                </label>
            ) : (
                <span className="field-name">
                    {name}
                    {missing && <span className="needed"> needed</span>}
                </span>
            )}
            <div className="field-control">
                {peer && <span className="taken-by">{peers.map(({ user }) => user.name).join(", ")}</span>}
                {field.kind === "text" ? (
                    <TextField root={root} id={id} field={field} label={name} onFocus={enter} onBlur={leave} />
                ) : isShared(field) ? (
                    <Members field={field} label={name} value={value} disabled={!mayEdit} onSet={set} />
                ) : (
                    <Control
                        key={`${root}/${id}`}
                        field={field}
                        label={name}
                        value={value}
                        disabled={!mayEdit}
                        onSet={set}
                        {...(single ? { id: own } : {})}
                    />
                )}
                <GhostSlot root={root} id={id} field={field.name} />
            </div>
        </div>
    );
}

/** Drawn anew when its own value changes, or what values are called by. */
export const FieldRow = memo(
    FieldRowView,
    (a, b) =>
        a.root === b.root && a.id === b.id && a.field === b.field && a.names === b.names && same(a.value, b.value),
);
