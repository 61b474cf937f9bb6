import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Requests } from "../src/control.ts";
import { peersOf } from "../src/presence.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Sent = { id: string; method: string; params: Record<string, unknown> };

function line() {
    const sent: Sent[] = [];
    return { sent, carrier: { send: (payload: string) => void sent.push(JSON.parse(payload)) } };
}

test("a request waits for a connection and is sent again on the next one, with the same key", async () => {
    const requests = new Requests();
    const answer = requests.call("plan.create", { name: "Spring" });
    const first = line();
    requests.opened(first.carrier);
    requests.closed();
    const second = line();
    requests.opened(second.carrier);
    expect(second.sent).toEqual(first.sent);
    expect(first.sent[0]?.params.idempotency_key).toMatch(/^[0-9a-f-]{36}$/);
    requests.receive(JSON.stringify({ jsonrpc: "2.0", id: second.sent[0]?.id, result: { id: "p" } }));
    await expect(answer).resolves.toEqual({ id: "p" });
    const third = line();
    requests.opened(third.carrier);
    expect(third.sent).toEqual([]);
});

test("what only reads has no key", () => {
    const requests = new Requests();
    const { sent, carrier } = line();
    requests.opened(carrier);
    void requests.call("plan.list", {}).catch(() => undefined);
    expect(sent[0]?.params).toEqual({});
});

test("without an answer a request ends with a sentence", async () => {
    const requests = new Requests();
    const answer = expect(requests.call("plan.list", {})).rejects.toThrow(/did not answer in time/);
    await vi.advanceTimersByTimeAsync(31_000);
    await answer;
});

test("a server that says when to come back is asked again then", async () => {
    const requests = new Requests();
    const { sent, carrier } = line();
    requests.opened(carrier);
    const answer = requests.call("plan.list", {});
    requests.receive(
        JSON.stringify({
            id: sent[0]?.id,
            error: { code: -32029, message: "slower", data: { code: "rate_limited", retry_after_ms: 500 } },
        }),
    );
    expect(sent.length).toBe(1);
    await vi.advanceTimersByTimeAsync(600);
    expect(sent.length).toBe(2);
    requests.receive(JSON.stringify({ id: sent[0]?.id, result: { plans: [] } }));
    await expect(answer).resolves.toEqual({ plans: [] });
});

test("a refusal carries its code and what is wrong with which field", async () => {
    const requests = new Requests();
    const { sent, carrier } = line();
    requests.opened(carrier);
    const answer = requests.call("plan.create", { name: "" });
    requests.receive(
        JSON.stringify({
            id: sent[0]?.id,
            error: {
                code: -32602,
                message: "name is empty",
                data: { code: "invalid", fields: [{ field: "name", message: "is empty" }] },
            },
        }),
    );
    await expect(answer).rejects.toMatchObject({
        code: "invalid",
        message: "Name is empty",
        fields: [{ field: "name" }],
    });
});

test("what cannot be read, or is for nobody, is passed over", () => {
    const requests = new Requests();
    for (const payload of ["", "null", "[]", "{", '{"id":"c99","result":1}', '{"method":"no.such"}'])
        requests.receive(payload);
});

test("notifications reach who listens, until they stop", () => {
    const requests = new Requests();
    const heard: unknown[] = [];
    const off = requests.on("plan.members", (params) => heard.push(params));
    requests.receive('{"jsonrpc":"2.0","method":"plan.members","params":{"plan":"p"}}');
    off();
    requests.receive('{"jsonrpc":"2.0","method":"plan.members","params":{"plan":"q"}}');
    expect(heard).toEqual([{ plan: "p" }]);
});

test("presence that is not as it should be is left out", () => {
    const states = new Map<number, Record<string, unknown>>([
        [1, { user: { id: "me", name: "Me" } }],
        [2, { user: { id: "ada", name: "Ada" }, at: { root: "sessions", id: "se_1", field: "title" } }],
        [3, { user: { id: 5 } }],
        [4, { user: { id: "ben", name: "Ben" }, at: "somewhere" }],
        [5, {}],
    ]);
    expect(peersOf(states, 1).map(({ user, at }) => [user.id, at?.field])).toEqual([
        ["ada", "title"],
        ["ben", undefined],
    ]);
});
