// The findings of the open plan, for whatever part of the page shows some.

import { createContext, useContext, useSyncExternalStore } from "react";
import type { Found, Live } from "./live.ts";

export const LiveContext = createContext<Live | undefined>(undefined);

export function useLive(): Live {
    const live = useContext(LiveContext);
    if (!live) throw new Error("findings are shown within a plan");
    return live;
}

export function useFound(): Found {
    const live = useLive();
    return useSyncExternalStore(live.subscribe, live.snapshot);
}
