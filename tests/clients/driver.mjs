// Drives the published Yjs clients for the integration tests: one JSON command a line on standard
// input, one JSON answer a line on standard output, events in between.
//
//   {"id": 1, "do": "connect", "client": "a", "lib": "y-websocket-3.1", "url": …, "plan": …, "token": …}
//   {"id": 1, "ok": {…}}   or   {"id": 1, "error": "…"}   and at any time   {"event": "fault", "say": "…"}
//
// The clients are used as published; only the WebSocket class they are handed counts what passes.

import { Console } from "node:console";
import { createInterface } from "node:readline";

import { run } from "./lib/commands.mjs";

// Libraries print what they like; standard output belongs to the answers.
globalThis.console = new Console(process.stderr, process.stderr);

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

// An exception inside a client's message handler makes it deaf without closing anything: the tests
// must hear of it.
const fault = (error) => say({ event: "fault", say: error?.stack ?? String(error) });
process.on("uncaughtException", fault);
process.on("unhandledRejection", fault);

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on("line", async (line) => {
  const { id, ...command } = JSON.parse(line);
  try {
    say({ id, ok: (await run(command)) ?? {} });
  } catch (error) {
    say({ id, error: error?.message ?? String(error) });
  }
});
// Whoever started this process is gone.
lines.on("close", () => process.exit(0));

say({ event: "ready" });
