// An agent proposes changes while an owner watches it write, and she decides them one by one: some she accepts, one she
// rejects with a reason, one meets what she has changed meanwhile; then she takes it back. A suggester edits a draft of
// the plan with the plan's own screens, and what he submits is accepted.

import assert from "node:assert/strict";

import { adaAndBen, cell, cellText, expectSaved, fillCell, goTo, letIn, makeProgramme } from "../acts.mjs";
import { Control } from "../control.mjs";
import { axe, violations } from "../rules.mjs";

const PLAN = "Spring conference";
const TITLE = "Doors open";

/** Lets an agent into the open plan and answers its token. */
async function letAgentIn({ page }, name) {
  await page.getByRole("button", { name: "Let an agent in" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Make its token" }).click();
  await dialog.getByText("Write the name that others shall see.").waitFor();
  await dialog.getByLabel("Name that others see").fill(name);
  await dialog.getByRole("button", { name: "Make its token" }).click();
  const token = await dialog.getByLabel("Token", { exact: true }).inputValue();
  await dialog.getByRole("button", { name: "Done" }).click();
  await page.getByText("Proposes anywhere").waitFor();
  return token;
}

/** Goes to the inbox: its link says also how many wait. */
async function toProposals({ page }) {
  await page.getByRole("navigation", { name: "Parts of the plan" }).getByRole("link", { name: /^Proposals/ }).click();
  await page.getByRole("heading", { name: "Proposals", exact: true }).waitFor();
}

const change = ({ page }, say) => page.locator(".card", { hasText: say });
const state = (person, say, word) => change(person, say).locator(".mark", { hasText: word }).waitFor();
const status = ({ page }, word) => page.locator(".detail-marks .mark", { hasText: word }).waitFor();

export default async function (stage) {
  const [ada, ben] = await adaAndBen(stage);
  const { page } = ada;
  const broken = [];
  const look = async (person, screen) => {
    await person.page.evaluate(axe);
    broken.push(...await violations(person.page, screen));
  };
  await makeProgramme(ada, PLAN, TITLE);
  await fillCell(ada, TITLE, "Minutes", "30");
  const plan = /#\/p\/([^/]+)/.exec(page.url())[1];
  await toProposals(ada);
  await page.getByText("Nobody has proposed anything yet.").waitFor();
  await look(ada, "no proposals");
  await letIn(ada, ben, PLAN, "suggester");
  const token = await letAgentIn(ada, "Scout");
  await look(ada, "members with an agent");

  const scout = await Control.open(stage.url, token);
  const session = Object.keys((await scout.call("plan.content", { plan })).roots.sessions)[0];
  const opened = await scout.call("proposal.open", {
    plan,
    title: "A longer beginning",
    rationale: "People arrive late.",
    about: {
      risk: { level: "medium", effect: "Lunch is later.", reversible: true },
      citations: [{ kind: "plan", ref: `sessions/${session}/minutes` }, { kind: "plan", ref: `sessions/${session}/title`, quote: "Nothing of the kind" }],
    },
  });
  const edit = (...ops) => scout.call("proposal.edit", { plan, proposal: opened.id, ops });
  await edit({ op: "text", path: ["sessions", session, "abstract"], to: "Coffee is" });

  // Watched while it is written, in the inbox and beside the field itself.
  await toProposals(ada);
  await page.getByRole("link", { name: /A longer beginning/ }).click();
  await page.getByText("Scout is still writing").waitFor();
  await page.locator(".card ins", { hasText: "Coffee is" }).waitFor();
  await edit({ op: "text", path: ["sessions", session, "abstract"], to: "Coffee is served in the foyer." });
  await page.locator(".card ins", { hasText: "served in the foyer." }).waitFor();
  await look(ada, "a proposal that is being written");
  await goTo(ada, "Sessions");
  await page.getByRole("button", { name: "Open row 1" }).click();
  const ghost = page.locator(".ghost", { hasText: "Scout is writing" });
  await ghost.waitFor();
  await edit({ op: "text", path: ["sessions", session, "abstract"], to: "Coffee is served in the foyer, and tea." });
  await ghost.filter({ hasText: "and tea." }).waitFor();
  await look(ada, "a field that somebody proposes words for");
  assert.equal(await cellText(ada, TITLE, "Minutes"), "30", "a draft is in the plan");
  await page.getByRole("button", { name: "Close details" }).click();

  await edit(
    { op: "set", path: ["sessions", session, "minutes"], to: 45 },
    { op: "set", path: ["sessions", session, "expected"], to: 200 },
    { op: "add", path: ["tasks", "ta_tea"], fields: { title: "Buy tea", state: "todo" } },
    { op: "add", path: ["tasks", "ta_cups"], fields: { title: "Rent cups", state: "todo" } },
  );
  await scout.call("proposal.submit", { plan, proposal: opened.id });
  await fillCell(ada, TITLE, "Minutes", "40");
  await expectSaved(ada);

  await toProposals(ada);
  await page.getByRole("link", { name: /A longer beginning/ }).click();
  await status(ada, "To decide");
  await state(ada, "minutes", "Conflict");
  await state(ada, "abstract", "Fits");
  await page.locator(".citation", { hasText: "Nothing of the kind" }).getByText("Not found").waitFor();
  await look(ada, "a proposal to decide");

  // One of the tasks is not wanted, and why is not optional.
  await change(ada, "Rent cups").getByRole("button", { name: /^Reject/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reject" }).click();
  await page.getByText("Write a sentence").waitFor();
  await page.getByLabel("Why not?").fill("The venue has cups.");
  await look(ada, "the question why");
  await page.getByRole("dialog").getByRole("button", { name: "Reject" }).click();
  await state(ada, "Rent cups", "Rejected");
  await page.getByText("The venue has cups.").waitFor();

  // A conflict waits until somebody has said which one counts.
  await change(ada, "minutes").getByRole("checkbox").check();
  await page.keyboard.press("1");
  await page.getByText("Say first which one counts").waitFor();
  await change(ada, "minutes").getByLabel("Apply what is proposed").check();
  await page.keyboard.press("1");
  await state(ada, "minutes", "Accepted");
  await page.locator("h2", { hasText: "A longer beginning" }).click();
  await page.keyboard.press("1");
  await status(ada, "Partly accepted");
  await look(ada, "a proposal that is settled");
  await goTo(ada, "Sessions");
  assert.equal(await cellText(ada, TITLE, "Minutes"), "45");

  // Taken back, but for what somebody has changed since.
  await fillCell(ada, TITLE, "Expected people", "250");
  await expectSaved(ada);
  await toProposals(ada);
  await page.getByRole("link", { name: /A longer beginning/ }).click();
  await status(ada, "Partly accepted");
  await page.keyboard.press("z");
  await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
  await page.getByText("1 change stayed as they are:").waitFor();
  await state(ada, "minutes", "Taken back");
  await goTo(ada, "Sessions");
  await stage.until("the minutes are back", async () => (await cellText(ada, TITLE, "Minutes")) === "40");
  assert.equal(await cellText(ada, TITLE, "Expected people"), "250", "what was changed since was taken back too");

  // Ben may not edit the plan, and suggests.
  await ben.page.getByRole("button", { name: /^Suggest/ }).click();
  await ben.page.getByLabel("What is it about?").fill("Begin with music");
  await ben.page.getByRole("button", { name: "Begin" }).click();
  const banner = ben.page.getByRole("complementary", { name: "Draft" });
  await banner.getByText("You are suggesting").waitFor();
  await goTo(ben, "Sessions");
  await fillCell(ben, TITLE, "Minutes", "50");
  await banner.getByText("1 change").waitFor();
  await look(ben, "a draft of the plan");
  assert.equal(await cellText(ada, TITLE, "Minutes"), "40", "a suggestion is in the plan");
  await banner.getByRole("button", { name: "Submit…" }).click();
  await ben.page.getByLabel("Why? (may be left out)").fill("A song takes five minutes.");
  await look(ben, "what is submitted");
  await ben.page.getByRole("dialog").getByRole("button", { name: "Submit", exact: true }).click();
  await status(ben, "To decide");

  await toProposals(ada);
  await page.getByRole("link", { name: /Begin with music/ }).click();
  await page.getByText("A song takes five minutes.").waitFor();
  await page.keyboard.press("1");
  await status(ada, "Accepted");
  await goTo(ada, "Sessions");
  await stage.until("the suggestion is in the plan", async () => (await cellText(ada, TITLE, "Minutes")) === "50");
  await status(ben, "Accepted");

  await goTo(ada, "Members");
  await page.getByRole("button", { name: "Revoke Scout" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByText("1 agent of before").waitFor();
  scout.close();
  await cell(ada, TITLE, "Minutes").catch(() => undefined);
  assert.deepEqual(broken, [], "screens break rules that they mean to keep");
}
