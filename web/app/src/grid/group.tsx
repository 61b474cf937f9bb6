// The name of a group of rows, above the first of them.

import type { Group } from "./columns.ts";

export function GroupName({ group, top }: { group: Group; top: number }) {
    return (
        <div className="grid-group" role="row" tabIndex={-1} style={{ transform: `translateY(${top}px)` }}>
            <div className="grid-group-name" role="rowheader" tabIndex={-1}>
                {group.say} <span className="count">{group.count.toLocaleString("en")}</span>
            </div>
        </div>
    );
}
