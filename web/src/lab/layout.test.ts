import { expect, test } from "vitest";
import { layoutOf, markRadius, memberAt, membersBeyond, neighbourOf, type LayoutName } from "./layout";

const kAll: LayoutName[] = ["circle", "grid", "force"];

test("every member of every layout stands inside the picture", () => {
  for (const name of kAll) {
    for (const count of [1, 2, 120, 121, 1_000]) {
      const positions = layoutOf(name, count, new Int32Array(count).fill(-1));
      expect(positions.length).toBe(count * 2);
      expect(positions.every((place) => place >= 0 && place <= 1)).toBe(true);
    }
  }
});

test("the same members stand at the same places every time", () => {
  const parents = Int32Array.from({ length: 200 }, (_, member) => (member === 0 ? -1 : member >> 1));
  for (const name of kAll) expect(layoutOf(name, 200, parents)).toEqual(layoutOf(name, 200, parents));
});

test("a member is found where it stands, and nobody where none is", () => {
  const positions = layoutOf("grid", 100, new Int32Array(0));
  for (const member of [0, 55, 99]) {
    expect(memberAt(positions, positions[member * 2]!, positions[member * 2 + 1]!, 0.02)).toBe(member);
  }
  expect(memberAt(positions, 0, 0, 0.01)).toBe(-1);
});

test("arrow keys reach every member of a circle, a disc and a grid", () => {
  for (const [name, count] of [["circle", 40], ["circle", 300], ["grid", 90]] as const) {
    const positions = layoutOf(name, count, new Int32Array(0));
    const reached = new Set([0]);
    const waiting = [0];
    while (waiting.length > 0) {
      const member = waiting.pop()!;
      for (const way of ["left", "right", "up", "down"] as const) {
        const next = neighbourOf(positions, member, way);
        if (next < 0 || reached.has(next)) continue;
        reached.add(next);
        waiting.push(next);
      }
    }
    expect(reached.size).toBe(count);
  }
});

test("a line cuts off the members of its smaller side", () => {
  const positions = layoutOf("grid", 100, new Int32Array(0));
  const upper = Array.from({ length: 30 }, (_, member) => member);
  expect(membersBeyond(positions, [0, 0.3], [1, 0.3])).toEqual(upper);
  expect(membersBeyond(positions, [1, 0.3], [0, 0.3])).toHaveLength(30);
});

test("marks of neighbours do not touch", () => {
  for (const name of ["circle", "grid"] as const) {
    for (const count of [50, 120, 121, 1_000]) {
      const positions = layoutOf(name, count, new Int32Array(0));
      const radius = markRadius(count, name);
      const away = 2 * radius * 0.999;
      for (let member = 1; member < Math.min(count, 200); member += 1) {
        const dx = positions[member * 2]! - positions[member * 2 - 2]!;
        const dy = positions[member * 2 + 1]! - positions[member * 2 - 1]!;
        expect(Math.hypot(dx, dy)).toBeGreaterThan(away);
      }
    }
  }
});
