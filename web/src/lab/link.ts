// Links of the lab: `experiment=rumor&members=200&seed=7&k=2&actions=1200:kill:3`. The daemon owns the
// meaning and sends back the canonical form; the page changes single settings of a link and keeps
// all else as it is. What is only the page's (`compare`) never reaches the daemon.

import type { Catalogue, ExperimentDescription, SettingValue } from "./protocol";

/** Longer links are refused: no run that a person made by hand comes near. */
export const kLinkCharactersMax = 20_000;

export type LinkSettings = Record<string, string>;

export interface LabLink {
  /** Settings of the run, in the order in which they were given; `actions` included. */
  settings: LinkSettings;
  /** Settings that differ in the second run beside it; null: one run only. */
  compare: LinkSettings | null;
}

/** Reads what follows `#/lab?`. Too long a link reads as an empty one. */
export function readLink(text: string): LabLink {
  const link: LabLink = { settings: {}, compare: null };
  if (text.length > kLinkCharactersMax) return link;
  for (const [name, value] of new URLSearchParams(text)) {
    if (name === "compare") link.compare = readCompare(value);
    else link.settings[name] = value;
  }
  return link;
}

/** `k:4,feedback:false`; also "" (a second run that differs in nothing yet). */
function readCompare(text: string): LinkSettings {
  const settings: LinkSettings = {};
  for (const part of text.split(",")) {
    const colon = part.indexOf(":");
    if (colon > 0) settings[part.slice(0, colon)] = part.slice(colon + 1);
  }
  return settings;
}

function encode(text: string): string {
  // Colons, commas and semicolons stay readable: they are allowed in a query.
  return encodeURIComponent(text).replace(/%3A/g, ":").replace(/%3B/g, ";").replace(/%2C/g, ",");
}

/** The part that the daemon takes. */
export function runLink(settings: LinkSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join("&");
}

/** The part after `#/lab?`. */
export function pageLink(link: LabLink): string {
  const run = runLink(link.settings);
  if (link.compare === null) return run;
  const pairs = Object.entries(link.compare).map(([name, value]) => `${name}:${value}`);
  return `${run}&compare=${encode(pairs.join(","))}`;
}

/** The settings of the second run: those of the first with the differences laid over them. */
export function comparedSettings(link: LabLink): LinkSettings {
  return { ...link.settings, ...(link.compare ?? {}) };
}

export function experimentOf(
  catalogue: Catalogue,
  settings: LinkSettings,
): ExperimentDescription | undefined {
  return (
    catalogue.experiments.find((experiment) => experiment.name === settings.experiment) ??
    catalogue.experiments[0]
  );
}

/** What a setting is in this link: as given, or its default. */
export function settingOf(
  experiment: ExperimentDescription,
  settings: LinkSettings,
  name: string,
): SettingValue | undefined {
  const description = experiment.settings.find((setting) => setting.name === name);
  if (description === undefined) return undefined;
  const text = settings[name];
  if (text === undefined) return description.default;
  if (description.type === "boolean") return text === "true" || text === "1";
  if (description.type === "choice") return text;
  const number = Number(text);
  return Number.isFinite(number) && text !== "" ? number : description.default;
}

/** The settings for another experiment: those that both know are kept, actions are not. */
export function moveToExperiment(
  experiment: ExperimentDescription,
  settings: LinkSettings,
): LinkSettings {
  const moved: LinkSettings = { experiment: experiment.name };
  for (const description of experiment.settings) {
    const text = settings[description.name];
    if (text === undefined || !["members", "seed", "loss"].includes(description.name)) continue;
    const number = Number(text);
    const fits = number >= (description.min ?? -Infinity) && number <= (description.max ?? Infinity);
    if (fits) moved[description.name] = text;
  }
  return moved;
}

/** Why this text is no value of the setting, in words; null if it is one. */
export function settingProblem(
  description: ExperimentDescription["settings"][number],
  text: string,
): string | null {
  if (description.type === "boolean") return null;
  if (description.type === "choice") {
    const known = description.choices?.some((choice) => choice.value === text) ?? false;
    return known ? null : `${description.title}: not one of the choices`;
  }
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) return `${description.title}: not a number`;
  if (description.type === "integer" && !Number.isInteger(number)) {
    return `${description.title}: a whole number is due`;
  }
  const least = description.min ?? -Infinity;
  const most = description.max ?? Infinity;
  if (number >= least && number <= most) return null;
  return `${description.title}: from ${least} to ${most}`;
}
