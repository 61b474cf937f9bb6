// Keys of the inbox. They are off where somebody types, in a dialog, and for who has turned single keys off.

const SINGLE = "convene:single-keys";

function hears(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false;
    if (localStorage.getItem(SINGLE) === "off" || document.querySelector("[role=dialog]")) return false;
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    // A checkbox takes only the space bar.
    return target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]") === null;
}

function onKeys(keys: Record<string, () => void>): () => void {
    const onKey = (event: KeyboardEvent) => {
        const run = keys[event.key];
        if (!run || !hears(event)) return;
        event.preventDefault();
        run();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
}

export function onActs(acts: {
    accept: () => void;
    edit: () => void;
    reject: () => void;
    undo: () => void;
}): () => void {
    return onKeys({ 1: acts.accept, 2: acts.edit, 3: acts.reject, z: acts.undo });
}

/** `j` and `k` through the queue. */
export function onMoves(move: (by: 1 | -1) => void): () => void {
    return onKeys({ j: () => move(1), k: () => move(-1) });
}
