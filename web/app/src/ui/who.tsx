// A person as two letters in a colour of their own.

import { hueOf } from "@convene/client";

function initials(name: string): string {
    const parts = name.trim().split(/\s+/);
    const letters = parts.length > 1 ? [parts[0], parts.at(-1)] : [parts[0]];
    return (
        letters
            .map((part) => [...(part ?? "")][0] ?? "")
            .join("")
            .toUpperCase() || "?"
    );
}

export function Who({ user, small }: { user: { id: string; name: string }; small?: boolean }) {
    return (
        <span className={`who who-${hueOf(user.id)}${small ? " small" : ""}`} title={user.name}>
            <span aria-hidden>{initials(user.name)}</span>
            <span className="unseen">{user.name}</span>
        </span>
    );
}
