// A word with its sign: never the colour alone.

import type { Said } from "./words.ts";

export function Badge({ said, extra }: { said: Said; extra?: string }) {
    const { icon: Icon } = said;
    return (
        <span className={`mark ${said.tone}`}>
            <Icon size={13} aria-hidden /> {said.say}
            {extra}
        </span>
    );
}
