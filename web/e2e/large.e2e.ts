// Large overlays, made up by a fake daemon: frames of the graph, scrolling of the table, and a page
// that cannot keep up.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Browser, Page } from "playwright-core";
import { closeClean, openPage, picture, startBrowser } from "./support/browser.ts";
import { FakeDaemon, madeUpId } from "./support/fake_daemon.ts";
import { pause } from "./support/daemons.ts";

/** Frames are counted for so long. */
const kMeasuredMs = 2_500;
/** Of the frames that an empty page gets on this machine at this moment. */
const kFrameShareMin = 0.9;

let browser: Browser;
const fakes: FakeDaemon[] = [];

async function fakeOf(count: number): Promise<FakeDaemon> {
  const fake = await new FakeDaemon(count).start();
  fakes.push(fake);
  return fake;
}

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  fakes.forEach((fake) => fake.stop());
});

interface Frames {
  perSecond: number;
  /** The time between two frames that 95 of 100 do not exceed. */
  p95_ms: number;
}

/** The frame timer: how often the page draws while something is done before every frame. */
function framesWhile(page: Page, work: "nothing" | "move the graph" | "scroll the table"): Promise<Frames> {
  return page.evaluate(([what, span]) => new Promise<Frames>((resolve) => {
    const canvas = document.querySelector<HTMLCanvasElement>(".graph canvas");
    const scroller = document.querySelector<HTMLElement>(".long-table .scroller");
    const gaps: number[] = [];
    let before = 0;
    let first = 0;
    let turn = 0;
    const step = (now: number) => {
      if (first === 0) first = now;
      else gaps.push(now - before);
      before = now;
      turn += 1;
      if (what === "move the graph") {
        canvas?.dispatchEvent(new WheelEvent("wheel", { deltaY: turn % 60 < 30 ? -20 : 20, cancelable: true }));
      } else if (what === "scroll the table" && scroller !== null) {
        scroller.scrollTop = (turn * 397) % (scroller.scrollHeight - scroller.clientHeight);
      }
      if (now - first < span) {
        requestAnimationFrame(step);
        return;
      }
      gaps.sort((a, b) => a - b);
      resolve({ perSecond: (1_000 * gaps.length) / (now - first), p95_ms: gaps[Math.floor(gaps.length * 0.95)] ?? 0 });
    };
    requestAnimationFrame(step);
  }), [work, kMeasuredMs] as const);
}

/** Measures beside an idle page, since other programs of the machine slow both; the best of three. */
async function share(page: Page, work: "move the graph" | "scroll the table"): Promise<number> {
  let best = 0;
  for (let attempt = 0; attempt < 3 && best < kFrameShareMin; attempt += 1) {
    const idle = await framesWhile(page, "nothing");
    const busy = await framesWhile(page, work);
    console.log(`${work}: ${busy.perSecond.toFixed(1)} frames/s (p95 ${busy.p95_ms.toFixed(1)} ms), ` +
      `idle ${idle.perSecond.toFixed(1)} frames/s (p95 ${idle.p95_ms.toFixed(1)} ms)`);
    best = Math.max(best, busy.perSecond / Math.min(60, idle.perSecond));
  }
  return best;
}

test("1,000 members are drawn at the full rate of frames while the picture moves", async () => {
  const fake = await fakeOf(1_000);
  const seen = await openPage(browser, fake.server.url, "made.up", "#/o/big");
  await seen.page.getByText(/9\d\d alive/).waitFor();
  const started = Date.now();
  await pause(3_000); // The layout cools meanwhile: 160 steps of some milliseconds.
  await picture(seen.page, "overview-1000");
  expect(await share(seen.page, "move the graph")).toBeGreaterThan(kFrameShareMin);
  console.log(`measured ${Date.now() - started} ms after the members were there`);
  await seen.page.getByLabel("Grouped by").selectOption("distance");
  await pause(300);
  await picture(seen.page, "overview-distance");
  await closeClean(seen);
});

test("10,000 rows scroll at the full rate of frames, and few of them are elements", async () => {
  const fake = await fakeOf(10_000);
  const seen = await openPage(browser, fake.server.url, "made.up", "#/o/big/members");
  await seen.page.getByText("10,000 members").waitFor();
  await picture(seen.page, "members-10000");
  expect(await share(seen.page, "scroll the table")).toBeGreaterThan(kFrameShareMin);
  expect(await seen.page.locator(".long-table .line").count()).toBeLessThan(90);
  await seen.page.getByLabel("Search").fill("ams-00096");
  await seen.page.getByText("1 of 10,000 members").waitFor();
  await seen.page.getByLabel("Search").fill("");
  await seen.page.getByLabel("Status").selectOption("suspect");
  await seen.page.getByText(/^10\d of 10,000 members/).waitFor();
  await seen.page.getByRole("button", { name: "Round trip" }).click();
  await seen.page.getByLabel("Rows of Members").focus();
  await seen.page.keyboard.press("End");
  await seen.page.keyboard.press("Enter");
  await seen.page.getByRole("heading", { level: 1 }).waitFor();
  expect(seen.page.url()).toMatch(/members\/[0-9a-f]{16}$/);
  await closeClean(seen);
});

test("a page that cannot keep up keeps a bounded number of items, and says so", async () => {
  const fake = await fakeOf(20);
  const seen = await openPage(browser, fake.server.url, "made.up", "#/o/big/events");
  await seen.page.getByText("Nothing yet").waitFor();
  // The page is held up for as long as 12,000 items arrive.
  const held = seen.page.evaluate(() => {
    const end = performance.now() + 1_500;
    while (performance.now() < end);
  });
  for (let sequence = 1; sequence <= 12_000; sequence += 1) {
    fake.send({ type: "event", id: `e${sequence}`, publisher: madeUpId(1), epoch: 1, sequence,
      published_at_ms: Date.now(), topic: "flood", payload: "x" });
  }
  await held;
  await seen.page.getByText(/5,000 events/).waitFor();
  await seen.page.locator(".tail").getByText(/made room|could not/).or(seen.page.getByText(/could not keep up/)).first().waitFor();
  await seen.close();
  expect(seen.errors).toEqual([]);
});

test("a missed item of the daemon is told, and the members are read anew", async () => {
  const fake = await fakeOf(20);
  const seen = await openPage(browser, fake.server.url, "made.up", "#/o/big");
  await seen.page.getByText(/\d+ alive/).first().waitFor();
  const first = fake.members[3];
  if (first !== undefined) first.status = "dead";
  fake.send({ type: "missed", reason: "overrun", missed: 42 });
  await seen.page.getByText("42 items were left out").waitFor();
  await seen.page.getByText("1 dead").or(seen.page.getByText("2 dead")).first().waitFor();
  await picture(seen.page, "missed");
  await seen.page.getByRole("button", { name: "Understood" }).click();
  await seen.page.getByText("42 items were left out").waitFor({ state: "detached" });
  await closeClean(seen);
});
