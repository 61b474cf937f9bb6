// What people do on the page in more than one scenario.

/** Makes an account for `person`, who is then at the list of plans. */
export async function signUp(person) {
  const { page, name } = person;
  person.email = `${name.toLowerCase()}@example.org`;
  person.password = "correct horse battery";
  await page.goto("/");
  await page.getByRole("button", { name: "Make an account" }).click();
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Make an account" }).click();
  await page.getByRole("heading", { name: "Plans" }).waitFor();
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
