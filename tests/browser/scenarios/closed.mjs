// What was typed while the server was away outlives the page: it is in the browser, and is saved on the next visit.

import assert from "node:assert/strict";

import { addSession, expectSaved, makePlan, signUp, text } from "../acts.mjs";

export default async function (stage) {
  const ada = await stage.person("Ada");
  await signUp(ada);
  await makePlan(ada, "Spring conference");
  await addSession(ada, "Doors open");
  const editor = () => ada.page.getByRole("textbox", { name: "Abstract" });
  await editor().pressSequentially("Saved. ");
  await expectSaved(ada);

  await stage.server.kill9();
  await editor().pressSequentially("Typed without a server.");
  await ada.page.getByRole("status").filter({ hasText: /Offline, \d+ edits? kept here/ }).waitFor();
  const address = ada.page.url();
  await ada.page.close();
  await stage.server.start();

  ada.page = await ada.context.newPage();
  await ada.page.goto(address);
  assert.equal(await text(editor()), "Saved. Typed without a server.");
  await expectSaved(ada);

  // A browser that never had it, with the same sign-in, reads it from the server.
  const other = await stage.person("Ada elsewhere", { storageState: await ada.context.storageState() });
  await other.page.goto(address);
  assert.equal(await text(other.page.getByRole("textbox", { name: "Abstract" })), "Saved. Typed without a server.");
}
