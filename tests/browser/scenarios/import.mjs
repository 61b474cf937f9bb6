// A real programme of a thousand things is looked at before it is imported, is soon there for somebody who opens the
// plan for the first time, and is taken back as a whole.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { goTo, makePlan, signUp } from "../acts.mjs";

const PROGRAMME = new URL("../../data/fosdem-2026-schedule.xml.gz", import.meta.url);
const SESSIONS = 883;
const FIRST_ROWS_MS_MAX = 5_000;

const counted = (page, count) => page.getByRole("heading", { name: `Sessions ${count}`, exact: true });

/** How long it takes from an address to the first rows of its table, in a browser that has nothing of it. */
async function firstRows(stage, ada, address) {
  const later = await stage.person("Ada later", { storageState: await ada.context.storageState() });
  const from = Date.now();
  await later.page.goto(address);
  await later.page.getByRole("gridcell").first().waitFor();
  const took = Date.now() - from;
  await counted(later.page, SESSIONS).waitFor();
  await later.page.close();
  return took;
}

export default async function (stage) {
  const ada = await stage.person("Ada");
  const { page } = ada;
  await signUp(ada);
  await makePlan(ada, "FOSDEM");
  await goTo(ada, "Import and export");
  const folder = await mkdtemp(join(tmpdir(), "convene-import-"));
  try {
    const path = join(folder, "schedule.xml");
    await writeFile(path, gunzipSync(await readFile(PROGRAMME)));
    await page.getByLabel("File to import").setInputFiles(path);
    await page.getByRole("heading", { name: "What it would change" }).waitFor();
    const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "Sessions" }) });
    assert.equal(await row.getByRole("cell").first().textContent(), String(SESSIONS), "the preview tells another number");
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await page.getByText("Imported “schedule.xml”.").waitFor();
  } finally {
    await rm(folder, { recursive: true });
  }
  await goTo(ada, "Sessions");
  await counted(page, SESSIONS).waitFor();

  const took = await firstRows(stage, ada, page.url());
  console.error(`import: the first rows of ${SESSIONS} sessions after ${took} ms`);
  assert.ok(took < FIRST_ROWS_MS_MAX, `the first rows come after ${took} ms, which is more than ${FIRST_ROWS_MS_MAX} ms`);

  await goTo(ada, "History");
  await page.getByRole("button", { name: /^Import\b/ }).click();
  await page.getByRole("button", { name: "Take these back" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
  await page.getByText(/changes? made\./).waitFor();
  await goTo(ada, "Sessions");
  await counted(page, 0).waitFor().catch(() => { throw new Error("what was imported is still there after it was taken back"); });
}
