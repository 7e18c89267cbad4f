// Which charts an experiment has, and what is in them: the points of one run or two, and the theory's
// curve behind them.

import type { Curve, PlotModel } from "../charts/plot";
import type { LabPlayer } from "./player";
import { RunStore } from "./run_store";

export type ChartName =
  | "infected"
  | "joined"
  | "spreading"
  | "messages"
  | "bytes"
  | "different"
  | "variance"
  | "detection"
  | "verdicts";

interface ChartDescription {
  title: string;
  yTitle: string;
  /** Names of points, and what they are called if a chart has several. */
  points: readonly (readonly [string, string])[];
  /** The curve of the daemon's theory that stands behind. */
  theory?: string;
  isLog?: boolean;
  yMost?: number;
}

const kCharts: Record<Exclude<ChartName, "detection">, ChartDescription> = {
  infected: {
    title: "Who knows",
    yTitle: "share of members",
    points: [["infected", "know"]],
    theory: "infected",
    yMost: 1,
  },
  joined: {
    title: "Who knows all members",
    yTitle: "share of members",
    points: [["joined", "know all"]],
    yMost: 1,
  },
  spreading: {
    title: "Who tells others",
    yTitle: "share of members",
    points: [["spreading", "tell others"]],
    theory: "spreading",
  },
  messages: {
    title: "Messages",
    yTitle: "per member, so far",
    points: [["messages_per_member", "messages"]],
    theory: "messages_per_member",
  },
  bytes: {
    title: "Bytes",
    yTitle: "per member, so far",
    points: [["bytes_per_member", "bytes"]],
    theory: "bytes_per_member",
  },
  different: {
    title: "What still differs",
    yTitle: "entries, all members",
    points: [["different", "differ"]],
    theory: "different",
  },
  variance: {
    title: "Distance from the mean",
    yTitle: "variance, relative to the first",
    points: [["relative_variance", "variance"]],
    theory: "variance",
    isLog: true,
  },
  verdicts: {
    title: "Suspicions and false verdicts",
    yTitle: "so far",
    points: [
      ["suspicions", "suspicions"],
      ["false_deaths", "taken for dead, but alive"],
    ],
  },
};

const kChartsOf: Record<string, readonly ChartName[]> = {
  rumor: ["infected", "spreading", "messages", "bytes"],
  detection: ["detection", "verdicts", "bytes"],
  sync: ["different", "messages", "bytes"],
  average: ["variance", "messages", "bytes"],
  group: ["joined", "infected", "verdicts", "bytes"],
};

/** Rounds of a theory's curve that are shown from the beginning. */
const kTheoryRounds = 25;

/** Bars of the distribution of detection times. */
export const kDetectionBars = 24;

export function chartNamesOf(experiment: string): readonly ChartName[] {
  return kChartsOf[experiment] ?? ["infected", "messages", "bytes"];
}

/** Whole overlays live by the clock; the others by rounds. */
function isByClock(experiment: string): boolean {
  return experiment === "detection" || experiment === "group";
}

function pointsOf(store: RunStore, name: string, byClock: boolean): [number, number][] {
  const points: [number, number][] = [];
  const unit = byClock ? 1_000 : (store.started?.interval_ms ?? 1_000);
  for (const sample of store.samples) {
    const value = sample.points[name];
    if (value !== undefined) points.push([sample.at_ms / unit, value]);
  }
  return points;
}

function theoryOf(store: RunStore, chart: ChartDescription): [number, number][] {
  const given = chart.theory === undefined ? [] : (store.started?.theory.curves[chart.theory] ?? []);
  const last = store.samples[store.samples.length - 1]?.round ?? 0;
  // A curve goes some way ahead of the measured one, not to where it says nothing any more.
  return given.filter(([round]) => round <= Math.max(kTheoryRounds, last));
}

function runName(players: readonly LabPlayer[], index: number): string {
  if (players.length < 2) return "measured";
  return index === 0 ? "first run" : "second run";
}

function modelOf(
  chart: ChartDescription,
  players: readonly LabPlayer[],
  experiment: string,
): PlotModel {
  const byClock = isByClock(experiment);
  const curves: Curve[] = [];
  const first = players[0]?.store;
  const theory = first === undefined || byClock ? [] : theoryOf(first, chart);
  if (theory.length > 0) {
    curves.push({ name: "theory", points: theory, kind: "theory", colour: 0 });
  }
  const hasSeveral = chart.points.length > 1;
  players.forEach((player, index) => {
    chart.points.forEach(([point, title], part) => {
      const points = pointsOf(player.store, point, byClock);
      const run = runName(players, index);
      const name = hasSeveral ? (players.length > 1 ? `${title}, ${run}` : title) : run;
      const colour = hasSeveral ? part + index * 2 : index;
      curves.push({ name, points, kind: "measured", colour });
    });
  });
  return {
    title: chart.title,
    xTitle: byClock ? "seconds" : "rounds",
    yTitle: chart.yTitle,
    curves,
    ...(chart.isLog === undefined ? {} : { isLog: chart.isLog }),
    ...(chart.yMost === undefined ? {} : { yMost: chart.yMost }),
  };
}

/** How long after a death the first member believed it, or the last one; one number per death. */
export function detectionTimes(store: RunStore, who: "first" | "all"): number[] {
  const kind = who === "first" ? "dead" : "dead_to_all";
  return store.notes
    .filter((note) => note.kind === kind && note.after_ms !== undefined && note.after_ms >= 0)
    .map((note) => note.after_ms ?? 0);
}

/** Equal bars from 0 to `most`: [from, to, how many]. What is larger counts in the last one. */
export function histogram(
  values: readonly number[],
  bars: number,
  most: number,
): [number, number, number][] {
  if (values.length === 0) return [];
  const width = most / bars;
  const counts = new Array<number>(bars).fill(0);
  for (const value of values) {
    const index = Math.min(bars - 1, Math.floor(value / width));
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts.map((count, index) => [index * width, (index + 1) * width, count]);
}

/** Bars: until all knew, in the first run. Dots: until the first did, or the other run. */
function detectionModel(players: readonly LabPlayer[]): PlotModel {
  const [first, second] = players;
  const times = first === undefined ? [] : detectionTimes(first.store, "all");
  const others =
    second === undefined
      ? detectionTimes(first?.store ?? new RunStore(), "first")
      : detectionTimes(second.store, "all");
  const most = Math.max(1, ...times, ...others);
  const dots = histogram(others, kDetectionBars, most)
    .filter(([, , count]) => count > 0)
    .map(([from, to, count]): [number, number] => [(from + to) / 2, count]);
  const name = second === undefined ? "dots: the first to know" : "dots: second run";
  return {
    title: "Until all knew of a death",
    xTitle: "ms after it",
    yTitle: "deaths",
    curves: [{ name, points: dots, kind: "measured", colour: 1, isDots: true }],
    bars: histogram(times, kDetectionBars, most),
  };
}

/** The model of one chart, of one run or two. */
export function chartModel(
  name: ChartName,
  players: readonly LabPlayer[],
  experiment: string,
): PlotModel {
  if (name === "detection") return detectionModel(players);
  return modelOf(kCharts[name], players, experiment);
}
