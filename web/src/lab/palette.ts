// Colours of the lab's pictures and charts, for light and dark pages. States differ by shape as well
// as by colour; the colours are those of Okabe and Ito, which people with any kind of colour
// blindness can tell apart.

import { themeColor } from "../shell/theme";
import { MemberState, PacketKind } from "./protocol";

export type Shape = "ring" | "disc" | "halo" | "cross" | "triangle" | "square" | "diamond";

export interface Palette {
  paper: string;
  ink: string;
  faint: string;
  grid: string;
  selection: string;
  states: readonly string[];
  packets: readonly string[];
  /** Measured curves, in order: first run, second run. */
  series: readonly string[];
  theory: string;
  /** Ends and middle of the scale for numbers of members. */
  scale: readonly [string, string, string];
}

const kSky = "#56b4e9";
const kOrange = "#e69f00";
const kBlue = "#0072b2";
const kVermilion = "#d55e00";
const kPurple = "#cc79a7";
const kGreen = "#009e73";

export const kLightPalette: Palette = {
  paper: "#ffffff",
  ink: "#1c2430",
  faint: "#5d6875",
  grid: "#dfe4ea",
  selection: "#111111",
  states: ["#8a94a0", kOrange, kBlue, "#3a4350", "#b8860b", kVermilion, kPurple],
  packets: [kOrange, kSky, kBlue, "#8a94a0", kGreen, kVermilion],
  series: [kBlue, kVermilion],
  theory: "#9aa4af",
  scale: [kBlue, "#c9ced4", kVermilion],
};

export const kDarkPalette: Palette = {
  paper: "#12171d",
  ink: "#e6eaef",
  faint: "#9ba6b2",
  grid: "#2a323b",
  selection: "#ffffff",
  states: ["#76818d", kOrange, kSky, "#c3cad2", "#f0e442", "#ff7a2f", kPurple],
  packets: [kOrange, kSky, "#7fc4ff", "#76818d", "#2fd0a2", "#ff7a2f"],
  series: [kSky, "#ff7a2f"],
  theory: "#6d7884",
  scale: [kSky, "#59636e", "#ff7a2f"],
};

export const kStateShapes: readonly Shape[] = [
  "ring",
  "halo",
  "disc",
  "cross",
  "triangle",
  "square",
  "diamond",
];

/** What the two states of being well are called, by experiment; the others mean the same in all. */
const kWellTitles: Record<string, readonly [string, string]> = {
  rumor: ["knows, has lost interest", "has not heard"],
  group: ["is well and up to date", "has not heard the news"],
  sync: ["has all entries", "lacks entries"],
  average: ["is at the mean", "is not at the mean"],
  detection: ["is well", "is well"],
};

export function stateTitle(state: number, experiment: string): string {
  const [known, unknown] = kWellTitles[experiment] ?? ["is well", "is not there yet"];
  const titles: Record<number, string> = {
    [MemberState.unaware]: unknown,
    [MemberState.spreading]: "tells others",
    [MemberState.removed]: known,
    [MemberState.down]: "down",
    [MemberState.suspected]: "suspected by somebody",
    [MemberState.dead]: "believed dead by all",
    [MemberState.joining]: "is joining",
  };
  return titles[state] ?? "unknown";
}

export function packetTitle(kind: number): string {
  const titles: Record<number, string> = {
    [PacketKind.push]: "tells",
    [PacketKind.question]: "asks",
    [PacketKind.answer]: "answers",
    [PacketKind.probe]: "probes",
    [PacketKind.repair]: "repairs",
    [PacketKind.lost]: "lost on the way",
  };
  return titles[kind] ?? "other";
}

function channels(colour: string): [number, number, number] {
  const number = Number.parseInt(colour.slice(1), 16);
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}

/** The colour at `share` (0 to 1) of a scale with three stops. */
export function scaleColour(scale: Palette["scale"], share: number): string {
  const bounded = Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0));
  const [from, to] = bounded < 0.5 ? [scale[0], scale[1]] : [scale[1], scale[2]];
  const part = bounded < 0.5 ? bounded * 2 : bounded * 2 - 1;
  const start = channels(from);
  const end = channels(to);
  const mixed = start.map((channel, index) =>
    Math.round(channel + ((end[index] ?? channel) - channel) * part),
  );
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** The palette that fits the page as it looks now. */
export function pagePalette(): Palette {
  if (typeof document === "undefined") return kLightPalette;
  const surface = themeColor("--surface");
  if (!/^#[0-9a-f]{6}$/i.test(surface)) return kLightPalette;
  const [red, green, blue] = channels(surface);
  // Weights of brightness as the eye sees it; 110 of 255 lies between our two surfaces.
  const isDark = red * 0.3 + green * 0.59 + blue * 0.11 < 110;
  return { ...(isDark ? kDarkPalette : kLightPalette), paper: surface };
}
