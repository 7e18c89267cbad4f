import { expect, test } from "vitest";
import type { Trace, TraceNode } from "../daemon/types";
import { infectionOf, instantOf, kNamedMax, kTracedMax, latenciesOf, reachedAt } from "./infection";
import { placesOf } from "./infection_painter";

function node(id: string, from: string | undefined, after_us: number, more: Partial<TraceNode> = {}): TraceNode {
  return {
    id, name: id, hops: 0, repair: "none", duplicates: 0, learned_at_us: 1_000 + after_us, after_us, is_skewed: false,
    clock: "agreed", skew_us: 0, ...(from === undefined ? {} : { from, hop_us: after_us }), ...more,
  };
}

function traceOf(nodes: TraceNode[]): Trace {
  return { id: "e", publisher: nodes[0]?.id ?? "", nodes, edges: [], untraced: [], lacking: [], silent: [],
    duplicates: 0, repairs: 0 };
}

test("a tree has its publisher at depth 0 and parents between their children", () => {
  const infection = infectionOf(traceOf([
    node("p", undefined, 0), node("a", "p", 100), node("b", "p", 200), node("c", "b", 900),
  ]));
  expect(infection.nodes.map((each) => each.depth)).toEqual([0, 1, 1, 2]);
  expect(infection.leaves).toBe(2);
  expect(infection.nodes[0]?.share).toBeCloseTo(0.5);
  expect(infection.end_us).toBe(900);
});

test("as the replay goes on, more have it, and at the end all have", () => {
  const infection = infectionOf(traceOf([node("p", undefined, 0), node("a", "p", 100), node("b", "p", 900)]));
  const counts = [0, 0.25, 0.5, 0.75, 1].map((share) => reachedAt(infection, instantOf(infection, share)));
  expect(counts[0]).toBe(1);
  expect(counts).toEqual(counts.slice().sort((a, b) => a - b));
  expect(counts[4]).toBe(3);
});

test("a member whose clock is behind the publisher's is drawn as told at once", () => {
  const infection = infectionOf(traceOf([node("p", undefined, 0), node("a", "p", -50)]));
  expect(infection.nodes[1]?.after_us).toBe(0);
});

test("who was told by somebody unknown hangs on the publisher", () => {
  const infection = infectionOf(traceOf([node("p", undefined, 0), node("a", "ghost", 10)]));
  expect(infection.nodes[1]?.from).toBe(0);
});

test("notes that contradict each other do not make an endless tree", () => {
  const infection = infectionOf(traceOf([
    node("p", undefined, 0), node("a", "b", 10), node("b", "c", 20), node("c", "a", 30), node("d", "d", 40),
  ]));
  expect(infection.nodes.every((each) => each.depth <= 4)).toBe(true);
  expect(infection.leaves).toBeGreaterThan(0);
});

test("one node more than the limit is left out and counted", () => {
  const nodes = Array.from({ length: kTracedMax + 1 }, (_, index) =>
    node(`n${index}`, index === 0 ? undefined : `n${(index - 1) >> 1}`, index));
  const infection = infectionOf(traceOf(nodes));
  expect(infection.nodes.length).toBe(kTracedMax);
  expect(infection.omitted).toBe(1);
});

test("an empty trace is an empty tree", () => {
  expect(infectionOf(traceOf([]))).toMatchObject({ nodes: [], leaves: 0, depthMax: 0, end_us: 0 });
});

test("the middle and the largest of the hops are theirs", () => {
  const infection = infectionOf(traceOf([
    node("p", undefined, 0), ...[5, 1, 9, 3, 7].map((hop, index) => node(`n${index}`, "p", hop)),
  ]));
  expect(latenciesOf(infection)).toEqual({ median_us: 5, p90_us: 9, max_us: 9 });
  expect(latenciesOf(infectionOf(traceOf([])))).toEqual({ median_us: null, p90_us: null, max_us: null });
});

test("all places lie within the picture, in rows and in rings", () => {
  for (const count of [2, kNamedMax, kNamedMax + 1, 500]) {
    const infection = infectionOf(traceOf(Array.from({ length: count }, (_, index) =>
      node(`n${index}`, index === 0 ? undefined : `n${(index - 1) >> 1}`, index))));
    const place = placesOf(infection, 600, 400);
    for (const each of infection.nodes) {
      const [x, y] = place(each);
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(600);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(400);
    }
  }
});
