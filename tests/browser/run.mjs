// Plays one scenario in a real browser, against a server that somebody else has started:
//
//   CONVENE_URL=http://127.0.0.1:8080 KEPT=/tmp/kept node tests/browser/run.mjs loads
//
// It ends with 0 when all went well. Otherwise it says what did not, and leaves in KEPT a picture of every page and what
// the pages said. Without tests/it behind it, scenarios that kill the server cannot be played. What they
// measure they say on standard error: standard output is for what they ask of whoever started the server.

import { mkdir } from "node:fs/promises";

import { Stage } from "./stage.mjs";

const [name] = process.argv.slice(2);
const { CONVENE_URL: url, KEPT: kept } = process.env;
if (!name || !url || !kept) throw new Error("say what to play: CONVENE_URL=… KEPT=… node tests/browser/run.mjs NAME");

const { default: play } = await import(`./scenarios/${name}.mjs`);
const stage = await Stage.open(url);
try {
  await play(stage);
  stage.expectNoProblems();
} catch (error) {
  process.exitCode = 1;
  await mkdir(kept, { recursive: true });
  const told = await stage.keep(kept);
  console.error(`${name}: ${error.stack ?? error}\n\n--- what the pages said (${kept}) ---\n${told}`);
} finally {
  await stage.close();
}
