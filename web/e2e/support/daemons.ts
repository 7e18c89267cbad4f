// Real daemons on loopback, each with a folder of its own, and no port but 0.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const kStartMs = 15_000;
const kStepMs = 50;

export function programPath(): string {
  const path = process.env["GRAPEVINE"] ?? "";
  if (path === "" || !existsSync(path)) {
    throw new Error("GRAPEVINE must name the program, such as GRAPEVINE=../build/dev/grapevine");
  }
  return path;
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something is true, at most `limitMs`; says what it waited for if it never is. */
export async function until<T>(what: string, limitMs: number,
                               look: () => Promise<T | null | false> | T | null | false): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await pause(kStepMs);
  }
}

export class Daemon {
  url = "";
  token = "";
  private log = "";

  constructor(readonly name: string, readonly folder: string, private readonly process: ChildProcess) {
    const note = (text: Buffer) => {
      this.log = (this.log + text.toString()).slice(-8_000);
    };
    process.stderr?.on("data", note);
    process.stdout?.on("data", note);
  }

  async ready(): Promise<void> {
    const file = join(this.folder, "run.json");
    const run = await until(`${this.name} to start; it said: ${this.log}`, kStartMs, () => {
      if (this.process.exitCode !== null) throw new Error(`${this.name} ended: ${this.log}`);
      return existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { http: string });
    });
    this.url = `http://${run.http}`;
    this.token = readFileSync(join(this.folder, "token"), "utf8").trim();
    await until(`${this.name} to be ready`, kStartMs, async () =>
      (await fetch(`${this.url}/v1/ready`).catch(() => null))?.ok ?? false);
  }

  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** As a crash: no goodbye. */
  kill(): void {
    if (this.process.exitCode === null) this.process.kill("SIGKILL");
  }
}

/** Daemons of one test. `stop` ends what was started here, and nothing else. */
export class Daemons {
  private readonly root = mkdtempSync(join(tmpdir(), "grapevine-e2e-"));
  readonly all: Daemon[] = [];

  async start(name: string, flags: string[]): Promise<Daemon> {
    const folder = join(this.root, name);
    const child = spawn(programPath(), [
      "agent", "--name", name, "--state", folder, "--http-bind", "127.0.0.1:0", "--bind", "127.0.0.1:0", ...flags,
    ], { stdio: ["ignore", "pipe", "pipe"] });
    const daemon = new Daemon(name, folder, child);
    this.all.push(daemon);
    await daemon.ready();
    return daemon;
  }

  /**
   * One overlay named demo with so many members, in two racks; all know each other. With the profile
   * `lan`, which takes nobody for dead because this machine is busy for a moment.
   */
  async group(names: string[]): Promise<Daemon[]> {
    const [first = "alpha", ...others] = names;
    const founder = await this.start(first, ["--overlay", "demo", "--label", "rack=r1"]);
    const { token } = await founder.ask<{ token: string }>("POST", "/v1/overlays/demo/invite", {});
    await Promise.all(others.map((name, index) =>
      this.start(name, ["--join", token, "--label", `rack=r${(index % 2) + 1}`])));
    await until("all members to be alive", 10_000, async () => {
      const overlay = await founder.ask<{ members_alive: number }>("GET", "/v1/overlays/demo");
      return overlay.members_alive === names.length;
    });
    return this.all;
  }

  stop(): void {
    this.all.forEach((daemon) => daemon.kill());
    rmSync(this.root, { recursive: true, force: true, maxRetries: 3 });
  }
}
