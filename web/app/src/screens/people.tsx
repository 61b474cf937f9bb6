// Who else is in the plan, and a way to where they are.

import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { usePlan } from "../context.ts";
import { href } from "../route.ts";
import { Who } from "../ui/who.tsx";
import { ROOT_WORDS } from "../words.ts";

const QUIET_MS = 60_000;
const SHOWN_MAX = 4;

/** Who came, for those who do not see it: all at once, and not more often than once a minute. */
function Arrivals({ names }: { names: string[] }) {
    const [say, setSay] = useState("");
    const told = useRef({ names: new Set<string>(), at: 0 });
    useEffect(() => {
        const come = names.filter((name) => !told.current.names.has(name));
        if (come.length === 0) return undefined;
        const wait = Math.max(1000, told.current.at + QUIET_MS - Date.now());
        const timer = setTimeout(() => {
            told.current = { names: new Set(names), at: Date.now() };
            setSay(`${come.join(", ")} ${come.length === 1 ? "is" : "are"} here now`);
        }, wait);
        return () => clearTimeout(timer);
    }, [names]);
    return (
        <span className="unseen" role="status">
            {say}
        </span>
    );
}

export function People() {
    const plan = usePlan();
    const peers = useSyncExternalStore(plan.presence.subscribe, plan.presence.snapshot);
    const people = useMemo(() => [...new Map(peers.map((peer) => [peer.user.id, peer])).values()], [peers]);
    const all = people.map(({ user }) => user.name).join("\n");
    const names = useMemo(() => all.split("\n").filter(Boolean), [all]);
    return (
        <>
            <Arrivals names={names} />
            {people.length > 0 && (
                <ul className="present" aria-label="Here now">
                    {people.slice(0, SHOWN_MAX).map(({ user, at }) => (
                        <li key={user.id}>
                            {at && ROOT_WORDS[at.root] && at.id !== "" ? (
                                <a
                                    href={href("p", plan.id, at.root, at.id)}
                                    title={`${user.name} is at “${plan.title(at.root, at.id) ?? at.root}”: go there`}
                                >
                                    <Who user={user} small />
                                </a>
                            ) : (
                                <Who user={user} small />
                            )}
                        </li>
                    ))}
                    {people.length > SHOWN_MAX && <li className="count">+{people.length - SHOWN_MAX}</li>}
                </ul>
            )}
        </>
    );
}
