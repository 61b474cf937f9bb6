// What people say about a thing, beside it.

import { instantOf, type Row, showInstant, wallOf } from "@convene/client";
import { Check, MessageSquare } from "lucide-react";
import { useState } from "react";
import { useContent, usePlan, usePlanState } from "../context.ts";
import { Who } from "../ui/who.tsx";
import { ago } from "../words.ts";

const CHARS_MAX = 20_000;

function isAbout(row: Row, root: string, id: string): boolean {
    const on = row.fields.on as { root?: string; id?: string } | undefined;
    return on?.root === root && on.id === id && !row.archived;
}

export function Comments({ root, id }: { root: string; id: string }) {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const content = useContent("comments");
    const [text, setText] = useState("");
    const rows = content
        .list()
        .filter((row) => isAbout(row, root, id))
        .sort((a, b) => Date.parse(String(a.fields.at)) - Date.parse(String(b.fields.at)));
    const send = () => {
        const body = text.trim();
        if (body === "") return;
        const now = new Date().toISOString();
        const wall = wallOf(now, plan.around.zone);
        const at = wall ? instantOf(wall.day, wall.time, plan.around.zone) : now;
        plan.add("comments", [{ on: { root, id }, author: plan.user.name, at, body, resolved: false }]);
        setText("");
    };
    if (rows.length === 0 && !mayEdit) return null;
    return (
        <section className="comments" aria-label="Comments">
            <h3 className="drawer-sub">
                <MessageSquare size={14} aria-hidden /> Comments
            </h3>
            {rows.map((row) => {
                const { author, at, body, resolved } = row.fields;
                const name = String(author ?? "Somebody");
                return (
                    <article key={row.id} className={resolved === true ? "comment resolved" : "comment"}>
                        <Who user={{ id: name, name }} small />
                        <div>
                            <p className="comment-head">
                                <strong>{name}</strong>{" "}
                                <time title={showInstant(at, plan.around.zone)}>{ago(String(at))}</time>
                                {resolved === true && <span className="badge good">Resolved</span>}
                            </p>
                            <p className="comment-body">{String(body ?? "")}</p>
                            {mayEdit && (
                                <button
                                    type="button"
                                    className="link small"
                                    onClick={() => plan.set("comments", row.id, "resolved", resolved !== true)}
                                >
                                    {resolved === true ? "Reopen" : "Resolve"}
                                </button>
                            )}
                        </div>
                    </article>
                );
            })}
            {mayEdit && (
                <div className="comment-new">
                    <textarea
                        className="input area"
                        aria-label="New comment"
                        placeholder="Say something about this"
                        rows={2}
                        maxLength={CHARS_MAX}
                        value={text}
                        onChange={(event) => setText(event.target.value)}
                        onKeyDown={(event) => {
                            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
                        }}
                    />
                    {text.trim() !== "" && (
                        <button type="button" className="button small" onClick={send}>
                            <Check size={14} aria-hidden /> Comment
                        </button>
                    )}
                </div>
            )}
        </section>
    );
}
