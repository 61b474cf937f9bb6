// How many people need what: counts by tag, and never names.

import { tagOf, words } from "@convene/client";
import { Plus, X } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useContent, usePlan, usePlanState } from "../context.ts";
import { Control } from "../field/control.tsx";
import { ROOT_WORDS } from "../words.ts";

const USUAL = [
    "vegan",
    "vegetarian",
    "halal",
    "kosher",
    "gluten_free",
    "nut_allergy",
    "wheelchair",
    "captions",
    "sign_language",
    "childcare",
    "prayer_room",
    "quiet_room",
];
const COUNT_MAX = 10_000_000;

export function Counts() {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const content = useContent("needs");
    const [tag, setTag] = useState("");
    const list = useId();
    const rows = Object.entries(content.fields).sort(([a], [b]) => a.localeCompare(b));
    const add = (name: string) => {
        const key = tagOf(name);
        if (key !== "" && !(key in content.fields)) plan.count("needs", key, 0);
        setTag("");
    };
    return (
        <div className="page narrow">
            <header className="page-head">
                <h1>Access needs</h1>
                <p className="sub">{ROOT_WORDS.needs?.empty}</p>
            </header>
            <div className="counts">
                {rows.map(([key, value]) => (
                    <div key={key} className="count-row">
                        <span className="count-name">{words(key)}</span>
                        <span className="count-value">
                            <Control
                                field={{ name: key, kind: "int", needed: true, min: 0, max: COUNT_MAX }}
                                label={words(key)}
                                value={value}
                                disabled={!mayEdit}
                                onSet={(next) => plan.count("needs", key, Number(next))}
                            />
                        </span>
                        {mayEdit && (
                            <button
                                type="button"
                                className="icon-button"
                                aria-label={`Remove ${words(key)}`}
                                onClick={() => plan.count("needs", key, null)}
                            >
                                <X size={14} aria-hidden />
                            </button>
                        )}
                    </div>
                ))}
            </div>
            {rows.length === 0 && (
                <p className="empty">
                    Nothing is counted yet.
                    {mayEdit ? " Questions worth asking people when they sign up are below." : ""}
                </p>
            )}
            {mayEdit && (
                <form
                    className="inline-form"
                    onSubmit={(event: FormEvent) => {
                        event.preventDefault();
                        add(tag);
                    }}
                >
                    <input
                        className="input"
                        aria-label="A need to count"
                        placeholder="Another need"
                        list={list}
                        value={tag}
                        onChange={(event) => setTag(event.target.value)}
                    />
                    <datalist id={list}>
                        {USUAL.map((one) => (
                            <option key={one} value={words(one)} />
                        ))}
                    </datalist>
                    <button type="submit" className="button">
                        <Plus size={14} aria-hidden /> Count it
                    </button>
                </form>
            )}
            {mayEdit && (
                <p className="suggestions">
                    {USUAL.filter((one) => !(one in content.fields)).map((one) => (
                        <button key={one} type="button" className="chip-button" onClick={() => add(one)}>
                            <Plus size={12} aria-hidden /> {words(one)}
                        </button>
                    ))}
                </p>
            )}
        </div>
    );
}
