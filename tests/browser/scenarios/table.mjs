// A table from elsewhere, whose columns are called as nobody here calls them, comes in as the fields that somebody says.

import assert from "node:assert/strict";

import { cellText, goTo, makePlan, signUp } from "../acts.mjs";
import { axe, violations } from "../rules.mjs";

const TABLE = "Title;Dauer;Plätze;Notiz\nAnkommen;15;200;\n\"Kaffee; Kuchen\";30;;mit Milch\n";

export default async function (stage) {
  const ada = await stage.person("Ada");
  const { page } = ada;
  await signUp(ada);
  await makePlan(ada, "Herbsttreffen");
  await goTo(ada, "Import and export");
  await page.getByLabel("File to import").setInputFiles({ name: "ablauf.csv", mimeType: "text/csv", buffer: Buffer.from(TABLE) });
  const columns = page.getByRole("region", { name: "Columns of the table" });
  await columns.waitFor();
  const field = (name) => columns.getByLabel(`Field of the column ${name}`);
  assert.equal(await page.getByLabel("A table of").inputValue(), "sessions");
  assert.equal(await field("Title").inputValue(), "title", "a column is not known by its name");
  assert.equal(await field("Dauer").inputValue(), "", "a column is taken for something");
  await columns.getByText("Ankommen · Kaffee; Kuchen").waitFor();
  await field("Dauer").selectOption("minutes");
  await field("Plätze").selectOption("minutes");
  await columns.getByText("Another column is this already").waitFor();
  await field("Plätze").selectOption("expected");
  await columns.getByText("Left out: “Notiz”.").waitFor();
  await page.evaluate(axe);
  assert.deepEqual(await violations(page, "columns of a table"), []);

  await page.getByRole("button", { name: "Look what it would change" }).click();
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "Sessions" }) });
  await row.waitFor();
  assert.equal(await row.getByRole("cell").first().textContent(), "2", "the preview tells another number");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByText("Imported “ablauf.csv”.").waitFor();
  await goTo(ada, "Sessions");
  await page.getByRole("heading", { name: "Sessions 2" }).waitFor();
  assert.equal(await cellText(ada, "Ankommen", "Minutes"), "15");
  assert.equal(await cellText(ada, "Ankommen", "Expected people"), "200");
  assert.equal(await cellText(ada, "Kaffee; Kuchen", "Minutes"), "30");
}
