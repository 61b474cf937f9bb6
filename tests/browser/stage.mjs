// A browser, the people in it, and the server they use. Everybody has a context of their own: storage, cache, sign-in.

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { Server } from "./server.mjs";

const BROWSERS = ["chromium", "chromium-browser", "google-chrome"];
// Longer than a server takes to start, shorter than a person waits.
const STEP_MS_MAX = 15_000;
// What a browser itself says while a server is away, which is no fault of a page.
const OUTAGE = /net::ERR_|WebSocket connection to .* failed|Failed to load resource/;

function browserPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? "").split(":");
  const paths = BROWSERS.flatMap((name) => folders.map((folder) => join(folder, name)));
  const path = paths.find((path) => existsSync(path));
  if (!path) throw new Error(`no browser: none of ${BROWSERS.join(", ")} is installed; run \`make test-tools\``);
  return path;
}

export class Stage {
  #browser;
  #people = [];

  constructor(url, browser) {
    this.url = url;
    this.server = new Server();
    this.#browser = browser;
  }

  static async open(url) {
    const browser = await chromium.launch({
      executablePath: browserPath(),
      // Its sandbox does not run as root; what is shown is this server's page alone.
      chromiumSandbox: process.getuid() !== 0,
      args: ["--disable-dev-shm-usage"],
    });
    return new Stage(url, browser);
  }

  /** Somebody with a browser of their own, who has not opened the page yet. */
  async person(name, options = {}) {
    const context = await this.#browser.newContext({
      baseURL: this.url,
      locale: "en-GB",
      timezoneId: "UTC",
      reducedMotion: "reduce",
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    context.setDefaultTimeout(STEP_MS_MAX);
    const person = { name, context, said: [], problems: [] };
    this.#people.push(person);
    context.on("weberror", (error) => this.#problem(person, `exception: ${error.error().stack}`));
    // A browser logs there too what a page's policy forbade.
    context.on("console", (message) => {
      const text = `${message.type()}: ${message.text()} (${message.location().url})`;
      if (message.type() === "error" && !(this.server.wasAway && OUTAGE.test(text))) this.#problem(person, text);
      else person.said.push(text);
    });
    context.on("requestfailed", (request) => person.said.push(`failed: ${request.url()} (${request.failure()?.errorText})`));
    person.page = await context.newPage();
    return person;
  }

  #problem(person, text) {
    person.said.push(text);
    person.problems.push(text);
  }

  /** Fails when a page threw, logged an error, or tried what its policy forbids. */
  expectNoProblems() {
    const problems = this.#people.flatMap(({ name, problems }) => problems.map((text) => `${name}: ${text}`));
    if (problems.length > 0) throw new Error(`a page is not well:\n${problems.join("\n")}`);
  }

  /** Until `holds` answers yes. */
  async until(what, holds) {
    const deadline = Date.now() + STEP_MS_MAX;
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`after ${STEP_MS_MAX} ms still not: ${what}`);
      await new Promise((look) => setTimeout(look, 50));
    }
  }

  /** Takes the network from somebody's browser, or gives it back. */
  async setOffline(person, away) {
    // What a browser says without a network is the same as when the server is away.
    this.server.wasAway = true;
    await person.context.setOffline(away);
  }

  /** Takes back and gives what is wrong with somebody's page, for a scenario that makes it so. */
  takeProblems(person) {
    return person.problems.splice(0);
  }

  /** Leaves pictures and what was said in `folder`; gives back the latter. */
  async keep(folder) {
    const told = [];
    for (const { name, page, said } of this.#people) {
      told.push(...said.map((text) => `${name}: ${text}`));
      if (!page) continue;
      told.push(`${name}: was at ${page.url()}`);
      // A page that hangs has no picture.
      await page.screenshot({ path: join(folder, `${name}.png`), timeout: 5_000 }).catch((error) => told.push(`${name}: ${error.message}`));
      await page.content().then((html) => writeFile(join(folder, `${name}.html`), html), () => {});
    }
    await writeFile(join(folder, "said.log"), told.join("\n"));
    return told.join("\n");
  }

  async close() {
    this.server.close();
    await this.#browser.close();
  }
}
