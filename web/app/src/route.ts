// Where in the page somebody is, in the part of the address behind `#`: a link to a thing works on any static server.

import { useSyncExternalStore } from "react";

export interface Route {
    /** Parts of the path, decoded. */
    parts: string[];
    query: URLSearchParams;
}

function parse(hash: string): Route {
    const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
    const parts = path.split("/").filter(Boolean).map(decode);
    return { parts, query: new URLSearchParams(query) };
}

function decode(part: string): string {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

let now = parse(location.hash);
const listeners = new Set<() => void>();
window.addEventListener("hashchange", () => {
    now = parse(location.hash);
    for (const listener of [...listeners]) listener();
});

export function useRoute(): Route {
    return useSyncExternalStore(
        (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
        () => now,
    );
}

/** The address of a place: `href("p", id, "sessions")`. */
export function href(...parts: string[]): string {
    return `#/${parts.map(encodeURIComponent).join("/")}`;
}

export function go(to: string): void {
    location.hash = to;
}

/** Like `go`, but the place before is not one to come back to. */
export function replace(to: string): void {
    history.replaceState(null, "", to);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
}
