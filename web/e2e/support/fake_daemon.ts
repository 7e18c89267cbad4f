// A daemon of which everything is made up: an overlay of any size, at rest or as lively as wanted.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Member, Overlay, Topology, Trace } from "../../src/daemon/types.ts";
import { listen, serveDist, type PageServer } from "./page_server.ts";

const kZones = ["ams", "cph", "dub", "fra", "lhr", "mad", "nyc", "sfo"];

export function madeUpId(index: number): string {
  return createHash("sha256").update(`member ${index}`).digest("hex").slice(0, 16);
}

function madeUpMember(index: number): Member {
  const status = index % 97 === 13 ? "suspect" : index % 89 === 17 ? "dead" : index % 101 === 7 ? "left" : "alive";
  const zone = kZones[index % kZones.length] ?? "";
  return {
    id: madeUpId(index), name: `${zone}-${String(index).padStart(5, "0")}`, status, incarnation: 1 + (index % 3),
    addresses: [`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:9471`],
    labels: { dc: zone, rack: `r${index % 40}` }, status_age_ms: 1_000 * (index + 5), is_self: index === 0,
    ...(index === 0 ? {} : { path: "both", rtt_us: 200 + ((index * 7_919) % 40_000), is_rtt_measured: index % 50 === 1 }),
  };
}

/** Three rings, each in another order: who observes whom. */
function madeUpTopology(members: readonly Member[]): Topology {
  const count = members.length;
  const links: [number, number][] = [];
  for (const step of [7, 131, 379]) {
    for (let index = 0; index < count; index += 1) links.push([index, (index + step) % count]);
  }
  return {
    members: members.map((member, index) => {
      const zone = index % kZones.length;
      const angle = (zone / kZones.length) * 2 * Math.PI;
      return { id: member.id, zone: kZones[zone] ?? "",
        x_us: Math.cos(angle) * 20_000 + ((index * 31) % 4_000), y_us: Math.sin(angle) * 20_000 + ((index * 57) % 4_000) };
    }),
    links, links_left_out: 0,
  };
}

/** An event that went through a tree of four children each; some needed a repair. */
function madeUpTrace(members: readonly Member[]): Trace {
  const nodes = members.map((member, index): Trace["nodes"][number] => {
    const isRepaired = index > 0 && index % 83 === 0;
    const hops = index === 0 ? 0 : Math.floor(Math.log(3 * index + 1) / Math.log(4));
    const after_us = hops * 900 + ((index * 7_919) % 700) + (isRepaired ? 14_000 : 0);
    const from = members[Math.floor((index - 1) / 4)]?.id;
    return {
      id: member.id, name: member.name, hops, repair: isRepaired ? "asked" : "none", duplicates: index % 5 === 0 ? 1 : 0,
      learned_at_us: 1_000_000 + after_us, after_us, is_skewed: false, clock: "agreed", skew_us: 0,
      ...(index === 0 || from === undefined ? {} : { from, hop_us: 300 + ((index * 31) % 900) }),
    };
  });
  return { id: "made-up-1", publisher: members[0]?.id ?? "", nodes, edges: [], untraced: [], lacking: [],
    silent: [{ id: madeUpId(99_999), name: "gone" }], duplicates: 100, repairs: 6 };
}

function frameOf(text: string): Buffer {
  const body = Buffer.from(text);
  const head = body.length < 126 ? Buffer.from([0x81, body.length])
    : body.length < 65_536 ? Buffer.from([0x81, 126, body.length >> 8, body.length & 255])
      : Buffer.concat([Buffer.from([0x81, 127, 0, 0, 0, 0]), Buffer.from([body.length >>> 24, (body.length >> 16) & 255,
        (body.length >> 8) & 255, body.length & 255])]);
  return Buffer.concat([head, body]);
}

/** Texts of complete, masked client frames below 64 KiB; the page sends no others. */
function textsOf(data: Buffer): string[] {
  const texts: string[] = [];
  let at = 0;
  while (at + 6 <= data.length) {
    const opcode = (data[at] ?? 0) & 15;
    let length = (data[at + 1] ?? 0) & 127;
    at += 2;
    if (length === 126) {
      length = data.readUInt16BE(at);
      at += 2;
    }
    const mask = data.subarray(at, at + 4);
    const body = Buffer.from(data.subarray(at + 4, at + 4 + length));
    for (let index = 0; index < body.length; index += 1) body[index] = (body[index] ?? 0) ^ (mask[index % 4] ?? 0);
    at += 4 + length;
    if (opcode === 1) texts.push(body.toString());
  }
  return texts;
}

export class FakeDaemon {
  readonly members: Member[];
  readonly overlay: Overlay;
  server: PageServer = { url: "", stop: () => undefined };
  /** Redeemed once; "" is none. */
  loginCode = "";
  endedLogins = 0;
  private readonly sockets = new Set<Duplex>();
  private readonly subscriptions: { socket: Duplex; id: string; events: boolean; members: boolean }[] = [];
  private position = 1;
  private polls = 0;

  constructor(count: number) {
    this.members = Array.from({ length: count }, (_, index) => madeUpMember(index));
    const counted = (status: string) => this.members.filter((member) => member.status === status).length;
    this.overlay = {
      name: "big", protocol: "grapevine", id: madeUpId(0), member_name: this.members[0]?.name ?? "", incarnation: 1,
      bind: "10.0.0.0:9471", advertise: [], seeds: [], key_ids: [1], profile: "lan", detector: "rings",
      dissemination: "tree", cipher: "chacha20-poly1305", labels: {}, origin: "file", state: "running",
      view_fingerprint: "00112233445566ff", members_alive: counted("alive"), members_suspect: counted("suspect"),
      members_dead: counted("dead"), members_left: counted("left"), local_health: 0, counters: {},
    };
  }

  async start(): Promise<this> {
    const server = createServer((incoming, response) => {
      if (!serveDist(incoming, response)) this.answer(incoming, response);
    });
    server.on("upgrade", (incoming: IncomingMessage, socket: Duplex) => this.openSocket(incoming, socket));
    this.server = await listen(server);
    return this;
  }

  stop(): void {
    this.sockets.forEach((socket) => socket.destroy());
    this.server.stop();
  }

  /** Sends an item to all who subscribed to its kind. */
  send(item: { type: string } & Record<string, unknown>): void {
    this.position += 1;
    for (const { socket, id, events, members } of this.subscriptions) {
      if (item.type === "event" ? !events : !members) continue;
      const whole = { cursor: `fa4e-${this.position}`, subscription: id, seen_at_ms: Date.now(), ...item };
      socket.write(frameOf(JSON.stringify(whole)));
    }
  }

  private answer(incoming: IncomingMessage, response: ServerResponse): void {
    const path = (incoming.url ?? "").split("?")[0];
    if (path === "/v1/logins/redeem") {
      this.redeem(incoming, response);
      return;
    }
    if (path === "/v1/logins" && incoming.method === "DELETE") {
      this.endedLogins += 1;
      response.writeHead(204).end();
      return;
    }
    const body = this.bodyOf(path ?? "");
    response.writeHead(body === null ? 404 : 200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body ?? { status: 404, detail: `the fake daemon does not know ${path}` }));
  }

  private redeem(incoming: IncomingMessage, response: ServerResponse): void {
    let text = "";
    incoming.on("data", (data: Buffer) => {
      text += data.toString();
    });
    incoming.on("end", () => {
      const isRight = this.loginCode !== "" && (JSON.parse(text) as { code: string }).code === this.loginCode;
      this.loginCode = "";
      response.writeHead(isRight ? 200 : 401, { "Content-Type": "application/json" });
      response.end(JSON.stringify(isRight
        ? { token: "gv_made_up", scopes: ["read", "publish", "admin"], overlays: ["*"], expires_in_s: 43_200 }
        : { status: 401, detail: "no such code" }));
    });
  }

  private bodyOf(path: string): unknown {
    switch (path) {
      case "/v1/overlays": return { overlays: [this.overlay] };
      case "/v1/info": return { version: "0", node_name: "fake", uptime_ms: 1, resident_bytes: 1, overlays: 1, is_ready: true };
      case "/v1/overlays/big": return { ...this.overlay, counters: this.counters() };
      case "/v1/overlays/big/members": return { members: this.members, matched: this.members.length };
      case "/v1/overlays/big/topology": return madeUpTopology(this.members);
      case "/v1/overlays/big/events": return { items: [], next: "fa4e-1" };
      case "/v1/overlays/big/rtt":
        return { from: this.members[0], to: this.members[0], estimated_us: 300, error_percent: 10, unknown: [] };
      case `/v1/overlays/big/events/${madeUpId(0)}/1/1/trace`: return madeUpTrace(this.members);
      default: return path.endsWith("/record") ? { member: madeUpId(0), version: 0, items: [] } : null;
    }
  }

  private counters(): Record<string, number> {
    this.polls += 1;
    const wave = 1 + Math.sin(this.polls / 3) / 3;
    return { sent_bytes_total: this.polls * 4_000 * wave, received_bytes_total: this.polls * 3_600,
      datagrams_sent_total: this.polls * 40, datagrams_received_total: this.polls * 38 };
  }

  private openSocket(incoming: IncomingMessage, socket: Duplex): void {
    const key = String(incoming.headers["sec-websocket-key"]);
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Protocol: grapevine.v1\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    this.sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("data", (data: Buffer) => {
      for (const text of textsOf(data)) {
        const message = JSON.parse(text) as { type: string; id: string; events?: boolean; members?: boolean };
        if (message.type !== "subscribe") continue;
        const { id, events = true, members = false } = message;
        this.subscriptions.push({ socket, id, events, members });
        socket.write(frameOf(JSON.stringify({ type: "subscribed", id: message.id, cursor: `fa4e-${this.position}` })));
      }
    });
  }
}
