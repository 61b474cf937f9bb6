// One row of a table. It is drawn anew only when its thing, its selection or its company changed.

import type { Peer, Row } from "@convene/client";
import { memo, type ReactNode } from "react";
import { CellValue } from "./cell.tsx";
import { type Column, cellValueOf } from "./columns.ts";
import type { Block, Cell } from "./selection.ts";

interface RowProps {
    row: Row;
    index: number;
    top: number;
    columns: Column[];
    /** Goes up when names that are referred to change. */
    version: number;
    activeCol: number | null;
    /** The part of the selected block that is in this row. */
    selected: Pick<Block, "left" | "right"> | null;
    editor: ReactNode;
    peers: Peer[];
    open: boolean;
}

export const cellId = (index: number, col: number): string => `cell-${index}-${col}`;

/** The cell that an element is in. */
export function cellAt(target: EventTarget): Cell | undefined {
    const cell = target instanceof HTMLElement ? target.closest<HTMLElement>("[data-col]") : null;
    const row = cell?.closest<HTMLElement>("[data-row]");
    return cell && row ? { row: Number(row.dataset.row), col: Number(cell.dataset.col) } : undefined;
}

function RowView({ row, index, top, columns, version, activeCol, selected, editor, peers, open }: RowProps) {
    const className = ["grid-row", row.archived ? "archived" : "", open ? "open" : ""].join(" ");
    return (
        <div
            className={className}
            role="row"
            aria-rowindex={index + 2}
            data-row={index}
            style={{ transform: `translateY(${top}px)` }}
            tabIndex={-1}
        >
            <div className="grid-number" role="rowheader" tabIndex={-1}>
                <span>{index + 1}</span>
                <button
                    type="button"
                    className="grid-open"
                    data-opens={index}
                    tabIndex={-1}
                    aria-label={`Open row ${index + 1}`}
                >
                    ›
                </button>
            </div>
            {columns.map((column, col) => {
                const { field, right } = column;
                const peer = peers.find(({ at }) => at?.field === field.name);
                const active = activeCol === col;
                const inside = selected !== null && col >= selected.left && col <= selected.right;
                const names = [
                    "cell",
                    right ? "right" : "",
                    active ? "active" : "",
                    inside ? "selected" : "",
                    peer ? `taken who-${peer.hue}` : "",
                    col === 0 ? "first" : "",
                ];
                return (
                    <div
                        key={field.name}
                        id={cellId(index, col)}
                        className={names.filter(Boolean).join(" ")}
                        role="gridcell"
                        aria-colindex={col + 2}
                        aria-selected={inside}
                        aria-description={peer && `${peer.user.name} is here`}
                        data-col={col}
                        tabIndex={-1}
                    >
                        {active && editor ? (
                            editor
                        ) : (
                            <CellValue field={field} value={cellValueOf(column, row)} version={version} />
                        )}
                        {/* Beside the value it would be read as a part of it: "45Ada". */}
                        {peer && (
                            <span className="taken-by" aria-hidden>
                                {peer.user.name}
                            </span>
                        )}
                    </div>
                );
            })}
        </div>
    );
}

export const GridRow = memo(RowView);
