import { expect, test } from "vitest";
import { marksOf } from "../charts/timeline";
import type { KnownMember } from "../daemon/members";
import { positionOf } from "../daemon/overlay_store";
import type { RecordItem } from "../daemon/types";
import { ageText, bytesText, microsText } from "../shell/words";
import { qrPath } from "./actions";
import { kPatternsMax, patternsOf } from "./events";
import { contentOf, labelKeys } from "./graph_card";
import { agreementText, differencesOf } from "./health_card";
import { observersOf, roundTripText, withChange, withHeld } from "./member";
import { memberRows } from "./member_rows";
import { entryText } from "./state";
import { eventAddress, parseEventAddress } from "./trace_card";

function member(id: string, more: Partial<KnownMember> = {}): KnownMember {
  return { id, name: `name-${id}`, status: "alive", incarnation: 1, addresses: ["10.0.0.1:9471"], labels: {},
    status_age_ms: 0, is_self: false, since_ms: 0, ...more };
}

const kAll = { text: "", status: "", sort: "name", isDown: false } as const;

test("all words of a search must occur, anywhere", () => {
  const members = [member("a", { labels: { rack: "r1" } }), member("b", { labels: { rack: "r2" } })];
  expect(memberRows(members, { ...kAll, text: "NAME r2" }).map((each) => each.id)).toEqual(["b"]);
  expect(memberRows(members, { ...kAll, text: "name 10.0.0" }).length).toBe(2);
  expect(memberRows(members, { ...kAll, text: "r1 r2" })).toEqual([]);
});

test("rows are sorted both ways, and unknown round trips are last", () => {
  const members = [member("a", { rtt_us: 300 }), member("b"), member("c", { rtt_us: 100 })];
  expect(memberRows(members, { ...kAll, sort: "rtt" }).map((each) => each.id)).toEqual(["c", "a", "b"]);
  expect(memberRows(members, { ...kAll, sort: "rtt", isDown: true }).map((each) => each.id)).toEqual(["b", "a", "c"]);
});

test("sorting by status brings trouble to the top", () => {
  const members = [member("a"), member("b", { status: "dead" }), member("c", { status: "suspect" })];
  expect(memberRows(members, { ...kAll, sort: "status" }).map((each) => each.id)).toEqual(["b", "c", "a"]);
  expect(memberRows(members, { ...kAll, status: "dead" }).map((each) => each.id)).toEqual(["b"]);
});

test("patterns are parted by spaces and commas; none are all; one more than the limit is left out", () => {
  expect(patternsOf(" ")).toEqual([">"]);
  expect(patternsOf("a.*, b.>  c")).toEqual(["a.*", "b.>", "c"]);
  expect(patternsOf("x ".repeat(kPatternsMax + 1)).length).toBe(kPatternsMax);
});

test("the address of an event is read back, and nonsense is none", () => {
  const event = { publisher: "5537c6276e09dd8a", epoch: 1_795_285_439, sequence: 7 };
  expect(parseEventAddress(eventAddress(event))).toEqual(event);
  expect(parseEventAddress(eventAddress({ ...event, channel: 3 }))).toEqual({ ...event, channel: 3 });
  for (const text of ["", "x/1/2", "5537c6276e09dd8a/1", "5537c6276e09dd8a/1/2/3/4"]) {
    expect(parseEventAddress(text)).toBeNull();
  }
});

test("links of observers are drawn where they are known, else those that were measured", () => {
  const members = [member("a", { is_self: true }), member("b", { is_rtt_measured: true }), member("c")];
  const topology = { members: ["a", "b", "c"].map((id) => ({ id, x_us: 1, y_us: 2, zone: "z" })),
    links: [[1, 2]] as [number, number][], links_left_out: 0 };
  expect(contentOf(members, topology, "observers", "zone").links).toEqual([["b", "c"]]);
  expect(contentOf(members, null, "observers", "zone").links).toEqual([]);
  expect(contentOf(members, null, "measured", "zone").links).toEqual([["a", "b"]]);
});

test("members are grouped by zone, or by a label", () => {
  const members = [member("a", { labels: { rack: "r1" } }), member("b")];
  const topology = { members: [{ id: "a", x_us: null, y_us: null, zone: "fra" }], links: [], links_left_out: 0 };
  expect(contentOf(members, topology, "none", "zone").members.map((each) => each.group)).toEqual(["fra", ""]);
  expect(contentOf(members, topology, "none", "label:rack").members.map((each) => each.group)).toEqual(["r1", ""]);
  expect(labelKeys(members)).toEqual(["rack"]);
});

test("observers are those who watch, and those who are watched", () => {
  const topology = { members: ["a", "b", "c"].map((id) => ({ id, x_us: 1, y_us: 2, zone: "" })),
    links: [[0, 1], [2, 1], [1, 0]] as [number, number][], links_left_out: 0 };
  expect(observersOf(topology, "b")).toEqual({ by: ["a", "c"], of: ["a"] });
  expect(observersOf(topology, "nobody")).toEqual({ by: [], of: [] });
});

test("a change of a record sets, replaces and erases keys", () => {
  const before = [{ key: "a", value: "1", version: 1 }, { key: "b", value: "2", version: 1 }];
  const after = withChange(before, { type: "record", cursor: "c-1", seen_at_ms: 0, member: "m", version: 4,
    changes: [{ key: "a", value: null }, { key: "b", value: "3" }, { key: "c", value_base64: "AA==" }] });
  expect(after).toEqual([{ key: "b", value: "3", version: 4 }, { key: "c", value_base64: "AA==", version: 4 }]);
});

test("a change that came while the record was read is kept, unless the record has it", () => {
  const change = (version: number, value: string | null): RecordItem => ({ type: "record", cursor: "c-1", seen_at_ms: 0,
    member: "m", version, changes: [{ key: "a", value }] });
  const record = { member: "m", version: 5, items: [{ key: "a", value: "five", version: 5 }] };
  expect(withHeld(record, [change(4, "four"), change(5, "five")])).toEqual(record.items);
  expect(withHeld(record, [change(5, "five"), change(6, "six")])).toEqual([{ key: "a", value: "six", version: 6 }]);
  expect(withHeld(record, [change(6, null)])).toEqual([]);
});

test("marks that would lie upon each other are one with a number, and others are left out", () => {
  const change = (at_ms: number, kind = "joined") => ({ at_ms, kind, id: `m${at_ms}`, name: "m" });
  const marks = marksOf([change(99), change(100), change(101), change(900), change(500, "died"), change(1_101)],
    "joined", 100, 1_100);
  expect(marks.map((mark) => mark.count)).toEqual([2, 1]);
});

test("agreement is told only when enough seconds are known", () => {
  expect(differencesOf([0, 0, 0])).toBeNull();
  expect(differencesOf(Array.from({ length: 5 }, () => 0))).toBe(0);
  expect(differencesOf(Array.from({ length: 12 }, () => 0.6))).toBe(3);
});

test("answers about settings are put in words", () => {
  const answer = (id: string, payload: string) => ({ member: { id, name: id }, payload, after_us: 1 });
  const base = { complete: true, answered: [], missing: [], not_expected: [], took_us: 1 };
  expect(agreementText({ ...base, answers: [answer("a", "1"), answer("b", "1")] }))
    .toBe("All 2 members answered, their settings are equal.");
  expect(agreementText({ ...base, answers: [answer("a", "1"), answer("b", "2")],
    missing: [{ id: "c", name: "gamma", reason: "silent" }] }))
    .toBe("2 of 3 members answered; not: gamma, they have 2 different settings.");
});

test("entries of the shared map are told in one line", () => {
  const base = { key: "k", version: "1" };
  expect(entryText({ ...base, type: "value", value: "green" })).toBe("green");
  expect(entryText({ ...base, type: "value", value_base64: "AAAA" })).toBe("3 B, no text");
  expect(entryText({ ...base, type: "counter", count: -2 })).toBe("-2");
  expect(entryText({ ...base, type: "set", elements: ["a", "b"], element_count: 5 })).toBe("{a, b, and 3 more}");
});

test("a round trip says where it comes from", () => {
  const ends = { from: { id: "a", name: "a" }, to: { id: "b", name: "b" }, unknown: [] };
  expect(roundTripText(ends)).toBe("not known");
  expect(roundTripText({ ...ends, estimated_us: 1_500, error_percent: 9 }))
    .toBe("1.50 ms by coordinates (give or take 9 %)");
});

test("quantities are short and have units", () => {
  expect([bytesText(999), bytesText(1_234), bytesText(56_789_000)]).toEqual(["999 B", "1.23 kB", "56.8 MB"]);
  expect([microsText(230), microsText(4_100), microsText(1_250_000)]).toEqual(["230 µs", "4.10 ms", "1.25 s"]);
  expect([ageText(-5), ageText(59_999), ageText(3_600_000), ageText(200_000_000)]).toEqual(["0 s", "59 s", "1 h", "2 d"]);
});

test("the position of a cursor stands behind its last dash", () => {
  expect(positionOf("05060a2de7957ef6-42")).toBe(42);
});

test("only dark modules of a code are drawn", () => {
  expect(qrPath([[true, false], [false, true]])).toBe("M0 0h1v1h-1zM1 1h1v1h-1z");
});
