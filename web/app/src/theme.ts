// Light, dark, or as the device is set.

export type Theme = "auto" | "light" | "dark";

const KEY = "convene:theme";

export function theme(): Theme {
    const stored = localStorage.getItem(KEY);
    return stored === "light" || stored === "dark" ? stored : "auto";
}

export function setTheme(next: Theme): void {
    if (next === "auto") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
    document.documentElement.dataset.theme = next;
}
