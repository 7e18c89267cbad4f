// For everybody: every control by keyboard, names for screen readers, small screens, dark colours,
// and a page that is light.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Browser, Page } from "playwright-core";
import { closeClean, openPage, picture, startBrowser } from "./support/browser.ts";
import { Daemons, type Daemon } from "./support/daemons.ts";
import { kDist, pageOf, type PageServer } from "./support/page_server.ts";

const kWeightMaxBytes = 500_000;
/** More presses than any page has controls. */
const kTabsMax = 150;
const kPages = ["", "/members", "/events", "/state", "/aggregates", "/queries", "/sql", "/members/beta"];

let browser: Browser;
let daemons: Daemons;
let alpha: Daemon;
let server: PageServer;
let followed: string;

beforeAll(async () => {
  daemons = new Daemons();
  [browser, [alpha]] = await Promise.all([startBrowser(), daemons.group(["alpha", "beta"]) as Promise<[Daemon]>]);
  server = await pageOf(alpha.url);
  await alpha.ask("PUT", "/v1/overlays/demo/state/app%2Fcolor", { value: "green" });
  await alpha.ask("PUT", "/v1/overlays/demo/aggregates/members", { function: "count" });
  const event = await alpha.ask<{ publisher: string; epoch: number; sequence: number }>(
    "POST", "/v1/overlays/demo/events", { topic: "a.b", payload: "c", trace: true });
  followed = `${event.publisher}/${event.epoch}/${event.sequence}`;
});

afterAll(async () => {
  await browser?.close();
  server?.stop();
  daemons?.stop();
});

const kControls = "a[href], button, input, select, textarea, [tabindex='0']";

/** Descriptions of the controls in sight that Tab never reached. */
async function unreached(page: Page): Promise<string[]> {
  await page.evaluate((selector) => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.querySelectorAll(selector).forEach((element) => element.removeAttribute("data-reached"));
    document.addEventListener("focusin", (event) => (event.target as Element).setAttribute("data-reached", ""));
  }, kControls);
  for (let press = 0; press < kTabsMax; press += 1) {
    await page.keyboard.press("Tab");
    if (press % 10 === 9 && await page.evaluate(() => document.activeElement === document.body)) break;
  }
  return page.evaluate((selector) => [...document.querySelectorAll<HTMLElement>(selector)]
    .filter((element) => element.offsetParent !== null && !element.hasAttribute("data-reached") &&
      !(element as HTMLButtonElement).disabled && element.tabIndex >= 0)
    .map((element) => `${element.tagName} ${element.getAttribute("aria-label") ?? element.textContent}`), kControls);
}

/** Controls without a name that a screen reader could say. */
function nameless(page: Page): Promise<string[]> {
  return page.evaluate((selector) => [...document.querySelectorAll<HTMLElement>(selector)]
    .filter((element) => element.offsetParent !== null)
    .filter((element) => {
      const labels = (element as HTMLInputElement).labels;
      const text = `${element.getAttribute("aria-label") ?? ""}${element.textContent}${labels?.[0]?.textContent ?? ""}`;
      return text.trim() === "" && element.querySelector("img[alt]:not([alt=''])") === null;
    })
    .map((element) => element.outerHTML.slice(0, 120)), kControls);
}

/** Goes to a page of the overlay within the same document, as a reader does. */
async function goTo(page: Page, part: string): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/o/demo${part}`);
  await page.locator("main h1").waitFor();
  await page.waitForTimeout(250); // For what the page asks the daemon when it is opened.
}

test("every control is reached by Tab and has a name", async () => {
  const seen = await openPage(browser, server.url, alpha.token, "#/o/demo");
  for (const part of [...kPages, "/events?follow=" + followed]) {
    await goTo(seen.page, part);
    expect(await unreached(seen.page), `of demo${part}`).toEqual([]);
    expect(await nameless(seen.page), `of demo${part}`).toEqual([]);
  }
  await closeClean(seen);
}, 60_000);

test("the graph is walked through and opened with keys", async () => {
  const seen = await openPage(browser, server.url, alpha.token, "#/o/demo");
  const { page } = seen;
  await page.getByText("2 alive").waitFor();
  await page.locator(".graph canvas").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("+");
  await page.keyboard.press("0");
  await page.getByText("Enter opens its page").waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Facts" }).waitFor();
  await closeClean(seen);
});

test("a dialog keeps the focus, and gives it back when it is closed", async () => {
  const seen = await openPage(browser, server.url, alpha.token, "#/o/demo");
  const { page } = seen;
  const button = page.getByRole("button", { name: "Set record …" });
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  for (let press = 0; press < 12; press += 1) {
    await page.keyboard.press("Tab");
    const where = await page.evaluate(() => {
      const active = document.activeElement;
      return active === document.body || active?.closest("dialog") !== null;
    });
    expect(where).toBe(true);
  }
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
  await closeClean(seen);
});

/** What sticks out at the right, for the message. */
function sticksOut(page: Page, width: number): Promise<string[]> {
  return page.evaluate((limit) => document.documentElement.scrollWidth <= limit ? []
    : [...document.querySelectorAll("main *, header *")]
      .filter((element) => element.getBoundingClientRect().right > limit)
      .map((element) => `${element.tagName} ${element.className.toString()}`).slice(0, 12), width);
}

test("every page fits a screen of 360 pixels", async () => {
  const seen = await openPage(browser, server.url, alpha.token, "#/o/demo", {
    viewport: { width: 360, height: 740 }, hasTouch: true,
  });
  for (const part of [...kPages, "/events?follow=" + followed]) {
    await goTo(seen.page, part);
    expect(await sticksOut(seen.page, 360), `of demo${part}`).toEqual([]);
    if (part === "" || part === "/events") await picture(seen.page, `small${part.replace("/", "-")}`);
  }
  await closeClean(seen);
});

test("dark colours follow the system, and the reader can choose others", async () => {
  const seen = await openPage(browser, server.url, alpha.token, "#/o/demo", { colorScheme: "dark" });
  const background = () => seen.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await seen.page.getByText("2 alive").waitFor();
  const dark = await background();
  await seen.page.waitForTimeout(2_500);
  await picture(seen.page, "overview-dark");
  await seen.page.getByLabel("Colours").selectOption("light");
  expect(await background()).not.toBe(dark);
  await seen.page.reload();
  expect(await background()).not.toBe(dark);
  await closeClean(seen);
});

function filesIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesIn(path) : [path];
  });
}

test("the whole page weighs less than 500 kB compressed", () => {
  const sizes = filesIn(kDist).map((path) => gzipSync(readFileSync(path), { level: 9 }).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`the page weighs ${(total / 1_000).toFixed(1)} kB compressed, in ${sizes.length} files`);
  expect(total).toBeLessThan(kWeightMaxBytes);
});

test("nothing is inline that the policy forbids", () => {
  const html = readFileSync(join(kDist, "index.html"), "utf8");
  expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/);
  expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=/);
});
