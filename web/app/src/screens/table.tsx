// A root of a plan: its things as a table or a board, and one of them in the drawer.

import { type Root, stageField, titleField, words } from "@convene/client";
import { ArrowDownUp, CalendarRange, Columns3, LayoutGrid, Plus, Rows3, Search } from "lucide-react";
import { useDeferredValue, useMemo, useRef, useState } from "react";
import { useContent, usePlan, usePlanState } from "../context.ts";
import { Agenda } from "../grid/agenda.tsx";
import { pasteBlock } from "../grid/block.ts";
import { Board } from "../grid/board.tsx";
import {
    columnsOf,
    filterRows,
    groupRows,
    type Layout,
    mayGroup,
    nextSort,
    readLayout,
    sortRows,
    writeLayout,
} from "../grid/columns.ts";
import { Grid } from "../grid/grid.tsx";
import { defaults } from "../grid/new-row.ts";
import type { Block } from "../grid/selection.ts";
import { go, href, replace, useRoute } from "../route.ts";
import { Menu } from "../ui/menu.tsx";
import { ROOT_WORDS } from "../words.ts";
import { Drawer } from "./drawer.tsx";

/** Where a block goes in a table that has no rows yet. */
const FIRST_CELL: Block = { top: 0, bottom: 0, left: 0, right: 0 };

type Archived = "without" | "with" | "only";

type View = "table" | "board" | "agenda";

const VIEWS: Record<View, { say: string; icon: typeof Rows3 }> = {
    table: { say: "Table", icon: Rows3 },
    board: { say: "Board", icon: LayoutGrid },
    agenda: { say: "Agenda", icon: CalendarRange },
};

function sortWords(name: string, field: string, sort: Layout["sort"]): string {
    if (sort?.field !== field) return name;
    return `${name}, ${sort.down ? "downwards" : "upwards"}`;
}

export function TableScreen({ root }: { root: Root }) {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const content = useContent(root.name);
    const { parts, query } = useRoute();
    const openId = parts[3];
    const [layout, setLayoutState] = useState<Layout>(() => readLayout(root));
    const [text, setText] = useState("");
    const [stageValue, setStageValue] = useState("");
    const [archived, setArchived] = useState<Archived>("without");
    const asked = query.get("view");
    const stage = stageField(root);
    const view: View =
        asked === "board" && stage ? "board" : asked === "agenda" && root.name === "sessions" ? "agenda" : "table";
    const main = useRef<HTMLDivElement>(null);
    // Who types in the drawer does not wait for the table behind it.
    const version = useDeferredValue(content.version);
    const filter = useDeferredValue(text);

    const setLayout = (next: Layout) => {
        setLayoutState(next);
        writeLayout(root, next);
    };
    const all = useMemo(() => columnsOf(root, plan), [root, plan]);
    const columns = useMemo(
        () =>
            all
                .filter(({ field }) => !layout.hidden.includes(field.name))
                .map((column) => ({ ...column, width: layout.widths[column.field.name] ?? column.width })),
        [all, layout.hidden, layout.widths],
    );
    // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for what the content holds
    const { rows, groups } = useMemo(() => {
        const kept = content.list().filter((row) => archived === "with" || row.archived === (archived === "only"));
        const staged = stage && stageValue !== "" ? kept.filter((row) => row.fields[stage.name] === stageValue) : kept;
        const sorted = sortRows(plan, all, filterRows(plan, root, staged, filter), layout.sort);
        return groupRows(plan, all, sorted, view === "table" ? layout.group : null);
    }, [plan, root, content, version, archived, stage, stageValue, filter, layout.sort, layout.group, view, all]);

    const place = (id?: string, field?: string, as = view) => {
        const questions = new URLSearchParams();
        if (as !== "table") questions.set("view", as);
        if (field) questions.set("field", field);
        const path = id ? href("p", plan.id, root.name, id) : href("p", plan.id, root.name);
        return questions.size > 0 ? `${path}?${questions}` : path;
    };
    const open = (id: string, field?: string) => go(place(id, field));
    const close = () => {
        replace(place());
        main.current?.querySelector<HTMLElement>(".grid, .card-open")?.focus();
    };
    const add = () => {
        const [id] = plan.add(root.name, [defaults(root)]);
        if (id) open(id, (titleField(root) ?? root.fields[0])?.name);
    };
    const views: View[] = [
        "table",
        ...(stage ? (["board"] as const) : []),
        ...(root.name === "sessions" ? (["agenda"] as const) : []),
    ];
    const live = content.living().length;
    const putAway = content.list().length - live;
    const said = ROOT_WORDS[root.name];
    const filtered = filter.trim() !== "" || stageValue !== "";
    return (
        <div className={openId ? "split open" : "split"}>
            <div className="table-screen" ref={main}>
                <header className="toolbar">
                    <h1>
                        {said?.title ?? root.name}{" "}
                        <span className="count">{filtered ? `${rows.length} of ${live}` : rows.length}</span>
                    </h1>
                    <label className="search-field">
                        <Search size={14} aria-hidden />
                        <input
                            className="bare"
                            data-filter
                            type="search"
                            placeholder="Filter"
                            aria-label={`Filter ${said?.title ?? root.name}`}
                            value={text}
                            onChange={(event) => setText(event.target.value)}
                            onKeyDown={(event) => {
                                if (event.key === "Escape") setText("");
                                if (event.key === "ArrowDown" || event.key === "Enter" || event.key === "Escape") {
                                    event.preventDefault();
                                    main.current?.querySelector<HTMLElement>(".grid")?.focus();
                                }
                            }}
                        />
                        <kbd aria-hidden>/</kbd>
                    </label>
                    {stage && view === "table" && (
                        <select
                            className="input select compact"
                            aria-label={`Only with this ${words(stage.name).toLowerCase()}`}
                            value={stageValue}
                            onChange={({ target }) => setStageValue(target.value)}
                        >
                            <option value="">Any {words(stage.name).toLowerCase()}</option>
                            {stage.values?.map((value) => (
                                <option key={value} value={value}>
                                    {words(value)}
                                </option>
                            ))}
                        </select>
                    )}
                    {putAway > 0 && (
                        <select
                            className="input select compact"
                            aria-label="Archived ones"
                            value={archived}
                            onChange={({ target }) => setArchived(target.value as Archived)}
                        >
                            <option value="without">Without archived</option>
                            <option value="with">With {putAway} archived</option>
                            <option value="only">Only archived</option>
                        </select>
                    )}
                    <span className="spring" />
                    {views.length > 1 && (
                        <span className="toggle">
                            {views.map((one) => {
                                const { say, icon: Icon } = VIEWS[one];
                                return (
                                    <a
                                        key={one}
                                        className={one === view ? "on" : ""}
                                        href={place(openId, undefined, one)}
                                        aria-current={one === view ? "true" : undefined}
                                        title={say}
                                    >
                                        <Icon size={15} aria-hidden /> <span className="wide-only">{say}</span>
                                        <span className="unseen">{say} view</span>
                                    </a>
                                );
                            })}
                        </span>
                    )}
                    {view === "table" && (
                        <Menu
                            label="Sort and group"
                            className="button quiet"
                            trigger={
                                <>
                                    <ArrowDownUp size={15} aria-hidden /> <span className="wide-only">Sort</span>
                                </>
                            }
                            items={[
                                ...columns.map(({ field, name }) => ({
                                    say: sortWords(name, field.name, layout.sort),
                                    checked: layout.sort?.field === field.name,
                                    act: () => setLayout({ ...layout, sort: nextSort(field.name, layout.sort) }),
                                })),
                                "line" as const,
                                ...all.filter(mayGroup).map(({ field, name }) => {
                                    const checked = layout.group === field.name;
                                    return {
                                        say: `Group by ${name.toLowerCase()}`,
                                        checked,
                                        act: () => setLayout({ ...layout, group: checked ? null : field.name }),
                                    };
                                }),
                            ]}
                        />
                    )}
                    {view === "table" && (
                        <Menu
                            label="Columns"
                            className="button quiet"
                            trigger={
                                <>
                                    <Columns3 size={15} aria-hidden /> <span className="wide-only">Columns</span>
                                </>
                            }
                            items={all.slice(1).map(({ field, name }) => {
                                const checked = !layout.hidden.includes(field.name);
                                const hidden = checked
                                    ? [...layout.hidden, field.name]
                                    : layout.hidden.filter((one) => one !== field.name);
                                return { say: name, checked, act: () => setLayout({ ...layout, hidden }) };
                            })}
                        />
                    )}
                    {mayEdit && (
                        <button type="button" className="button primary" onClick={add} data-add>
                            <Plus size={15} aria-hidden /> Add<span className="wide-only"> {root.noun}</span>
                        </button>
                    )}
                </header>
                {rows.length === 0 && content.list().length === 0 ? (
                    <div
                        className="empty-root"
                        // biome-ignore lint/a11y/noNoninteractiveTabindex: a block can be pasted here
                        tabIndex={0}
                        role="group"
                        aria-label={`${said?.title ?? root.name}: nothing yet`}
                        onPaste={(event) => {
                            event.preventDefault();
                            pasteBlock(
                                { plan, root, rows, columns },
                                FIRST_CELL,
                                event.clipboardData.getData("text/plain"),
                            );
                        }}
                    >
                        {said && <said.icon size={28} aria-hidden />}
                        <p>{said?.empty}</p>
                        {mayEdit && (
                            <button type="button" className="button primary" onClick={add}>
                                <Plus size={15} aria-hidden /> Add {root.noun}
                            </button>
                        )}
                    </div>
                ) : view === "agenda" ? (
                    <Agenda rows={rows} onOpen={open} openId={openId} />
                ) : view === "board" && stage ? (
                    <Board root={root} rows={rows} stage={stage} onOpen={open} openId={openId} />
                ) : (
                    <>
                        <Grid
                            root={root}
                            rows={rows}
                            groups={groups}
                            columns={columns}
                            layout={layout}
                            onLayout={setLayout}
                            openId={openId}
                            onOpen={open}
                        />
                        {rows.length === 0 && (
                            <p className="empty over-grid">
                                Nothing fits the filter.{" "}
                                <button
                                    type="button"
                                    className="link"
                                    onClick={() => {
                                        setText("");
                                        setStageValue("");
                                        setArchived("without");
                                    }}
                                >
                                    Show all
                                </button>
                            </p>
                        )}
                    </>
                )}
            </div>
            {openId && <Drawer root={root} id={openId} field={query.get("field") ?? undefined} onClose={close} />}
        </div>
    );
}
