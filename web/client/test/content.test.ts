import { expect, test } from "vitest";
import * as Y from "yjs";
import { Content } from "../src/content.ts";
import { makeEntity, ranksBehind, setField } from "../src/edit.ts";
import { fieldOf, rootNamed } from "../src/schema.ts";
import { Typed } from "../src/typed.ts";
import { memory } from "./memory.ts";

const sessions = rootNamed("sessions");

function field(name: string) {
    const found = fieldOf(sessions, name);
    if (!found) throw new Error(name);
    return found;
}

function plan() {
    const doc = new Y.Doc();
    const content = new Content(doc);
    const root = content.root("sessions");
    const make = (title: string) =>
        doc.transact(() =>
            makeEntity(
                sessions,
                root.map,
                { title, people: { sp_1: { role: "host" } } },
                ranksBehind(root, 1)[0] ?? "V",
                false,
            ),
        );
    return { doc, content, root, make };
}

test("a thing is made with all its shared types, in one transaction", () => {
    const { doc, root, make } = plan();
    let updates = 0;
    doc.on("update", () => updates++);
    const id = make("Kafka");
    const entity = root.map.get(id) as Y.Map<unknown>;
    expect(updates).toBe(1);
    expect(id).toMatch(/^se_[0-9A-Z]{26}$/);
    expect(entity.get("abstract")).toBeInstanceOf(Y.Text);
    expect(entity.get("people")).toBeInstanceOf(Y.Map);
    expect(entity.get("needs")).toBeInstanceOf(Y.Map);
    expect(root.get(id)?.fields).toMatchObject({
        title: "Kafka",
        abstract: "",
        people: { sp_1: { role: "host" } },
        archived: false,
    });
});

test("only rows in which something changed are made anew", () => {
    const { doc, root, make } = plan();
    const [a, b] = [make("A"), make("B")];
    const before = [root.get(a), root.get(b)];
    const entity = root.map.get(a) as Y.Map<unknown>;
    doc.transact(() => (entity.get("abstract") as Y.Text).insert(0, "Long"));
    expect(root.get(a)).not.toBe(before[0]);
    expect(root.get(a)?.fields.abstract).toBe("Long");
    expect(root.get(b)).toBe(before[1]);
    expect(root.list().map(({ fields }) => fields.title)).toEqual(["A", "B"]);
});

test("what another replica made arrives as the same rows", () => {
    const one = plan();
    const two = plan();
    one.make("A");
    one.make("B");
    Y.applyUpdate(two.doc, Y.encodeStateAsUpdate(one.doc));
    expect(two.root.list()).toEqual(one.root.list());
});

test("members of a set are changed one by one", () => {
    const one = plan();
    const two = plan();
    const id = one.make("A");
    Y.applyUpdate(two.doc, Y.encodeStateAsUpdate(one.doc));
    const set = ({ doc, root }: typeof one, people: object) =>
        doc.transact(() => setField(root.map.get(id) as Y.Map<unknown>, field("people"), people));
    set(one, { sp_1: { role: "host" }, sp_2: {} });
    set(two, { sp_1: { role: "host" }, sp_3: {} });
    Y.applyUpdate(two.doc, Y.encodeStateAsUpdate(one.doc));
    expect(Object.keys(two.root.get(id)?.fields.people as object).sort()).toEqual(["sp_1", "sp_2", "sp_3"]);
});

test("a text is changed where it differs, so that what others write beside it stays", () => {
    const one = plan();
    const id = one.make("A");
    const entity = one.root.map.get(id) as Y.Map<unknown>;
    setField(entity, field("abstract"), "one two three");
    const two = plan();
    Y.applyUpdate(two.doc, Y.encodeStateAsUpdate(one.doc));
    ((two.root.map.get(id) as Y.Map<unknown>).get("abstract") as Y.Text).insert(0, "zero ");
    setField(entity, field("abstract"), "one two four");
    Y.applyUpdate(two.doc, Y.encodeStateAsUpdate(one.doc));
    expect(two.root.get(id)?.fields.abstract).toBe("zero one two four");
});

test("setting what is there changes nothing", () => {
    const { doc, root, make } = plan();
    const entity = root.map.get(make("A")) as Y.Map<unknown>;
    entity.set("slot", { start: "2027-05-03T14:00:00+02:00", room_id: "ro_1" });
    let updates = 0;
    doc.on("update", () => updates++);
    setField(entity, field("title"), "A");
    setField(entity, field("slot"), { room_id: "ro_1", start: "2027-05-03T14:00:00+02:00" });
    setField(entity, field("people"), { sp_1: { role: "host" } });
    setField(entity, field("track_id"), null);
    expect(updates).toBe(0);
});

test("the places that a transaction changed are found, however deep", () => {
    const { doc, content, root, make } = plan();
    const id = make("A");
    const places: unknown[] = [];
    doc.on("afterTransaction", (transaction: Y.Transaction) => places.push(...content.places(transaction)));
    const entity = root.map.get(id) as Y.Map<unknown>;
    entity.set("title", "B");
    (entity.get("abstract") as Y.Text).insert(0, "x");
    (entity.get("people") as Y.Map<unknown>).set("sp_2", {});
    doc.getMap("meta").set("name", "Spring");
    expect(places).toEqual([
        { root: "sessions", id, field: "title" },
        { root: "sessions", id, field: "abstract" },
        { root: "sessions", id, field: "people" },
        { root: "meta", field: "name" },
    ]);
});

test("what was typed is counted by field, and a new thing once", () => {
    const typed = new Typed("key", memory());
    typed.add([
        { root: "sessions", id: "a" },
        { root: "sessions", id: "a", field: "title" },
    ]);
    typed.add([{ root: "sessions", id: "a", field: "minutes" }]);
    typed.add([{ root: "sessions", id: "b", field: "title" }]);
    typed.add([{ root: "sessions", id: "b", field: "title" }]);
    typed.add([{ root: "meta", field: "name" }]);
    expect(typed.count).toBe(3);
    typed.clear();
    expect(typed.count).toBe(0);
});
