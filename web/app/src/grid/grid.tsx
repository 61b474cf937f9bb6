// The table: virtual rows, one active cell, keys as in a spreadsheet.

import { copyValue, type Peer, parseValue, type Root, type Row, same } from "@convene/client";
import { useVirtualizer } from "@tanstack/react-virtual";
import {
    type ClipboardEvent,
    type KeyboardEvent,
    type PointerEvent,
    type SyntheticEvent,
    useCallback,
    useEffect,
    useLayoutEffect,
    useMemo,
    useRef,
    useState,
    useSyncExternalStore,
} from "react";
import { usePlan, usePlanState, useVersions } from "../context.ts";
import { tell } from "../ui/toast.ts";
import { undoLast } from "../ui/undo.ts";
import { plural } from "../words.ts";
import { CellEditor } from "./cell.tsx";
import { Chosen } from "./chosen.tsx";
import { readBlock, writeBlock } from "./clipboard.ts";
import { type Column, cellValueOf, type Layout, WIDTH_MIN } from "./columns.ts";
import { Head } from "./head.tsx";
import { defaults } from "./new-row.ts";
import { PASTE_ROWS_MAX, pasteWords, readPaste } from "./paste.ts";
import { cellId, GridRow } from "./row.tsx";
import { blockOf, type Cell, clamp, move, type Selection, type Size } from "./selection.ts";

export const ROW_HEIGHT = 33;
const HEAD_HEIGHT = 33;
const NUMBER_WIDTH = 46;
const NOBODY: Peer[] = [];

interface Props {
    root: Root;
    rows: Row[];
    columns: Column[];
    layout: Layout;
    onLayout: (layout: Layout) => void;
    openId: string | undefined;
    onOpen: (id: string, field?: string) => void;
}

interface Editing {
    start: string;
    typed: boolean;
}

export function Grid({ root, rows, columns, layout, onLayout, openId, onOpen }: Props) {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const scroller = useRef<HTMLDivElement>(null);
    const [selection, setSelection] = useState<Selection>({ active: { row: 0, col: 0 }, anchor: { row: 0, col: 0 } });
    const [editing, setEditing] = useState<Editing>();
    const [focused, setFocused] = useState(false);
    const dragging = useRef(false);
    const referred = useMemo(() => referredBy(root), [root]);
    const version = useVersions(referred);
    const peers = useSyncExternalStore(plan.presence.subscribe, plan.presence.snapshot);
    const here = useMemo(() => {
        const byRow = new Map<string, Peer[]>();
        for (const peer of peers)
            if (peer.at?.root === root.name) byRow.set(peer.at.id, [...(byRow.get(peer.at.id) ?? []), peer]);
        return byRow;
    }, [peers, root]);

    const virtual = useVirtualizer({
        count: rows.length,
        getScrollElement: () => scroller.current,
        estimateSize: () => ROW_HEIGHT,
        overscan: 12,
        scrollPaddingStart: HEAD_HEIGHT,
        scrollPaddingEnd: 12,
        paddingStart: 0,
    });
    const size: Size = {
        rows: rows.length,
        cols: columns.length,
        page: Math.max(1, Math.floor(((scroller.current?.clientHeight ?? 600) - HEAD_HEIGHT) / ROW_HEIGHT) - 1),
    };
    const active = clamp(selection.active, size);
    const anchor = clamp(selection.anchor, size);
    const block = blockOf({ active, anchor });
    const current = rows[active.row];
    const column = columns[active.col];

    // Somebody adds or sorts: the active cell stays with its thing.
    const activeId = useRef<string | undefined>(undefined);
    const reveal = useRef(false);
    useLayoutEffect(() => {
        const id = activeId.current;
        if (id === undefined || rows[active.row]?.id === id) return;
        const at = rows.findIndex((row) => row.id === id);
        if (at >= 0) setSelection({ active: { row: at, col: active.col }, anchor: { row: at, col: active.col } });
    }, [rows, active.row, active.col]);

    useEffect(() => {
        if (focused && current && column)
            plan.presence.enter({ root: root.name, id: current.id, field: column.field.name });
    }, [plan, focused, current?.id, column?.field.name, root.name, current, column]);

    const show = useCallback(
        (cell: Cell) => {
            virtual.scrollToIndex(cell.row, { align: "auto" });
            const box = scroller.current;
            const left = columns.slice(0, cell.col).reduce((sum, one) => sum + one.width, NUMBER_WIDTH);
            const width = columns[cell.col]?.width ?? 0;
            const first = columns[0]?.width ?? 0;
            if (!box || cell.col === 0) return;
            const sticky = NUMBER_WIDTH + (box.clientWidth > 640 ? first : 0);
            if (left - box.scrollLeft < sticky) box.scrollLeft = left - sticky;
            else if (left + width - box.scrollLeft > box.clientWidth) box.scrollLeft = left + width - box.clientWidth;
        },
        [virtual, columns],
    );

    // What was just added is below, and shown once it is the active one.
    useEffect(() => {
        if (!reveal.current || rows[active.row]?.id !== activeId.current) return;
        reveal.current = false;
        show({ row: active.row, col: 0 });
    }, [rows, active.row, show]);

    const select = (next: Selection) => {
        activeId.current = rows[clamp(next.active, size).row]?.id;
        setSelection(next);
        show(clamp(next.active, size));
    };
    const focus = () => scroller.current?.focus({ preventScroll: true });
    const stop = () => {
        setEditing(undefined);
        focus();
    };
    const step = (row: number, col: number) => {
        const cell = clamp({ row: active.row + row, col: active.col + col }, size);
        select({ active: cell, anchor: cell });
    };

    const edit = (typed?: string) => {
        if (!current || !column) return;
        if (!column.inCell && !(column.field.name === "slot" || column.field.name === "qty")) {
            onOpen(current.id, column.field.name);
            return;
        }
        if (!mayEdit) {
            tell("Your role in this plan does not allow edits.");
            return;
        }
        show(active);
        const start =
            typed ??
            (column.field.kind === "line" || column.field.kind === "url"
                ? String(current.fields[column.field.name] ?? "")
                : copyValue(column.field, current.fields[column.field.name], plan.around));
        setEditing({ start, typed: typed !== undefined });
    };

    const put = (text: string, after: "down" | "right" | "left" | "stay"): string | undefined => {
        if (!current || !column) return undefined;
        const read = parseValue(column.field, text, plan.around);
        if (!read.ok) return read.say;
        if (!same(read.value, current.fields[column.field.name] ?? null))
            plan.set(root.name, current.id, column.field.name, read.value);
        setEditing(undefined);
        if (after !== "stay") {
            focus();
            step(after === "down" ? 1 : 0, after === "right" ? 1 : after === "left" ? -1 : 0);
        }
        return undefined;
    };

    const clear = () => {
        const edits = rows
            .slice(block.top, block.bottom + 1)
            .flatMap((row) =>
                columns
                    .slice(block.left, block.right + 1)
                    .flatMap(({ field }) =>
                        field.needed ? [] : [{ root: root.name, id: row.id, field: field.name, value: null }],
                    ),
            );
        plan.setMany(edits);
        if (columns.slice(block.left, block.right + 1).some(({ field }) => field.needed))
            tell("What a thing needs stays: it can be changed, but not emptied.");
    };

    const fillDown = () => {
        const source = rows[block.top];
        if (!source || block.top === block.bottom) return;
        plan.setMany(
            rows.slice(block.top + 1, block.bottom + 1).flatMap((row) =>
                columns.slice(block.left, block.right + 1).map(({ field }) => ({
                    root: root.name,
                    id: row.id,
                    field: field.name,
                    value: source.fields[field.name] ?? null,
                })),
            ),
        );
    };

    const copy = (event: ClipboardEvent) => {
        if (editing || !(event.target instanceof HTMLElement) || event.target.closest("input")) return;
        event.preventDefault();
        const cells = rows
            .slice(block.top, block.bottom + 1)
            .map((row) =>
                columns
                    .slice(block.left, block.right + 1)
                    .map((one) => copyValue(one.field, cellValueOf(one, row), plan.around)),
            );
        event.clipboardData.setData("text/plain", writeBlock(cells));
        tell(`${plural(cells.length * (cells[0]?.length ?? 0), "cell")} copied.`);
    };

    const paste = (event: ClipboardEvent) => {
        if (editing || !(event.target instanceof HTMLElement) || event.target.closest("input")) return;
        event.preventDefault();
        if (!mayEdit) {
            tell("Your role in this plan does not allow edits.");
            return;
        }
        pasteBlock(readBlock(event.clipboardData.getData("text/plain")));
    };

    const pasteBlock = (cells: string[][]) => {
        if (cells.length > PASTE_ROWS_MAX) {
            const most = PASTE_ROWS_MAX.toLocaleString("en");
            const say = `A block has at most ${most} rows; this one has ${cells.length.toLocaleString("en")}. Import it as CSV instead.`;
            tell(say, undefined, "error");
            return;
        }
        const pasted = readPaste({ plan, root, rows, columns }, block, cells);
        const { edits, added, problems, height, width } = pasted;
        plan.batch(() => {
            plan.setMany(edits);
            if (added.length > 0) plan.add(root.name, added);
        });
        setSelection({
            active: { row: block.top, col: block.left },
            anchor: { row: block.top + height - 1, col: block.left + width - 1 },
        });
        const undoable = problems.length === 0 && edits.length + added.length > 0;
        tell(pasteWords(pasted), undoable ? undoLast(plan) : undefined, problems.length > 0 ? "error" : "info");
    };

    const onKey = (event: KeyboardEvent) => {
        if (editing || !within(event) || event.nativeEvent.isComposing) return;
        const command = event.ctrlKey || event.metaKey;
        if (event.altKey && event.shiftKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
            event.preventDefault();
            if (!column) return;
            const width = Math.max(WIDTH_MIN, column.width + (event.key === "ArrowRight" ? 20 : -20));
            onLayout({ ...layout, widths: { ...layout.widths, [column.field.name]: width } });
            return;
        }
        if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
            event.preventDefault();
            if (!current || !mayEdit) return;
            if (layout.sort)
                tell("Rows can be moved when the table is not sorted: choose “Sort” again until it is not.");
            else
                plan.move(
                    root.name,
                    current.id,
                    rows.map(({ id }) => id),
                    event.key === "ArrowDown" ? 1 : -1,
                );
            return;
        }
        const moved = move({ active, anchor }, { key: event.key, shift: event.shiftKey, command }, size);
        if (moved) {
            event.preventDefault();
            select(moved);
            return;
        }
        if (event.key === "Tab") {
            // Out of the table at the ends of a row, so that nobody is caught in it.
            const to = active.col + (event.shiftKey ? -1 : 1);
            if (to < 0 || to >= size.cols) return;
            event.preventDefault();
            step(0, event.shiftKey ? -1 : 1);
        } else if (event.key === "Enter" && command) {
            event.preventDefault();
            addRow();
        } else if (event.key === "Enter" || event.key === "F2") {
            event.preventDefault();
            edit();
        } else if (event.key === " ") {
            event.preventDefault();
            if (current) onOpen(current.id);
        } else if ((event.key === "Delete" || event.key === "Backspace") && mayEdit) {
            event.preventDefault();
            clear();
        } else if (command && event.key.toLowerCase() === "a") {
            event.preventDefault();
            setSelection({ active: { row: 0, col: 0 }, anchor: { row: size.rows - 1, col: size.cols - 1 } });
        } else if (command && event.key.toLowerCase() === "d" && mayEdit) {
            event.preventDefault();
            fillDown();
        } else if (event.key === "Escape") {
            setSelection({ active, anchor: active });
        } else if (
            event.key.length === 1 &&
            !command &&
            !event.altKey &&
            event.key !== "/" &&
            event.key !== "?" &&
            column &&
            (column.inCell || column.field.name === "slot")
        ) {
            event.preventDefault();
            edit(event.key);
        }
    };

    const addRow = () => {
        const [id] = plan.add(root.name, [defaults(root)]);
        if (!id) return;
        activeId.current = id;
        reveal.current = true;
    };

    const chosen = rows.slice(block.top, block.bottom + 1);
    const manyChosen = mayEdit && chosen.length > 1;
    const archiveChosen = (archived: boolean) => {
        plan.archive(
            root.name,
            chosen.map(({ id }) => id),
            archived,
        );
        setSelection({ active: { row: block.top, col: active.col }, anchor: { row: block.top, col: active.col } });
        focus();
        tell(`${plural(chosen.length, "row")} ${archived ? "archived" : "restored"}.`, undoLast(plan));
    };

    const cellAt = (target: EventTarget): Cell | undefined => {
        const cell = target instanceof HTMLElement ? target.closest<HTMLElement>("[data-col]") : null;
        const row = cell?.closest<HTMLElement>("[data-row]");
        return cell && row ? { row: Number(row.dataset.row), col: Number(cell.dataset.col) } : undefined;
    };
    const onDown = (event: PointerEvent) => {
        if (!within(event) || event.target.closest(".cell-editor")) return;
        const opened = event.target.closest<HTMLElement>("[data-opens]");
        if (opened) return;
        const cell = cellAt(event.target);
        if (!cell || event.button !== 0) return;
        if (editing) setEditing(undefined);
        dragging.current = event.pointerType === "mouse";
        select({ active: cell, anchor: event.shiftKey ? anchor : cell });
    };
    const onMove = (event: PointerEvent) => {
        if (!dragging.current || event.buttons !== 1) return;
        const cell = cellAt(event.target);
        if (cell && (cell.row !== active.row || cell.col !== active.col)) setSelection({ active: cell, anchor });
    };

    const template = `${NUMBER_WIDTH}px ${columns.map(({ width }) => `${width}px`).join(" ")}`;
    const width = columns.reduce((sum, one) => sum + one.width, NUMBER_WIDTH);
    const items = virtual.getVirtualItems();
    return (
        <>
            <div
                ref={scroller}
                className="grid"
                role="grid"
                aria-label={root.name}
                aria-rowcount={rows.length + 1}
                aria-colcount={columns.length + 1}
                aria-multiselectable
                aria-readonly={!mayEdit}
                aria-activedescendant={
                    current && items.some(({ index }) => index === active.row)
                        ? cellId(active.row, active.col)
                        : undefined
                }
                tabIndex={0}
                onKeyDown={onKey}
                onCopy={copy}
                onPaste={paste}
                onPointerDown={onDown}
                onPointerMove={onMove}
                onPointerUp={() => {
                    dragging.current = false;
                }}
                onDoubleClick={(event) => within(event) && cellAt(event.target) && edit()}
                onClick={(event) => {
                    if (!within(event)) return;
                    const opened = event.target.closest<HTMLElement>("[data-opens]");
                    const row = opened ? rows[Number(opened.dataset.opens)] : undefined;
                    if (row) onOpen(row.id);
                    else if (cellAt(event.target) && !event.target.closest(".cell-editor")) focus();
                }}
                onFocus={() => setFocused(true)}
                onBlur={(event) => {
                    if (event.currentTarget.contains(event.relatedTarget)) return;
                    setFocused(false);
                    plan.presence.enter(null);
                }}
            >
                <div
                    className="grid-sheet"
                    role="presentation"
                    style={{ width, height: virtual.getTotalSize() + HEAD_HEIGHT, ["--columns" as string]: template }}
                >
                    <div className="grid-head" role="row" aria-rowindex={1} tabIndex={-1}>
                        <div className="grid-number" role="columnheader" tabIndex={-1}>
                            <span className="unseen">Row</span>
                        </div>
                        {columns.map((one, col) => (
                            <Head
                                key={one.field.name}
                                column={one}
                                first={col === 0}
                                layout={layout}
                                onLayout={onLayout}
                            />
                        ))}
                    </div>
                    {items.map(({ index, start }) => {
                        const row = rows[index];
                        if (!row) return null;
                        const isActive = index === active.row;
                        const inside =
                            index >= block.top &&
                            index <= block.bottom &&
                            (block.top !== block.bottom || block.left !== block.right);
                        return (
                            <GridRow
                                key={row.id}
                                row={row}
                                index={index}
                                top={start + HEAD_HEIGHT}
                                columns={columns}
                                version={version}
                                activeCol={isActive ? active.col : null}
                                selected={inside ? block : null}
                                open={row.id === openId}
                                peers={here.get(row.id) ?? NOBODY}
                                editor={
                                    isActive && editing && column ? (
                                        <CellEditor
                                            field={column.field}
                                            name={column.name}
                                            value={row.fields[column.field.name]}
                                            start={editing.start}
                                            typed={editing.typed}
                                            onDone={put}
                                            onPick={(value) => {
                                                if (value !== null || !column.field.needed)
                                                    plan.set(root.name, row.id, column.field.name, value);
                                                stop();
                                            }}
                                            onCancel={stop}
                                        />
                                    ) : null
                                }
                            />
                        );
                    })}
                </div>
            </div>
            {manyChosen && <Chosen rows={chosen} onArchive={archiveChosen} onFill={fillDown} />}
        </>
    );
}

/** The roots whose changes show in a table of this one: names that are referred to, and what a budget is priced by. */
function referredBy(root: Root): string[] {
    const names = root.fields.flatMap((field) => [field.root, ...(field.fields ?? []).map((part) => part.root)]);
    const priced = root.name === "budget" ? ["meta", "brief", "speakers", "rooms", "tracks"] : [];
    return [...new Set([...names.filter((name): name is string => Boolean(name)), ...priced])];
}

/** React hands on what happens in the list of an open picker, which is elsewhere in the page. */
function within<E extends SyntheticEvent>(event: E): event is E & { target: HTMLElement } {
    return event.target instanceof HTMLElement && event.currentTarget.contains(event.target);
}
