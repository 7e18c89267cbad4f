import { expect, test } from "vitest";
import { chartModel, chartNamesOf, detectionTimes, histogram } from "./charts";
import { FakeLabSocket, kFakeCatalogue } from "./fake_lab";
import { runToEnd, LabPlayer } from "./player";
import { RunStore } from "./run_store";
import { noteWords } from "./summary";

test("every experiment has charts, also one that this page does not know", () => {
  for (const { name } of kFakeCatalogue.experiments) expect(chartNamesOf(name).length).toBeGreaterThan(1);
  expect(chartNamesOf("of another time").length).toBeGreaterThan(1);
});

test("the measured curve has a point per frame, and the theory stands behind it", async () => {
  const { started, store } = await runToEnd(() => new FakeLabSocket(1), "experiment=rumor&members=40&seed=2");
  const player = new LabPlayer(() => new FakeLabSocket(1));
  started.theory.curves["infected"] = [[0, 0.025], [1, 0.05], [60, 1]];
  player.store.begin(started);
  for (let index = 0; index < store.frameCount; index += 1) player.store.apply(store.frameAt(index)!);
  const model = chartModel("infected", [player], "rumor");
  expect(model.curves.map((curve) => [curve.name, curve.kind])).toEqual(
    [["theory", "theory"], ["measured", "measured"]]);
  // Of the theory what goes a little ahead of the run, not all of it.
  expect(model.curves[0]?.points.length).toBe(2);
  expect(model.curves[1]?.points.length).toBe(store.samples.length);
});

test("two runs are two curves with two colours", () => {
  const players = [0, 1].map(() => new LabPlayer(() => new FakeLabSocket(1)));
  const model = chartModel("bytes", players, "rumor");
  expect(model.curves.map((curve) => [curve.name, curve.colour])).toEqual([["first run", 0], ["second run", 1]]);
});

test("equal bars hold every value once, the largest in the last", () => {
  const bars = histogram([0, 1, 50, 99, 100], 10, 100);
  expect(bars.length).toBe(10);
  expect(bars.map((bar) => bar[2])).toEqual([2, 0, 0, 0, 0, 1, 0, 0, 0, 2]);
  expect(histogram([], 10, 1)).toEqual([]);
});

test("only true deaths have a detection time", () => {
  const store = new RunStore();
  store.notes = [
    { at_ms: 5_200, kind: "dead", member: 7, by: 3, after_ms: 200 },
    { at_ms: 5_400, kind: "dead_to_all", member: 7, by: 9, after_ms: 400 },
    { at_ms: 6_000, kind: "false_death", member: 8, by: 9 },
  ];
  expect(detectionTimes(store, "first")).toEqual([200]);
  expect(detectionTimes(store, "all")).toEqual([400]);
  expect(noteWords(store.notes[1]!)).toBe("5.40 s: all hold 7 for dead, 400 ms after its death");
  expect(noteWords({ at_ms: 0, kind: "unheard of" })).toBe("0.00 s: unheard of: member ?");
});
