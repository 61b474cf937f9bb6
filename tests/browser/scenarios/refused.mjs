// Somebody whose role ends while they type, or while they are away, loses no word: each is kept with what the plan has
// instead and why, can be copied, outlives a reload, and goes in once the role allows it.

import assert from "node:assert/strict";

import { cell, cellText, editTogether, expectSaved, fillCell, goTo } from "../acts.mjs";

const TITLE = "Doors open";

/** One of the edits that were not taken, as the page tells of it. */
const keptEdit = (page, name) => page.getByRole("region", { name: "What was not taken" }).getByRole("listitem").filter({ hasText: name });

async function expectKept(page, name, { yours, now }) {
  const edit = keptEdit(page, name);
  await edit.waitFor();
  assert.equal(await edit.locator("dd").first().textContent(), yours, `${name}: other words are kept`);
  assert.equal(await edit.locator("dd").last().textContent(), now, `${name}: the plan has something else`);
  await page.getByText("Your role in this plan does not allow edits; ask its owner").waitFor();
}

async function setRole(ada, role) {
  await goTo(ada, "Members");
  await ada.page.getByLabel("Role of Ben").selectOption(role);
  // The server has done it, and the next time says it anew.
  const said = ada.page.locator(".toast").filter({ hasText: new RegExp(`^Ben is an? ${role} now`) });
  await said.getByRole("button", { name: "Dismiss" }).click();
}

export default async function (stage) {
  const [ada, ben] = await editTogether(stage, TITLE);
  const { page } = ben;
  await ben.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await fillCell(ada, TITLE, "Minutes", "30");
  await stage.until("Ben sees what Ada wrote", async () => (await cellText(ben, TITLE, "Minutes")) === "30");

  // In a cell, in the middle of a word.
  const minutes = await cell(ben, TITLE, "Minutes");
  await minutes.dblclick();
  await minutes.getByRole("textbox").fill("45");
  await setRole(ada, "viewer");
  await expectKept(page, `${TITLE}, minutes`, { yours: "45", now: "30" });
  await page.getByText("it stays here until you may edit again").waitFor();
  assert.equal(await page.getByRole("button", { name: /^Put in/ }).count(), 0, "a viewer is offered to edit");
  assert.equal(await page.locator(".cell-editor").count(), 0, "a cell of somebody who may not edit is still an editor");
  await keptEdit(page, "minutes").getByRole("button", { name: "Copy" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "45");
  await page.reload();
  await expectKept(page, `${TITLE}, minutes`, { yours: "45", now: "30" });
  await setRole(ada, "editor");
  await keptEdit(page, "minutes").getByRole("button", { name: "Put in" }).click();
  await expectSaved(ben);
  await page.getByRole("region", { name: "What was not taken" }).waitFor({ state: "detached" });
  await goTo(ada, "Sessions");
  await stage.until("Ada sees what Ben put in", async () => (await cellText(ada, TITLE, "Minutes")) === "45");

  // In a field of the details, which is switched off under the words.
  await page.getByRole("button", { name: "Open row 1" }).click();
  await page.getByRole("complementary").getByLabel("Expected people").fill("120");
  await setRole(ada, "viewer");
  await expectKept(page, `${TITLE}, expected people`, { yours: "120", now: "nothing" });
  await keptEdit(page, "expected people").getByRole("button", { name: "Throw away" }).click();
  await page.getByRole("region", { name: "What was not taken" }).waitFor({ state: "detached" });
  await setRole(ada, "editor");
  await page.locator("[data-add]").waitFor();

  // A number that is no field of a thing.
  await goTo(ben, "Access needs");
  await page.getByRole("button", { name: "Vegan", exact: true }).click();
  await page.getByLabel("Vegan", { exact: true }).fill("12");
  await setRole(ada, "viewer");
  await expectKept(page, /vegan/i, { yours: "12", now: "0" });
  await setRole(ada, "editor");
  await keptEdit(page, /vegan/i).getByRole("button", { name: "Put in" }).click();
  await expectSaved(ben);
  await stage.until("the count is in", async () => (await page.getByLabel("Vegan", { exact: true }).inputValue()) === "12");
  await goTo(ben, "Sessions");
  await page.getByRole("button", { name: "Open row 1" }).click();

  // Without a network, in a value and in a long text.
  const abstract = page.getByRole("textbox", { name: "Abstract" });
  await abstract.fill("Come in.");
  await expectSaved(ben);
  await stage.setOffline(ben, true);
  await page.getByRole("status").filter({ hasText: "Offline" }).waitFor();
  await page.getByRole("complementary").getByLabel("Expected people").fill("150");
  await page.keyboard.press("Enter");
  await abstract.fill("Come in and find a seat.");
  await page.getByRole("status").filter({ hasText: "Offline, 2 edits kept here" }).waitFor();
  await setRole(ada, "viewer");
  await stage.setOffline(ben, false);
  await expectKept(page, `${TITLE}, expected people`, { yours: "150", now: "nothing" });
  await expectKept(page, `${TITLE}, abstract`, { yours: "Come in and find a seat.", now: "Come in." });
  await page.getByRole("button", { name: "Copy all" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.deepEqual(copied.split("\n").sort(), [`${TITLE}, abstract\tCome in and find a seat.`, `${TITLE}, expected people\t150`]);
  await setRole(ada, "editor");
  await page.getByRole("button", { name: "Put all in again" }).click();
  await expectSaved(ben);
  await goTo(ada, "Sessions");
  await stage.until("Ada sees all that Ben wrote without a network", async () => (await cellText(ada, TITLE, "Expected people")) === "150");
  await ada.page.reload();
  await ada.page.getByRole("button", { name: "Open row 1" }).click();
  await stage.until("Ada reads Ben's text", async () => /find a seat/.test(await ada.page.getByRole("textbox", { name: "Abstract" }).textContent()));
}
