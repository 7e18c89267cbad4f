import { expect, test } from "vitest";
import { plotNode, svgText, type PlotModel } from "./plot";
import { axisFor, kTicksMax, placeOn, shortNumber, ticksOf } from "./scale";

const kColours = {
  paper: "#ffffff", ink: "#000000", faint: "#666666", grid: "#dddddd", theory: "#999999", series: ["#0072b2"],
};

test("ticks are round, inside the axis, and few", () => {
  for (const values of [[0, 1], [0, 17], [3, 1234567], [0, 0.00037]]) {
    const axis = axisFor(values, false);
    const ticks = ticksOf(axis);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThanOrEqual(kTicksMax);
    for (const tick of ticks) expect(placeOn(axis, tick)).toBeLessThanOrEqual(1.000001);
  }
});

test("a logarithmic axis spans whole decades and leaves out what is not positive", () => {
  const axis = axisFor([0, 0.0013, 0.174], true);
  expect(axis).toEqual({ least: 0.001, most: 1, isLog: true });
  expect(placeOn(axis, 0.001)).toBe(0);
  expect(placeOn(axis, 1)).toBe(1);
});

test("an axis without values is still an axis", () => {
  expect(ticksOf(axisFor([], false)).length).toBeGreaterThan(1);
  expect(ticksOf(axisFor([], true))).toEqual([0.1, 1]);
});

test("numbers are short", () => {
  expect([0, 0.0367, 1200, 12_345, 3_400_000, 1e-20].map(shortNumber)).toEqual(
    ["0", "0.0367", "1200", "12.3k", "3.4M", "1e-20"],
  );
});

test("the exported chart is the shown one, with what must be escaped", () => {
  const model: PlotModel = {
    title: "a < b & c", xTitle: "rounds", yTitle: "share",
    curves: [
      { name: "theory", points: [[0, 0], [1, 1]], kind: "theory", colour: 0 },
      { name: "measured", points: [[0, 0], [1, 0.5]], kind: "measured", colour: 0 },
    ],
  };
  const text = svgText(plotNode(model, kColours));
  expect(text).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  expect(text).toContain("a &lt; b &amp; c");
  expect(text.match(/<path/g)?.length).toBe(2);
  expect(text).toContain("stroke-dasharray");
});
