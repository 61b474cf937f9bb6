// The head of a column: its name, which sorts, and its edge, which sizes.

import { ArrowDown, ArrowUp } from "lucide-react";
import { type Column, type Layout, nextSort, WIDTH_MIN } from "./columns.ts";

export function Head({
    column,
    first,
    layout,
    onLayout,
}: {
    column: Column;
    first: boolean;
    layout: Layout;
    onLayout: (layout: Layout) => void;
}) {
    const { field, name, right, width } = column;
    const sorted = layout.sort?.field === field.name ? (layout.sort.down ? "descending" : "ascending") : "none";
    const resize = (to: number) =>
        onLayout({ ...layout, widths: { ...layout.widths, [field.name]: Math.max(WIDTH_MIN, Math.round(to)) } });
    return (
        <div
            className={`head-cell${right ? " right" : ""}${first ? " first" : ""}`}
            role="columnheader"
            aria-sort={sorted}
            tabIndex={-1}
        >
            <button
                type="button"
                className="head-sort"
                tabIndex={-1}
                title={`Sort by ${name.toLowerCase()}`}
                onClick={() => onLayout({ ...layout, sort: nextSort(field.name, layout.sort) })}
            >
                {name}
                {sorted === "ascending" && <ArrowUp size={13} aria-hidden />}
                {sorted === "descending" && <ArrowDown size={13} aria-hidden />}
            </button>
            <span
                className="head-size"
                aria-hidden
                onPointerDown={(event) => {
                    event.preventDefault();
                    event.stopPropagation();
                    const from = event.clientX;
                    const handle = event.currentTarget;
                    handle.setPointerCapture(event.pointerId);
                    const moved = (moving: globalThis.PointerEvent) => resize(width + moving.clientX - from);
                    handle.addEventListener("pointermove", moved);
                    handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", moved), {
                        once: true,
                    });
                }}
            />
        </div>
    );
}
