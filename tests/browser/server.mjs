// The server under test, as the scenario may treat it. Whoever started it does what is asked for, a line for a line:
//
//   {"server": "kill9"}  ->  {"server": "kill9"}

import { createInterface } from "node:readline";

export class Server {
  /** Whether it has been away, so that pages may have noticed. */
  wasAway = false;
  #lines = createInterface({ input: process.stdin });
  #answers = this.#lines[Symbol.asyncIterator]();

  /** Ends it as a power cut would. */
  async kill9() {
    this.wasAway = true;
    await this.#ask("kill9");
  }

  /** Starts it again on the same data and address, and waits until it answers. */
  async start() {
    await this.#ask("start");
  }

  async #ask(what) {
    process.stdout.write(`${JSON.stringify({ server: what })}\n`);
    const { value, done } = await this.#answers.next();
    if (done || JSON.parse(value).server !== what) throw new Error(`nobody is there to ${what} the server`);
  }

  close() {
    this.#lines.close();
    process.stdin.destroy();
  }
}
