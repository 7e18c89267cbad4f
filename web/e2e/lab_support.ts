// What the tests of the lab and the walk share: one daemon, the page, one browser. All of it ends with
// the test, and only what was started here is ended.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest, type Server } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";

const kWeb = resolve(dirname(fileURLToPath(import.meta.url)), "..");
export const kScreenshots = join(kWeb, "build", "screenshots");
const kStartPatienceMs = 15_000;
const kPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const kTypes: Record<string, string> = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
};

export interface Daemon {
  process: ChildProcess;
  folder: string;
  address: string;
  token: string;
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** The program to test with; tests of the lab need one. */
export function program(): string {
  const path = process.env["GRAPEVINE"] ?? resolve(kWeb, "../build/dev/grapevine");
  if (!existsSync(path)) throw new Error(`there is no ${path}: build it, or name it in GRAPEVINE`);
  return path;
}

export async function startDaemon(): Promise<Daemon> {
  const folder = mkdtempSync(join(tmpdir(), "gv-lab-"));
  const state = join(folder, "state");
  writeFileSync(join(folder, "grapevine.toml"), "");
  const daemon = spawn(
    program(),
    ["agent", "--config", join(folder, "grapevine.toml"), "--state", state, "--http-bind", "127.0.0.1:0"],
    { stdio: "ignore", env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent" } },
  );
  const end = Date.now() + kStartPatienceMs;
  while (Date.now() < end) {
    if (existsSync(join(state, "run.json")) && existsSync(join(state, "token"))) {
      const run = JSON.parse(readFileSync(join(state, "run.json"), "utf8")) as { http?: string; url?: string };
      const address = (run.http ?? run.url ?? "").replace(/^https?:\/\//, "").replace(/\/$/, "");
      const token = readFileSync(join(state, "token"), "utf8").trim();
      if (address !== "" && token !== "") return { process: daemon, folder, address, token };
    }
    await pause(50);
  }
  daemon.kill("SIGKILL");
  throw new Error("the daemon did not start in time");
}

export function stopDaemon(daemon: Daemon): void {
  daemon.process.kill("SIGKILL");
  rmSync(daemon.folder, { recursive: true, force: true });
}

/** Serves web/dist below /ui/ under the policy of the daemon, and passes /v1 on to `address`. */
export async function servePage(address: string): Promise<{ server: Server; url: string }> {
  const [host, port] = splitAddress(address);
  const server = createServer((question, answer) => {
    const path = (question.url ?? "/").split("?")[0] ?? "/";
    if (path.startsWith("/v1")) {
      const passed = httpRequest(
        { host, port, path: question.url, method: question.method, headers: question.headers },
        (got) => {
          answer.writeHead(got.statusCode ?? 502, got.headers);
          got.pipe(answer);
        },
      );
      passed.on("error", () => answer.writeHead(502).end());
      question.pipe(passed);
      return;
    }
    const name = path === "/" || path === "/ui/" ? "index.html" : path.replace(/^\/ui\//, "");
    const file = resolve(kWeb, "dist", name);
    if (!file.startsWith(resolve(kWeb, "dist")) || !existsSync(file)) {
      answer.writeHead(404).end();
      return;
    }
    answer.writeHead(200, {
      "Content-Type": kTypes[extname(file)] ?? "application/octet-stream",
      "Content-Security-Policy": kPolicy,
    });
    answer.end(readFileSync(file));
  });
  server.on("upgrade", (question, socket, head) => {
    const there = connect(port, host, () => {
      const headers = question.rawHeaders
        .map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`))
        .join("");
      there.write(`GET ${question.url} HTTP/1.1\r\n${headers}\r\n`);
      there.write(head);
      there.pipe(socket);
      socket.pipe(there);
    });
    there.on("error", () => socket.destroy());
    socket.on("error", () => there.destroy());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const bound = server.address();
  const own = typeof bound === "object" && bound !== null ? bound.port : 0;
  return { server, url: `http://127.0.0.1:${own}/ui/` };
}

function splitAddress(address: string): [string, number] {
  const colon = address.lastIndexOf(":");
  return [address.slice(0, colon), Number(address.slice(colon + 1))];
}

/** The address of the page: the daemon's own if it serves one, else of a server made here. */
export async function pageUrl(daemon: Daemon): Promise<{ url: string; server: Server | null }> {
  const answer = await fetch(`http://${daemon.address}/ui/`, { redirect: "manual" }).catch(() => null);
  const isPage = answer?.status === 200 && (await answer.text()).includes('id="page"');
  if (isPage && process.env["GRAPEVINE_PAGE"] !== "dist") {
    return { url: `http://${daemon.address}/ui/`, server: null };
  }
  return servePage(daemon.address);
}

export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
      "--disable-background-networking", "--disable-component-update",
    ],
  });
}

export interface Watched {
  page: Page;
  /** What the page wrote as errors, and what it threw. */
  errors: string[];
}

/** A page that is logged in with `token`, before its first script runs. */
export async function openPage(
  browser: Browser, token: string, width = 1440, height = 1000,
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width, height }, acceptDownloads: true });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.addInitScript((secret) => {
    const session = { token: secret, scopes: ["read", "publish", "admin"], overlays: ["*"] };
    sessionStorage.setItem("grapevine.token", JSON.stringify(session));
  }, token);
  return { page, errors };
}

export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(kScreenshots, { recursive: true });
  await page.screenshot({ path: join(kScreenshots, `${name}.png`) });
}
