// Undo takes back one's own last edit, and never what somebody else did meanwhile.

import assert from "node:assert/strict";

import { cellText, editTogether, expectSaved, fillCell } from "../acts.mjs";

export default async function (stage) {
  const [ada, ben] = await editTogether(stage, "Doors open");

  const minutes = (person) => cellText(person, "Doors open", "Minutes");
  const expected = (person) => cellText(person, "Doors open", "Expected people");
  const before = await minutes(ada);
  await fillCell(ada, "Doors open", "Minutes", "45");
  await stage.until("Ben sees Ada's 45 minutes", async () => (await minutes(ben)) === "45");
  await ben.page.locator(".cell .taken-by", { hasText: "Ada" }).waitFor();
  await ben.page.getByRole("gridcell", { name: "45", exact: true }).waitFor()
    .catch(() => { throw new Error("a cell that Ada is in is not called by its value alone"); });
  await fillCell(ben, "Doors open", "Expected people", "120");
  await stage.until("Ada sees Ben's 120 people", async () => (await expected(ada)) === "120");

  await ada.page.keyboard.press("Control+z");
  for (const person of [ada, ben])
    await stage.until(`Ada's edit is back where it was, for ${person.name}`, async () => (await minutes(person)) === before);
  await Promise.all([expectSaved(ada), expectSaved(ben)]);
  for (const person of [ada, ben])
    assert.equal(await expected(person), "120", `Ada's undo took back what Ben did, as ${person.name} sees it`);
}
