// Which cell is active and which block is selected, and how keys move them.

export interface Cell {
    row: number;
    col: number;
}

export interface Selection {
    active: Cell;
    /** The other corner of the block; the active cell itself when only that is selected. */
    anchor: Cell;
}

export interface Size {
    rows: number;
    cols: number;
    /** Rows that fit on the screen. */
    page: number;
}

export interface Block {
    top: number;
    bottom: number;
    left: number;
    right: number;
}

/** One cell and nothing else. */
export function only(cell: Cell): Selection {
    return { active: cell, anchor: cell };
}

export function blockOf({ active, anchor }: Selection): Block {
    return {
        top: Math.min(active.row, anchor.row),
        bottom: Math.max(active.row, anchor.row),
        left: Math.min(active.col, anchor.col),
        right: Math.max(active.col, anchor.col),
    };
}

export function clamp({ row, col }: Cell, size: Size): Cell {
    return { row: Math.max(0, Math.min(row, size.rows - 1)), col: Math.max(0, Math.min(col, size.cols - 1)) };
}

export interface Key {
    key: string;
    shift: boolean;
    /** Ctrl, or Cmd. */
    command: boolean;
}

/** The selection after a key, or nothing when the key does not move it. */
export function move(selection: Selection, { key, shift, command }: Key, size: Size): Selection | undefined {
    const { row, col } = selection.active;
    const to = (cell: Cell): Selection => {
        const active = clamp(cell, size);
        return { active, anchor: shift ? selection.anchor : active };
    };
    switch (key) {
        case "ArrowUp":
            return to({ row: command ? 0 : row - 1, col });
        case "ArrowDown":
            return to({ row: command ? size.rows - 1 : row + 1, col });
        case "ArrowLeft":
            return to({ row, col: command ? 0 : col - 1 });
        case "ArrowRight":
            return to({ row, col: command ? size.cols - 1 : col + 1 });
        case "Home":
            return to({ row: command ? 0 : row, col: 0 });
        case "End":
            return to({ row: command ? size.rows - 1 : row, col: size.cols - 1 });
        case "PageUp":
            return to({ row: row - size.page, col });
        case "PageDown":
            return to({ row: row + size.page, col });
        default:
            return undefined;
    }
}
