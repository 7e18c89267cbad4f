import { expect, test } from "vitest";
import { kChangesMax, MemberTable } from "./members";
import { kSamplesMax, Rates } from "./rates";
import { Ring } from "./ring";
import { kPendingItemsMax, pushBounded } from "./stream";
import type { Member, StreamItem } from "./types";

function member(id: string, more: Partial<Member> = {}): Member {
  return { id, name: `name of ${id}`, status: "alive", incarnation: 1, addresses: [], labels: {}, status_age_ms: 0,
    is_self: false, ...more };
}

function item(kind: string, who: Member, at = 1_000): StreamItem {
  return { type: "member", cursor: "c-1", seen_at_ms: at, kind, member: who };
}

test("what the stream tells changes the table", () => {
  const table = new MemberTable();
  table.replace([member("a"), member("b")], 0);
  expect(table.apply(item("suspected", member("a", { status: "suspect" })), 5)).toBe(true);
  expect(table.members.get("a")?.status).toBe("suspect");
  expect(table.apply(item("forgotten", member("b")), 6)).toBe(true);
  expect(table.members.has("b")).toBe(false);
});

test("members that died together are all dead", () => {
  const table = new MemberTable();
  table.replace([member("a"), member("b"), member("c")], 0);
  const dead = [member("a", { status: "dead" }), member("b", { status: "dead" })];
  table.apply({ type: "members", cursor: "c-1", seen_at_ms: 1, kind: "died", members: dead }, 1);
  expect([...table.members.values()].map((each) => each.status)).toEqual(["dead", "dead", "alive"]);
  expect(table.changes.length).toBe(2);
});

test("items applied twice, in order, end where they end once", () => {
  const story = [
    item("suspected", member("a", { status: "suspect" })), item("died", member("a", { status: "dead" })),
    item("joined", member("b")), item("returned", member("a")),
  ];
  const once = new MemberTable();
  const twice = new MemberTable();
  story.forEach((each) => once.apply(each, 9));
  [...story, ...story].forEach((each) => twice.apply(each, 9));
  expect([...twice.members]).toEqual([...once.members]);
});

test("a round trip that was known holds until another is", () => {
  const table = new MemberTable();
  table.replace([member("a", { rtt_us: 250, is_rtt_measured: true })], 0);
  table.apply(item("updated", member("a")), 1);
  expect(table.members.get("a")?.rtt_us).toBe(250);
  table.apply(item("updated", member("a", { rtt_us: 300 })), 2);
  expect(table.members.get("a")?.rtt_us).toBe(300);
});

test("a change of the path is no coming or going", () => {
  const table = new MemberTable();
  table.apply(item("path", member("a", { path: "relayed" })), 1);
  expect(table.members.get("a")?.path).toBe("relayed");
  expect(table.changes.length).toBe(0);
});

test("what happened before stands in front of what the page has seen", () => {
  const table = new MemberTable();
  table.apply(item("died", member("a", { status: "dead" }), 30), 30);
  table.prepend([item("joined", member("a"), 10), item("path", member("a"), 15), item("suspected", member("a"), 20)]);
  expect(table.changes.toArray().map((change) => change.kind)).toEqual(["joined", "suspected", "died"]);
});

test("events change no member", () => {
  const table = new MemberTable();
  expect(table.apply({ type: "view", cursor: "c-2", seen_at_ms: 1, size: 3, fingerprint: "f" }, 1)).toBe(false);
});

test("one change more than the limit displaces the oldest", () => {
  const table = new MemberTable();
  for (let index = 0; index <= kChangesMax; index += 1) table.apply(item("joined", member(`m${index}`), index), index);
  expect(table.changes.length).toBe(kChangesMax);
  expect(table.changes.at(0)?.id).toBe("m1");
  expect(table.changes.displaced).toBe(1);
});

test("a ring gives back the newest items in order, and nothing beyond its ends", () => {
  const ring = new Ring<number>(3);
  [1, 2, 3, 4].forEach((each) => ring.push(each));
  expect(ring.toArray()).toEqual([2, 3, 4]);
  expect([ring.at(-1), ring.at(3), ring.newest()]).toEqual([undefined, undefined, 4]);
  ring.clear();
  expect(ring.toArray()).toEqual([]);
  expect(() => new Ring(0)).toThrow();
});

test("a queue never holds more than its limit, and drops the oldest", () => {
  const queue: number[] = [];
  let dropped = 0;
  for (let index = 0; index <= kPendingItemsMax; index += 1) dropped += pushBounded(queue, index, kPendingItemsMax);
  expect(queue.length).toBeLessThanOrEqual(kPendingItemsMax);
  expect(dropped + queue.length).toBe(kPendingItemsMax + 1);
  expect(queue[queue.length - 1]).toBe(kPendingItemsMax);
});

test("rates are the slope of counters", () => {
  const rates = new Rates();
  rates.add(0, { sent_bytes_total: 100 });
  expect(rates.samples.length).toBe(0);
  rates.add(2_000, { sent_bytes_total: 700 });
  expect(rates.latest("sent_bytes")).toBe(300);
});

test("a restart of the daemon and a pause are gaps, not spikes", () => {
  const rates = new Rates();
  rates.add(0, { sent_bytes_total: 5_000 });
  rates.add(1_000, { sent_bytes_total: 10 });
  expect(rates.latest("sent_bytes")).toBeNull();
  rates.add(61_000, { sent_bytes_total: 900_000 });
  expect(rates.latest("sent_bytes")).toBeNull();
});

test("one sample more than the limit displaces the oldest", () => {
  const rates = new Rates();
  for (let second = 0; second <= kSamplesMax + 1; second += 1) rates.add(second * 1_000, { sent_bytes_total: second });
  const [times, sent] = rates.columns(["sent_bytes"]);
  expect(times?.length).toBe(kSamplesMax);
  expect(times?.[0]).toBe(2);
  expect(sent?.every((rate) => rate === 1)).toBe(true);
});
