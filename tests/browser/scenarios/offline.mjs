// Without a network the page goes on: edits are counted and kept, a reload still shows the plan, and all of it is saved
// once the network is back.

import assert from "node:assert/strict";

import { cellText, editTogether, expectSaved, fillCell } from "../acts.mjs";

export default async function (stage) {
  const [ada, ben] = await editTogether(stage, "Doors open");
  const people = (person) => cellText(person, "Doors open", "Expected people");
  // Only what the page's worker has fetched is there without a network, and it sees nothing of the first visit.
  await ada.page.evaluate(() => navigator.serviceWorker.ready);
  await ada.page.reload();
  await expectSaved(ada);

  await stage.setOffline(ada, true);
  const kept = ada.page.getByRole("status").filter({ hasText: /Offline, 2 edits kept here/ });
  await fillCell(ada, "Doors open", "Minutes", "45");
  await fillCell(ada, "Doors open", "Expected people", "120");
  await kept.waitFor();
  await fillCell(ben, "Doors open", "Minutes", "20");
  await expectSaved(ben);
  assert.equal(await people(ben), "", "an edit came through without a network");

  await ada.page.reload().catch((error) => { throw new Error(`without a network the page does not open: ${error.message}`); });
  await ada.page.getByRole("gridcell", { name: "Doors open" }).waitFor()
    .catch(() => { throw new Error("without a network a reload does not show the plan"); });
  assert.equal(await people(ada), "120", "a reload without a network lost an edit");
  // It passes through the page's worker, which does not have it.
  const reached = await ada.page.evaluate(() => fetch("/assets/nothing.js").then(() => true, () => false));
  assert.equal(reached, false, "the page's worker still has a network, so that a reload without one was not tried");
  await kept.waitFor().catch(() => { throw new Error("after a reload the page does not say that two edits are kept"); });

  await stage.setOffline(ada, false);
  await expectSaved(ada);
  await stage.until("Ben sees what Ada did without a network", async () => (await people(ben)) === "120");
  const both = async () => [await cellText(ada, "Doors open", "Minutes"), await cellText(ben, "Doors open", "Minutes")];
  await stage.until("both see the same minutes", async () => new Set(await both()).size === 1);
}
