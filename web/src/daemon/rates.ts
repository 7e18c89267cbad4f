// Rates from counters that only grow: what the charts show, once a second.
import { Ring } from "./ring";

/** Five minutes of samples, one a second. */
export const kSamplesMax = 300;

/** What is charted, and of which counter it is the slope. */
export const kRates = {
  received_bytes: "received_bytes_total",
  sent_bytes: "sent_bytes_total",
  received_packets: "datagrams_received_total",
  sent_packets: "datagrams_sent_total",
  events_published: "events_published_total",
  events_delivered: "events_delivered_total",
  event_duplicates: "event_duplicates_total",
  syncs: "syncs_begun_total",
} as const;
export type RateName = keyof typeof kRates;
export const kRateNames = Object.keys(kRates) as RateName[];

export interface Sample {
  at_ms: number;
  /** Per second; null across a restart of the daemon or a gap. */
  rates: Record<RateName, number | null>;
}

/** A pause longer than this is a gap in the chart: the page was hidden, or the daemon away. */
export const kGapMs = 3_500;

export class Rates {
  readonly samples = new Ring<Sample>(kSamplesMax);
  private before: { at_ms: number; counters: Record<string, number> } | null = null;

  add(at_ms: number, counters: Record<string, number>): void {
    const { before } = this;
    this.before = { at_ms, counters };
    if (before === null || at_ms <= before.at_ms) return;
    const seconds = (at_ms - before.at_ms) / 1_000;
    const rates = {} as Record<RateName, number | null>;
    for (const name of kRateNames) {
      const grown = (counters[kRates[name]] ?? 0) - (before.counters[kRates[name]] ?? 0);
      rates[name] = grown < 0 || at_ms - before.at_ms > kGapMs ? null : grown / seconds;
    }
    this.samples.push({ at_ms, rates });
  }

  latest(name: RateName): number | null {
    return this.samples.newest()?.rates[name] ?? null;
  }

  /** Seconds since 1970, and one row of numbers per name: what uPlot draws. */
  columns(names: readonly RateName[]): (number | null)[][] {
    const rows = this.samples.toArray();
    return [
      rows.map((sample) => sample.at_ms / 1_000),
      ...names.map((name) => rows.map((sample) => sample.rates[name])),
    ];
  }
}
