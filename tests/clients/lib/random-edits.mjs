// Random edits of everything a Yjs document can hold, the same ones for the same seed.

import * as Y from "yjs";

/** Choices from a seed; the generator is "mulberry32". */
export class Dice {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 to before 1. */
  #roll() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(end) {
    return Math.floor(this.#roll() * end);
  }

  percent(chance) {
    return this.below(100) < chance;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  shuffled(list) {
    const left = [...list];
    return list.map(() => left.splice(this.below(left.length), 1)[0]);
  }
}

const WORDS = ["a", "plan", "é", "\u{1f600}", "Zürich ", "\n", "\u{1f468}\u200d\u{1f469}"];
const KEYS = ["k", "l", "title", "é", ""];
const FORMATS = [{ b: true }, { b: null }, { i: { deep: [1] } }, { i: null }, { b: true, link: "x" }];
const TYPE_DEPTH_MAX = 4;

/** Makes the roots what they are. */
export function prepare(doc) {
  doc.getText("t");
  doc.getMap("m");
  doc.getArray("a");
  doc.getXmlFragment("x");
}

function value(dice, depth = 0) {
  switch (dice.below(depth < 3 ? 13 : 11)) {
    case 0: return null;
    case 1: return undefined;
    case 2: return dice.percent(50);
    case 3: return dice.below(300) - 150;
    case 4: return dice.pick([2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, -(2 ** 53) + 1, 1e300, 5e-324]);
    case 5: return dice.below(1000) / 8;
    case 6: return 0.1 + dice.below(10);
    case 7: return dice.pick([12n, -(2n ** 63n), 2n ** 60n, 2n ** 53n + 1n]);
    case 8: return Uint8Array.from({ length: dice.below(4) }, () => dice.below(256));
    case 9: case 10: return dice.pick(WORDS);
    case 11: return Array.from({ length: dice.below(3) }, () => value(dice, depth + 1));
    default: return Object.fromEntries(
      Array.from({ length: dice.below(3) }, () => [dice.pick(KEYS), value(dice, depth + 1)]),
    );
  }
}

/** Lists take neither of the two at their own level. */
const listed = (given) => (given === undefined || typeof given === "bigint" ? [given] : given);

function valueOrType(dice) {
  switch (dice.below(8)) {
    case 0: return new Y.Map([["in", value(dice)]]);
    case 1: return Y.Array.from([1, listed(value(dice))]);
    case 2: return new Y.Text("nested");
    case 3: return dice.percent(20) ? new Y.XmlElement("div") : new Y.Text();
    default: return value(dice);
  }
}

/** Positions between whole characters: an editor does not cut one in half. */
function edges(text) {
  const found = [0];
  for (const { insert } of text.toDelta()) {
    const lengths = typeof insert === "string" ? [...insert].map((char) => char.length) : [1];
    for (const length of lengths) found.push(found.at(-1) + length);
  }
  return found;
}

function editText(text, dice) {
  const places = edges(text);
  const at = dice.below(places.length);
  const start = places[at];
  const length = (places[at + 1 + dice.below(4)] ?? places.at(-1)) - start;
  const action = dice.below(10);
  if (action < 3 && length > 0) text.delete(start, length);
  else if (action < 5 && length > 0) text.format(start, length, dice.pick(FORMATS));
  else if (action === 5) text.insertEmbed(start, { src: "a.png" }, dice.pick([{}, { b: true }]));
  else if (action === 6) text.insert(start, dice.pick(WORDS), dice.pick(FORMATS));
  else if (action === 7) text.applyDelta([{ retain: start }, { insert: dice.pick(WORDS), attributes: { b: true } }]);
  else text.insert(start, dice.pick(WORDS));
}

function editMap(map, dice, depth) {
  const key = dice.pick(KEYS);
  const action = dice.below(8);
  const inner = map.get(key);
  if (action === 0) map.delete(key);
  else if (action < 4 && inner instanceof Y.AbstractType && depth < TYPE_DEPTH_MAX) editAny(inner, dice, depth + 1);
  else map.set(key, valueOrType(dice));
}

function editArray(array, dice, depth) {
  const at = dice.below(array.length + 1);
  const action = dice.below(8);
  const inner = at < array.length ? array.get(at) : null;
  if (action < 2 && at < array.length) array.delete(at, Math.min(1 + dice.below(3), array.length - at));
  else if (action < 5 && inner instanceof Y.AbstractType && depth < TYPE_DEPTH_MAX) editAny(inner, dice, depth + 1);
  else array.insert(at, Array.from({ length: 1 + dice.below(3) }, () => listed(valueOrType(dice))));
}

function editXml(xml, dice, depth) {
  const at = dice.below(xml.length + 1);
  const action = dice.below(9);
  const inner = at < xml.length ? xml.get(at) : null;
  if (action < 2 && inner) xml.delete(at, 1);
  else if (action < 5 && inner && depth < TYPE_DEPTH_MAX) editAny(inner, dice, depth + 1);
  else if (action === 5 && xml instanceof Y.XmlElement) xml.setAttribute(dice.pick(KEYS), dice.pick(["1", "2", ""]));
  else if (action === 6 && xml instanceof Y.XmlElement) xml.removeAttribute(dice.pick(KEYS));
  else if (action === 7) xml.insert(at, [new Y.XmlText(dice.pick(WORDS))]);
  else {
    const paragraph = new Y.XmlElement(dice.pick(["p", "h1"]));
    paragraph.setAttribute("level", String(dice.below(4)));
    paragraph.insert(0, [new Y.XmlText("text")]);
    xml.insert(at, [paragraph]);
  }
}

function editAny(type, dice, depth) {
  // Y.XmlText is a Y.Text, and Y.XmlElement a Y.XmlFragment.
  if (type instanceof Y.Text) editText(type, dice);
  else if (type instanceof Y.Map) editMap(type, dice, depth);
  else if (type instanceof Y.Array) editArray(type, dice, depth);
  else editXml(type, dice, depth);
}

/** One to four edits in one transaction. */
export function edit(doc, dice) {
  doc.transact(() => {
    for (let count = 1 + dice.below(4); count > 0; count -= 1) {
      const root = dice.pick([doc.getText("t"), doc.getText("t"), doc.getMap("m"), doc.getArray("a"), doc.getXmlFragment("x")]);
      editAny(root, dice, 0);
    }
  }, "user");
}
