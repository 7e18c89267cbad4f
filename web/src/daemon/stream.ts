// The one WebSocket of a page: subscriptions that survive a lost connection, and items that are
// handed on once per frame, bounded, whatever the daemon sends.
import { signal } from "@preact/signals";
import { openSocket, pathOf } from "./client";
import type { SocketReply, StreamItem } from "./types";

/** Items that wait for the next frame. More means that this page cannot keep up: the oldest go. */
export const kPendingItemsMax = 5_000;
const kRetryFirstMs = 500;
const kRetryMaxMs = 8_000;
/** Hidden pages get no frames; what waits is then handed on this often. */
const kHiddenFlushMs = 1_000;

export interface Subscription {
  members?: boolean;
  records?: boolean;
  events: boolean;
  topics?: string[];
  state?: string[];
  from?: "now" | "oldest";
}

export interface StreamListener {
  /** Items of one frame, in order. `lost` were dropped here before them. */
  onItems(items: StreamItem[], lost: number): void;
  /** The daemon has taken the subscription: everything after this place will come. */
  onSubscribed?(cursor: string, isFirst: boolean): void;
  onProblem?(text: string): void;
}

interface Entry {
  what: Subscription;
  listener: StreamListener;
  cursor: string;
  pending: StreamItem[];
  lost: number;
  isNew: boolean;
}

export type StreamState = "connecting" | "open" | "waiting" | "closed";

/** Puts an item into a queue of at most `max`; gives how many had to go. */
export function pushBounded<T>(queue: T[], item: T, max: number): number {
  queue.push(item);
  if (queue.length <= max) return 0;
  // A tenth at once: to move the whole queue for each item would make a slow page slower.
  const dropped = Math.min(queue.length - 1, Math.max(queue.length - max, Math.ceil(max / 10)));
  queue.splice(0, dropped);
  return dropped;
}

export class Stream {
  readonly state = signal<StreamState>("connecting");
  readonly receivedBytes = signal(0);
  private readonly entries = new Map<string, Entry>();
  private socket: WebSocket | null = null;
  private retryMs = kRetryFirstMs;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private frame = 0;
  private lastId = 0;
  private bytes = 0;

  constructor(private readonly overlay: string) {}

  open(): void {
    this.connect();
    document.addEventListener("visibilitychange", this.onVisibility);
  }

  close(): void {
    this.state.value = "closed";
    document.removeEventListener("visibilitychange", this.onVisibility);
    clearTimeout(this.retryTimer);
    clearTimeout(this.flushTimer);
    cancelAnimationFrame(this.frame);
    this.entries.clear();
    this.socket?.close();
    this.socket = null;
  }

  /** Gives what ends the subscription. */
  subscribe(what: Subscription, listener: StreamListener): () => void {
    this.lastId += 1;
    const id = `s${this.lastId}`;
    this.entries.set(id, { what, listener, cursor: "", pending: [], lost: 0, isNew: true });
    this.sendSubscribe(id);
    return () => {
      this.entries.delete(id);
      this.send({ type: "unsubscribe", id });
    };
  }

  private connect(): void {
    this.state.value = "connecting";
    const socket = openSocket(pathOf("/v1/overlays/{}/stream", this.overlay));
    this.socket = socket;
    socket.onopen = () => {
      this.state.value = "open";
      this.retryMs = kRetryFirstMs;
      for (const id of this.entries.keys()) this.sendSubscribe(id);
    };
    socket.onmessage = (message) => this.take(String(message.data));
    socket.onclose = () => {
      if (this.socket !== socket || this.state.value === "closed") return;
      this.socket = null;
      this.state.value = "waiting";
      this.retryTimer = setTimeout(() => this.connect(), this.retryMs);
      this.retryMs = Math.min(this.retryMs * 2, kRetryMaxMs);
    };
  }

  private send(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private sendSubscribe(id: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    const { from, ...what } = entry.what;
    const start = entry.cursor === "" ? { from: from ?? "now" } : { cursor: entry.cursor };
    this.send({ type: "subscribe", id, ...what, ...start });
  }

  private take(text: string): void {
    this.bytes += text.length;
    const message = JSON.parse(text) as StreamItem | SocketReply;
    switch (message.type) {
      case "heartbeat": case "unsubscribed": case "published":
        return;
      case "subscribed":
        this.onSubscribed(message);
        return;
      case "error":
        this.onError(message);
        return;
      case "ended":
        return; // The close that follows brings us back, if the overlay is still there.
      default:
        this.onItem(message);
    }
  }

  private onSubscribed(message: SocketReply): void {
    const entry = this.entries.get(message.id ?? "");
    if (entry === undefined) return;
    const { isNew } = entry;
    entry.isNew = false;
    if (entry.cursor === "") entry.cursor = message.cursor ?? "";
    entry.listener.onSubscribed?.(message.cursor ?? "", isNew);
  }

  private onError(message: SocketReply): void {
    const entry = this.entries.get(message.id ?? "");
    const { detail = "The daemon refused.", cure = "" } = message.problem ?? {};
    entry?.listener.onProblem?.(cure === "" ? detail : `${detail} (${cure})`);
  }

  private onItem(item: StreamItem): void {
    const entry = this.entries.get(item.subscription ?? "");
    if (entry === undefined) return;
    entry.cursor = item.cursor;
    entry.lost += pushBounded(entry.pending, item, kPendingItemsMax);
    this.schedule();
  }

  private schedule(): void {
    if (this.frame !== 0 || this.flushTimer !== undefined) return;
    if (document.hidden) this.flushTimer = setTimeout(this.flush, kHiddenFlushMs);
    else this.frame = requestAnimationFrame(this.flush);
  }

  private readonly flush = (): void => {
    this.frame = 0;
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    this.receivedBytes.value = this.bytes;
    for (const entry of [...this.entries.values()]) {
      if (entry.pending.length === 0) continue;
      const { pending, lost } = entry;
      entry.pending = [];
      entry.lost = 0;
      entry.listener.onItems(pending, lost);
    }
  };

  /** A frame that was asked for may never come once the page is hidden. */
  private readonly onVisibility = (): void => {
    cancelAnimationFrame(this.frame);
    this.flush();
  };
}
