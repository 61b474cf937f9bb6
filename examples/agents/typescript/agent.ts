// A small agent: drafts the abstract of a session, proposes it, and answers who wants it to be different.

import { EventEmitter, once } from "node:events";
import { env, exit } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const { CONVENE_URL: url = "", CONVENE_TOKEN: token = "", CONVENE_PLAN: plan = "", CONVENE_STEP_MS: step = "80" } = env;
const control = new WebSocket(`${url}?token=${token}`);
const heard = new EventEmitter(); // Answers by their id, and what is told without being asked, by its method.
const hear = (said: any) => heard.emit(said.id ?? said.method, said);
const say = (stage: string, more: object) => console.log(JSON.stringify({ stage, ...more }));
const fail = (why: string): never => { throw new Error(why); };

async function call(method: string, params: object): Promise<any> {
  const id = crypto.randomUUID();
  control.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  const [{ result, error }] = await once(heard, id);
  return error ? fail(`${method}: ${error.message}`) : result;
}

async function decision(proposal: string): Promise<{ status: string; reason?: string }> {
  // Who reads too slowly is not told everything, so this looks every few seconds as well.
  for (let told; ; await told) {
    told = once(heard, "proposal.changed", { signal: AbortSignal.timeout(5_000) }).catch(() => {});
    const now = await call("proposal.get", { plan, proposal });
    if (now.status !== "submitted") return now;
  }
}

/** A shared text of the draft, with this presence beside it. The server adds the name of the token. */
async function open(draft: string, session: string, presence: { state: string } | null) {
  const options = { params: { token }, disableBc: true, WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket };
  const provider = new WebsocketProvider(url, draft, new Y.Doc(), options);
  provider.awareness.setLocalState(presence);
  await new Promise((synced) => provider.once("sync", synced));
  const text = provider.doc.getMap<Y.Map<Y.Text>>("sessions").get(session)?.get("abstract");
  return { provider, text: text ?? fail("the abstract is gone") };
}

/** Streams words, which everybody who has the draft open reads along, until they are saved. */
async function write(draft: string, session: string, words: string): Promise<string> {
  const { provider, text } = await open(draft, session, { state: "drafting" });
  const other = await open(draft, session, null);
  for (const word of words.split(/\s+/)) {
    text.insert(text.length, text.length ? ` ${word}` : word);
    await sleep(Number(step));
  }
  // y-websocket tells nobody what is saved, but the server shows another replica nothing else.
  while (String(other.text) !== String(text)) await sleep(20);
  for (const one of [provider, other.provider]) one.destroy();
  return String(text);
}

control.on("message", (data) => hear(JSON.parse(String(data))));
control.on("close", () => fail("the server closed the socket"));
await once(control, "open");
await call("events.subscribe", { plans: [plan] });
const sessions = Object.values<any>((await call("plan.content", { plan })).roots.sessions ?? {});
const bare = sessions.filter(({ abstract, archived }) => abstract === "" && !archived);
bare.sort((a, b) => (`${a.rank} ${a.id}` < `${b.rank} ${b.id}` ? -1 : 1));
const { id, title, kind, minutes } = bare[0] ?? fail("no abstract is missing");
const risk = { level: "low", effect: "Visitors read it.", mitigation: "Its speakers do first.", reversible: true };
const about = { risk, confidence: 60, citations: [{ kind: "plan", ref: `sessions/${id}/title`, quote: title }] };
const what = { title: [...`An abstract for ${title}`].slice(0, 200).join(""), rationale: "People choose by what they read." };
const { id: proposal, draft } = await call("proposal.open", { plan, ...what, about });
say("opened", { proposal, draft });
for (let words = `${title}: a ${kind} of ${minutes} minutes on what it is, what it costs, and when to avoid it.`; ; ) {
  const late = sleep(120_000, "", { ref: false }).then(() => fail("the draft was not saved in time"));
  say("drafted", { text: await Promise.race([write(draft, id, words), late]) });
  const { revision } = await call("proposal.submit", { plan, proposal });
  say("submitted", { revision });
  const { status, reason } = await decision(proposal);
  say("decided", { status, reason: reason ?? null });
  if (status !== "changes_requested") exit(["approved", "partly_approved"].includes(status) ? 0 : 1);
  words = `Asked “${reason}”, its speakers say: bring questions, nothing else.`;
}
