/** A storage that is gone with the test. */
export function memory(): Storage {
    const held = new Map<string, string>();
    return {
        getItem: (key) => held.get(key) ?? null,
        setItem: (key, value) => void held.set(key, value),
        removeItem: (key) => void held.delete(key),
        clear: () => held.clear(),
        key: (at) => [...held.keys()][at] ?? null,
        get length() {
            return held.size;
        },
    };
}
