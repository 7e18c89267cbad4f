// Residue against k: the same run for k = 1 to 5, some seeds each, at full speed, one after another.

import type { LinkSettings } from "./link";
import { runLink } from "./link";
import { runToEnd, type OpenSocket } from "./player";

export const kSweepValues: readonly number[] = [1, 2, 3, 4, 5];
/** Runs per k. With 1,000 members the mean of five is within 15 % of the truth for k = 3. */
export const kSweepSeeds = 5;

export interface SweepPoint {
  k: number;
  /** Mean over the runs that have ended. */
  residue: number;
  /** Copies of the rumor per member, likewise. */
  copies: number;
  runs: number;
}

export interface Sweep {
  points: SweepPoint[];
  /** Of the variant that runs, as the daemon tells it. */
  theory: [number, number][];
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** The settings of one run of a sweep: without actions, which belong to the run on the page. */
export function sweepLink(settings: LinkSettings, k: number, run: number): string {
  const seed = (Number(settings.seed ?? 1) || 0) + run;
  const swept: LinkSettings = { ...settings, k: String(k), seed: String(seed) };
  delete swept.actions;
  return runLink(swept);
}

/** Tells `onChange` after every run. Rejects in words when a run cannot be had. */
export async function sweepResidue(
  open: OpenSocket,
  settings: LinkSettings,
  onChange: (sweep: Sweep) => void,
  signal: AbortSignal,
): Promise<void> {
  const sweep: Sweep = { points: [], theory: [] };
  for (const k of kSweepValues) {
    const point: SweepPoint = { k, residue: 0, copies: 0, runs: 0 };
    sweep.points.push(point);
    for (let run = 0; run < kSweepSeeds; run += 1) {
      const { started, ended } = await runToEnd(open, sweepLink(settings, k, run), signal);
      const residue = numberOf(ended.summary.residue);
      const copies = numberOf(ended.summary.copies_per_member);
      point.residue = (point.residue * run + residue) / (run + 1);
      point.copies = (point.copies * run + copies) / (run + 1);
      point.runs = run + 1;
      if (started.theory.residues.length > 0) sweep.theory = started.theory.residues;
      onChange({ points: sweep.points.slice(), theory: sweep.theory });
    }
  }
}
