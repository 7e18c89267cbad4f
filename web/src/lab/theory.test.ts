import { expect, test } from "vitest";
import { kTableOne, residueOf, residueOfCopies } from "./theory";

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

test("table 1 lies below the equations, as its contacts are judged at the start of a round", () => {
  for (const [k, residue] of kTableOne) expect(residue).toBeLessThan(residueOf(k));
});

test("in table 1 the residue is e to the minus copies, within 3 percent for k up to 4", () => {
  for (const [k, residue, copies] of kTableOne) {
    if (k <= 4) expect(Math.abs(residueOfCopies(copies) / residue - 1)).toBeLessThan(0.03);
  }
});
