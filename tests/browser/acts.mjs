// What people do on the page in more than one scenario.

/** Makes an account for `person`, who is then at the list of plans. */
export async function signUp(person) {
  const { page, name } = person;
  person.email = `${name.toLowerCase()}@example.org`;
  person.password = "correct horse battery";
  await page.goto("/");
  await page.getByRole("heading", { name: /^(Make the first account|Sign in)$/ }).waitFor();
  const elsewhere = page.getByRole("button", { name: "Make an account" });
  if (await elsewhere.isVisible()) await elsewhere.click();
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: /^Make (an|the first) account$/ }).click();
  await page.getByRole("heading", { name: "Plans" }).waitFor();
}

/** Ada and Ben, who have accounts and are at the list of plans. */
export async function adaAndBen(stage) {
  const people = [await stage.person("Ada"), await stage.person("Ben")];
  for (const person of people) await signUp(person);
  return people;
}

/** Makes a plan with one session of that title, which is saved; its details are closed again. */
export async function makeProgramme(person, name, title) {
  await makePlan(person, name);
  await addSession(person, title);
  await person.page.getByRole("button", { name: "Close details" }).click();
  await expectSaved(person);
}

/** Ada and Ben, who both edit a plan with one session of that title and are at its sessions. */
export async function editTogether(stage, title) {
  const [ada, ben] = await adaAndBen(stage);
  await makeProgramme(ada, "Spring conference", title);
  await letIn(ada, ben, "Spring conference");
  await Promise.all([goTo(ada, "Sessions"), goTo(ben, "Sessions")]);
  return [ada, ben];
}

/** Signs in on another browser, to the account of `owner`. */
export async function signIn({ page }, owner) {
  await page.goto("/");
  await page.getByLabel("E-mail address").fill(owner.email);
  await page.getByLabel("Password").fill(owner.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Plans" }).waitFor();
}

/** Makes a plan, from the list of plans, which is then open. */
export async function makePlan({ page }, name) {
  await page.getByRole("button", { name: "New plan" }).first().click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("navigation", { name: "Parts of the plan" }).waitFor();
}

/** Adds a session to the open plan, whose details are then open. */
export async function addSession(person, title) {
  const { page } = person;
  await goTo(person, "Sessions");
  await page.getByRole("button", { name: "Add session" }).first().click();
  // A title that is not there yet is called needed.
  await page.getByLabel(/^Title( needed)?$/).fill(title);
  await page.keyboard.press("Enter");
  await page.getByRole("gridcell", { name: title }).waitFor();
}

/** Goes to a part of the open plan by the rail. */
export async function goTo({ page }, title) {
  await page.getByRole("navigation", { name: "Parts of the plan" }).getByRole("link", { name: title, exact: true }).click();
  await page.getByRole("heading", { name: title }).first().waitFor();
}

/** Until the page says that everything is saved. */
export async function expectSaved({ page }) {
  await page.getByRole("status").filter({ hasText: "All changes saved" }).waitFor();
}

/** What is written in an editor of long text, without the names and carets of others that are shown in it. */
export async function text(editor) {
  await editor.waitFor();
  return editor.locator(".cm-line").evaluateAll((lines) => lines.map((line) => {
    const copy = line.cloneNode(true);
    for (const shown of copy.querySelectorAll("[class*=cm-caret], .cm-widgetBuffer, .cm-placeholder")) shown.remove();
    return copy.textContent;
  }).join("\n"));
}

/** Lets `other`, who has an account and is at the list of plans, into the open plan of `owner`, and opens it for them. */
export async function letIn(owner, other, plan, role = "editor") {
  await goTo(owner, "Members");
  const add = owner.page.locator("section", { hasText: "Add somebody who has an account" });
  await add.getByLabel("E-mail address").fill(other.email);
  await add.getByLabel("Role").selectOption(role);
  await add.getByRole("button", { name: "Add", exact: true }).click();
  await owner.page.getByLabel(`Role of ${other.name}`).waitFor();
  await other.page.reload();
  await other.page.getByRole("link", { name: plan }).click();
  await other.page.getByRole("navigation", { name: "Parts of the plan" }).waitFor();
}

/** The cell of `column` in the row of the table that `title` names. */
export async function cell({ page }, title, column) {
  const heads = await page.getByRole("columnheader").allTextContents();
  const at = heads.findIndex((head) => head.trim() === column);
  if (at < 0) throw new Error(`the table has no column “${column}”: ${heads.join(", ")}`);
  // The first head is that of the rows' numbers.
  return page.getByRole("row").filter({ has: page.getByRole("gridcell", { name: title }) }).getByRole("gridcell").nth(at - 1);
}

/** What a cell holds, without the names of others who are in it. */
export async function cellText(person, title, column) {
  return (await cell(person, title, column)).evaluate((found) => {
    const copy = found.cloneNode(true);
    copy.querySelector(".taken-by")?.remove();
    return copy.textContent.trim();
  });
}

/** Types `value` over what is in a cell that is not the title. */
export async function fillCell(person, title, column, value) {
  const found = await cell(person, title, column);
  await found.dblclick();
  await found.getByRole("textbox", { name: column }).fill(value);
  await person.page.keyboard.press("Enter");
  await found.filter({ hasText: value }).waitFor();
}
