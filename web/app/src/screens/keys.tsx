// All keys, in one place.

import { Dialog } from "../ui/dialog.tsx";

const KEYS: { title: string; keys: [string, string][] }[] = [
    {
        title: "Everywhere",
        keys: [
            ["Ctrl K", "Search, and say what to do"],
            ["/", "Filter the table"],
            ["Ctrl Z, Ctrl Shift Z", "Undo, redo: only your own edits"],
            ["g, then o i f h m e", "Overview, proposals, findings, history, members, import"],
            ["g, then s p r b t", "Sessions, speakers, rooms, budget, tasks"],
            ["?", "These keys"],
        ],
    },
    {
        title: "In a table",
        keys: [
            ["Arrows, Home, End, Page", "Move; with Ctrl to the end, with Shift select"],
            ["Enter, F2, or typing", "Edit the cell"],
            ["Tab", "Save and go right; at the end of a row, leave the table"],
            ["Esc", "Put the old value back"],
            ["Space", "Open the row beside the table"],
            ["Ctrl C, Ctrl V", "Copy and paste a block, also from a spreadsheet"],
            ["Ctrl D", "Fill down"],
            ["Delete", "Empty the cells"],
            ["Ctrl Enter", "Add a row"],
            ["Alt Up, Alt Down", "Move the row"],
            ["Alt Shift Left, Right", "Make the column narrower, wider"],
        ],
    },
    {
        title: "In the agenda",
        keys: [
            ["Tab", "From session to session"],
            ["Alt Up, Alt Down", "Five minutes earlier, later"],
            ["Alt Left, Alt Right", "To the room beside"],
            ["Enter", "Open it, to give it any slot"],
        ],
    },
    {
        title: "In proposals",
        keys: [
            ["j, k", "Next, previous"],
            ["Tab, Space", "From change to change, select it"],
            ["1", "Accept what is selected, or all that fits"],
            ["2", "Edit the draft, then accept"],
            ["3", "Reject, with a reason"],
            ["z", "Take back what was accepted"],
        ],
    },
    {
        title: "In findings",
        keys: [
            ["j, k", "Next, previous"],
            ["1 to 9", "Do the fix"],
            ["d", "Put aside"],
        ],
    },
];

export function Keys({
    single,
    onSingle,
    onClose,
}: {
    single: boolean;
    onSingle: (on: boolean) => void;
    onClose: () => void;
}) {
    return (
        <Dialog title="Keys" open onClose={onClose} wide>
            <div className="keys">
                {KEYS.map(({ title, keys }) => (
                    <section key={title}>
                        <h3>{title}</h3>
                        <dl>
                            {keys.map(([key, say]) => (
                                <div key={key}>
                                    <dt>{key}</dt>
                                    <dd>{say}</dd>
                                </div>
                            ))}
                        </dl>
                    </section>
                ))}
            </div>
            <label className="check">
                <input type="checkbox" checked={single} onChange={(event) => onSingle(event.target.checked)} /> Keys
                without Ctrl work (turn this off if you dictate, or press keys by accident)
            </label>
        </Dialog>
    );
}
