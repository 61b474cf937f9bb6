// A real Tiptap editor in a simulated page.

import { JSDOM } from "jsdom";

/** What ProseMirror looks for outside the modules it imports. */
const GLOBALS = [
  "window",
  "document",
  "navigator",
  "Node",
  "Element",
  "HTMLElement",
  "DOMParser",
  "MutationObserver",
  "getSelection",
  "getComputedStyle",
  "requestAnimationFrame",
  "cancelAnimationFrame",
];

let page = null;

async function openPage() {
  if (page) return page;
  const { window } = new JSDOM("<!doctype html><body></body>", { pretendToBeVisual: true });
  for (const name of GLOBALS) {
    const value = name === "window" ? window : window[name];
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const [{ Editor }, { default: StarterKit }, { default: Collaboration }] = await Promise.all([
    import("@tiptap/core"),
    import("@tiptap/starter-kit"),
    import("@tiptap/extension-collaboration"),
  ]);
  page = { window, Editor, StarterKit, Collaboration };
  return page;
}

/** An editor on the XML fragment `field` of `document`. */
export async function openEditor(document, field) {
  const { window, Editor, StarterKit, Collaboration } = await openPage();
  const element = window.document.createElement("div");
  window.document.body.append(element);
  const editor = new Editor({
    element,
    extensions: [
      // Undoing is the collaboration's business.
      StarterKit.configure({ undoRedo: false }),
      Collaboration.configure({ document, field }),
    ],
  });
  return new OpenEditor(editor);
}

class OpenEditor {
  #editor;

  constructor(editor) {
    this.#editor = editor;
  }

  #append(content) {
    this.#editor.commands.insertContentAt(this.#editor.state.doc.content.size, content);
  }

  /** One transaction a letter, as keys do, in a paragraph of its own. */
  typeText(text) {
    this.#append({ type: "paragraph" });
    const { state, view } = this.#editor;
    let at = state.doc.content.size - 1;
    for (const letter of text) {
      view.dispatch(this.#editor.state.tr.insertText(letter, at));
      at += letter.length;
    }
  }

  typeHeading(text, level) {
    this.#append({ type: "heading", attrs: { level }, content: [{ type: "text", text }] });
  }

  typeList(items) {
    const paragraph = (text) => ({ type: "paragraph", content: [{ type: "text", text }] });
    const content = items.map((text) => ({ type: "listItem", content: [paragraph(text)] }));
    this.#append({ type: "bulletList", content });
  }

  html() {
    return this.#editor.getHTML();
  }

  destroy() {
    this.#editor.destroy();
  }
}
