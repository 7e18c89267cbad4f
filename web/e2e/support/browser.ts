// One headless Chromium, and pages that remember everything that went wrong in them.
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { expect } from "vitest";

export const kScreenshots = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "build", "screenshots");

const kFlags = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];

export function startBrowser(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new Error(`there is no ${executablePath}: apt-get install chromium`);
  return chromium.launch({ executablePath, args: kFlags, headless: true });
}

export interface Seen {
  page: Page;
  /** Console errors, exceptions, refused requests of other hosts. */
  errors: string[];
  close(): Promise<void>;
}

/**
 * Addresses whose refusal is no error: the browser writes each to the console. A daemon of before
 * the dashboard has no topology.
 */
const kRefusals = ["/topology"];

/** A page that is logged in, as after `grapevine ui`: the token is in its sessionStorage. */
export async function openPage(browser: Browser, url: string, token: string, hash: string,
                               options: BrowserContextOptions = {}, refusals = kRefusals): Promise<Seen> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    const { url: source } = message.location();
    if (!refusals.some((part) => source.endsWith(part))) errors.push(`${message.text()} ${source}`);
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => {
    const target = request.url();
    if (!target.startsWith(url) && !target.startsWith("data:")) errors.push(`asked another host: ${target}`);
  });
  if (token !== "") {
    const session = JSON.stringify({ token, scopes: ["read", "publish", "admin"], overlays: ["*"] });
    await page.addInitScript((text) => sessionStorage.setItem("grapevine.token", text), session);
  }
  await page.goto(`${url}/ui/${hash}`);
  return { page, errors, close: () => context.close() };
}

export async function closeClean(seen: Seen): Promise<void> {
  await seen.close();
  expect(seen.errors, "errors on the console of the page").toEqual([]);
}

/** A picture for people, in build/screenshots. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(kScreenshots, { recursive: true });
  await page.screenshot({ path: join(kScreenshots, `${name}.png`) });
}
