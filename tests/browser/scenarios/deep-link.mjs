// An address inside the page can be opened and reloaded; what was fetched once is not fetched again, and what a browser
// kept is still under the page's policy.

import assert from "node:assert/strict";

const ADDRESS = "/plans/01a215d1-bef2-701d-a1b0-c7d52ac05e58/sessions?view=board#top";

/** The page's own scripts and styles, and how many bytes of each came over the network. */
const fetched = (page) => page.evaluate(() => performance.getEntriesByType("resource")
  .filter(({ name }) => new URL(name).pathname.startsWith("/assets/"))
  .map(({ name, transferSize }) => ({ name, transferSize })));

export default async function (stage) {
  const ada = await stage.person("ada");
  const { page } = ada;
  const first = await page.goto(ADDRESS);
  assert.equal(first.status(), 200);
  await page.waitForFunction(() => document.body.innerText.trim().length > 0);
  const before = await fetched(page);
  assert.ok(before.some(({ transferSize }) => transferSize > 0), "nothing was fetched");

  const again = await page.reload();
  assert.ok([200, 304].includes(again.status()), `reloading answers ${again.status()}`);
  await page.waitForFunction(() => document.body.innerText.trim().length > 0);
  stage.expectNoProblems();

  // A second visit, not a reload, which asks for everything anew.
  await page.goto("about:blank");
  await page.goto(ADDRESS);
  await page.waitForFunction(() => document.body.innerText.trim().length > 0);
  const kept = await fetched(page);
  const names = new Set(before.map(({ name }) => name));
  const twice = kept.filter(({ name, transferSize }) => names.has(name) && transferSize > 0);
  assert.deepEqual(twice, [], "fetched again");
  stage.expectNoProblems();

  await page.evaluate(() => fetch("http://127.0.0.1:9/").catch(() => {}));
  assert.match(stage.takeProblems(ada).join("\n"), /connect-src 'self'/);
}
