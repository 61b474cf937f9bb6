// The page appears under its policy, speaks to its own server, and the policy holds.

import assert from "node:assert/strict";

export default async function (stage) {
  const ada = await stage.person("ada");
  const { page } = ada;
  await page.goto("/");
  await page.waitForFunction(() => document.body.innerText.trim().length > 0);
  stage.expectNoProblems();

  // connect-src 'self' means sockets too.
  const opened = await page.evaluate(() => new Promise((resolve) => {
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws`);
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("error");
  }));
  assert.equal(opened, "open");
  stage.expectNoProblems();

  // What an injection would try.
  const outcome = await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "window.injected = true";
    document.body.append(script);
    const style = document.createElement("style");
    style.textContent = "body { display: none }";
    document.body.append(style);
    const sent = await fetch("http://127.0.0.1:9/?stolen").then(() => "sent", () => "not sent");
    return { sent, injected: "injected" in window, shown: getComputedStyle(document.body).display !== "none" };
  });
  assert.deepEqual(outcome, { sent: "not sent", injected: false, shown: true });
  const refused = stage.takeProblems(ada).join("\n");
  for (const directive of ["script-src", "style-src", "connect-src"]) assert.match(refused, new RegExp(`${directive} 'self'`));
}
