// Everything about one thing, beside the table it is in.

import { draftOf, type Root, titleField, words } from "@convene/client";
import { Archive, ArchiveRestore, History as HistoryIcon, Link as LinkIcon, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { useContent, usePeers, usePlan, usePlanState, useVersions } from "../context.ts";
import { FieldRow } from "../field/row.tsx";
import { useFound } from "../live-context.ts";
import { go, href } from "../route.ts";
import { tell } from "../ui/toast.ts";
import { undoLast } from "../ui/undo.ts";
import { Who } from "../ui/who.tsx";
import { PLACED } from "../words.ts";
import { Comments } from "./comments.tsx";
import { FindingCard } from "./finding.tsx";

interface Props {
    root: Root;
    id: string;
    field: string | undefined;
    onClose: () => void;
}

const OTHERS = new Map<string, string[]>();

/** Every root but one; the same array for the same. */
function othersThan(root: string): string[] {
    const others = OTHERS.get(root) ?? PLACED.filter((one) => one !== root);
    OTHERS.set(root, others);
    return others;
}

export function Drawer({ root, id, field, onClose }: Props) {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const content = useContent(root.name);
    const names = useVersions(othersThan(root.name));
    const peers = usePeers(root.name, id);
    const { findings } = useFound();
    const panel = useRef<HTMLElement>(null);
    const row = content.get(id);

    // Whoever opens a thing goes on in it, at the field that was meant.
    useEffect(() => {
        const wanted = field ? panel.current?.querySelector<HTMLElement>(`[data-field="${CSS.escape(field)}"]`) : null;
        if (!wanted) {
            panel.current?.querySelector<HTMLElement>(`[data-thing="${CSS.escape(id)}"]`)?.focus();
            return undefined;
        }
        wanted.scrollIntoView({ block: "center" });
        // The editor of a long text comes a moment later, the first time after it was fetched.
        let tries = 0;
        const timer = setInterval(() => {
            const host = wanted.querySelector<HTMLElement>(".text-host");
            const inside = host?.shadowRoot?.querySelector<HTMLElement>(".cm-content");
            const target = inside ?? wanted.querySelector<HTMLElement>("input, select, textarea, button");
            target?.focus();
            if (target || ++tries > 30) clearInterval(timer);
        }, 100);
        return () => clearInterval(timer);
    }, [id, field]);

    if (!row) {
        return (
            <aside className="drawer" aria-label="Details" ref={panel}>
                <header className="drawer-head">
                    <h2 className="drawer-title" tabIndex={-1} data-thing={id}>
                        Not here
                    </h2>
                    <button type="button" className="icon-button" aria-label="Close details" onClick={onClose}>
                        <X size={16} aria-hidden />
                    </button>
                </header>
                <p className="empty">There is no such {root.noun} in this plan, or it has not arrived yet.</p>
            </aside>
        );
    }
    const about = findings.filter(({ refs }) => refs.some((ref) => ref.root === root.name && ref.id === id));
    const known = new Set(["id", "rank", "archived", "src", ...root.fields.map(({ name }) => name)]);
    const others = Object.entries(row.fields).filter(([name]) => !known.has(name));
    const archive = () => {
        plan.archive(root.name, [id], !row.archived);
        tell(row.archived ? "Restored." : "Archived. It is hidden, and can be restored.", undoLast(plan));
    };
    const title = titleField(root);
    const fields = [...root.fields].sort((a, b) => (a === title ? -1 : b === title ? 1 : 0));
    return (
        <aside
            className="drawer"
            aria-label={`Details of ${plan.title(root.name, id)}`}
            ref={panel}
            onKeyDown={(event) => {
                if (event.key === "Escape" && !event.defaultPrevented) onClose();
            }}
        >
            <header className="drawer-head">
                <div className="drawer-names">
                    <p className="drawer-noun">
                        {words(root.noun)}
                        {row.archived && <span className="badge bad">Archived</span>}
                    </p>
                    <h2 className="drawer-title" tabIndex={-1} data-thing={id}>
                        {plan.title(root.name, id)}
                    </h2>
                </div>
                <span className="drawer-peers">
                    {peers.map(({ client, user }) => (
                        <Who key={client} user={user} small />
                    ))}
                </span>
                <button
                    type="button"
                    className="icon-button"
                    aria-label="Copy a link to this"
                    title="Copy a link to this"
                    onClick={() => {
                        void navigator.clipboard
                            ?.writeText(location.href.split("?")[0] ?? location.href)
                            .then(() => tell("Link copied."));
                    }}
                >
                    <LinkIcon size={16} aria-hidden />
                </button>
                {!draftOf(plan.id) && (
                    <button
                        type="button"
                        className="icon-button"
                        aria-label="Who changed what"
                        title="Who changed what"
                        onClick={() => go(href("p", plan.id, "history", root.name, id))}
                    >
                        <HistoryIcon size={16} aria-hidden />
                    </button>
                )}
                {mayEdit && (
                    <button
                        type="button"
                        className="icon-button"
                        aria-label={row.archived ? "Restore" : "Archive"}
                        title={row.archived ? "Restore" : "Archive"}
                        onClick={archive}
                    >
                        {row.archived ? <ArchiveRestore size={16} aria-hidden /> : <Archive size={16} aria-hidden />}
                    </button>
                )}
                <button
                    type="button"
                    className="icon-button"
                    aria-label="Close details"
                    title="Close (Esc)"
                    onClick={onClose}
                >
                    <X size={16} aria-hidden />
                </button>
            </header>
            <div className="drawer-body">
                {about.map((finding) => (
                    <FindingCard key={finding.key} finding={finding} />
                ))}
                {fields.map((one) => (
                    <FieldRow
                        key={`${id}/${one.name}`}
                        root={root.name}
                        id={id}
                        field={one}
                        value={row.fields[one.name]}
                        names={names}
                    />
                ))}
                {others.length > 0 && (
                    <details className="others">
                        <summary>Other fields, which this page does not know</summary>
                        <dl>
                            {others.map(([name, value]) => (
                                <div key={name}>
                                    <dt>{name}</dt>
                                    <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
                                </div>
                            ))}
                        </dl>
                    </details>
                )}
                <Comments root={root.name} id={id} />
            </div>
        </aside>
    );
}
