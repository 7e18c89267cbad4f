// Every chapter of the walk in a real browser against a real daemon: it loads, its run runs, and its
// question can be answered rightly and wrongly.

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeClean, openPage, picture, startBrowser, type Seen } from "./support/browser.ts";
import { Daemons, type Daemon } from "./support/daemons.ts";
import { pageOf, type PageServer } from "./support/page_server.ts";

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

let daemons: Daemons;
let daemon: Daemon;
let browser: Browser;
let server: PageServer;

beforeAll(async () => {
  daemons = new Daemons();
  [browser, daemon] = await Promise.all([startBrowser(), daemons.start("walk", ["--overlay", "demo"])]);
  server = await pageOf(daemon.url);
});

afterAll(async () => {
  await browser?.close();
  server?.stop();
  daemons?.stop();
});

function walk(chapter: string, token: string): Promise<Seen> {
  return openPage(browser, server.url, token, `#/walk/${chapter}`, { viewport: { width: 1440, height: 1000 } });
}

for (const { chapter, right } of kAnswers) {
  test(`chapter ${chapter} runs, and its question is answered by its run`, async () => {
    const seen = await walk(String(chapter), daemon.token);
    const { page } = seen;
    await page.locator(".lab-canvas[data-frame]").first().waitFor();
    await page.locator(".lab-play").click();
    await page.waitForFunction(() =>
      Number(document.querySelector<HTMLElement>(".lab-canvas")?.dataset["frame"]) > 3);
    await picture(page, `walk-${chapter}`);
    const typed = page.locator(".walk-answer");
    if (await typed.count() > 0) await typed.fill(right);
    else await page.getByLabel(right, { exact: true }).check();
    await page.getByRole("button", { name: "Run it and check my answer" }).click();
    await page.locator(".walk-verdict p").first().waitFor({ timeout: 25_000 });
    console.log(`chapter ${chapter}: ${await page.locator(".walk-verdict p").first().textContent()}`);
    expect(await page.locator(".walk-verdict").getAttribute("data-right")).toBe("true");
    await closeClean(seen);
  });
}

test("the walk can be read without a login", async () => {
  const seen = await walk("2", "");
  const { page } = seen;
  await page.getByRole("heading", { name: "2. Rumor mongering" }).waitFor();
  await page.getByText("Log in to see the run").waitFor();
  await closeClean(seen);
});

test("build your own shows the real program", async () => {
  const seen = await walk("build", daemon.token);
  const { page } = seen;
  await page.getByRole("heading", { name: "Build your own" }).waitFor();
  await page.getByText("#include").first().waitFor();
  await picture(page, "walk-build");
  await closeClean(seen);
});
