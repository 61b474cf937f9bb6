// Edits of a document and its content as canonical JSON.

import * as Y from "yjs";

/** A shared type made from what a command holds: `{"$map": …}`, `{"$array": …}`, `{"$text": …}`. */
function value(given) {
  if (given === null || typeof given !== "object" || Array.isArray(given)) return given;
  if ("$map" in given) {
    return new Y.Map(Object.entries(given.$map).map(([key, inner]) => [key, value(inner)]));
  }
  if ("$array" in given) return Y.Array.from(given.$array.map(value));
  if ("$text" in given) return new Y.Text(given.$text);
  if ("$bytes" in given) return Uint8Array.from(Buffer.from(given.$bytes, "hex"));
  return given;
}

function element({ name, attributes = {}, children = [] }) {
  const made = new Y.XmlElement(name);
  for (const [key, text] of Object.entries(attributes)) made.setAttribute(key, text);
  const inner = children.map((child) => {
    return typeof child === "string" ? new Y.XmlText(child) : element(child);
  });
  made.insert(0, inner);
  return made;
}

const ROOTS = {
  text: (doc, name) => doc.getText(name),
  rich: (doc, name) => doc.getText(name),
  map: (doc, name) => doc.getMap(name),
  array: (doc, name) => doc.getArray(name),
  xml: (doc, name) => doc.getXmlFragment(name),
};

/** The type that an operation is about: a root, or what lies at `path` inside it. */
function target(doc, { kind, root, path = [] }) {
  return path.reduce((inside, key) => inside.get(key), ROOTS[kind](doc, root));
}

/** Counts from the end when negative: -1 is behind the last. */
const position = (type, at = -1) => (at < 0 ? type.length + 1 + at : at);

const OPERATIONS = {
  "text.insert": (text, { at, text: inserted, attributes }) => {
    text.insert(position(text, at), inserted, attributes);
  },
  "text.delete": (text, { at, length }) => text.delete(at, length),
  "text.format": (text, { at, length, attributes }) => text.format(at, length, attributes),
  "map.set": (map, { key, value: given }) => map.set(key, value(given)),
  "map.delete": (map, { key }) => map.delete(key),
  "array.insert": (array, { at, values }) => array.insert(position(array, at), values.map(value)),
  "array.delete": (array, { at, length }) => array.delete(at, length),
  "xml.insert": (xml, { at, element: given }) => xml.insert(position(xml, at), [element(given)]),
  "xml.delete": (xml, { at, length }) => xml.delete(at, length),
};

/** Performs `ops` in one transaction. `root` is read as the kind the operation is named after. */
export function edit(doc, ops) {
  doc.transact(() => {
    for (const op of ops) {
      const kind = op.kind ?? op.op.split(".")[0];
      OPERATIONS[op.op](target(doc, { kind, root: op.root, path: op.path }), op);
    }
  });
}

/** The same content always gives the same text: keys sorted, bytes as hex. */
export function sorted(json) {
  if (json instanceof Uint8Array) return { $bytes: Buffer.from(json).toString("hex") };
  if (Array.isArray(json)) return json.map(sorted);
  if (json === null || typeof json !== "object") return json;
  const keys = Object.keys(json).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(json[key])]));
}

function node(xml) {
  if (xml instanceof Y.XmlText) return { delta: xml.toDelta() };
  return {
    name: xml.nodeName,
    attributes: xml.getAttributes(),
    children: xml.toArray().map(node),
  };
}

const READERS = {
  text: (text) => text.toString(),
  rich: (text) => text.toDelta(),
  map: (map) => map.toJSON(),
  array: (array) => array.toJSON(),
  xml: (xml) => xml.toArray().map(node),
};

/** The content of `roots`, which maps names to kinds. */
export function read(doc, roots) {
  const found = Object.entries(roots).map(([name, kind]) => {
    return [name, READERS[kind](ROOTS[kind](doc, name))];
  });
  return sorted(Object.fromEntries(found));
}
