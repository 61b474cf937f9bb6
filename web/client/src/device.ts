// What this device keeps of an account: copies of plans, what is not acknowledged, and what was refused.

const PREFIXES = ["convene:typed:", "convene:kept:", "convene:role:"];

/** How many edits of an account only this device has. */
export function unsavedOn(storage: Storage, user: string): number {
    let count = 0;
    for (const key of keysOf(storage)) {
        if (!key.startsWith(`convene:typed:${user}/`)) continue;
        try {
            count += (JSON.parse(storage.getItem(key) ?? "[]") as unknown[]).length;
        } catch {
            // What cannot be read counts as nothing.
        }
    }
    return count;
}

/** Takes everything of an account from this device, as when it is not one's own. */
export async function forgetAccount(storage: Storage, user: string): Promise<void> {
    for (const key of keysOf(storage)) {
        const own = PREFIXES.some((prefix) => key.startsWith(`${prefix}${user}/`));
        if (own || key === `convene:plans:${user}`) storage.removeItem(key);
    }
    if (typeof indexedDB === "undefined" || !indexedDB.databases) return;
    const names = (await indexedDB.databases()).flatMap(({ name }) => name ?? []);
    for (const name of names) if (name.startsWith(`${user}/`)) indexedDB.deleteDatabase(name);
}

/** Takes one document from this device, as a draft that is over. */
export async function forgetDocument(storage: Storage, user: string, address: string): Promise<void> {
    for (const prefix of PREFIXES) storage.removeItem(`${prefix}${user}/${address}`);
    if (typeof indexedDB !== "undefined") indexedDB.deleteDatabase(`${user}/${address}`);
}

function keysOf(storage: Storage): string[] {
    return Array.from({ length: storage.length }, (_, at) => storage.key(at)).filter((key) => key !== null);
}
