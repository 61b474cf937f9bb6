// Short messages about what has just happened, with at most one thing to do about it.

export interface Toast {
    id: number;
    say: string;
    kind: "info" | "error";
    act?: { say: string; run: () => void };
}

const SHOWN_MS = 6_000;
const TOASTS_MAX = 4;

let toasts: Toast[] = [];
let count = 0;
const listeners = new Set<() => void>();

function become(next: Toast[]): void {
    toasts = next;
    for (const listener of [...listeners]) listener();
}

export function dismiss(id: number): void {
    become(toasts.filter((toast) => toast.id !== id));
}

export function tell(say: string, act?: Toast["act"], kind: Toast["kind"] = "info"): void {
    const toast: Toast = { id: ++count, say, kind, ...(act ? { act } : {}) };
    // Only the newest can be taken back from here.
    const earlier = act ? toasts.filter((one) => !one.act) : toasts;
    become([...earlier, toast].slice(-TOASTS_MAX));
    // What failed stays until it was read.
    if (kind === "info") setTimeout(() => dismiss(toast.id), act ? SHOWN_MS * 2 : SHOWN_MS);
}

/** Why something was not done, for a person. */
export function reasonOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

export function tellError(error: unknown): void {
    tell(reasonOf(error), undefined, "error");
}

/** Copies, and says whether it did. */
export function copyText(text: string): void {
    // Only pages that came over https or from this machine may.
    const copied = navigator.clipboard?.writeText(text) ?? Promise.reject();
    copied
        .then(() => tell("Copied."))
        .catch(() => tell("The browser does not let the page copy: mark the words and copy them."));
}

export const toastStore = {
    subscribe(listener: () => void): () => void {
        listeners.add(listener);
        return () => listeners.delete(listener);
    },
    snapshot: (): Toast[] => toasts,
};
