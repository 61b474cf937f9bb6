// Against a real server: CONVENE_BIN=../target/release/convene npm test

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Client, type Plan, type PlanState, ProposalStore, RequestError, Session } from "../src/index.ts";
import { memory } from "./memory.ts";

const binary = process.env.CONVENE_BIN;
const WITHIN_MS = 10_000;

let server: ChildProcess;
let data: string;
let base: string;
const clients: Client[] = [];

/** The server says on which port it listens. */
function listening(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
        let said = "";
        const hear = (bytes: Buffer) => {
            said += String(bytes);
            const address = /listening on (http:\S+)/.exec(said)?.[1];
            if (address) resolve(address);
        };
        child.stdout?.on("data", hear);
        child.stderr?.on("data", hear);
        child.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
    });
}

async function client(name: string): Promise<Client> {
    const session = new Session(base, memory());
    await session.signUp(name, `${name.toLowerCase()}@example.org`, "correct horse battery");
    if (session.state.is !== "in") throw new Error("not signed in");
    const made = new Client(session, session.state.user, { base, WebSocket, storage: memory() });
    clients.push(made);
    return made;
}

function until(plan: Plan, holds: (state: PlanState, plan: Plan) => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
        const look = () => {
            if (!holds(plan.state, plan)) return;
            clearInterval(timer);
            clearTimeout(end);
            resolve();
        };
        const timer = setInterval(look, 10);
        const end = setTimeout(() => {
            clearInterval(timer);
            reject(new Error(`not within ${WITHIN_MS} ms: ${what}; ${JSON.stringify(plan.state)}`));
        }, WITHIN_MS);
    });
}

const titles = (plan: Plan) =>
    plan.content
        .root("sessions")
        .list()
        .filter(({ archived }) => !archived)
        .map(({ fields }) => fields.title);

describe.skipIf(!binary)("with a server", () => {
    beforeAll(async () => {
        data = mkdtempSync(join(tmpdir(), "convene-web-"));
        const env = { ...process.env, CONVENE_LISTEN: "127.0.0.1:0", CONVENE_DATA: data };
        server = spawn(binary ?? "", ["serve"], { env });
        base = await listening(server);
    });

    afterAll(() => {
        for (const one of clients) one.destroy();
        server?.kill();
        rmSync(data, { recursive: true, force: true });
    });

    test("two people share a plan, and each undoes only what is their own", async () => {
        const [ada, ben] = [await client("Ada"), await client("Ben")];
        const { id } = await ada.control.call("plan.create", { name: "Spring" });
        await ada.control.call("member.set_role", { plan: id, email: "ben@example.org", role: "editor" });
        const [one, two] = [ada.plan(id), ben.plan(id)];
        await until(one, (state) => state.ready && state.mayEdit, "ada may edit");
        await until(two, (state) => state.ready && state.mayEdit, "ben may edit");

        const [kafka] = one.add("sessions", [{ title: "Kafka", kind: "talk", state: "draft", minutes: 30 }]);
        await until(one, (state) => state.saved === "saved", "ada's session is saved");
        await until(two, () => titles(two).length === 1, "ben sees it");
        two.set("sessions", kafka ?? "", "minutes", 45);
        two.add("sessions", [{ title: "CRDTs", kind: "talk", state: "draft", minutes: 30 }]);
        await until(one, () => titles(one).length === 2, "ada sees ben's");

        one.undo.undo();
        await until(two, () => titles(two).join() === "CRDTs", "ada's session is archived");
        expect(one.content.root("sessions").get(kafka ?? "")?.fields.minutes).toBe(45);
        one.undo.redo();
        await until(two, () => titles(two).join() === "Kafka,CRDTs", "and back");

        const { findings } = await ada.control.call("plan.findings", { plan: id });
        expect(findings.map(({ rule }) => rule)).toContain("schema.incomplete");
    });

    test("what is refused is kept, and the plan is loaded anew", async () => {
        const [cleo, dara] = [await client("Cleo"), await client("Dara")];
        const { id } = await cleo.control.call("plan.create", { name: "Autumn" });
        await cleo.control.call("member.set_role", { plan: id, email: "dara@example.org", role: "viewer" });
        const plan = dara.plan(id);
        await until(plan, (state) => state.ready, "dara reads");
        expect(plan.state.mayEdit).toBe(false);
        // A page that has not heard of the role yet.
        plan.doc.getMap("meta").set("name", "Words of a viewer");
        await until(plan, (state) => state.kept !== undefined && state.ready, "the words are kept");
        expect(plan.state.kept?.edits).toMatchObject([{ root: "meta", field: "name", value: "Words of a viewer" }]);
        expect(plan.content.root("meta").fields.name).toBeUndefined();
        await cleo.control.call("member.set_role", { plan: id, email: "dara@example.org", role: "editor" });
        await until(plan, (state) => state.mayEdit, "dara may edit now");
        plan.set("meta", "", "name", "Words of an editor");
        await until(plan, (state) => state.saved === "saved", "and that is saved");
    });

    test("who is removed is told so", async () => {
        const [eli, fay] = [await client("Eli"), await client("Fay")];
        const { id } = await eli.control.call("plan.create", { name: "Winter" });
        const fays = await eli.control.call("member.set_role", { plan: id, email: "fay@example.org", role: "editor" });
        const plan = fay.plan(id);
        await until(plan, (state) => state.ready, "fay reads");
        await eli.control.call("member.remove", { plan: id, user: fays.user });
        await until(plan, (state) => state.gone !== undefined && !state.mayEdit, "the plan is gone");
        await expect(fay.control.call("plan.get", { plan: id })).rejects.toBeInstanceOf(RequestError);
    });

    test("a squashed plan is loaded anew, and goes on", async () => {
        const gil = await client("Gil");
        const { id } = await gil.control.call("plan.create", { name: "Squashed" });
        const plan = gil.plan(id);
        await until(plan, (state) => state.ready && state.mayEdit, "gil may edit");
        plan.add("sessions", [{ title: "Kept", kind: "talk", state: "draft", minutes: 30 }]);
        await until(plan, (state) => state.saved === "saved", "it is saved");
        const before = plan.state.replica;
        await gil.control.call("plan.squash", { plan: id });
        await until(plan, (state) => state.replica > before && state.ready && state.mayEdit, "a new replica");
        expect(titles(plan)).toEqual(["Kept"]);
        expect(plan.state.kept).toBeUndefined();
        plan.add("sessions", [{ title: "After", kind: "talk", state: "draft", minutes: 30 }]);
        await until(plan, (state) => state.saved === "saved", "and what is added is saved");
    });

    test("a draft is seen growing, decided by what is shown, and gone from the plan when it is taken back", async () => {
        const [hal, ida] = [await client("Hal"), await client("Ida")];
        const { id } = await hal.control.call("plan.create", { name: "Proposed" });
        await hal.control.call("member.set_role", { plan: id, email: "ida@example.org", role: "suggester" });
        await hal.control.call("events.subscribe", { plans: [id] });
        const [hals, idas] = [new ProposalStore(hal.control, id), new ProposalStore(ida.control, id)];
        const plan = hal.plan(id);
        await until(plan, (state) => state.ready && state.mayEdit, "hal may edit");

        const opened = await idas.open("A name");
        const writing = ida.plan(opened.draft);
        await until(writing, (state) => state.ready && state.mayEdit, "ida may edit her draft");
        const seen = hal.draft(opened.draft);
        if (!seen) throw new Error("the draft is open already");
        writing.set("meta", "", "name", "Days of Code");
        await until(writing, (state) => state.saved === "saved", "the draft is saved");
        await until(plan, () => seen.draft.at(["meta", "name"]) === "Days of Code", "hal sees it grow");
        expect(plan.content.root("meta").fields.name).toBeUndefined();
        seen.leave();

        const { revision, changes } = await idas.submit(opened.id);
        await until(plan, () => hals.snapshot().proposals[0]?.status === "submitted", "hal hears of it");
        const [change] = changes;
        await expect(hals.decide(opened.id, revision, "approve", [{ no: 1, shown: "else" }])).rejects.toMatchObject({
            code: "conflict",
        });
        await hals.decide(opened.id, revision, "approve", [{ no: 1, shown: change?.shown ?? "" }]);
        await until(plan, () => plan.content.root("meta").fields.name === "Days of Code", "it is in the plan");
        expect((await hals.undo(opened.id)).done).toEqual([1]);
        await until(plan, () => plan.content.root("meta").fields.name === undefined, "and out of it again");
        for (const store of [hals, idas]) store.destroy();
    });

    test("a wrong password says what to do", async () => {
        const session = new Session(base, memory());
        await expect(session.signIn("ada@example.org", "wrong")).rejects.toMatchObject({ code: "unauthenticated" });
    });
});
