// Marks that are written without pause, and files that tell what became of them.
//
// Lines are written at once and synchronously: whatever was true when the server was killed is in
// the file.

import { closeSync, openSync, writeSync } from "node:fs";

import { ownClock } from "./clock.mjs";

/** Where all marks are: one array, and a map entry and some text beside it. */
const MARKS = "marks";
const LATEST = "latest";
const LOG = "log";

class Notes {
  #file;

  constructor(path) {
    this.#file = openSync(path, "a");
  }

  write(what, mark) {
    writeSync(this.#file, `${what} ${mark}\n`);
  }

  close() {
    closeSync(this.#file);
  }
}

/** Writes `sent` when a mark is made and `acked` when the server has said that it is committed. */
export class Writer {
  #waiting = [];
  #count = 0;

  constructor(client, { everyMs, prefix, file }) {
    this.client = client;
    this.prefix = prefix;
    this.notes = new Notes(file);
    client.onAcked = () => this.#settle();
    this.timer = setInterval(() => this.#write(), everyMs);
  }

  #write() {
    const { doc } = this.client;
    this.#count += 1;
    const mark = `${this.prefix}-${this.#count}`;
    this.notes.write("sent", mark);
    doc.transact(() => {
      doc.getArray(MARKS).push([mark]);
      doc.getMap(LATEST).set(this.prefix, mark);
      doc.getText(LOG).insert(0, `${mark} `);
    });
    this.#waiting.push({ mark, end: ownClock(doc) });
  }

  #settle() {
    while (this.#waiting.length > 0 && this.#waiting[0].end <= this.client.ackedClock) {
      this.notes.write("acked", this.#waiting.shift().mark);
    }
  }

  stop() {
    clearInterval(this.timer);
    return { written: this.#count, unacked: this.#waiting.length };
  }
}

/** Writes `seen` for every mark, in the order in which they appear to this client. */
export class Watcher {
  constructor(client, file) {
    const notes = new Notes(file);
    const marks = client.doc.getArray(MARKS);
    for (const mark of marks.toArray()) notes.write("seen", mark);
    marks.observe((event) => {
      for (const { insert } of event.changes.delta) {
        for (const mark of insert ?? []) notes.write("seen", mark);
      }
    });
  }
}
