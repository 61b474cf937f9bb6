// Every part of a plan that the rail shows is shared: what one adds there, the other sees and can say more about.

import assert from "node:assert/strict";

import { adaAndBen, expectSaved, goTo, letIn, makePlan } from "../acts.mjs";

const LISTS = {
  Sessions: "Title", Speakers: "Name", Tracks: "Name", Rooms: "Name", Venues: "Name", Budget: "Label", Sponsors: "Name",
  "Sponsor tiers": "Name", Contracts: "Party", Tickets: "Name", Tasks: "Title", Campaigns: "Title", Risks: "Title",
  Compliance: "Title",
};
// Parts that hold no list, and the two that are not named by a line.
const OTHERS = ["Overview", "Proposals", "Findings", "Travel", "Access needs", "History", "Releases", "Outbox", "Members", "Import and export"];

async function addNamed({ page }, field, name) {
  await page.locator("[data-add]").click();
  await page.getByRole("complementary").getByLabel(new RegExp(`^${field}( needed)?$`)).fill(name);
  await page.keyboard.press("Enter");
}

export default async function (stage) {
  const [ada, ben] = await adaAndBen(stage);
  await makePlan(ada, "Spring conference");
  await letIn(ada, ben, "Spring conference");

  const rail = ada.page.getByRole("navigation", { name: "Parts of the plan" });
  const shown = (await rail.getByRole("link").locator("> span:first-of-type").allTextContents()).map((text) => text.trim());
  assert.deepEqual(shown.toSorted(), [...Object.keys(LISTS), ...OTHERS].toSorted(), "the rail shows other parts than this test knows");

  for (const [title, field] of Object.entries(LISTS)) {
    const name = `${title} of Ada`;
    await Promise.all([goTo(ada, title), goTo(ben, title)]);
    await addNamed(ada, field, name);
    const seen = ben.page.getByRole("gridcell", { name });
    await seen.waitFor().catch(() => { throw new Error(`Ben does not see what Ada added to ${title}`); });
    // And the other way round: Ben names it anew.
    await ben.page.getByRole("button", { name: "Open row 1" }).click();
    await ben.page.getByRole("complementary").getByLabel(new RegExp(`^${field}$`)).fill(`${title} of both`);
    await ben.page.keyboard.press("Enter");
    await ada.page.getByRole("gridcell", { name: `${title} of both` }).waitFor()
      .catch(() => { throw new Error(`Ada does not see what Ben changed in ${title}`); });
  }

  // A journey is named by who makes it, so that it has no name yet.
  await Promise.all([goTo(ada, "Travel"), goTo(ben, "Travel")]);
  await ada.page.locator("[data-add]").click();
  await ben.page.getByRole("button", { name: "Open row 1" }).click();
  const [adaFrom, benFrom] = [ada, ben].map(({ page }) => page.getByRole("complementary").getByLabel("From", { exact: true }));
  await adaFrom.waitFor();
  await benFrom.fill("Ghent");
  await ben.page.keyboard.press("Enter");
  await stage.until("Ada sees where Ben lets the journey begin", async () => (await adaFrom.inputValue()) === "Ghent");

  await Promise.all([goTo(ada, "Access needs"), goTo(ben, "Access needs")]);
  await ada.page.getByRole("button", { name: "Vegan", exact: true }).click();
  const [adas, bens] = [ada, ben].map(({ page }) => page.getByLabel("Vegan", { exact: true }));
  await bens.waitFor();
  await bens.fill("12");
  await ben.page.keyboard.press("Enter");
  await stage.until("Ada reads the count that Ben wrote", async () => (await adas.inputValue()) === "12");

  // The overview shows what there is one of.
  for (const { page } of [ada, ben])
    await page.getByRole("navigation", { name: "Parts of the plan" }).getByRole("link", { name: "Overview", exact: true }).click();
  const facts = ({ page }, part, field) => page.getByRole("region", { name: part }).getByLabel(field, { exact: true });
  await facts(ada, "Event", "Language").fill("nl");
  await ada.page.keyboard.press("Enter");
  await facts(ben, "Brief", "Budget cap").fill("1250.00 EUR");
  await ben.page.keyboard.press("Enter");
  await stage.until("Ben reads the language that Ada wrote", async () => (await facts(ben, "Event", "Language").inputValue()) === "nl");
  await stage.until("Ada reads the cap that Ben wrote", async () => (await facts(ada, "Brief", "Budget cap").inputValue()).startsWith("1,250"));
  await Promise.all([expectSaved(ada), expectSaved(ben)]);
}
