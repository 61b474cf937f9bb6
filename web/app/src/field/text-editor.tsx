// A long text, edited by several people at once. It lives in a shadow tree: there CodeMirror puts its styles into
// constructed style sheets, which the CSP allows, and not into style elements, which it forbids.

import { defaultKeymap } from "@codemirror/commands";
import { defineLanguageFacet, HighlightStyle, Language, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { parser } from "@lezer/markdown";
import { useEffect, useRef } from "react";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import { carets } from "./carets.ts";

const HUES = [0, 1, 2, 3, 4, 5, 6, 7];

const theme = EditorView.theme({
    "&": { color: "var(--ink)", backgroundColor: "transparent", fontSize: "inherit" },
    "&.cm-focused": { outline: "none" },
    ".cm-content": {
        fontFamily: "inherit",
        lineHeight: "1.55",
        padding: "6px 0",
        minHeight: "72px",
        caretColor: "var(--ink)",
    },
    ".cm-line": { padding: "0 9px" },
    ".cm-scroller": { fontFamily: "inherit", maxHeight: "420px" },
    ".cm-placeholder": { color: "var(--muted)" },
    ".cm-caret": { position: "relative", borderLeft: "2px solid", marginLeft: "-1px", marginRight: "-1px" },
    ".cm-caret-name": {
        position: "absolute",
        top: "100%",
        left: "-2px",
        padding: "0 4px",
        borderRadius: "0 3px 3px 3px",
        fontSize: "11px",
        lineHeight: "15px",
        fontWeight: "600",
        whiteSpace: "nowrap",
        color: "var(--on-who)",
        pointerEvents: "none",
        zIndex: "3",
    },
    ...Object.fromEntries(
        HUES.flatMap((hue) => [
            [`.cm-caret-${hue}`, { borderColor: `var(--who-${hue})` }],
            [`.cm-caret-${hue} .cm-caret-name`, { backgroundColor: `var(--who-${hue})` }],
            [`.cm-selection-${hue}`, { backgroundColor: `color-mix(in srgb, var(--who-${hue}) 24%, transparent)` }],
        ]),
    ),
});

const highlight = HighlightStyle.define([
    { tag: tags.heading, fontWeight: "650" },
    { tag: tags.strong, fontWeight: "650" },
    { tag: tags.emphasis, fontStyle: "italic" },
    { tag: [tags.link, tags.url], color: "var(--accent-ink)" },
    { tag: [tags.processingInstruction, tags.contentSeparator], color: "var(--muted)" },
    { tag: tags.monospace, fontFamily: "ui-monospace, monospace" },
    { tag: tags.quote, color: "var(--muted)" },
]);

const markdown = new Language(defineLanguageFacet(), parser, [], "markdown");

interface Props {
    text: Y.Text;
    awareness: Awareness;
    label: string;
    mayEdit: boolean;
    charsMax: number;
    onFocus: () => void;
    onBlur: () => void;
    onLength: (chars: number) => void;
}

export default function TextEditor({ text, awareness, label, mayEdit, charsMax, onFocus, onBlur, onLength }: Props) {
    const host = useRef<HTMLDivElement>(null);
    const told = useRef({ onFocus, onBlur, onLength });
    told.current = { onFocus, onBlur, onLength };
    useEffect(() => {
        const element = host.current;
        if (!element) return undefined;
        const root = element.shadowRoot ?? element.attachShadow({ mode: "open", delegatesFocus: true });
        const view = new EditorView({
            root,
            parent: root,
            state: EditorState.create({
                doc: text.toString(),
                extensions: [
                    keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
                    EditorView.lineWrapping,
                    EditorView.contentAttributes.of({
                        "aria-label": label,
                        spellcheck: "true",
                        autocapitalize: "sentences",
                    }),
                    EditorState.readOnly.of(!mayEdit),
                    EditorView.editable.of(mayEdit),
                    // A text that is full takes no more; what others write at that moment may still go over.
                    EditorState.changeFilter.of(
                        (change) =>
                            !change.docChanged ||
                            change.newDoc.length <= Math.max(charsMax, change.startState.doc.length),
                    ),
                    placeholder(mayEdit ? "Write something. Markdown works." : "Nothing here yet."),
                    markdown,
                    syntaxHighlighting(highlight),
                    theme,
                    yCollab(text, null),
                    carets(text, awareness),
                    EditorView.updateListener.of((update) => {
                        if (update.docChanged) told.current.onLength(update.state.doc.length);
                        if (update.focusChanged) update.view.hasFocus ? told.current.onFocus() : told.current.onBlur();
                    }),
                ],
            }),
        });
        told.current.onLength(view.state.doc.length);
        return () => view.destroy();
    }, [text, awareness, label, mayEdit, charsMax]);
    return <div ref={host} className="text-host" />;
}
