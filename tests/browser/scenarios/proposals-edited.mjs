// Two people decide about the same proposal: who is slower is told what is different, and what was typed is not lost. Then
// one edits the draft before accepting, asks for changes of another, and approves what needs approval.

import assert from "node:assert/strict";

import { adaAndBen, cellText, expectSaved, fillCell, goTo, letIn, makeProgramme } from "../acts.mjs";
import { Control } from "../control.mjs";
import { axe, violations } from "../rules.mjs";

const PLAN = "Spring conference";
const TITLE = "Doors open";

const card = ({ page }, say) => page.locator(".card", { hasText: say });
const state = (person, say, word) => card(person, say).locator(".mark", { hasText: word }).waitFor();
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
  await expectSaved(ada);
  const plan = /#\/p\/([^/]+)/.exec(page.url())[1];
  await letIn(ada, ben, PLAN, "approver");
  const [owner, approver] = [await Control.signIn(stage.url, ada), await Control.signIn(stage.url, ben)];
  const session = Object.keys((await owner.call("plan.content", { plan })).roots.sessions)[0];
  await owner.call("plan.edit", { plan, ops: [{ op: "add", path: ["speakers", "sp_1"], fields: { name: "Ada Lovelace", kind: "cfp", status: "interested" } }] });

  const opened = await owner.call("proposal.open", { plan, title: "A shorter beginning" });
  await owner.call("proposal.edit", { plan, proposal: opened.id, ops: [
    { op: "set", path: ["sessions", session, "minutes"], to: 20 },
    { op: "set", path: ["sessions", session, "expected"], to: 100 },
    { op: "set", path: ["speakers", "sp_1", "status"], to: "confirmed" },
  ] });
  await owner.call("proposal.submit", { plan, proposal: opened.id });

  // Ben is asked why he rejects a change, and while he writes Ada rejects it.
  await ben.page.goto(`/#/p/${plan}/proposals/${opened.id}`);
  await status(ben, "To decide");
  await card(ben, "expected").getByRole("button", { name: /^Reject/ }).click();
  const why = ben.page.getByLabel("Why not?");
  await why.fill("A hundred is too few");
  const shown = await owner.call("proposal.get", { plan, proposal: opened.id });
  const { no, shown: hash } = shown.changes.find(({ path }) => path.at(-1) === "expected");
  await owner.call("proposal.decide", { plan, proposal: opened.id, revision: 1, verdict: "reject", reason: "No.", changes: [{ no, shown: hash }] });
  await ben.page.getByRole("dialog").getByRole("button", { name: "Reject" }).click();
  await ben.page.getByText(`Change ${no} was rejected by Ada`).first().waitFor();
  assert.equal(await why.inputValue(), "A hundred is too few", "a typed reason is lost");
  await ben.page.keyboard.press("Escape");
  await state(ben, "expected", "Rejected");
  await look(ben, "a decision that came too late");

  // He edits the draft before he accepts it.
  await card(ben, "minutes").getByRole("checkbox").check();
  await ben.page.keyboard.press("2");
  const banner = ben.page.getByRole("complementary", { name: "Draft" });
  await banner.getByText("You are editing what Ada proposes").waitFor();
  await goTo(ben, "Sessions");
  await fillCell(ben, TITLE, "Minutes", "25");
  await expectSaved(ben);
  await banner.getByRole("button", { name: "Submit…" }).click();
  await ben.page.getByRole("dialog").getByText(/minutes is 25 now/).waitFor();
  await ben.page.getByRole("button", { name: "Submit and accept" }).click();
  await state(ben, "minutes", "Accepted");
  await card(ben, "minutes").getByText("Edited by Ben").waitFor();
  assert.equal((await owner.call("plan.content", { plan })).roots.sessions[session].minutes, 25);

  // A speaker is confirmed with an approval beside the decision.
  await card(ben, "confirmed").getByText("Nobody has approved it yet.").waitFor();
  await card(ben, "confirmed").getByRole("button", { name: "Approve" }).click();
  await card(ben, "confirmed").getByText("Approved by Ben.").waitFor();
  await look(ben, "a change with its approval");
  await card(ben, "confirmed").getByRole("button", { name: /^Accept/ }).click();
  await status(ben, "Partly accepted");

  // Another one is sent back to its author, who sees why.
  const second = await owner.call("proposal.open", { plan, title: "A longer name" });
  await owner.call("proposal.edit", { plan, proposal: second.id, ops: [{ op: "set", path: ["sessions", session, "title"], to: "Doors are open" }] });
  await owner.call("proposal.submit", { plan, proposal: second.id });
  await ben.page.goto(`/#/p/${plan}/proposals/${second.id}`);
  await status(ben, "To decide");
  // He sees at once what an edit of the plan does to it.
  await state(ben, "Doors are open", "Fits");
  await owner.call("plan.edit", { plan, ops: [{ op: "set", path: ["sessions", session, "title"], to: "Doors" }] });
  await state(ben, "Doors are open", "Conflict");
  await card(ben, "Doors are open").getByText("Which one counts?").waitFor();
  await ben.page.getByRole("button", { name: "Ask for changes…" }).click();
  await ben.page.getByLabel("What should be different?").fill("Say when.");
  await ben.page.getByRole("dialog").getByRole("button", { name: "Ask" }).click();
  await status(ben, "Changes asked for");
  await page.goto(`/#/p/${plan}/proposals/${second.id}`);
  await page.getByText("You are asked to change it: “Say when.”").waitFor();
  await page.getByRole("button", { name: "Open the draft" }).click();
  const draft = page.getByRole("complementary", { name: "Draft" });
  await draft.getByText("You are suggesting").waitFor();
  await draft.getByRole("button", { name: "Discard…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Discard" }).click();
  await page.getByText("The draft is discarded.").waitFor();
  await goTo(ada, "Sessions");
  assert.equal(await cellText(ada, "Doors", "Minutes"), "25");
  for (const control of [owner, approver]) control.close();
  assert.deepEqual(broken, [], "screens break rules that they mean to keep");
}
