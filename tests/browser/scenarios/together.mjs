// Two people plan together: one signs up, makes a plan and lets the other in; what one adds the other sees; and what is
// typed while the server is killed is saved once it is back.

import assert from "node:assert/strict";

import { adaAndBen, addSession, expectSaved, goTo, letIn, makePlan, signIn, text } from "../acts.mjs";

export default async function (stage) {
  const [ada, ben] = await adaAndBen(stage);

  const { page } = ada;
  await makePlan(ada, "Spring conference");
  await letIn(ada, ben, "Spring conference");
  await addSession(ada, "Doors open");
  await expectSaved(ada);

  await goTo(ben, "Sessions");
  await ben.page.getByRole("gridcell", { name: "Doors open" }).waitFor();
  await ben.page.getByRole("button", { name: "Open row 1" }).click();

  const [adas, bens] = [ada, ben].map((person) => person.page.getByRole("textbox", { name: "Abstract" }));
  await bens.waitFor();
  await adas.pressSequentially("Doors open at nine");
  await expectSaved(ada);
  await stage.until("Ben reads what Ada typed", async () => (await text(bens)) === "Doors open at nine");

  // In the middle of a sentence.
  await adas.pressSequentially(", coffee ");
  await stage.server.kill9();
  await adas.pressSequentially("in the foyer");
  await page.getByRole("status").filter({ hasText: /Offline, \d+ edits? kept here/ }).waitFor();
  await stage.server.start();
  await expectSaved(ada);
  const whole = "Doors open at nine, coffee in the foyer";
  assert.equal(await text(adas), whole);
  await stage.until("Ben reads all of it", async () => (await text(bens)) === whole);

  // Saved means on the server: somebody without anything of it in the browser sees it.
  const later = await stage.person("Ada later");
  await signIn(later, ada);
  await later.page.goto(page.url());
  assert.equal(await text(later.page.getByRole("textbox", { name: "Abstract" })), whole);
}
