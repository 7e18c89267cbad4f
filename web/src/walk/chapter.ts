// What a chapter of the walk is made of. Texts are in chapters/, the page that shows them in index.tsx.

import type { ComponentType } from "preact";
import type { ChartName } from "../lab/charts";
import type { RunStore } from "../lab/run_store";

/** How an answer is given and compared with what the run gave. */
export type AnswerKind =
  | { kind: "number"; unit: string; /** An answer this near to the measured is right. */ isNear: (answer: number, measured: number) => boolean }
  | { kind: "choice"; choices: readonly { value: string; title: string }[] };

export interface Question {
  text: string;
  /** The run that answers it. */
  link: string;
  answer: AnswerKind;
  /** From the runs that have ended: a number, or the value of the right choice; null if they do not say. */
  measure: (runs: readonly RunStore[]) => number | string | null;
  /** What was measured, in words. */
  measured: (value: number | string) => string;
  explanation: string;
}

export interface Source {
  title: string;
  where: string;
}

export interface Chapter {
  name: string;
  title: string;
  /** The run that is there when the chapter opens. */
  link: string;
  /** Settings that can be changed in the chapter. */
  settings: readonly string[];
  charts: readonly ChartName[];
  hasSweep?: boolean;
  hasNotes?: boolean;
  /** Text before and after the simulation. */
  Before: ComponentType;
  After: ComponentType;
  tries: readonly string[];
  question: Question;
  sources: readonly Source[];
}

/** A number of the summary of a run, or null. */
export function summaryNumber(run: RunStore | undefined, name: string): number | null {
  const value = run?.ended?.summary[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Near by so many. */
export function within(distance: number): (answer: number, measured: number) => boolean {
  return (answer, measured) => Math.abs(answer - measured) <= distance;
}

/** Near by a factor: 2 means from half of it to its double. */
export function withinFactor(factor: number): (answer: number, measured: number) => boolean {
  return (answer, measured) =>
    answer > 0 && measured > 0 && answer / measured <= factor && measured / answer <= factor;
}
