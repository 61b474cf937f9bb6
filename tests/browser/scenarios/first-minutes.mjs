// What a newcomer does first on a server where nobody has been: an account, a plan to look at, somebody invited, and the
// two of them at work in it. Every step is one that the page itself leads to. The times are those of a program that types
// without thinking; README has them.

import assert from "node:assert/strict";

import { cell, cellText, expectSaved, fillCell, goTo } from "../acts.mjs";
import { axe, violations } from "../rules.mjs";

const PASSWORD = "correct horse battery";
const TITLE = "Lunch";

export default async function (stage) {
  const from = Date.now();
  const say = (what) => console.error(`${((Date.now() - from) / 1000).toFixed(1).padStart(5)} s  ${what}`);
  const broken = [];
  const look = async ({ page }, screen) => {
    await page.evaluate(axe);
    broken.push(...await violations(page, screen));
  };
  const fill = async ({ page, name }) => {
    await page.getByLabel("Your name").fill(name);
    await page.getByLabel("E-mail address").fill(`${name.toLowerCase()}@example.org`);
    await page.getByLabel("Password").fill(PASSWORD);
  };

  const ada = await stage.person("Ada");
  const { page } = ada;
  await page.goto("/");
  await page.getByRole("heading", { name: "Make the first account" }).waitFor();
  await page.getByText("Nobody has an account on this server yet.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Sign in" }).count(), 0, "somebody is asked for an account that nobody has");
  say("Ada opens the server, which leads her to the first account");
  await look(ada, "the first account");
  await page.getByRole("button", { name: "Make the first account" }).click();
  await page.getByText("Write the name that others shall see.").waitFor();
  await fill(ada);
  await page.getByRole("button", { name: "Make the first account" }).click();
  await page.getByText("Hello Ada.").waitFor();
  say("is in, and reads what a plan is");
  await look(ada, "no plans");

  await page.getByRole("button", { name: "Look around in a demo plan" }).click();
  await page.getByRole("heading", { name: "Rails World 2025 (demo)" }).waitFor();
  await page.getByRole("heading", { name: "What blocks" }).waitFor();
  say("looks around in the demo: 44 sessions, 12 findings");
  await look(ada, "the demo");
  await goTo(ada, "Sessions");
  await page.getByRole("heading", { name: "Sessions 44" }).waitFor();

  await page.getByRole("link", { name: "Invite" }).click();
  await page.getByRole("button", { name: "Make a link" }).click();
  const link = await page.getByLabel("Invitation link").inputValue();
  assert.ok(link.startsWith(stage.url), "the link leads elsewhere");
  say("makes a link for Ben");
  await look(ada, "an invitation");

  const ben = await stage.person("Ben");
  await ben.page.goto(link);
  await ben.page.getByText("You were invited to a plan.").waitFor();
  await look(ben, "somebody invited");
  await fill(ben);
  await ben.page.getByRole("button", { name: "Make an account" }).click();
  await ben.page.getByText("You are in “Rails World 2025 (demo)” now, as editor.").waitFor();
  await ben.page.getByRole("heading", { name: "What blocks" }).waitFor();
  say("Ben follows it, makes an account and is in the plan");
  await page.getByLabel("Role of Ben").waitFor();
  say("Ada sees him among the members");

  await Promise.all([goTo(ada, "Sessions"), goTo(ben, "Sessions")]);
  for (const person of [ada, ben]) {
    await person.page.getByRole("button", { name: "Add session" }).first().waitFor();
    await person.page.getByRole("searchbox", { name: /filter/i }).fill(TITLE);
  }
  const title = (await page.getByRole("gridcell", { name: TITLE }).first().textContent()).trim();
  await fillCell(ada, title, "Minutes", "75");
  await expectSaved(ada);
  await stage.until("Ben sees what Ada wrote", async () => (await cellText(ben, title, "Minutes")) === "75");
  await (await cell(ben, title, "Expected people")).click();
  await fillCell(ben, title, "Expected people", "800");
  await stage.until("Ada sees what Ben wrote", async () => (await cellText(ada, title, "Expected people")) === "800");
  say(`both change “${title}”, and see what the other wrote`);
  await ben.page.keyboard.press("Control+z");
  await stage.until("Ada sees that Ben took it back", async () => (await cellText(ada, title, "Expected people")) !== "800");
  assert.equal(await cellText(ben, title, "Minutes"), "75", "undo took back what somebody else wrote");
  say("Ben takes his edit back; Ada's stays");

  // A link is good once.
  const eve = await stage.person("Eve");
  await eve.page.goto(link);
  await fill(eve);
  await eve.page.getByRole("button", { name: "Make an account" }).click();
  await eve.page.getByText(/ask for a new one/).waitFor();
  await look(eve, "an invitation that is over");
  say("Eve follows the same link and is told to ask for a new one");
  assert.deepEqual(broken, [], "screens break rules that they mean to keep");
}
