// One box for everything: places, acts, and the things of the plan by their words.

import { Dialog as Base } from "@base-ui/react/dialog";
import { type Plan, showValue, titleField } from "@convene/client";
import { Search } from "lucide-react";
import { type KeyboardEvent, useDeferredValue, useMemo, useState } from "react";
import { usePlan } from "../context.ts";
import { go, href } from "../route.ts";
import { LISTS, ROOT_WORDS } from "../words.ts";

export interface Act {
    /** Where others may be called so too. */
    id?: string;
    say: string;
    hint?: string;
    keys?: string;
    run: () => void;
}

const HITS_MAX = 40;

/** The best first: a title that begins so, a title with the words, anything else that is written there. */
function find(plan: Plan, text: string): Act[] {
    const wanted = plainly(text).split(/\s+/).filter(Boolean);
    if (wanted.length === 0) return [];
    const hits: { act: Act; weight: number }[] = [];
    for (const root of LISTS) {
        const content = plan.content.root(root);
        const place = ROOT_WORDS[root]?.title ?? root;
        const title = titleField(content.root);
        for (const row of content.living()) {
            const name = plan.title(root, row.id) ?? "";
            const plain = plainly(name);
            let weight = 0;
            let hint = place;
            if (wanted.every((word) => plain.includes(word))) weight = plain.startsWith(wanted[0] ?? "") ? 3 : 2;
            else {
                const texts = content.root.fields
                    .filter((field) => field !== title && (field.kind === "text" || field.kind === "line"))
                    .map((field) => showValue(field, row.fields[field.name], plan.around));
                const whole = plainly(`${name} ${texts.join(" ")}`);
                if (!wanted.every((word) => whole.includes(word))) continue;
                weight = 1;
                const at = whole.indexOf(wanted.at(-1) ?? "");
                hint = `${place} · …${`${name} ${texts.join(" ")}`.slice(Math.max(0, at - 30), at + 60)}…`;
            }
            hits.push({
                act: { id: `${root}/${row.id}`, say: name, hint, run: () => go(href("p", plan.id, root, row.id)) },
                weight,
            });
        }
    }
    return hits
        .sort((a, b) => b.weight - a.weight)
        .slice(0, HITS_MAX)
        .map(({ act }) => act);
}

/** Without case and marks: "lodz" finds "Łódź". */
function plainly(text: string): string {
    return text
        .normalize("NFD")
        .replaceAll(/\p{M}/gu, "")
        .toLowerCase()
        .replaceAll("ł", "l")
        .replaceAll("ø", "o")
        .replaceAll("ß", "ss");
}

export function Palette({ acts, onClose }: { acts: Act[]; onClose: () => void }) {
    const plan = usePlan();
    const [text, setText] = useState("");
    const [at, setAt] = useState(0);
    const wanted = useDeferredValue(text);
    const shown = useMemo(() => {
        const words = plainly(wanted).split(/\s+/).filter(Boolean);
        const fitting = acts.filter(({ say }) => words.every((word) => plainly(say).includes(word)));
        return [...fitting.slice(0, words.length === 0 ? 60 : 8), ...find(plan, wanted)];
    }, [acts, plan, wanted]);
    const active = Math.min(at, shown.length - 1);
    const run = (act: Act | undefined) => {
        if (!act) return;
        onClose();
        act.run();
    };
    const onKey = (event: KeyboardEvent) => {
        const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
        if (step !== 0) {
            event.preventDefault();
            const next = (active + step + shown.length) % Math.max(1, shown.length);
            setAt(next);
            document.getElementById(`palette-${next}`)?.scrollIntoView({ block: "nearest" });
        }
        if (event.key === "Enter") {
            event.preventDefault();
            run(shown[active]);
        }
    };
    return (
        <Base.Root open onOpenChange={(open) => !open && onClose()}>
            <Base.Portal>
                <Base.Backdrop className="backdrop" />
                <Base.Popup className="palette" aria-label="Search and commands">
                    <Base.Title className="unseen">Search and commands</Base.Title>
                    <label className="palette-search">
                        <Search size={16} aria-hidden />
                        <input
                            className="bare"
                            role="combobox"
                            aria-expanded
                            aria-controls="palette-list"
                            aria-activedescendant={shown.length > 0 ? `palette-${active}` : undefined}
                            aria-label="Search this plan, or say what to do"
                            placeholder="Search this plan, or say what to do"
                            value={text}
                            onChange={(event) => {
                                setText(event.target.value);
                                setAt(0);
                            }}
                            onKeyDown={onKey}
                        />
                    </label>
                    <div id="palette-list" className="palette-list" role="listbox" aria-label="What was found">
                        {shown.map((act, index) => (
                            // biome-ignore lint/a11y/useKeyWithClickEvents: keys go to the box above, which names the active one
                            <div
                                key={act.id ?? act.say}
                                id={`palette-${index}`}
                                className="palette-item"
                                role="option"
                                tabIndex={-1}
                                aria-selected={index === active}
                                onClick={() => run(act)}
                                onPointerMove={() => setAt(index)}
                            >
                                <span className="palette-say">{act.say}</span>
                                {act.hint && <span className="palette-hint">{act.hint}</span>}
                                {act.keys && <kbd>{act.keys}</kbd>}
                            </div>
                        ))}
                    </div>
                    {shown.length === 0 && <p className="menu-note">Nothing in this plan has these words.</p>}
                </Base.Popup>
            </Base.Portal>
        </Base.Root>
    );
}
