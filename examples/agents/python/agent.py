"""A small agent: drafts the abstract of a session, proposes it, and answers who wants it to be different."""

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager, suppress

from pycrdt import Awareness, Doc, Map, Provider, create_awareness_message
from websockets.asyncio.client import connect

URL, TOKEN, PLAN = (os.environ[f"CONVENE_{name}"] for name in ("URL", "TOKEN", "PLAN"))


async def call(control, method, **params):
    await control.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
    while "id" not in (said := json.loads(await control.recv())):
        pass
    return said["result"] if "result" in said else sys.exit(f"{method}: {said['error']['message']}")


async def decision(control, proposal):
    # What is told before an answer is not kept, so this looks every few seconds as well.
    while (now := await call(control, "proposal.get", **proposal))["status"] == "submitted":
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while json.loads(await control.recv())["method"] != "proposal.changed":
                    pass
    return now["status"], now.get("reason")


@asynccontextmanager
async def abstract(draft, session, state):
    presence = Awareness(doc := Doc())
    presence.set_local_state(state)  # Its clock is 1 now: JavaScript clients never show one of 0.
    async with connect(f"{URL}/{draft}?token={TOKEN}", max_size=None) as socket:
        socket.path = draft  # the provider asks for it
        async with Provider(doc, socket) as provider:
            await socket.send(create_awareness_message(presence.encode_awareness_update([doc.client_id])))
            await provider.synced.wait()
            yield doc.get("sessions", type=Map)[session]["abstract"]


async def write(draft, session, words):
    """Streams words, which everybody who has the draft open reads along, until they are saved."""
    async with abstract(draft, session, {"state": "drafting"}) as text, abstract(draft, session, None) as read:
        for word in words.split():
            text += f" {word}" if len(text) else word
            await asyncio.sleep(float(os.environ.get("CONVENE_STEP_MS", 80)) / 1000)
        # y-websocket has no acknowledgement, but the server shows another replica only what is saved.
        while str(read) != str(text):
            await asyncio.sleep(0.02)
        print(json.dumps({"stage": "drafted", "text": str(text)}), flush=True)


async def main():
    async with connect(f"{URL}?token={TOKEN}", max_size=None) as control:
        await call(control, "events.subscribe", plans=[PLAN])
        sessions = (await call(control, "plan.content", plan=PLAN))["roots"].get("sessions", {}).values()
        bare = [it for it in sessions if it.get("abstract") == "" and not it["archived"]]
        session = min(bare, key=lambda it: (it["rank"], it["id"])) if bare else sys.exit("no abstract is missing")
        quote = {"kind": "plan", "ref": f"sessions/{session['id']}/title", "quote": session["title"]}
        risk = {"level": "low", "effect": "Visitors read it.", "mitigation": "Its speakers do first.", "reversible": True}
        what = {"rationale": "People choose by what they read.", "about": {"risk": risk, "confidence": 60, "citations": [quote]}}
        opened = await call(control, "proposal.open", plan=PLAN, title=f"An abstract for {session['title']}"[:200], **what)
        print(json.dumps({"stage": "opened", "proposal": opened["id"], "draft": opened["draft"]}), flush=True)
        proposal, status = {"plan": PLAN, "proposal": opened["id"]}, "drafting"
        words = "{title}: a {kind} of {minutes} minutes on what it is, what it costs, and when to avoid it.".format(**session)
        while status in ("drafting", "changes_requested"):
            await asyncio.wait_for(write(opened["draft"], session["id"], words), 120)
            sent = await call(control, "proposal.submit", **proposal)
            print(json.dumps({"stage": "submitted", "revision": sent["revision"]}), flush=True)
            status, reason = await decision(control, proposal)
            print(json.dumps({"stage": "decided", "status": status, "reason": reason}), flush=True)
            words = f"Asked “{reason}”, its speakers say: bring questions, nothing else."
        return status in ("approved", "partly_approved")


sys.exit(not asyncio.run(main()))
