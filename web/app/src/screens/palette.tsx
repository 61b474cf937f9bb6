// One box for everything: places, acts, and things by their words, of the open plan or of all.

import { Dialog as Base } from "@base-ui/react/dialog";
import { type Hit, type Part, type Plan, showValue, titleField, words } from "@convene/client";
import { Search } from "lucide-react";
import { type KeyboardEvent, useContext, useDeferredValue, useMemo, useState } from "react";
import { PlanContext, useClient } from "../context.ts";
import { go, href } from "../route.ts";
import { goToHit, useSearch } from "../search.ts";
import { LISTS, ROOT_WORDS } from "../words.ts";

export interface Act {
    /** Where others may be called so too. */
    id?: string;
    say: string;
    hint?: string;
    keys?: string;
    /** What the server found, with the words that were looked for. */
    hit?: Hit;
    /** It goes on in the box, which stays. */
    stays?: boolean;
    run: () => void;
}

type Scope = "plan" | "all";

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

function Marked({ parts }: { parts: Part[] }) {
    // biome-ignore lint/suspicious/noArrayIndexKey: parts have no names, and a text's parts stay in order
    return parts.map(({ text, hit }, at) => (hit ? <mark key={at}>{text}</mark> : <span key={at}>{text}</span>));
}

function Item({ act }: { act: Act }) {
    const { hit } = act;
    if (!hit)
        return (
            <>
                <span className="palette-say">{act.say}</span>
                {act.hint && <span className="palette-hint">{act.hint}</span>}
                {act.keys && <kbd>{act.keys}</kbd>}
            </>
        );
    const place = ROOT_WORDS[hit.root]?.title ?? (hit.root === "meta" ? "Event" : words(hit.root));
    return (
        <span className="palette-hit">
            <span className="palette-title">
                <Marked parts={hit.title} />
                {hit.archived && <span className="badge plain">archived</span>}
            </span>
            <span className="palette-where">
                {hit.plan_name} · {place}
            </span>
            {hit.excerpt.length > 0 && (
                <span className="palette-excerpt">
                    <Marked parts={hit.excerpt} />
                </span>
            )}
        </span>
    );
}

export function Palette({ acts, onClose }: { acts: Act[]; onClose: () => void }) {
    const plan = useContext(PlanContext);
    const { control } = useClient();
    const [text, setText] = useState("");
    const [at, setAt] = useState(0);
    const [scope, setScope] = useState<Scope>(plan ? "plan" : "all");
    const wanted = useDeferredValue(text);
    const searched = useSearch(text, scope === "all");
    const shown = useMemo(() => {
        const parts = plainly(wanted).split(/\s+/).filter(Boolean);
        const fitting = acts.filter(({ say }) => parts.every((part) => plainly(say).includes(part)));
        const first = fitting.slice(0, parts.length === 0 ? 60 : 8);
        if (scope === "plan" && plan) {
            const wider: Act = {
                say: `Look in all plans for “${wanted.trim()}”`,
                stays: true,
                run: () => setScope("all"),
            };
            return [...first, ...find(plan, wanted), ...(parts.length > 0 ? [wider] : [])];
        }
        const hits = (searched?.hits ?? []).map(
            (hit): Act => ({
                id: `${hit.plan}/${hit.root}/${hit.id}`,
                say: hit.title.map((part) => part.text).join(""),
                hit,
                run: () => void goToHit(control, hit),
            }),
        );
        return [...first, ...hits];
    }, [acts, plan, control, wanted, scope, searched]);
    const active = Math.min(at, shown.length - 1);
    const run = (act: Act | undefined) => {
        if (!act) return;
        if (act.stays) setAt(0);
        else onClose();
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
    const say = scope === "plan" ? "Search this plan, or say what to do" : "Search all your plans, or say what to do";
    const looking = scope === "all" && wanted.trim() !== "" && searched?.text !== wanted.slice(0, 1000);
    const note = looking
        ? "Asking the server…"
        : scope === "all" && searched?.error
          ? searched.error
          : shown.length === 0
            ? `Nothing in ${scope === "plan" ? "this plan" : "your plans"} has these words.`
            : scope === "all" && searched?.behind
              ? "Some of the newest edits may not be found yet; looking again."
              : undefined;
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
                            aria-label={say}
                            placeholder={say}
                            value={text}
                            onChange={(event) => {
                                setText(event.target.value);
                                setAt(0);
                            }}
                            onKeyDown={onKey}
                        />
                    </label>
                    {plan && (
                        <fieldset className="palette-scope">
                            <legend className="unseen">Where to search</legend>
                            <span className="toggle">
                                {(["plan", "all"] as const).map((one) => (
                                    <button
                                        key={one}
                                        type="button"
                                        className={scope === one ? "on" : undefined}
                                        aria-pressed={scope === one}
                                        onClick={() => {
                                            setScope(one);
                                            setAt(0);
                                        }}
                                    >
                                        {one === "plan" ? "This plan" : "All plans"}
                                    </button>
                                ))}
                            </span>
                        </fieldset>
                    )}
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
                                <Item act={act} />
                            </div>
                        ))}
                    </div>
                    <p className="menu-note" role="status">
                        {note}
                    </p>
                </Base.Popup>
            </Base.Portal>
        </Base.Root>
    );
}
