// Everything the page knows of one overlay. One store lives for as long as any page of the overlay
// is shown; its parts tell by counting signals that they are another, at most once per frame.
import { signal } from "@preact/signals";
import { asMessage, pathOf, Problem, request } from "./client";
import { MemberTable } from "./members";
import { Rates } from "./rates";
import { kPendingItemsMax, pushBounded, Stream } from "./stream";
import type {
  EventPage, Info, MemberList, MissedItem, Overlay, RecordItem, StreamItem, Topology, ViewItem,
} from "./types";

/** Counters are asked for once a second, and not while the page is hidden. */
const kPollMs = 1_000;
/** Round trips and coordinates are in no item of the stream; they move slowly. */
const kRefreshMs = 60_000;
/** After a change of the members, so that many changes cost one answer; larger answers come less often. */
const kTopologyDelayMs = 1_500;
const kTopologyDelayPerMemberMs = 5;
/** What happened before this page was opened is read in so many pages of so many items. */
const kHistoryPagesMax = 2;
const kPageItems = 1_000;
/** Above this, members are listed again only when items were missed: 10,000 are some 3 MB. */
const kRefreshedMembersMax = 2_000;

export interface Missed {
  items: number;
  isExact: boolean;
  times: number;
}

/** What stands behind the last "-" of a cursor: the position in the daemon's log. */
export function positionOf(cursor: string): number {
  return Number(cursor.slice(cursor.lastIndexOf("-") + 1));
}

export class OverlayStore {
  readonly table = new MemberTable();
  readonly rates = new Rates();
  readonly stream: Stream;
  /** Each counts up when the part has changed. */
  readonly membersVersion = signal(0);
  readonly changesVersion = signal(0);
  readonly samplesVersion = signal(0);
  readonly overlay = signal<Overlay | null>(null);
  readonly info = signal<Info | null>(null);
  readonly topology = signal<Topology | null>(null);
  readonly view = signal<ViewItem | null>(null);
  readonly missed = signal<Missed>({ items: 0, isExact: true, times: 0 });
  /** What the reader must know, such as that the daemon cannot be reached; empty if all is well. */
  readonly problem = signal("");
  readonly isLoaded = signal(false);

  /** Told of every change of a record, in order; a signal would keep only the last of a frame. */
  readonly recordListeners = new Set<(item: RecordItem) => void>();

  private held: StreamItem[] | null = [];
  private timers: ReturnType<typeof setInterval>[] = [];
  private topologyTimer: ReturnType<typeof setTimeout> | undefined;
  private isTopologyKnown = true;
  private isPolling = false;
  private isLoading = false;
  private mustLoadAgain = false;

  constructor(readonly name: string) {
    this.stream = new Stream(name);
  }

  start(): void {
    this.stream.subscribe(
      { members: true, records: true, events: false },
      {
        onItems: (items, lost) => this.onItems(items, lost),
        onSubscribed: (cursor, isFirst) => {
          if (isFirst) void this.loadHistory(positionOf(cursor));
          void this.loadMembers();
        },
        onProblem: (text) => {
          this.problem.value = text;
        },
      },
    );
    this.stream.open();
    void this.poll();
    this.timers = [
      setInterval(() => void this.poll(), kPollMs),
      setInterval(() => this.refresh(), kRefreshMs),
    ];
    document.addEventListener("visibilitychange", this.onVisibility);
  }

  stop(): void {
    this.stream.close();
    this.timers.forEach(clearInterval);
    clearTimeout(this.topologyTimer);
    document.removeEventListener("visibilitychange", this.onVisibility);
  }

  /** Lists the members. What comes meanwhile is held and applied behind it, so nothing is lost. */
  async loadMembers(): Promise<void> {
    if (this.isLoading) {
      this.mustLoadAgain = true;
      return;
    }
    this.isLoading = true;
    do {
      this.mustLoadAgain = false;
      await this.loadMembersOnce();
    } while (this.mustLoadAgain);
    this.isLoading = false;
    this.scheduleTopology();
  }

  private async loadMembersOnce(): Promise<void> {
    this.held ??= [];
    try {
      const list = await request<MemberList>("GET", pathOf("/v1/overlays/{}/members", this.name));
      this.table.replace(list.members, Date.now());
      this.isLoaded.value = true;
      this.problem.value = "";
    } catch (error) {
      this.problem.value = asMessage(error);
    }
    const held = this.held ?? [];
    this.held = null;
    this.applyAll(held);
    this.membersVersion.value += 1;
  }

  /** The timeline before this page was opened, as far as the daemon still has it. */
  private async loadHistory(before: number): Promise<void> {
    const query: Record<string, string | number> = { members: 1, events: 0, limit: kPageItems, from: "oldest" };
    const past: StreamItem[] = [];
    try {
      for (let pages = 0; pages < kHistoryPagesMax; pages += 1) {
        const path = pathOf("/v1/overlays/{}/events", this.name);
        const page = await request<EventPage>("GET", path, { query });
        past.push(...page.items.filter((item) => item.type !== "missed" && positionOf(item.cursor) <= before));
        if (page.items.length < kPageItems || positionOf(page.next) > before) break;
        delete query["from"];
        query["cursor"] = page.next;
      }
    } catch (error) {
      this.problem.value = `What happened before could not be read: ${asMessage(error)}`;
    }
    this.table.prepend(past);
    this.changesVersion.value += 1;
  }

  private onItems(items: StreamItem[], lost: number): void {
    let dropped = lost;
    if (this.held === null) this.applyAll(items);
    else for (const item of items) dropped += pushBounded(this.held, item, kPendingItemsMax);
    if (dropped === 0) return;
    this.noteMissed(dropped);
    void this.loadMembers();
  }

  private applyAll(items: StreamItem[]): void {
    let hasChanged = false;
    for (const item of items) {
      if (this.table.apply(item, Date.now())) hasChanged = true;
      else if (item.type === "view") this.view.value = item;
      else if (item.type === "record") this.recordListeners.forEach((listener) => listener(item));
      else if (item.type === "missed") this.onMissed(item);
    }
    if (!hasChanged) return;
    this.membersVersion.value += 1;
    this.changesVersion.value += 1;
    this.scheduleTopology();
  }

  private onMissed(item: MissedItem): void {
    this.noteMissed(item.missed);
    void this.loadMembers();
  }

  noteMissed(count: number | null): void {
    const { items, isExact, times } = this.missed.value;
    this.missed.value = {
      items: items + (count ?? 0), isExact: isExact && count !== null, times: times + 1,
    };
  }

  private async poll(): Promise<void> {
    if (document.hidden || this.isPolling) return;
    this.isPolling = true;
    try {
      const overlay = await request<Overlay>("GET", pathOf("/v1/overlays/{}", this.name));
      this.overlay.value = overlay;
      this.rates.add(Date.now(), overlay.counters);
      this.samplesVersion.value += 1;
      if (this.isLoaded.value) this.problem.value = "";
    } catch (error) {
      this.problem.value = asMessage(error);
    } finally {
      this.isPolling = false;
    }
  }

  private refresh(): void {
    if (document.hidden || this.stream.state.value !== "open") return;
    if (this.table.members.size <= kRefreshedMembersMax) void this.loadMembers();
  }

  private readonly onVisibility = (): void => {
    if (document.hidden) return;
    void this.poll();
    this.scheduleTopology();
  };

  private scheduleTopology(): void {
    if (!this.isTopologyKnown || this.topologyTimer !== undefined) return;
    this.topologyTimer = setTimeout(() => {
      this.topologyTimer = undefined;
      if (document.hidden) return;
      void this.loadTopology();
    }, this.topology.value === null ? 0 : kTopologyDelayMs + kTopologyDelayPerMemberMs * this.table.members.size);
  }

  /** A daemon that does not know this route draws its members without links. */
  private async loadTopology(): Promise<void> {
    try {
      this.topology.value = await request<Topology>("GET", pathOf("/v1/overlays/{}/topology", this.name));
    } catch (error) {
      if (error instanceof Problem && error.status === 404) this.isTopologyKnown = false;
      else this.problem.value = asMessage(error);
    }
  }
}
