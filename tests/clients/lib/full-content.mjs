// What a document says in full, with formats and nested types: what `trials/src/reading.rs` reads of the
// same document on the server.

import * as Y from "yjs";

/** Keys sorted, so that the same content always gives the same text. */
function object(entries) {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function plain(value) {
  if (value === undefined) return "$undefined";
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "bigint") {
    // One that a number holds arrives as that number.
    const isNumber = BigInt(Number(value)) === value;
    return isNumber ? plain(Number(value)) : { $integer: String(value) };
  }
  // Adding makes minus zero, which has no integer, the same as zero.
  if (typeof value === "number") return value + 0;
  if (value instanceof Uint8Array) return { $bytes: [...value] };
  if (Array.isArray(value)) return value.map(plain);
  return object(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function delta(text) {
  const parts = [];
  for (const { insert, attributes = {} } of text.toDelta()) {
    const formats = plain(attributes);
    const last = parts.at(-1);
    // Where formats end and begin again is not shown: neighbours with the same ones are one.
    if (typeof insert === "string" && typeof last?.insert === "string" &&
        JSON.stringify(last.attributes) === JSON.stringify(formats)) {
      last.insert += insert;
    } else {
      parts.push({ attributes: formats, insert: any(insert) });
    }
  }
  return { $text: parts };
}

function any(value) {
  // Y.XmlText is a Y.Text, and Y.XmlElement a Y.XmlFragment.
  if (value instanceof Y.Text) return delta(value);
  if (value instanceof Y.Map) return { $map: members(value) };
  if (value instanceof Y.Array) return { $array: value.toArray().map(any) };
  if (value instanceof Y.XmlElement) {
    return {
      $element: value.nodeName,
      attributes: object(Object.entries(value.getAttributes()).map(([key, inner]) => [key, any(inner)])),
      children: value.toArray().map(any),
    };
  }
  if (value instanceof Y.XmlFragment) return { $xml: value.toArray().map(any) };
  return plain(value);
}

function members(map) {
  const entries = [];
  map.forEach((value, key) => entries.push([key, any(value)]));
  return object(entries);
}

/** The content of the four roots that random edits write to. */
export function content(doc) {
  return {
    a: any(doc.getArray("a")),
    m: any(doc.getMap("m")),
    t: any(doc.getText("t")),
    x: any(doc.getXmlFragment("x")),
  };
}
