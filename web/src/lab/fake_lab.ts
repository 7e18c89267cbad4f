// A lab for tests: speaks the stream's words and spreads a rumor by push among some members, from the
// link's seed, without any daemon. It is not the protocol: numbers of it mean nothing.

import type { Catalogue, LabRequest } from "./protocol";
import type { LabSocket } from "./player";

export const kFakeCatalogue: Catalogue = {
  drawn_max: 1_000,
  runs_max: 4,
  experiments: [
    {
      name: "rumor",
      title: "Rumor",
      about: "One member learns something; who else hears?",
      actions: ["rumor", "kill", "restart", "partition", "heal", "clog", "add"],
      settings: [
        { name: "members", title: "Members", type: "integer", min: 2, max: 10_000, default: 200 },
        { name: "seed", title: "Seed", type: "integer", min: 0, max: 4_294_967_295, default: 1 },
        {
          name: "interval_ms",
          title: "Interval",
          type: "integer",
          min: 10,
          max: 10_000,
          default: 200,
          unit: "ms",
        },
        {
          name: "algorithm",
          title: "Algorithm",
          type: "choice",
          default: "push",
          choices: [
            { value: "push", title: "push" },
            { value: "pull", title: "pull" },
          ],
        },
        { name: "feedback", title: "Feedback", type: "boolean", default: true },
        { name: "k", title: "k", type: "integer", min: 1, max: 20, default: 2 },
        { name: "loss", title: "Loss", type: "number", min: 0, max: 0.9, default: 0, unit: "share" },
      ],
    },
    {
      name: "average",
      title: "Average",
      about: "All members learn the mean of their numbers.",
      actions: ["kill"],
      settings: [
        { name: "members", title: "Members", type: "integer", min: 2, max: 10_000, default: 200 },
        { name: "seed", title: "Seed", type: "integer", min: 0, max: 4_294_967_295, default: 1 },
      ],
    },
  ],
};

/** A small generator: the same numbers on every machine. */
function dice(seed: number): () => number {
  let state = (seed >>> 0) + 0x6d2b79f5;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export class FakeLabSocket implements LabSocket {
  onopen: ((event: never) => unknown) | null = null;
  onmessage: ((event: never) => unknown) | null = null;
  onclose: ((event: never) => unknown) | null = null;
  readonly received: LabRequest[] = [];

  private roll_ = dice(1);
  private members_ = 0;
  private states_: number[] = [];
  private useless_: number[] = [];
  private round_ = 0;
  private number_ = 0;
  private sentTotal_ = 0;
  private link_ = "";
  private interval_ = 200;
  private k_ = 2;
  private timer_: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly frameEveryMs_ = 20) {
    setTimeout(() => this.onopen?.(undefined as never), 0);
  }

  send(text: string): void {
    const request = JSON.parse(text) as LabRequest;
    this.received.push(request);
    // Never before `send` has returned, as over a real socket.
    queueMicrotask(() => this.answer(request));
  }

  private answer(request: LabRequest): void {
    if (request.type === "start") this.begin(request.link);
    else if (request.type === "play") this.keepGoing();
    else if (request.type === "pause") this.halt();
    else if (request.type === "step") {
      this.close();
      this.advance();
      if (this.states_.includes(1)) this.halt();
    } else if (request.type === "act") this.act(request);
    else this.emit({ type: "error", problem: { detail: "seek is not faked" } });
  }

  close(): void {
    if (this.timer_ !== null) clearInterval(this.timer_);
    this.timer_ = null;
  }

  emit(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as never);
  }

  private begin(link: string): void {
    const settings = new URLSearchParams(link);
    this.link_ = link;
    this.roll_ = dice(Number(settings.get("seed") ?? 1));
    this.members_ = Number(settings.get("members") ?? 200);
    this.interval_ = Number(settings.get("interval_ms") ?? 200);
    this.k_ = Number(settings.get("k") ?? 2);
    this.states_ = new Array<number>(this.members_).fill(0);
    this.useless_ = new Array<number>(this.members_).fill(0);
    this.round_ = 0;
    this.number_ = 0;
    this.sentTotal_ = 0;
    if (this.members_ < 2) {
      this.emit({ type: "error", problem: { detail: "members: from 2.", cure: "Give more." } });
      return;
    }
    this.emit({
      type: "started",
      link,
      settings: Object.fromEntries(settings),
      members: this.members_,
      interval_ms: this.interval_,
      theory: {
        residues: [
          [1, 0.174],
          [2, 0.0367],
          [3, 0.0107],
          [4, 0.0035],
          [5, 0.0013],
        ],
      },
      actions: [],
    });
    this.states_[0] = 1;
    this.emitFrame([[0, 1]], [], []);
  }

  private keepGoing(): void {
    this.timer_ ??= setInterval(() => this.advance(), this.frameEveryMs_);
    this.emit({ type: "playing", speed: 1, real_speed: 1 });
  }

  private halt(): void {
    this.close();
    this.emit({ type: "paused", at_ms: this.round_ * this.interval_ });
  }

  private advance(): void {
    this.round_ += 1;
    const before = this.states_.slice();
    const changed: [number, number][] = [];
    const sent: [number, number, number][] = [];
    const notes: object[] = [];
    before.forEach((state, member) => {
      if (state !== 1) return;
      const target = Math.floor(this.roll_() * this.members_);
      sent.push([member, target, 0]);
      if (before[target] === 0 && this.states_[target] === 0) {
        this.states_[target] = 1;
        changed.push([target, 1]);
        notes.push({
          at_ms: this.round_ * this.interval_,
          kind: "learned",
          member: target,
          from: member,
        });
      } else if (before[target] !== 0) {
        this.useless_[member] = (this.useless_[member] ?? 0) + 1;
        if ((this.useless_[member] ?? 0) >= this.k_) {
          this.states_[member] = 2;
          changed.push([member, 2]);
        }
      }
    });
    this.emitFrame(changed, sent, notes);
    if (!this.states_.includes(1)) this.end();
  }

  private emitFrame(
    changed: [number, number][],
    sent: [number, number, number][],
    notes: object[],
  ): void {
    this.number_ += 1;
    this.sentTotal_ += sent.length;
    const unaware = this.states_.filter((state) => state === 0).length / this.members_;
    const spreading = this.states_.filter((state) => state === 1).length / this.members_;
    this.emit({
      type: "frame",
      number: this.number_,
      at_ms: this.round_ * this.interval_,
      round: this.round_,
      changed,
      sent,
      sent_total: sent.length,
      points: {
        infected: 1 - unaware,
        spreading,
        residue: unaware,
        messages_per_member: this.sentTotal_ / this.members_,
        bytes_per_member: (40 * this.sentTotal_) / this.members_,
      },
      notes,
      thinned: 0,
    });
  }

  private end(): void {
    this.close();
    const residue = this.states_.filter((state) => state === 0).length / this.members_;
    let hash = 0;
    for (const state of this.states_) hash = (Math.imul(hash, 31) + state) >>> 0;
    this.emit({ type: "heartbeat" });
    this.emit({
      type: "ended",
      at_ms: this.round_ * this.interval_,
      trace_hash: hash.toString(16).padStart(16, "0"),
      link: this.link_,
      summary: { rounds: this.round_, residue, copies_per_member: this.sentTotal_ / this.members_ },
    });
  }

  private act(request: LabRequest & { type: "act" }): void {
    const at = this.round_ * this.interval_;
    let action = `${at}:${request.do}`;
    if ("member" in request) {
      action += `:${request.member}`;
      this.states_[request.member] = request.do === "kill" ? 3 : request.do === "rumor" ? 1 : 0;
      this.emitFrame([[request.member, this.states_[request.member] ?? 0]], [], []);
    }
    this.link_ += this.link_.includes("actions=") ? `;${action}` : `&actions=${action}`;
    this.emit({ type: "acted", action, link: this.link_ });
  }
}
