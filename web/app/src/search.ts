// Looking in all plans of the account: the server is asked when somebody stops typing for a moment.

import type { Control, Hit } from "@convene/client";
import { useEffect, useState } from "react";
import { useClient } from "./context.ts";
import { go, href } from "./route.ts";
import { reasonOf, tellError } from "./ui/toast.ts";
import { PLACED } from "./words.ts";

const QUIET_MS = 200;
const HITS_MAX = 40;
/** Edits are found about a second late, so a plan that is behind is looked in again, a few times. */
const AGAIN_MS = 1500;
const AGAIN_MAX = 3;
/** What the server takes. */
const TEXT_CHARS_MAX = 1000;

export interface Searched {
    /** What these were found for. */
    text: string;
    hits: Hit[];
    /** Some of the newest edits may not be among them. */
    behind: boolean;
    error?: string;
}

/** Nothing while nothing is looked for, and until the first answer. */
export function useSearch(text: string, on: boolean): Searched | undefined {
    const { control } = useClient();
    const [searched, setSearched] = useState<Searched>();
    const wanted = text.trim() === "" ? "" : text.slice(0, TEXT_CHARS_MAX);
    useEffect(() => {
        if (!on || wanted === "") {
            setSearched(undefined);
            return undefined;
        }
        let timer: ReturnType<typeof setTimeout>;
        let here = true;
        const ask = async (left: number) => {
            try {
                const { hits, behind } = await control.call("search.query", { text: wanted, limit: HITS_MAX });
                if (!here) return;
                setSearched({ text: wanted, hits, behind: behind.length > 0 });
                if (behind.length > 0 && left > 0) timer = setTimeout(() => void ask(left - 1), AGAIN_MS);
            } catch (error) {
                if (here) setSearched({ text: wanted, hits: [], behind: false, error: reasonOf(error) });
            }
        };
        timer = setTimeout(() => void ask(AGAIN_MAX), QUIET_MS);
        return () => {
            here = false;
            clearTimeout(timer);
        };
    }, [control, wanted, on]);
    return searched;
}

/** Goes to where a hit is shown: a comment with what it is about, what the page has no list of in the overview. */
export async function goToHit(control: Control, { plan, root, id }: Hit): Promise<void> {
    if (root !== "comments") {
        go(PLACED.includes(root) ? (id === "" ? href("p", plan, root) : href("p", plan, root, id)) : href("p", plan));
        return;
    }
    try {
        const { entity } = await control.call("entity.get", { plan, root, id });
        const on = (entity as { on?: { root?: string; id?: string } }).on;
        go(on?.root && on.id && PLACED.includes(on.root) ? href("p", plan, on.root, on.id) : href("p", plan));
    } catch (error) {
        tellError(error);
    }
}
