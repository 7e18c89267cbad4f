import { expect, test } from "vitest";
import { rowAfterKey } from "./long_table";
import { kOverscanRows, kRowsMax, scrollTo, windowOf } from "./window";

test("only rows in sight and some around them are drawn", () => {
  const window = windowOf(30_000, 600, 30, 10_000);
  expect(window.first).toBe(1_000 - kOverscanRows);
  expect(window.end).toBe(1_000 + 21 + kOverscanRows);
  expect(window.end - window.first).toBeLessThan(60);
});

test("the space above, the rows and the space below are as high as all rows", () => {
  for (const top of [0, 17, 4_000, 299_999, 1e9]) {
    const { first, end, above, below } = windowOf(top, 600, 30, 10_000);
    expect(above + (end - first) * 30 + below).toBe(300_000);
  }
});

test("a table that became shorter shows its last rows", () => {
  const window = windowOf(250_000, 600, 30, 25);
  expect(window.end).toBe(25);
  expect(window.first).toBe(0);
});

test("no rows are no window", () => {
  expect(windowOf(500, 600, 30, 0)).toEqual({ first: 0, end: 0, above: 0, below: 0 });
});

test("one row above the limit is not drawn", () => {
  expect(windowOf(1e12, 600, 30, kRowsMax).end).toBe(kRowsMax);
  expect(windowOf(1e12, 600, 30, kRowsMax + 1).end).toBe(kRowsMax);
});

test("scrolling brings a row into sight and does not move for one that is", () => {
  expect(scrollTo(5, 0, 300, 30)).toBe(0);
  expect(scrollTo(10, 0, 300, 30)).toBe(30);
  expect(scrollTo(2, 300, 300, 30)).toBe(60);
});

test("keys move through the rows and stop at both ends", () => {
  expect(rowAfterKey("ArrowDown", -1, 10, 5)).toBe(0);
  expect(rowAfterKey("ArrowDown", 9, 10, 5)).toBe(9);
  expect(rowAfterKey("PageUp", 3, 10, 5)).toBe(0);
  expect(rowAfterKey("End", 3, 10, 5)).toBe(9);
  expect(rowAfterKey("a", 3, 10, 5)).toBeNull();
});
