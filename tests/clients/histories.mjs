// Random histories of stock Yjs clients, for a server on the other side of standard input and output.
//
// The server says which history to run; this asks it what a provider would: an update to take, a state
// vector to answer. Both wait for each other, so a seed gives the same history every time.
//
//   question: length (4 bytes, little endian), a letter, what it is about
//   answer:   length, and for
//     H                        the seed of the next history, as text; empty ends it all
//     U user mayMiss update    a byte (0 taken, 1 something is missing), what is new in it
//     S vector                 the server's vector (with its length in front), what the asker lacks
//     R how                    nothing: the server has started again
//     E content                nothing: the server has compared

import { readSync, writeSync } from "node:fs";

import * as Y from "yjs";

import { content } from "./lib/full-content.mjs";
import { Dice, edit, prepare } from "./lib/random-edits.mjs";

const TAKEN = 0;
const MISSING = 1;
const FROM_SERVER = "server";
const STEPS = 70;
const USERS = 3;
const CLIENTS_PER_USER_MAX = 2;
/** Rounds in which clients tell and hear everything; each may tidy formats, which the others hear. */
const SETTLING_ROUNDS_MAX = 30;

// --- the server ------------------------------------------------------------------------------------

function readExactly(length) {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length;) {
    const read = readSync(0, bytes, at, length - at, null);
    if (read === 0) process.exit(0);
    at += read;
  }
  return bytes;
}

function ask(letter, ...parts) {
  const body = Buffer.concat([Buffer.from(letter), ...parts]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  const all = Buffer.concat([length, body]);
  for (let at = 0; at < all.length;) at += writeSync(1, all, at);
  return readExactly(readExactly(4).readUInt32LE());
}

function askForMissing(vector) {
  const answer = ask("S", vector);
  const length = answer.readUInt32LE();
  return { vector: answer.subarray(4, 4 + length), diff: answer.subarray(4 + length) };
}

// --- a client --------------------------------------------------------------------------------------

class Client {
  online = true;
  /** What the server sent and the client has not read yet. */
  inbox = [];
  /** What was edited and not sent yet. */
  unsent = [];

  constructor(history, user, clientId) {
    this.history = history;
    this.user = user;
    this.doc = new Y.Doc();
    this.doc.clientID = clientId;
    prepare(this.doc);
    this.doc.on("update", (update, origin) => {
      if (origin !== FROM_SERVER) this.unsent.push(update);
    });
    this.undo = new Y.UndoManager([this.doc.getText("t"), this.doc.getMap("m"), this.doc.getArray("a")], {
      captureTimeout: 0,
      trackedOrigins: new Set(["user"]),
    });
  }

  send(update, mayMiss = 0) {
    const answer = ask("U", Buffer.from([this.user, mayMiss]), update);
    if (answer[0] === TAKEN && answer.length > 1) {
      const news = answer.subarray(1);
      for (const client of this.history.clients) if (client.online) client.inbox.push(news);
    }
    return answer[0];
  }

  /** What was edited goes out at once while there is a connection. */
  flush() {
    if (!this.online) return;
    for (const update of this.unsent.splice(0)) this.send(update);
  }

  hear(count) {
    for (const update of this.inbox.splice(0, count)) {
      Y.applyUpdate(this.doc, update, FROM_SERVER);
      this.flush();
    }
  }

  leave() {
    this.online = false;
    this.inbox = [];
  }

  /** Both ways of the exchange that every provider begins with. */
  sync() {
    const { vector, diff } = askForMissing(Y.encodeStateVector(this.doc));
    this.online = true;
    Y.applyUpdate(this.doc, diff, FROM_SERVER);
    this.unsent = [];
    this.send(Y.encodeStateAsUpdate(this.doc, vector));
  }

  /** Comes back; what was edited meanwhile may go out first, as one update or out of order. */
  comeBack(dice) {
    const unsent = this.unsent.splice(0);
    const way = dice.below(4);
    if (way === 1 && unsent.length > 0) this.send(Y.mergeUpdates(unsent));
    if (way === 2) for (const update of dice.shuffled(unsent)) this.send(update, MISSING);
    if (way === 3) for (const update of [...unsent, ...unsent]) this.send(update);
    this.sync();
  }
}

// --- a history -------------------------------------------------------------------------------------

class History {
  clients = [];
  nextId = 0;

  constructor(seed) {
    this.dice = new Dice(seed);
    for (let user = 0; user < USERS; user += 1) this.join(user);
  }

  join(user, state = null) {
    this.nextId += 1;
    // As Yjs makes them: 32 bits.
    const client = new Client(this, user, this.dice.below(2 ** 31) * 2 + (this.nextId % 2));
    if (state) Y.applyUpdate(client.doc, state, FROM_SERVER);
    client.sync();
    this.clients.push(client);
    return client;
  }

  /** The page is loaded anew, with what its browser kept or, when everything was sent, without. */
  reload(client) {
    const kept = client.unsent.length > 0 || this.dice.percent(50);
    const state = kept ? Y.encodeStateAsUpdate(client.doc) : null;
    this.clients.splice(this.clients.indexOf(client), 1);
    client.undo.destroy();
    client.doc.destroy();
    this.join(client.user, state);
  }

  step() {
    const { dice } = this;
    const client = dice.pick(this.clients);
    const action = dice.below(100);
    if (action < 50) edit(client.doc, dice);
    else if (action < 70) client.hear(dice.below(6));
    else if (action < 76) client.undo.undo();
    else if (action < 79) client.undo.redo();
    else if (action < 85) client.leave();
    else if (action < 94) client.online ? client.hear(Infinity) : client.comeBack(dice);
    else if (action < 96) this.reload(client);
    else if (action < 98) ask("R", Buffer.from([dice.below(3)]));
    else if (this.clients.length < USERS * CLIENTS_PER_USER_MAX) this.join(dice.below(USERS));
    client.flush();
  }

  /** Everybody tells and hears everything, until nothing is left to say. */
  settle() {
    for (const client of this.clients) client.comeBack(this.dice);
    for (let round = 0; round < SETTLING_ROUNDS_MAX; round += 1) {
      if (this.clients.every((client) => client.inbox.length === 0)) return;
      for (const client of this.clients) client.hear(Infinity);
    }
    throw new Error("the clients never come to an end");
  }

  /** A newcomer has what everybody has. */
  compare() {
    const { vector, diff } = askForMissing(Y.encodeStateVector(new Y.Doc()));
    const newcomer = new Y.Doc();
    prepare(newcomer);
    Y.applyUpdate(newcomer, diff);
    const expected = JSON.stringify(content(newcomer));
    const clocks = vectorOf(vector);
    for (const { doc, user } of [...this.clients, { doc: newcomer, user: "newcomer" }]) {
      if (doc.store.pendingStructs || doc.store.pendingDs) throw new Error(`${user} waits for something`);
      const found = JSON.stringify(content(doc));
      if (found !== expected) throw new Error(`${user} holds\n${found}\nand a newcomer\n${expected}`);
      const own = vectorOf(Y.encodeStateVector(doc));
      if (own !== clocks) throw new Error(`${user} is at ${own} and the server at ${clocks}`);
    }
    ask("E", Buffer.from(expected));
  }

  run() {
    for (let step = 0; step < STEPS; step += 1) this.step();
    this.settle();
    this.compare();
  }
}

const vectorOf = (bytes) => {
  return JSON.stringify([...Y.decodeStateVector(bytes)].sort(([a], [b]) => a - b));
};

for (let seed = ask("H").toString(); seed !== ""; seed = ask("H").toString()) {
  new History(Number(seed)).run();
}
