// Who is in the overlay, as a table that the items of the stream change.
import { Ring } from "./ring";
import type { Member, MemberItem, MembersItem, StreamItem } from "./types";

/** Comings and goings that the timeline and the pages of members can show. */
export const kChangesMax = 2_000;

/** What happened to one member, for the timeline. */
export interface Change {
  at_ms: number;
  kind: string;
  id: string;
  name: string;
}

/** The kinds that the timeline has a lane for. Others ("updated", "path") change only the table. */
export const kTimelineKinds = ["joined", "suspected", "cleared", "died", "left", "returned", "forgotten"];

/** A member with the instant since which it has its status, by the clock of this page. */
export interface KnownMember extends Member {
  since_ms: number;
}

function membersOf(item: MemberItem | MembersItem): Member[] {
  return item.type === "member" ? [item.member] : item.members;
}

/** What an item adds to the timeline. */
function changesOf(item: StreamItem): Change[] {
  if ((item.type !== "member" && item.type !== "members") || !kTimelineKinds.includes(item.kind)) return [];
  return membersOf(item).map(({ id, name }) => ({ at_ms: item.seen_at_ms, kind: item.kind, id, name }));
}

export class MemberTable {
  readonly members = new Map<string, KnownMember>();
  readonly changes = new Ring<Change>(kChangesMax);

  /** All members as the daemon lists them; whoever is not in the list is gone. */
  replace(members: readonly Member[], now_ms: number): void {
    this.members.clear();
    for (const member of members) this.put(member, now_ms);
  }

  /** True if the item says something of members. An item twice does no harm; see `load` of the store. */
  apply(item: StreamItem, now_ms: number): boolean {
    if (item.type !== "member" && item.type !== "members") return false;
    for (const member of membersOf(item)) this.change(item.kind, member, now_ms);
    changesOf(item).forEach((change) => this.changes.push(change));
    return true;
  }

  /** Puts what happened before the page was opened in front of what it has seen itself. */
  prepend(past: readonly StreamItem[]): void {
    const seen = this.changes.toArray();
    this.changes.clear();
    past.flatMap(changesOf).forEach((change) => this.changes.push(change));
    seen.forEach((change) => this.changes.push(change));
  }

  private change(kind: string, member: Member, now_ms: number): void {
    if (kind === "forgotten") this.members.delete(member.id);
    else this.put(member, now_ms);
  }

  private put(member: Member, now_ms: number): void {
    const before = this.members.get(member.id);
    const known: KnownMember = { ...member, since_ms: now_ms - member.status_age_ms };
    // Items tell of a change at once, when the new round trip is not known yet; the old one still holds.
    if (known.rtt_us === undefined && before?.rtt_us !== undefined) {
      known.rtt_us = before.rtt_us;
      known.is_rtt_measured = before.is_rtt_measured ?? false;
    }
    this.members.set(member.id, known);
  }
}
