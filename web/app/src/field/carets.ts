// The carets of others in a text, by classes: a style attribute would be against the CSP.

import { type Extension, RangeSetBuilder } from "@codemirror/state";
import {
    Decoration,
    type DecorationSet,
    type EditorView,
    ViewPlugin,
    type ViewUpdate,
    WidgetType,
} from "@codemirror/view";
import { hueOf } from "@convene/client";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

interface State {
    user?: { id?: unknown; name?: unknown };
    cursor?: { anchor?: unknown; head?: unknown } | null;
}

class Caret extends WidgetType {
    constructor(
        readonly name: string,
        readonly hue: number,
    ) {
        super();
    }

    override eq(other: Caret): boolean {
        return other.name === this.name && other.hue === this.hue;
    }

    override toDOM(): HTMLElement {
        const caret = document.createElement("span");
        caret.className = `cm-caret cm-caret-${this.hue}`;
        // Who reads by ear hears of others by the field's own text.
        caret.ariaHidden = "true";
        const name = document.createElement("span");
        name.className = "cm-caret-name";
        name.textContent = this.name;
        caret.append(name);
        return caret;
    }

    override ignoreEvent(): boolean {
        return true;
    }
}

function position(json: unknown, text: Y.Text): number | undefined {
    if (!json || !text.doc) return undefined;
    try {
        const at = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(json), text.doc);
        return at?.type === text ? at.index : undefined;
    } catch {
        // Anybody can put anything into their presence.
        return undefined;
    }
}

function draw(view: EditorView, text: Y.Text, awareness: Awareness): DecorationSet {
    const marks: { from: number; to: number; decoration: Decoration }[] = [];
    for (const [client, state] of awareness.getStates() as Map<number, State>) {
        if (client === awareness.clientID) continue;
        const head = position(state.cursor?.head, text);
        const anchor = position(state.cursor?.anchor, text);
        const { id, name } = state.user ?? {};
        if (head === undefined || anchor === undefined || typeof id !== "string" || typeof name !== "string") continue;
        const length = view.state.doc.length;
        const [from, to] = [Math.min(anchor, head, length), Math.min(Math.max(anchor, head), length)];
        const hue = hueOf(id);
        if (from < to)
            marks.push({ from, to, decoration: Decoration.mark({ class: `cm-their-selection cm-selection-${hue}` }) });
        const at = Math.min(head, length);
        marks.push({
            from: at,
            to: at,
            decoration: Decoration.widget({ widget: new Caret(name, hue), side: head >= anchor ? -1 : 1 }),
        });
    }
    marks.sort((a, b) => a.from - b.from || a.decoration.spec.side - b.decoration.spec.side || a.to - b.to);
    return Decoration.set(
        marks.map(({ from, to, decoration }) => decoration.range(from, to)),
        true,
    );
}

/** Shows the carets of others, and tells them where one's own is. */
export function carets(text: Y.Text, awareness: Awareness): Extension {
    const plugin = ViewPlugin.fromClass(
        class {
            decorations: DecorationSet = new RangeSetBuilder<Decoration>().finish();
            private readonly onChange: () => void;

            constructor(private readonly view: EditorView) {
                this.onChange = () => view.dispatch({});
                awareness.on("change", this.onChange);
                this.decorations = draw(view, text, awareness);
            }

            update(update: ViewUpdate): void {
                if (update.selectionSet || update.docChanged || update.focusChanged) this.tell();
                this.decorations = draw(this.view, text, awareness);
            }

            destroy(): void {
                awareness.off("change", this.onChange);
                if (awareness.getLocalState()?.cursor) awareness.setLocalStateField("cursor", null);
            }

            private tell(): void {
                // Presence tells plugins of other views, and must not begin while this view is being updated.
                queueMicrotask(() => {
                    const now = JSON.stringify(awareness.getLocalState()?.cursor ?? null);
                    if (!this.view.hasFocus) {
                        if (now !== "null") awareness.setLocalStateField("cursor", null);
                        return;
                    }
                    const { anchor, head } = this.view.state.selection.main;
                    const at = (index: number) =>
                        Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index));
                    const cursor = { anchor: at(anchor), head: at(head) };
                    if (JSON.stringify(cursor) !== now) awareness.setLocalStateField("cursor", cursor);
                });
            }
        },
        { decorations: (value) => value.decorations },
    );
    return plugin;
}
