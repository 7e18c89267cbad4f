// Which members the table shows, and in which order.
import type { KnownMember } from "../daemon/members";
import type { Status } from "../daemon/types";

export type SortKey = "name" | "status" | "rtt" | "since" | "address" | "life";

export interface RowFilter {
  text: string;
  /** Empty: all. */
  status: Status | "";
  sort: SortKey;
  isDown: boolean;
}

/** The order of severity, so that sorting by status brings trouble together. */
const kStatusRank: Record<Status, number> = { dead: 0, suspect: 1, left: 2, alive: 3 };

/** All words of the search must occur in the name, id, an address or a label. */
export function matches(member: KnownMember, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const labels = Object.entries(member.labels).map(([key, value]) => `${key}=${value}`).join(" ");
  const text = `${member.name} ${member.id} ${member.addresses.join(" ")} ${labels} ${member.status}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function keyOf(member: KnownMember, sort: SortKey): string | number {
  switch (sort) {
    case "name": return member.name;
    case "status": return kStatusRank[member.status];
    case "rtt": return member.rtt_us ?? Number.POSITIVE_INFINITY;
    case "since": return -member.since_ms;
    case "address": return member.addresses[0] ?? "";
    case "life": return member.incarnation;
  }
}

/** The rows in order. Members that are equal in what is sorted by stand by name, then by id. */
export function memberRows(members: Iterable<KnownMember>, filter: RowFilter): KnownMember[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const sign = filter.isDown ? -1 : 1;
  const keyed: { key: string | number; member: KnownMember }[] = [];
  for (const member of members) {
    if (filter.status !== "" && member.status !== filter.status) continue;
    if (matches(member, words)) keyed.push({ key: keyOf(member, filter.sort), member });
  }
  keyed.sort((a, b) => {
    if (a.key < b.key) return -sign;
    if (a.key > b.key) return sign;
    if (a.member.name !== b.member.name) return a.member.name < b.member.name ? -1 : 1;
    return a.member.id < b.member.id ? -1 : 1;
  });
  return keyed.map((each) => each.member);
}
