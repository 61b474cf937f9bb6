// A role counts at once: somebody who may only read cannot edit, and somebody who is removed is told so and edits nothing.

import assert from "node:assert/strict";

import { adaAndBen, addSession, cell, expectSaved, goTo, letIn, makePlan } from "../acts.mjs";

const TOLD_MS_MAX = 2_000;

/** What a person could type or press to change the open plan: every control that is not switched off. */
const editable = (page) => page.locator("#main").locator(
  ".drawer :is(input, select, textarea):not([disabled]):not([readonly]), [data-add], [contenteditable=true], .cell-editor, [aria-label=Archive]",
);

export default async function (stage) {
  const [ada, ben] = await adaAndBen(stage);
  await makePlan(ada, "Spring conference");
  await addSession(ada, "Doors open");
  await expectSaved(ada);
  await letIn(ada, ben, "Spring conference", "viewer");

  const { page } = ben;
  await goTo(ben, "Sessions");
  await page.getByText("Read only", { exact: true }).waitFor();
  const title = await cell(ben, "Doors open", "Title");
  await title.dblclick();
  await page.getByText("Your role in this plan does not allow edits.").waitFor();
  await page.keyboard.type("Doors closed");
  await page.keyboard.press("Delete");
  assert.equal(await page.locator(".cell-editor").count(), 0, "a viewer's cell became an editor");
  await page.getByRole("button", { name: "Open row 1" }).click();
  await page.getByRole("complementary", { name: "Details of Doors open" }).waitFor();
  // The editor of long text is fetched, and comes a moment later.
  await page.getByRole("textbox", { name: "Abstract" }).waitFor();
  const left = await editable(page).evaluateAll((all) => all.map((one) => one.outerHTML.slice(0, 160)));
  assert.deepEqual(left, [], "a viewer can edit");

  // A role that is given counts at once, and so does one that is taken.
  await goTo(ada, "Members");
  await ada.page.getByLabel("Role of Ben").selectOption("editor");
  await page.locator("[data-add]").waitFor();
  await stage.until("somebody who became an editor can edit what is open", () => page.getByRole("complementary").getByLabel("Title").isEnabled());
  assert.ok((await editable(page).count()) > 5, "what this test looks for is not what an editor has");

  await ada.page.getByRole("button", { name: "Remove Ben" }).click();
  await ada.page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  const from = Date.now();
  await page.getByText("You are no longer a member of this plan").waitFor({ timeout: TOLD_MS_MAX })
    .catch(() => { throw new Error(`somebody who was removed is not told so within ${TOLD_MS_MAX} ms`); });
  console.error(`removed: told after ${Date.now() - from} ms`);
  assert.equal(await page.getByRole("grid").count() + await page.getByRole("gridcell").count(), 0, "the plan is still shown");
  const after = await page.locator("#main :is(input, select, textarea, [contenteditable=true])").count();
  assert.equal(after, 0, "something can still be edited");
}
