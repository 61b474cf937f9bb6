// The things of a root by stage. Cards are dragged, or moved by their menu, which needs one press and no dragging.

import { type Field, type Root, type Row, showValue, titleField, words } from "@convene/client";
import { MoveRight } from "lucide-react";
import { useState } from "react";
import { usePlan, usePlanState } from "../context.ts";
import { Menu } from "../ui/menu.tsx";
import { tell } from "../ui/toast.ts";
import { undoLast } from "../ui/undo.ts";
import { label } from "../words.ts";
import { tone } from "./cell.tsx";

/** A column shows so many at first; a board of hundreds is read by nobody. */
const SHOWN_FIRST = 60;

interface Props {
    root: Root;
    rows: Row[];
    stage: Field;
    onOpen: (id: string) => void;
    openId: string | undefined;
}

/** What a card says below its title. */
function lines(root: Root, stage: Field): Field[] {
    const title = titleField(root);
    const kinds: Field["kind"][] = ["record", "money", "day", "ref", "refs", "enum", "instant"];
    return root.fields.filter((field) => field !== stage && field !== title && kinds.includes(field.kind)).slice(0, 5);
}

/** A room or a person says what it is; a day or an amount does not. */
function saidByItself(field: Field): boolean {
    return field.kind === "ref" || field.kind === "refs" || field.name === "slot" || field.name === "kind";
}

export function Board({ root, rows, stage, onOpen, openId }: Props) {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const [over, setOver] = useState<string>();
    const [more, setMore] = useState<Record<string, boolean>>({});
    const shown = lines(root, stage);
    const moveTo = (id: string, value: string) => {
        const row = plan.content.root(root.name).get(id);
        if (!row || row.fields[stage.name] === value) return;
        plan.set(root.name, id, stage.name, value);
        tell(`Moved “${plan.title(root.name, id)}” to ${words(value).toLowerCase()}.`, undoLast(plan));
    };
    return (
        <div className="board">
            {(stage.values ?? []).map((value) => {
                const cards = rows.filter((row) => row.fields[stage.name] === value);
                const visible = more[value] ? cards : cards.slice(0, SHOWN_FIRST);
                return (
                    <section
                        key={value}
                        className={over === value ? "board-column over" : "board-column"}
                        aria-label={words(value)}
                        onDragOver={(event) => {
                            if (!mayEdit) return;
                            event.preventDefault();
                            setOver(value);
                        }}
                        onDragLeave={() => setOver(undefined)}
                        onDrop={(event) => {
                            event.preventDefault();
                            setOver(undefined);
                            moveTo(event.dataTransfer.getData("text/plain"), value);
                        }}
                    >
                        <h2 className="board-head">
                            <span className={`dot ${tone(value)}`} aria-hidden />
                            {words(value)} <span className="count">{cards.length}</span>
                        </h2>
                        <ul className="board-cards">
                            {visible.map((row) => (
                                <li
                                    key={row.id}
                                    className={row.id === openId ? "card open" : "card"}
                                    draggable={mayEdit}
                                    onDragStart={(event) => event.dataTransfer.setData("text/plain", row.id)}
                                >
                                    <button type="button" className="card-open" onClick={() => onOpen(row.id)}>
                                        {plan.title(root.name, row.id)}
                                    </button>
                                    {mayEdit && (
                                        <Menu
                                            label={`Move ${plan.title(root.name, row.id)}`}
                                            className="icon-button card-move"
                                            trigger={<MoveRight size={14} aria-hidden />}
                                            items={(stage.values ?? [])
                                                .filter((other) => other !== value)
                                                .map((other) => ({
                                                    say: words(other),
                                                    act: () => moveTo(row.id, other),
                                                }))}
                                        />
                                    )}
                                    {shown.map((field) => {
                                        const said = showValue(field, row.fields[field.name], plan.around);
                                        return said ? (
                                            <p key={field.name} className="card-line">
                                                {saidByItself(field) ? said : `${label(root.name, field)}: ${said}`}
                                            </p>
                                        ) : null;
                                    })}
                                </li>
                            ))}
                        </ul>
                        {visible.length < cards.length && (
                            <button
                                type="button"
                                className="button quiet"
                                onClick={() => setMore({ ...more, [value]: true })}
                            >
                                Show all {cards.length}
                            </button>
                        )}
                    </section>
                );
            })}
        </div>
    );
}
