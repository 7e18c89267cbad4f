// What the daemon sends, as /v1/openapi.json describes it; only what the page uses.

export type Status = "alive" | "suspect" | "dead" | "left";
export const kStatuses: readonly Status[] = ["alive", "suspect", "dead", "left"];

export interface Member {
  id: string;
  name: string;
  status: Status;
  incarnation: number;
  addresses: string[];
  labels: Record<string, string>;
  status_age_ms: number;
  is_self: boolean;
  path?: string;
  rtt_us?: number;
  is_rtt_measured?: boolean;
}

export interface MemberList {
  members: Member[];
  matched: number;
}

export interface Pressure {
  member: string;
  member_name: string;
  backlog: number;
  rate: number;
  limit: number;
  since_ms: number;
}

export interface Overlay {
  name: string;
  protocol: string;
  id: string;
  member_name: string;
  incarnation: number;
  bind: string;
  advertise: string[];
  seeds: string[];
  key_ids: number[];
  profile: string;
  detector: string;
  dissemination: string;
  cipher: string;
  labels: Record<string, string>;
  origin: string;
  state: "starting" | "running" | "left";
  view_fingerprint: string;
  members_alive: number;
  members_suspect: number;
  members_dead: number;
  members_left: number;
  local_health: number;
  pressure?: Pressure;
  counters: Record<string, number>;
}

export interface Topology {
  members: { id: string; x_us: number | null; y_us: number | null; zone: string }[];
  links: [number, number][];
  links_left_out: number;
}

interface Item {
  cursor: string;
  subscription?: string;
}

export interface EventItem extends Item {
  type: "event";
  seen_at_ms: number;
  id: string;
  publisher: string;
  epoch: number;
  sequence: number;
  channel?: number;
  trace?: boolean;
  after?: string[];
  causal_unknown?: boolean;
  published_at_ms: number;
  topic: string;
  payload?: string;
  payload_base64?: string;
}

export interface GapItem extends Item {
  type: "gap";
  seen_at_ms: number;
  publisher: string;
  epoch: number;
  first: number;
  last: number;
}

export interface MemberItem extends Item {
  type: "member";
  seen_at_ms: number;
  kind: string;
  member: Member;
}

export interface MembersItem extends Item {
  type: "members";
  seen_at_ms: number;
  kind: string;
  members: Member[];
}

export interface ViewItem extends Item {
  type: "view";
  seen_at_ms: number;
  size: number;
  fingerprint: string;
}

export interface RecordItem extends Item {
  type: "record";
  seen_at_ms: number;
  member: string;
  version: number;
  changes: { key: string; value?: string | null; value_base64?: string }[];
}

export interface StateItem extends Item {
  type: "state" | "state_reload";
  seen_at_ms: number;
  key?: string;
}

export interface MissedItem extends Item {
  type: "missed";
  reason: "unknown_position" | "overrun";
  missed: number | null;
}

export type StreamItem =
  | EventItem | GapItem | MemberItem | MembersItem | ViewItem | RecordItem | StateItem | MissedItem;

export interface SocketReply {
  type: "subscribed" | "unsubscribed" | "published" | "error" | "heartbeat" | "ended";
  id?: string;
  cursor?: string;
  reason?: string;
  problem?: { detail?: string; cure?: string; status?: number; title?: string };
}

export interface EventPage {
  items: StreamItem[];
  next: string;
}

export interface PublishReceipt {
  publisher: string;
  epoch: number;
  sequence: number;
  channel?: number;
  id: string;
}

export interface MemberName {
  id: string;
  name: string;
}

export interface TraceNode {
  id: string;
  name: string;
  from?: string;
  hops: number;
  repair: "none" | "asked" | "frontier";
  duplicates: number;
  learned_at_us: number;
  after_us?: number;
  hop_us?: number;
  is_skewed: boolean;
  clock: string;
  skew_us: number;
}

export interface Trace {
  id: string;
  publisher: string;
  nodes: TraceNode[];
  edges: { from: string; to: string; hop_us?: number }[];
  untraced: MemberName[];
  lacking: MemberName[];
  silent: MemberName[];
  duplicates: number;
  repairs: number;
}

export interface KeyValue {
  key: string;
  value?: string;
  value_base64?: string;
  version: number;
}

export interface MemberRecord {
  member: string;
  version: number;
  items: KeyValue[];
}

export interface StateEntry {
  key: string;
  type: "value" | "counter" | "set";
  version: string;
  value?: string;
  value_base64?: string;
  writer?: string;
  expires_at_ms?: number;
  count?: number;
  elements?: string[];
  element_count?: number;
}

export interface StatePage {
  entries: StateEntry[];
  next: string | null;
}

export type SqlValue = string | number | null;

export interface Table {
  columns: string[];
  rows: SqlValue[][];
  is_truncated: boolean;
  cut?: string;
  age_ms: number;
  oldest_ms?: number;
}

export interface Aggregate extends Table {
  name: string;
  definition: { sql?: string; function?: string; key?: string; group_by?: string };
  state: "waiting" | "ready" | "failed";
  error?: string;
  revision: number;
  contributors?: number;
  lacking?: number;
}

export interface QueryResult {
  answers: {
    member: MemberName;
    payload?: string;
    payload_base64?: string;
    after_us: number;
    round_trip_us?: number;
  }[];
  complete: boolean;
  answered: MemberName[];
  missing: { id: string; name: string; reason: string }[];
  not_expected: { id: string; name: string; reason: string }[];
  took_us: number;
}

export interface RoundTrip {
  from: MemberName;
  to: MemberName;
  estimated_us?: number;
  error_percent?: number;
  measured_us?: number;
  measured_age_ms?: number;
  unknown: string[];
}

export interface Info {
  version: string;
  node_name: string;
  uptime_ms: number;
  resident_bytes: number;
  overlays: number;
  is_ready: boolean;
}
