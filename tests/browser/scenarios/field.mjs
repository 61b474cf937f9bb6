// A field that was changed is found in the history, in words, and can be put back alone.

import assert from "node:assert/strict";

import { cellText, expectSaved, fillCell, goTo, makeProgramme, signUp } from "../acts.mjs";

export default async function (stage) {
  const ada = await stage.person("Ada");
  const { page } = ada;
  await signUp(ada);
  await makeProgramme(ada, "Spring conference", "Doors open");
  // A version with a name ends there, so that what comes next is a change of its own.
  await goTo(ada, "History");
  await page.getByRole("button", { name: "Give it a name" }).click();
  await page.getByLabel("Name of this version").fill("First draft");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: /^First draft/ }).waitFor();

  await goTo(ada, "Sessions");
  const before = await cellText(ada, "Doors open", "Minutes");
  await fillCell(ada, "Doors open", "Minutes", "45");
  await fillCell(ada, "Doors open", "Expected people", "120");
  await expectSaved(ada);

  await goTo(ada, "History");
  const change = page.getByRole("listitem").filter({ has: page.getByRole("button", { name: "Put minutes back" }) });
  await change.waitFor().catch(() => { throw new Error("the history does not show the field that was changed"); });
  const say = await change.locator(".change-say").textContent();
  assert.match(say, /Doors open/, "the history does not say what was changed");
  assert.match(say, /45/, "the history does not say what it was changed to");
  await change.getByRole("button", { name: "Put minutes back" }).click();
  await page.getByText("1 change made.").waitFor();

  await goTo(ada, "Sessions");
  await stage.until("the field is as it was", async () => (await cellText(ada, "Doors open", "Minutes")) === before);
  assert.equal(await cellText(ada, "Doors open", "Expected people"), "120", "putting one field back changed another");
}
