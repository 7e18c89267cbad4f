// Every chapter of the walk in a real browser against a real daemon: it loads, its run runs, and its
// question can be answered rightly and wrongly.

import type { Server } from "node:http";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  openPage, pageUrl, screenshot, startBrowser, startDaemon, stopDaemon, type Daemon,
} from "./lab_support";

/** Right answers, chapter by chapter: numbers are typed, words are chosen. */
const kAnswers: readonly { chapter: number; right: string }[] = [
  { chapter: 1, right: "16" },
  { chapter: 2, right: "with push-pull" },
  { chapter: 3, right: "3.7" },
  { chapter: 4, right: "clearly less than three times as many" },
  { chapter: 5, right: "400" },
  { chapter: 6, right: "11.6" },
  { chapter: 7, right: "yes, nearly all of them" },
];

let daemon: Daemon;
let browser: Browser;
let server: Server | null = null;
let url = "";

beforeAll(async () => {
  daemon = await startDaemon();
  ({ url, server } = await pageUrl(daemon));
  browser = await startBrowser();
});

afterAll(async () => {
  await browser.close();
  server?.close();
  stopDaemon(daemon);
});

for (const { chapter, right } of kAnswers) {
  test(`chapter ${chapter} runs, and its question is answered by its run`, async () => {
    const { page, errors } = await openPage(browser, daemon.token);
    await page.goto(`${url}#/walk/${chapter}`);
    await page.locator(".lab-canvas[data-frame]").first().waitFor();
    await page.locator(".lab-play").click();
    await page.waitForFunction(() =>
      Number(document.querySelector<HTMLElement>(".lab-canvas")?.dataset["frame"]) > 3);
    await screenshot(page, `walk-${chapter}`);
    const typed = page.locator(".walk-answer");
    if (await typed.count() > 0) await typed.fill(right);
    else await page.getByLabel(right, { exact: true }).check();
    await page.getByRole("button", { name: "Run it and check my answer" }).click();
    await page.locator(".walk-verdict p").first().waitFor({ timeout: 25_000 });
    console.log(`chapter ${chapter}: ${await page.locator(".walk-verdict p").first().textContent()}`);
    expect(await page.locator(".walk-verdict").getAttribute("data-right")).toBe("true");
    await page.locator(".walk-verdict").scrollIntoViewIfNeeded();
    await screenshot(page, `walk-${chapter}-answer`);
    expect(errors).toEqual([]);
    await page.context().close();
  });
}

test("the walk can be read without a login", async () => {
  const { page, errors } = await openPage(browser, "");
  await page.addInitScript(() => sessionStorage.clear());
  await page.goto(`${url}#/walk/2`);
  await page.getByRole("heading", { name: "2. Rumor mongering" }).waitFor();
  await page.getByText("Log in to see the run").waitFor();
  expect(errors).toEqual([]);
  await page.context().close();
});

test("build your own shows the real program", async () => {
  const { page, errors } = await openPage(browser, daemon.token);
  await page.goto(`${url}#/walk/build`);
  await page.getByRole("heading", { name: "Build your own" }).waitFor();
  await page.getByText("#include").first().waitFor();
  await screenshot(page, "walk-build");
  expect(errors).toEqual([]);
  await page.context().close();
});
