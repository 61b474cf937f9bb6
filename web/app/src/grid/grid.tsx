// The table: virtual rows, one active cell, keys as in a spreadsheet.

import { copyValue, parseValue, type Root, type Row, same } from "@convene/client";
import { useVirtualizer } from "@tanstack/react-virtual";
import {
    type ClipboardEvent,
    Fragment,
    type KeyboardEvent,
    type PointerEvent,
    type SyntheticEvent,
    useCallback,
    useEffect,
    useLayoutEffect,
    useMemo,
    useRef,
    useState,
} from "react";
import { NOBODY, usePeersByThing, usePlan, usePlanState, useVersions } from "../context.ts";
import { tell } from "../ui/toast.ts";
import { undoLast } from "../ui/undo.ts";
import { plural } from "../words.ts";
import { copyBlock, emptyBlock, fillBlock, mayChange, pasteBlock } from "./block.ts";
import { CellEditor } from "./cell.tsx";
import { Chosen } from "./chosen.tsx";
import { type Column, type Group, type Layout, referredBy, WIDTH_MIN } from "./columns.ts";
import { GroupName } from "./group.tsx";
import { Head } from "./head.tsx";
import { defaults } from "./new-row.ts";
import { cellAt, cellId, GridRow } from "./row.tsx";
import { blockOf, type Cell, clamp, move, only, type Selection, type Size } from "./selection.ts";

const ROW_HEIGHT = 33;
const HEAD_HEIGHT = 33;
const NUMBER_WIDTH = 46;

interface Props {
    root: Root;
    rows: Row[];
    /** Where groups begin, by the index of their first row. */
    groups: Map<number, Group>;
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

export function Grid({ root, rows, groups, columns, layout, onLayout, openId, onOpen }: Props) {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const scroller = useRef<HTMLDivElement>(null);
    const [selection, setSelection] = useState(only({ row: 0, col: 0 }));
    const [editing, setEditing] = useState<Editing>();
    const [focused, setFocused] = useState(false);
    const dragging = useRef(false);
    const referred = useMemo(() => referredBy(root), [root]);
    const version = useVersions(referred);
    const here = usePeersByThing(root.name);

    const virtual = useVirtualizer({
        count: rows.length,
        getScrollElement: () => scroller.current,
        // The name of a group stands above its first row, and belongs to it.
        estimateSize: (index) => (groups.has(index) ? 2 * ROW_HEIGHT : ROW_HEIGHT),
        overscan: 12,
        scrollPaddingStart: HEAD_HEIGHT,
        scrollPaddingEnd: 12,
    });
    // biome-ignore lint/correctness/useExhaustiveDependencies: other groups make other heights
    useLayoutEffect(() => virtual.measure(), [virtual, groups]);
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
    const table = { plan, root, rows, columns };

    // Somebody adds or sorts: the active cell stays with its thing.
    const activeId = useRef<string | undefined>(undefined);
    const reveal = useRef(false);
    useLayoutEffect(() => {
        const id = activeId.current;
        if (id === undefined || rows[active.row]?.id === id) return;
        const at = rows.findIndex((row) => row.id === id);
        if (at >= 0) setSelection(only({ row: at, col: active.col }));
    }, [rows, active.row, active.col]);

    useEffect(() => {
        if (focused && current && column)
            plan.presence.enter({ root: root.name, id: current.id, field: column.field.name });
    }, [plan, focused, current, column, root.name]);

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
        select(only(clamp({ row: active.row + row, col: active.col + col }, size)));
    };

    const edit = (typed?: string) => {
        if (!current || !column) return;
        if (!column.inCell) {
            onOpen(current.id, column.field.name);
            return;
        }
        if (!mayChange(table)) return;
        show(active);
        const start = typed ?? copyValue(column.field, current.fields[column.field.name], plan.around);
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

    /** What is in a field of its own is copied and pasted there. */
    const inTable = (event: ClipboardEvent) =>
        !editing && event.target instanceof HTMLElement && !event.target.closest("input");
    const copy = (event: ClipboardEvent) => {
        if (!inTable(event)) return;
        event.preventDefault();
        event.clipboardData.setData("text/plain", copyBlock(table, block));
    };
    const paste = (event: ClipboardEvent) => {
        if (!inTable(event)) return;
        event.preventDefault();
        const pasted = pasteBlock(table, block, event.clipboardData.getData("text/plain"));
        if (!pasted) return;
        setSelection({
            active: { row: block.top, col: block.left },
            anchor: { row: block.top + pasted.height - 1, col: block.left + pasted.width - 1 },
        });
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
            if (layout.sort || layout.group) tell("Rows can be moved when the table is neither sorted nor grouped.");
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
            emptyBlock(table, block);
        } else if (command && event.key.toLowerCase() === "a") {
            event.preventDefault();
            setSelection({ active: { row: 0, col: 0 }, anchor: { row: size.rows - 1, col: size.cols - 1 } });
        } else if (command && event.key.toLowerCase() === "d" && mayEdit) {
            event.preventDefault();
            fillBlock(table, block);
        } else if (event.key === "Escape") {
            setSelection(only(active));
        } else if (
            event.key.length === 1 &&
            !command &&
            !event.altKey &&
            event.key !== "/" &&
            event.key !== "?" &&
            column?.inCell
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
    const archiveChosen = (archived: boolean) => {
        plan.archive(
            root.name,
            chosen.map(({ id }) => id),
            archived,
        );
        setSelection(only({ row: block.top, col: active.col }));
        focus();
        tell(`${plural(chosen.length, "row")} ${archived ? "archived" : "restored"}.`, undoLast(plan));
    };

    const onDown = (event: PointerEvent) => {
        if (!within(event) || event.target.closest(".cell-editor")) return;
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
                        const group = groups.get(index);
                        const top = start + HEAD_HEIGHT + (group ? ROW_HEIGHT : 0);
                        return (
                            <Fragment key={row.id}>
                                {group && <GroupName group={group} top={top - ROW_HEIGHT} />}
                                <GridRow
                                    row={row}
                                    index={index}
                                    top={top}
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
                            </Fragment>
                        );
                    })}
                </div>
            </div>
            {mayEdit && chosen.length > 1 && (
                <Chosen rows={chosen} onArchive={archiveChosen} onFill={() => fillBlock(table, block)} />
            )}
        </>
    );
}

/** React hands on what happens in the list of an open picker, which is elsewhere in the page. */
function within<E extends SyntheticEvent>(event: E): event is E & { target: HTMLElement } {
    return event.target instanceof HTMLElement && event.currentTarget.contains(event.target);
}
