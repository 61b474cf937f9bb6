// Words are looked for in all plans of an account, from the list of plans and from inside one, and a hit leads to the thing.

import assert from "node:assert/strict";

import { addSession, expectSaved, makePlan, signUp } from "../acts.mjs";
import { axe, violations } from "../rules.mjs";

const PHRASE = "Łódź is where the tram museum is";

export default async function (stage) {
  const ada = await stage.person("Ada");
  const { page } = ada;
  await signUp(ada);
  await makePlan(ada, "Autumn meeting");
  await addSession(ada, "Tram tour");
  await page.getByRole("textbox", { name: "Abstract" }).fill(PHRASE);
  await expectSaved(ada);
  await page.goto("/#/");
  await page.getByRole("heading", { name: "Plans" }).waitFor();
  await makePlan(ada, "Spring conference");
  await addSession(ada, "Doors open");
  await expectSaved(ada);

  // From inside another plan, where it is not.
  await page.getByRole("button", { name: "Close details" }).click();
  await page.keyboard.press("Control+k");
  const box = page.getByRole("combobox");
  await box.fill("lodz");
  await page.getByRole("option", { name: "Look in all plans for “lodz”" }).waitFor();
  assert.equal(await page.getByRole("option").count(), 1, "this plan has what it does not have");
  await page.keyboard.press("Enter");
  const hit = page.getByRole("option", { name: /Tram tour/ });
  await hit.waitFor();
  assert.match(await hit.textContent(), /Autumn meeting · Sessions/);
  assert.equal(await hit.locator("mark").textContent(), "Łódź", "what was found is not marked");
  await page.evaluate(axe);
  assert.deepEqual(await violations(page, "search in all plans"), []);
  await page.keyboard.press("Enter");
  await page.getByRole("complementary", { name: "Details of Tram tour" }).waitFor();

  // From the list of plans.
  await page.goto("/#/");
  await page.getByRole("heading", { name: "Plans" }).waitFor();
  await page.keyboard.press("Control+k");
  await box.fill("doors op");
  await page.getByRole("option", { name: /Doors open/ }).click();
  await page.getByRole("complementary", { name: "Details of Doors open" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("button", { name: "All plans" }).click();
  await box.fill("zeppelin");
  await page.getByText("Nothing in your plans has these words.").waitFor();
}
