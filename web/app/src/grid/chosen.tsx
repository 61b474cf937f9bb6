// What can be done with several selected rows at once.

import type { Row } from "@convene/client";
import { Archive, ArchiveRestore } from "lucide-react";
import { plural } from "../words.ts";

interface Props {
    rows: Row[];
    onArchive: (archived: boolean) => void;
    onFill: () => void;
}

export function Chosen({ rows, onArchive, onFill }: Props) {
    return (
        <div className="chosen" role="toolbar" aria-label="Selected rows">
            <span>{plural(rows.length, "row")}</span>
            {rows.some(({ archived }) => !archived) && (
                <button type="button" className="button small" onClick={() => onArchive(true)}>
                    <Archive size={13} aria-hidden /> Archive
                </button>
            )}
            {rows.some(({ archived }) => archived) && (
                <button type="button" className="button small" onClick={() => onArchive(false)}>
                    <ArchiveRestore size={13} aria-hidden /> Restore
                </button>
            )}
            <button type="button" className="button small" onClick={onFill}>
                Fill down <kbd>Ctrl D</kbd>
            </button>
        </div>
    );
}
