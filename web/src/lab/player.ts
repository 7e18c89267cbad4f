// One run and its socket: sends what the user wants, keeps what comes back in a RunStore, and tells
// the page by signals.
//
// When more than one round would pass between two frames, the run is played in steps of one round: each
// round is then seen, charts have all their points, and the next step is asked for when the last one
// has arrived, so nothing queues up.
//
// One socket carries one run. A lost connection ends the run: the daemon forgets it, the picture stays
// as it is, and the next start opens a new socket. Requests before the socket is open wait in a list
// of at most kRequestsWaitingMax.

import { signal } from "@preact/signals";

import { readMessage, problemText, type Action, type LabMessage, type LabRequest } from "./protocol";
import type { Ended, Frame, Started } from "./protocol";
import { RunStore } from "./run_store";

export const kRequestsWaitingMax = 32;
/** Charts and texts follow at most so often; the picture follows every frame of the screen. */
export const kChartsEveryMs = 120;

export const kSpeedLeast = 0.01;
export const kSpeedMost = 1_000;

/** The daemon sends a frame at most so often while it plays. */
const kFrameEveryMs = 33;
/** The real speed of steps is measured over so long. */
const kSpeedEveryMs = 1_000;

const kNotOpened =
  "The daemon opened no run. It plays only a few at a time: close another page with a run, and start again.";

export type Phase = "idle" | "connecting" | "paused" | "playing" | "seeking" | "ended" | "lost";

/** The part of a WebSocket that is used here, so that tests can bring their own. */
export interface LabSocket {
  send(text: string): void;
  close(): void;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
}

export type OpenSocket = () => LabSocket;

export class LabPlayer {
  readonly store = new RunStore();
  readonly phase = signal<Phase>("idle");
  readonly problem = signal("");
  /** Canonical link of the run with all actions so far; empty before the first start. */
  readonly link = signal("");
  readonly speed = signal(1);
  readonly realSpeed = signal(1);
  /** Grows when charts and texts should be drawn anew. */
  readonly drawn = signal(0);
  /** Messages that were not understood. */
  refused = 0;
  /** Called for every frame as it arrives. */
  onFrame: (frame: Frame) => void = () => undefined;
  onStarted: (started: Started) => void = () => undefined;
  onEnded: (ended: Ended) => void = () => undefined;

  private socket_: LabSocket | null = null;
  private isOpen_ = false;
  private waiting_: LabRequest[] = [];
  private isStepping_ = false;
  private stepTimer_: ReturnType<typeof setTimeout> | null = null;
  private stepAskedAt_ = 0;
  private steps_ = 0;
  private stepsSince_ = 0;
  private drawTimer_: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly open_: OpenSocket) {}

  start(link: string): void {
    this.problem.value = "";
    if (this.socket_ === null) this.connect();
    this.phase.value = "connecting";
    this.send({ type: "start", link });
  }

  play(): void {
    this.store.moveTo(this.store.frameCount - 1);
    if (this.phase.value === "ended" || this.phase.value === "lost") return;
    this.phase.value = "playing";
    this.drive();
  }

  /** As fast as the daemon can, without a frame for every round. */
  race(): void {
    this.phase.value = "playing";
    this.stopStepping();
    this.send({ type: "play", speed: kSpeedMost });
  }

  pause(): void {
    if (this.phase.value !== "playing") return;
    this.phase.value = "paused";
    // A step that is under way ends by itself.
    if (this.isStepping_) this.stopStepping();
    else this.send({ type: "pause" });
  }

  step(): void {
    // A step from a moment further back shows what has been kept first.
    if (!this.store.isAtEnd) {
      this.show(this.store.cursor + 1);
      return;
    }
    if (this.phase.value === "ended" || this.phase.value === "lost") return;
    this.phase.value = "paused";
    this.send({ type: "step" });
  }

  stepBack(): void {
    this.pause();
    this.show(this.store.cursor - 1);
  }

  act(action: Action): void {
    this.store.moveTo(this.store.frameCount - 1);
    this.send({ type: "act", ...action });
  }

  setSpeed(speed: number): void {
    this.speed.value = Math.max(kSpeedLeast, Math.min(kSpeedMost, speed));
    if (this.phase.value === "playing") this.drive();
  }

  /** Shows a kept frame; the run itself stays where it is. */
  show(index: number): void {
    this.store.moveTo(index);
    this.redraw();
  }

  /** Shows the kept frame of a moment, or the first one if the moment lies further back. */
  showAt(atMs: number): void {
    this.pause();
    this.show(Math.max(0, this.store.indexAt(atMs)));
  }

  /** Goes to a moment: by the kept frames, or by having the daemon play from the beginning. */
  seek(atMs: number): void {
    const index = this.store.indexAt(atMs);
    if (index >= 0) {
      this.pause();
      this.show(index);
      return;
    }
    this.phase.value = "seeking";
    if (this.store.started !== null) this.store.begin(this.store.started);
    this.send({ type: "seek", at_ms: Math.max(0, Math.round(atMs)) });
  }

  close(): void {
    this.stopStepping();
    if (this.drawTimer_ !== null) clearTimeout(this.drawTimer_);
    this.drawTimer_ = null;
    const socket = this.socket_;
    this.socket_ = null;
    if (socket === null) return;
    socket.onclose = null;
    socket.onmessage = null;
    socket.close();
  }

  private roundMs(): number {
    return (this.store.started?.interval_ms ?? 0) / this.speed.value;
  }

  /** Has the daemon play, or goes on in steps. */
  private drive(): void {
    if (this.roundMs() >= kFrameEveryMs) {
      this.stopStepping();
      this.send({ type: "play", speed: this.speed.value });
      return;
    }
    if (this.isStepping_) return;
    this.isStepping_ = true;
    this.steps_ = 0;
    this.stepsSince_ = Date.now();
    this.askStep();
  }

  private askStep(): void {
    this.stepTimer_ = null;
    this.stepAskedAt_ = Date.now();
    this.send({ type: "step" });
  }

  /** A step has arrived: the next one is due when its time has come. */
  private stepOn(): void {
    this.steps_ += 1;
    const now = Date.now();
    const elapsed = now - this.stepsSince_;
    if (elapsed >= kSpeedEveryMs) {
      this.realSpeed.value = (this.steps_ * (this.store.started?.interval_ms ?? 0)) / elapsed;
      this.steps_ = 0;
      this.stepsSince_ = now;
    }
    const wait = this.roundMs() - (now - this.stepAskedAt_);
    if (wait < 1) this.askStep();
    else this.stepTimer_ = setTimeout(() => this.askStep(), wait);
  }

  private stopStepping(): void {
    this.isStepping_ = false;
    if (this.stepTimer_ !== null) clearTimeout(this.stepTimer_);
    this.stepTimer_ = null;
  }

  private connect(): void {
    const socket = this.open_();
    this.socket_ = socket;
    this.isOpen_ = false;
    socket.onopen = () => {
      this.isOpen_ = true;
      const waiting = this.waiting_;
      this.waiting_ = [];
      for (const request of waiting) socket.send(JSON.stringify(request));
    };
    socket.onmessage = (event: { data: unknown }) => {
      this.receive(typeof event.data === "string" ? event.data : "");
    };
    socket.onclose = (event: { reason?: string } | undefined) => {
      this.stopStepping();
      this.socket_ = null;
      const wasOpen = this.isOpen_;
      this.isOpen_ = false;
      this.waiting_ = [];
      this.phase.value = "lost";
      const reason = event?.reason ?? "";
      if (reason === "" && this.problem.value !== "") return;
      if (!wasOpen) {
        // A browser does not tell a page why a socket was refused; this is the reason that there is.
        this.problem.value = kNotOpened;
        return;
      }
      this.problem.value =
        reason === ""
          ? "The connection to the daemon was lost. Start the run again to go on."
          : `The daemon closed the run: ${reason}`;
    };
  }

  private send(request: LabRequest): void {
    if (this.socket_ === null) return;
    if (this.isOpen_) {
      this.socket_.send(JSON.stringify(request));
      return;
    }
    // What is beyond the limit is refused: a person who clicks so often before the socket is open
    // has lost nothing that counts.
    if (this.waiting_.length < kRequestsWaitingMax) this.waiting_.push(request);
  }

  private receive(text: string): void {
    const message = readMessage(text);
    if (message === null) {
      this.refused += 1;
      return;
    }
    this.take(message);
  }

  private take(message: LabMessage): void {
    switch (message.type) {
      case "started":
        this.stopStepping();
        this.store.begin(message);
        this.link.value = message.link;
        if (this.phase.value !== "playing") this.phase.value = "paused";
        this.onStarted(message);
        this.redraw();
        return;
      case "frame":
        this.store.apply(message);
        if (this.phase.value === "seeking") this.phase.value = "paused";
        this.onFrame(message);
        this.redrawSoon();
        return;
      case "acted":
        this.problem.value = "";
        this.link.value = message.link;
        // What has ended may go on: a new rumor, a member that comes back.
        if (this.phase.value === "ended") {
          this.store.ended = null;
          this.phase.value = "paused";
        }
        return;
      case "paused":
        if (this.isStepping_ && this.phase.value === "playing") {
          this.stepOn();
          return;
        }
        if (this.phase.value !== "ended") this.phase.value = "paused";
        this.redraw();
        return;
      case "playing":
        // It is the last word: a "paused" that was under way when play was asked for came before.
        if (this.phase.value === "paused" && !this.isStepping_) this.phase.value = "playing";
        this.realSpeed.value = message.real_speed;
        return;
      case "ended":
        this.stopStepping();
        this.store.end(message);
        this.link.value = message.link === "" ? this.link.value : message.link;
        this.phase.value = "ended";
        this.onEnded(message);
        this.redraw();
        return;
      case "heartbeat":
        return;
      case "closed":
        this.problem.value = `The daemon ends this run: ${message.reason}`;
        return;
      case "error":
        this.problem.value = problemText(message.problem);
        if (this.phase.value === "connecting") this.phase.value = "idle";
        return;
    }
  }

  private redraw(): void {
    this.drawn.value += 1;
  }

  private redrawSoon(): void {
    this.drawTimer_ ??= setTimeout(() => {
      this.drawTimer_ = null;
      this.redraw();
    }, kChartsEveryMs);
  }
}

/**
 * Runs a link to its end at full speed and resolves with how it started and ended. Rejects with words
 * when the daemon refuses it, when the connection is lost, or when `signal` is aborted.
 */
export function runToEnd(
  open: OpenSocket,
  link: string,
  signal?: AbortSignal,
): Promise<{ started: Started; ended: Ended; store: RunStore }> {
  return new Promise((resolve, reject) => {
    const player = new LabPlayer(open);
    let started: Started | null = null;
    const finish = (): void => {
      unsubscribe();
      signal?.removeEventListener("abort", stop);
      player.close();
    };
    const fail = (reason: string): void => {
      finish();
      reject(new Error(reason));
    };
    const stop = (): void => fail("stopped");
    const unsubscribe = player.problem.subscribe((problem) => {
      // Not while the signal is being set: `finish` ends this very subscription.
      if (problem !== "") queueMicrotask(() => fail(problem));
    });
    signal?.addEventListener("abort", stop, { once: true });
    player.onStarted = (message) => {
      started = message;
      player.race();
    };
    player.onEnded = (ended) => {
      if (started === null) return;
      finish();
      resolve({ started, ended, store: player.store });
    };
    player.start(link);
  });
}
