// Every screen of a whole conference, light and dark, wide and narrow, keeps the rules of WCAG 2.2 A and AA that a
// program can check. Who started the server has made the conference: `convene demo`.

import { signIn } from "../acts.mjs";
import { Control } from "../control.mjs";
import { axe, RULES, violations } from "../rules.mjs";

const OWNER = { email: "ada@example.org", password: "correct horse battery" };
const PLAN = /Rails World 2025/;
const PLACES = [
  "", "proposals", "findings", "sessions", "sessions?view=board", "sessions?view=agenda", "speakers", "tracks", "rooms", "venues", "travel",
  "needs", "budget", "sponsors", "tiers", "contracts", "tickets", "tasks", "tasks?view=board", "campaigns", "risks",
  "compliance", "history", "releases", "outbox", "members", "files",
];
// What other colours can change; the rest is the same in the dark.
const RULES_OF_COLOURS = ["color-contrast", "link-in-text-block"];
const LOOKS = [1440, 360].flatMap((width) => [
  { width, colorScheme: "light", runOnly: RULES },
  { width, colorScheme: "dark", runOnly: { type: "rule", values: RULES_OF_COLOURS } },
]);
/** Until a part of the plan is what is shown, and waits for the server no more. */
async function shown(page, part, view) {
  await page.locator(`.rail-link[aria-current=page][href="${part}"]`).waitFor({ state: "attached" });
  if (view) await page.locator(`.toggle a[aria-current=true][href$="view=${view}"]`).waitFor();
  for (const say of ["Opening the plan…", "Asking the server…", "Comparing…"])
    await page.getByText(say).waitFor({ state: "detached" });
  await page.locator("#main :is(h1, h2)").first().waitFor();
}

// Each look has values of its own: they go on at the same time, in one plan.
let looks = 0;

/** Proposes changes of most kinds, of which one meets another edit, and answers the proposal. */
async function propose({ page, name }, url, plan) {
  const token = await page.evaluate(() => JSON.parse(localStorage.getItem("convene:session")).access);
  const control = await Control.open(url, token);
  const { sessions } = (await control.call("plan.content", { plan })).roots;
  const [session, other] = Object.keys(sessions);
  const { id, draft } = await control.call("proposal.open", {
    plan, title: `Proposed for ${name}`, rationale: "To be looked at.",
    about: { confidence: 80, risk: { level: "high", effect: "None.", reversible: false }, citations: [{ kind: "plan", ref: `sessions/${session}/title`, quote: "Nothing of the kind" }] },
  });
  const minutes = ["sessions", session, "minutes"];
  const own = ++looks;
  await control.call("proposal.edit", { plan, proposal: id, ops: [
    { op: "set", path: minutes, to: 200 + own },
    { op: "text", path: ["sessions", session, "abstract"], to: "Other words." },
    { op: "add", path: ["tasks", `ta_${name}`], fields: { title: "A task", state: "todo" } },
    { op: "archive", path: ["sessions", other] },
  ] });
  await control.call("proposal.submit", { plan, proposal: id });
  await control.call("plan.edit", { plan, ops: [{ op: "set", path: minutes, to: 100 + own }] });
  control.close();
  return { id, draft };
}

async function look(stage, { width, colorScheme, runOnly }) {
  const person = await stage.person(`ada-${colorScheme}-${width}`, { colorScheme, viewport: { width, height: 900 } });
  const { page } = person;
  const found = [];
  const check = async (screen) => found.push(...await violations(page, `${screen}, ${colorScheme}, ${width} px`, runOnly));

  await page.goto("/");
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await page.evaluate(axe);
  await check("sign in");
  await signIn(person, OWNER);
  await page.evaluate(axe);
  await page.getByRole("link", { name: PLAN }).waitFor();
  await check("plans");
  await page.getByRole("link", { name: PLAN }).click();
  // Narrow pages hide it until it is asked for.
  await page.locator(".rail").waitFor({ state: "attached" });
  const plan = new URL(page.url()).hash;
  const to = async (place) => {
    const [part, view] = place.split("?view=");
    await page.evaluate((hash) => { location.hash = hash; }, place === "" ? plan : `${plan}/${place}`);
    await shown(page, part === "" ? plan : `${plan}/${part}`, view);
  };
  for (const place of PLACES) {
    await to(place);
    await check(place || "overview");
  }

  await to("sessions");
  await page.getByRole("button", { name: "Sort and group" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Group by kind" }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("row", { name: /^Keynote 3/ }).waitFor();
  await check("sessions by kind");
  await page.getByRole("button", { name: "Open row 1", exact: true }).click();
  await page.getByRole("textbox", { name: "Abstract" }).waitFor();
  await check("details of a session");
  await page.getByRole("button", { name: "Who changed what" }).click();
  await shown(page, `${plan}/history`);
  await page.getByRole("heading", { name: /^Who changed what in/ }).waitFor();
  await check("history of a session");
  await to("budget");
  await page.getByRole("button", { name: "Open row 1", exact: true }).click();
  await page.getByRole("button", { name: "Close details" }).waitFor();
  await check("details of a budget line");
  await to("");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").waitFor();
  await check("commands");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  if (width < 800) {
    await page.getByRole("button", { name: "Open the menu" }).click();
    await page.getByRole("link", { name: "Overview", exact: true }).waitFor();
    await check("menu");
  } else {
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await check("keys");
  }
  await page.close();
  return found;
}

export default async function (stage) {
  const found = (await Promise.all(LOOKS.map((one) => look(stage, one)))).flat();
  if (found.length > 0) throw new Error(`the page breaks rules that it means to keep:\n${found.join("\n")}`);
}
