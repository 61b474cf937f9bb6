// An owner publishes what the plan is now, sees before what it will say and whom it concerns, and the letters that follow are
// copied, sent and marked by an approver; nobody else publishes.

import assert from "node:assert/strict";

import { addSession, adaAndBen, cell, expectSaved, goTo, letIn, makePlan } from "../acts.mjs";
import { axe, violations } from "../rules.mjs";

const PLAN = "Spring conference";

async function look({ page }, screen) {
  await page.evaluate(axe);
  assert.deepEqual(await violations(page, screen), []);
}

/** Puts the session at an hour into the hall. */
async function setSlot(person, hour) {
  const slot = await cell(person, "Kafka", "Slot");
  await slot.dblclick();
  await slot.getByRole("textbox").fill(`2027-05-03 ${hour} · Main hall`);
  await person.page.keyboard.press("Enter");
  await slot.filter({ hasText: hour }).waitFor();
  await expectSaved(person);
}

/** Publishes under a name, from a dialog that says `expected`. */
async function publish({ page }, name, expected) {
  await page.getByRole("button", { name: "Publish a release…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(expected).waitFor();
  await dialog.getByRole("button", { name: "Publish" }).click();
  await dialog.getByText("Give it a name").waitFor();
  await dialog.getByLabel("Name").fill(name);
  await look({ page }, `publishing ${name}`);
  await dialog.getByRole("button", { name: "Publish" }).click();
  await dialog.waitFor({ state: "detached" });
}

export default async function (stage) {
  const [ada, ben] = await adaAndBen(stage);
  const { page } = ada;
  await ben.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await makePlan(ada, PLAN);
  await goTo(ada, "Speakers");
  await page.getByRole("button", { name: "Add speaker" }).first().click();
  await page.getByLabel(/^Name( needed)?$/).fill("Carla");
  await page.keyboard.press("Enter");
  // Nothing is published that blocks, as a confirmed session of somebody who is not.
  await page.getByRole("complementary").getByLabel("Status").selectOption("confirmed");
  await goTo(ada, "Rooms");
  await page.getByRole("button", { name: "Add room" }).first().click();
  await page.getByLabel(/^Name( needed)?$/).fill("Main hall");
  await page.keyboard.press("Enter");
  await addSession(ada, "Kafka");
  const details = page.getByRole("complementary");
  await details.getByLabel("State").selectOption("confirmed");
  await details.locator("[data-field=people]").getByRole("combobox").first().fill("Carla");
  await page.getByRole("option", { name: "Carla" }).click();
  await expectSaved(ada);
  await page.getByRole("button", { name: "Close details" }).click();
  // Without a place in the programme nobody outside sees it.
  await setSlot(ada, "14:00");

  await goTo(ada, "Releases");
  await page.getByText("Nothing is published yet.").waitFor();
  await look(ada, "no releases");
  await publish(ada, "First schedule", "The first release says nothing");
  await page.getByText("This is the first release").waitFor();
  await page.getByText("1 session, 1 speaker, 1 room").waitFor();

  await goTo(ada, "Sessions");
  await setSlot(ada, "15:00");
  await goTo(ada, "Releases");
  await publish(ada, "Second schedule", /1 letter will be drafted in the outbox, for Carla/);
  await page.getByRole("heading", { name: "Second schedule" }).waitFor();
  await page.getByRole("region", { name: "Release 2" }).getByText(/Kafka.*15:00/).waitFor();
  assert.match(page.url(), /releases\/2$/);
  await look(ada, "releases");
  await page.getByRole("link", { name: /1\. First schedule/ }).click();
  await page.getByRole("heading", { name: "First schedule" }).waitFor();
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save its plan.json" }).click();
  assert.equal((await saving).suggestedFilename(), "release-1.plan.json");

  await letIn(ada, ben, PLAN, "approver");
  await goTo(ben, "Releases");
  await ben.page.getByRole("heading", { name: "Second schedule" }).waitFor();
  assert.equal(await ben.page.getByRole("button", { name: /Publish/ }).count(), 0, "an approver is offered to publish");
  await goTo(ben, "Outbox");
  const letter = ben.page.getByRole("article", { name: /^To Carla/ });
  await letter.waitFor();
  await look(ben, "outbox");
  await letter.getByRole("button", { name: "Copy the text" }).click();
  await ben.page.getByText("Copied.").waitFor();
  assert.match(await ben.page.evaluate(() => navigator.clipboard.readText()), /^Dear Carla,[^]*Kafka[^]*15:00/);
  await letter.getByRole("button", { name: "Mark as sent" }).click();
  await ben.page.getByText("There is nothing to send.").waitFor();
  await ben.page.getByRole("button", { name: "Sent", exact: true }).click();
  await ben.page.getByText(/sent just now by Ben/).waitFor();
  await goTo(ada, "Outbox");
  await page.getByText("There is nothing to send.").waitFor();
}
