import { expect, test } from "vitest";
import {
  infectedCurve, kPushPullVarianceFactor, kTableOne, logistic, pullTail, pushRounds, pushTail, residueOf,
  residueOfMessages, swimUnnoticed, varianceCurve,
} from "./theory";

test("the residue is the fixed point of s = e^{-(k+1)(1-s)}", () => {
  expect(residueOf(1)).toBeCloseTo(0.203188, 6);
  expect(residueOf(2)).toBeCloseTo(0.0595202, 6);
  expect(residueOf(3)).toBeCloseTo(0.0198274, 6);
  expect(residueOf(4)).toBeCloseTo(0.00697715, 6);
  expect(residueOf(5)).toBeCloseTo(0.00251646, 6);
  expect(residueOf(10)).toBeCloseTo(1.67e-5, 7);
});

test("the residue solves its equation, also for small k", () => {
  for (const k of [0.1, 0.5, 1, 2, 7.5, 20]) {
    const s = residueOf(k);
    expect(s).toBeLessThan(1);
    expect(Math.exp(-(k + 1) * (1 - s))).toBeCloseTo(s, 9);
  }
});

test("table 1 lies below the differential equation, as its contacts are judged at the start of a round", () => {
  for (const [k, residue] of kTableOne) expect(residue).toBeLessThan(residueOf(k));
});

test("in table 1 the residue is e to the minus messages, within 3 percent for k up to 4", () => {
  for (const [k, residue, messages] of kTableOne) {
    if (k <= 4) expect(Math.abs(residueOfMessages(messages) / residue - 1)).toBeLessThan(0.03);
  }
});

test("a rumor told by all who know grows to everybody in about log2 n + ln n rounds", () => {
  const curve = infectedCurve(1_000, 1, 40);
  expect(curve[0]?.[1]).toBeCloseTo(0.001, 9);
  const halfway = curve.findIndex(([, share]) => share >= 0.5);
  expect(halfway).toBeGreaterThan(9);
  expect(halfway).toBeLessThan(12);
  const all = curve.findIndex(([, share]) => share > 0.999);
  expect(all).toBeGreaterThan(15);
  expect(all).toBeLessThan(20);
});

test("the logistic curve begins with one member and passes the middle where it is steepest", () => {
  expect(logistic(1_000, 1, 0)).toBeCloseTo(0.001, 9);
  expect(logistic(1_000, 1, Math.log(999))).toBeCloseTo(0.5, 9);
});

test("pull squares the share of the unaware, push divides it by nearly e", () => {
  expect(pullTail(0.1)).toBeCloseTo(0.01, 12);
  expect(pushTail(0.01, 1_000) / 0.01).toBeGreaterThan(0.368);
  expect(pushTail(0.01, 1_000) / 0.01).toBeLessThan(0.39);
});

test("the variance of averages falls by 0.303 per round", () => {
  expect(kPushPullVarianceFactor).toBeCloseTo(0.3033, 4);
  expect(varianceCurve(8, 0.5, 3)).toEqual([[0, 8], [1, 4], [2, 2], [3, 1]]);
});

test("the rule of thumb for rounds is near the measured 8.2 for fan-out 3 and 1,000 members", () => {
  expect(Math.abs(pushRounds(1_000, 3) - 8.2)).toBeLessThan(0.2);
});

test("random probes leave one crash in a hundred unnoticed after 4.6 periods", () => {
  expect(swimUnnoticed(4.605)).toBeCloseTo(0.01, 4);
});
