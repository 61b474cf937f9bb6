// What was typed and is not acknowledged yet: kept by place, so that a refused replica takes no words along.

import type { Place } from "./content.ts";

export interface TypedPlace {
    root: string;
    id: string;
    /** Empty for a whole thing that was made. */
    field: string;
}

/** A value that was typed and not taken, to be offered again. */
export interface KeptEdit extends TypedPlace {
    title: string;
    value: unknown;
}

export interface KeptEdits {
    say: string;
    at: string;
    edits: KeptEdit[];
}

const PLACES_MAX = 5000;

export class Typed {
    private places = new Map<string, TypedPlace>();
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(
        private readonly key: string,
        private readonly storage: Storage,
    ) {
        try {
            const stored = JSON.parse(storage.getItem(key) ?? "[]") as TypedPlace[];
            this.places = new Map(stored.map((place) => [nameOf(place), place]));
        } catch {
            storage.removeItem(key);
        }
    }

    get count(): number {
        return this.places.size;
    }

    list(): TypedPlace[] {
        return [...this.places.values()];
    }

    add(places: Place[]): void {
        const made = new Set(
            places.filter(({ id, field }) => id !== undefined && field === undefined).map(({ id }) => id),
        );
        for (const { root, id = "", field = "" } of places) {
            // What a new thing holds is kept with it.
            if (field !== "" && (made.has(id) || this.places.has(nameOf({ root, id, field: "" })))) continue;
            const place = { root, id, field };
            if (this.places.size < PLACES_MAX) this.places.set(nameOf(place), place);
        }
        this.save();
    }

    clear(): void {
        if (this.places.size === 0) return;
        this.places.clear();
        this.save();
    }

    /** Typing never waits for the storage. */
    private save(): void {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            if (this.places.size === 0) this.storage.removeItem(this.key);
            else this.storage.setItem(this.key, JSON.stringify(this.list()));
        }, 100);
    }
}

/** Of several edits of a place the last. */
export function newest(edits: KeptEdit[]): KeptEdit[] {
    const places = new Map<string, KeptEdit>();
    for (const edit of edits) {
        const name = nameOf(edit);
        // The last of a place stands where it was made.
        places.delete(name);
        places.set(name, edit);
    }
    return [...places.values()];
}

function nameOf({ root, id, field }: TypedPlace): string {
    return `${root}/${id}/${field}`;
}
