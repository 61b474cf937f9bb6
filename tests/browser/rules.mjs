// The rules of accessibility that a program can check, and what of a page breaks them.

import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";

/** WCAG 2.2, A and AA. */
export const RULES = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"] };
const PARTS_SHOWN_MAX = 3;

/** A script that a page evaluates before it is looked at. */
export const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What a screen violates, a line each: the rule, and where. */
export async function violations(page, screen, runOnly = RULES) {
  const found = await page.evaluate((runOnly) => globalThis.axe.run(document, { runOnly, resultTypes: ["violations"] }), runOnly);
  return found.violations.flatMap(({ id, help, nodes }) => {
    const parts = nodes.map(({ target, any, all, none }) => ({ where: target.flat().join(" "), why: [...any, ...all, ...none][0]?.message ?? "" }));
    return parts.slice(0, PARTS_SHOWN_MAX).map(({ where, why }) => `${screen}: ${id} (${help}) at ${where}: ${why}`);
  });
}
