// The lab's stream as the page sees it: what can be tried (GET /v1/lab), what the page says and what
// the daemon answers (WebSocket /v1/lab/stream).
//
// Everything that arrives is read with `readMessage`, which refuses what it does not know. A refused
// message changes nothing; the caller counts it.

/** What a member is doing, as numbers of a frame's `changed`. */
export const MemberState = {
  unaware: 0,
  spreading: 1,
  removed: 2,
  down: 3,
  suspected: 4,
  dead: 5,
  joining: 6,
} as const;

export const kMemberStates = 7;

/** What travels, as numbers of a frame's `sent`. */
export const PacketKind = {
  push: 0,
  question: 1,
  answer: 2,
  probe: 3,
  repair: 4,
  lost: 5,
} as const;

export type ActionName = "rumor" | "kill" | "restart" | "partition" | "heal" | "clog" | "add";

export interface Choice {
  value: string;
  title: string;
}

export interface SettingDescription {
  name: string;
  title: string;
  type: "integer" | "number" | "choice" | "boolean";
  min?: number;
  max?: number;
  default: number | string | boolean;
  unit?: string;
  about?: string;
  choices?: Choice[];
}

export interface ExperimentDescription {
  name: string;
  title: string;
  about: string;
  actions: ActionName[];
  settings: SettingDescription[];
}

export interface Catalogue {
  experiments: ExperimentDescription[];
  /** Above so many members only summaries are drawn. */
  drawn_max: number;
  /** So many runs at once in one daemon. */
  runs_max: number;
}

export type SettingValue = number | string | boolean;
export type Points = Record<string, number>;

export interface Theory {
  /** Curves by the name of the point they stand behind: [round, value]. */
  curves: Record<string, [number, number][]>;
  /** [k, share that never hears]. */
  residues: [number, number][];
  numbers: Record<string, number>;
}

export interface Started {
  type: "started";
  link: string;
  settings: Record<string, SettingValue>;
  members: number;
  interval_ms: number;
  theory: Theory;
  actions: string[];
}

export interface Note {
  at_ms: number;
  kind: string;
  member?: number;
  from?: number;
  by?: number;
  hops?: number;
  after_ms?: number;
}

export interface Frame {
  type: "frame";
  number: number;
  at_ms: number;
  round: number;
  changed: [number, number][];
  values: [number, number][];
  sent: [number, number, number][];
  sent_total: number;
  points: Points;
  notes: Note[];
  notes_left_out: number;
  thinned: number;
}

export interface Detection {
  member: number;
  first_ms: number;
  last_ms: number;
}

export interface Ended {
  type: "ended";
  at_ms: number;
  trace_hash: string;
  link: string;
  summary: Record<string, unknown>;
}

export interface Problem {
  title?: string;
  detail?: string;
  cure?: string;
}

export type LabMessage =
  | Started
  | Frame
  | Ended
  | { type: "acted"; action: string; link: string }
  | { type: "paused"; at_ms: number }
  | { type: "playing"; speed: number; real_speed: number }
  | { type: "error"; problem: Problem }
  /** Sent while nothing else is, so that both sides know that the other is there. */
  | { type: "heartbeat" }
  | { type: "closed"; reason: string };

export type Action =
  | { do: "rumor"; member: number }
  | { do: "kill"; member: number }
  | { do: "restart"; member: number }
  | { do: "partition"; members: number[] }
  | { do: "heal" }
  | { do: "clog"; from: number; to: number; for_ms: number }
  | { do: "add"; count: number };

export type LabRequest =
  | { type: "start"; link: string }
  | { type: "play"; speed: number }
  | { type: "pause" }
  | { type: "step" }
  | ({ type: "act" } & Action)
  | { type: "seek"; at_ms: number };

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** Tuples of finite numbers; others are left out. */
function tuples(value: unknown, width: number): number[][] {
  return listOf(value).filter(
    (item): item is number[] =>
      Array.isArray(item) &&
      item.length >= width &&
      item.slice(0, width).every((part) => typeof part === "number" && Number.isFinite(part)),
  );
}

function numbersOf(value: unknown): Record<string, number> {
  const numbers: Record<string, number> = {};
  if (!isObject(value)) return numbers;
  for (const [name, part] of Object.entries(value)) {
    if (typeof part === "number" && Number.isFinite(part)) numbers[name] = part;
  }
  return numbers;
}

function readTheory(value: unknown): Theory {
  const theory: Theory = { curves: {}, residues: [], numbers: numbersOf(value) };
  if (!isObject(value)) return theory;
  for (const [name, part] of Object.entries(value)) {
    const pairs = tuples(part, 2) as [number, number][];
    if (pairs.length === 0) continue;
    if (name === "residues") theory.residues = pairs;
    else theory.curves[name] = pairs;
  }
  return theory;
}

function readSettings(value: unknown): Record<string, SettingValue> {
  const settings: Record<string, SettingValue> = {};
  if (!isObject(value)) return settings;
  for (const [name, part] of Object.entries(value)) {
    if (typeof part === "number" || typeof part === "string" || typeof part === "boolean") {
      settings[name] = part;
    }
  }
  return settings;
}

function readNote(value: unknown): Note | null {
  if (!isObject(value) || typeof value.kind !== "string") return null;
  const note: Note = { at_ms: numberOf(value.at_ms), kind: value.kind };
  for (const name of ["member", "from", "by", "hops", "after_ms"] as const) {
    const part = value[name];
    if (typeof part === "number") note[name] = part;
  }
  return note;
}

function numberOf(value: unknown): number {
  return numberOr(value, 0);
}

function readFrame(value: Json): Frame {
  return {
    type: "frame",
    number: numberOf(value.number),
    at_ms: numberOf(value.at_ms),
    round: numberOf(value.round),
    changed: tuples(value.changed, 2) as [number, number][],
    values: tuples(value.values, 2) as [number, number][],
    sent: tuples(value.sent, 3) as [number, number, number][],
    sent_total: numberOf(value.sent_total),
    points: numbersOf(value.points),
    notes: listOf(value.notes)
      .map(readNote)
      .filter((note): note is Note => note !== null),
    notes_left_out: numberOf(value.notes_left_out),
    thinned: numberOf(value.thinned),
  };
}

function readStarted(value: Json): Started {
  return {
    type: "started",
    link: textOr(value.link, ""),
    settings: readSettings(value.settings),
    members: numberOf(value.members),
    interval_ms: numberOr(value.interval_ms, 200),
    theory: readTheory(value.theory),
    actions: listOf(value.actions).filter((item): item is string => typeof item === "string"),
  };
}

/** One message of the stream, or null if it is none that this page knows. */
export function readMessage(text: string): LabMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  switch (value.type) {
    case "started":
      return readStarted(value);
    case "frame":
      return readFrame(value);
    case "acted":
      return { type: "acted", action: textOr(value.action, ""), link: textOr(value.link, "") };
    case "paused":
      return { type: "paused", at_ms: numberOf(value.at_ms) };
    case "playing":
      return {
        type: "playing",
        speed: numberOr(value.speed, 1),
        real_speed: numberOr(value.real_speed, numberOr(value.speed, 1)),
      };
    case "ended":
      return {
        type: "ended",
        at_ms: numberOf(value.at_ms),
        trace_hash: textOr(value.trace_hash, ""),
        link: textOr(value.link, ""),
        summary: isObject(value.summary) ? value.summary : {},
      };
    case "error":
      return { type: "error", problem: isObject(value.problem) ? value.problem : {} };
    case "heartbeat":
      return { type: "heartbeat" };
    case "closed":
      return { type: "closed", reason: textOr(value.reason, "") };
    default:
      return null;
  }
}

/** What a problem says to people: what happened, and what helps. */
export function problemText(problem: Problem): string {
  const said = problem.detail ?? problem.title ?? "The daemon refused this without saying why.";
  return problem.cure === undefined ? said : `${said} ${problem.cure}`;
}

/** When and how each crash was noticed, from a summary. */
export function detectionsOf(summary: Record<string, unknown>): Detection[] {
  return listOf(summary.detections)
    .filter(isObject)
    .map((item) => ({
      member: numberOf(item.member),
      first_ms: numberOr(item.first_ms, -1),
      last_ms: numberOr(item.last_ms, -1),
    }));
}
