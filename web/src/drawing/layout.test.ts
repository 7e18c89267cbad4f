import { expect, test } from "vitest";
import { Camera, kScaleMax, kScaleMin } from "./camera";
import {
  kDrawnLinksMax, kDrawnMembersMax, kLayoutStepsMax, kSimulatedMembersMax, Layout, placeGroups, spiralPlace,
  type LayoutMember,
} from "./layout";

function membersOf(count: number, groups = 1): LayoutMember[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `m${index}`, name: `member ${index}`, status: "alive", isSelf: index === 0, group: `g${index % groups}`,
  }));
}

/** Runs until the layout stands still; gives the number of frames. */
function settle(layout: Layout): number {
  let frames = 0;
  let now = 0;
  while (layout.isMoving && frames < 10_000) {
    // A clock that jumps: one step of the forces per frame.
    layout.advance(() => (now += 100));
    frames += 1;
  }
  return frames;
}

test("the layout stands still after a bounded number of steps", () => {
  const layout = new Layout();
  layout.setMembers(membersOf(100, 4));
  expect(settle(layout)).toBeLessThanOrEqual(kLayoutStepsMax);
  expect(layout.advance(() => 0)).toBe(false);
});

test("members of one group end up nearer to each other than to those of another", () => {
  const layout = new Layout();
  layout.setMembers(membersOf(60, 2));
  settle(layout);
  const middle = (group: number) => {
    const own = layout.ids.map((_, index) => index).filter((index) => index % 2 === group);
    return own.reduce((sum, index) => sum + (layout.x[index] ?? 0), 0) / own.length;
  };
  const between = Math.abs(middle(0) - middle(1));
  for (let index = 0; index < 60; index += 1) {
    expect(Math.abs((layout.x[index] ?? 0) - middle(index % 2))).toBeLessThan(between);
  }
});

test("who was drawn stays where it was when another one comes", () => {
  const layout = new Layout();
  layout.setMembers(membersOf(30));
  settle(layout);
  const before = Array.from(layout.x);
  layout.setMembers(membersOf(31));
  for (let index = 0; index < 30; index += 1) expect(layout.x[index]).toBeCloseTo(before[index] ?? 0, 3);
});

test("a change of status moves nobody", () => {
  const layout = new Layout();
  const members = membersOf(30);
  layout.setMembers(members);
  settle(layout);
  layout.setMembers(members.map((member) => ({ ...member, status: "dead" })));
  expect(layout.isMoving).toBe(false);
  expect(layout.status[3]).toBe(2);
});

test("no forces act on one member more than the limit", () => {
  const layout = new Layout();
  layout.setMembers(membersOf(kSimulatedMembersMax));
  expect(layout.isMoving).toBe(true);
  layout.setMembers(membersOf(kSimulatedMembersMax + 1));
  expect(layout.isMoving).toBe(false);
});

test("one member more than can be drawn is left out and counted", () => {
  const layout = new Layout();
  layout.setMembers(membersOf(kDrawnMembersMax + 1));
  expect(layout.x.length).toBe(kDrawnMembersMax);
  expect(layout.omitted).toBe(1);
});

test("one link more than the limit is left out, and so are links of unknown members", () => {
  const layout = new Layout();
  layout.setMembers(membersOf(3));
  layout.setLinks(Array.from({ length: kDrawnLinksMax + 1 }, () => ["m0", "m1"] as const));
  expect(layout.links.length).toBe(2 * kDrawnLinksMax);
  layout.setLinks([["m0", "nobody"], ["m1", "m1"], ["m1", "m2"]]);
  expect(Array.from(layout.links)).toEqual([1, 2]);
});

test("coordinates put members where they say, and unknown ones aside", () => {
  const layout = new Layout();
  const members = membersOf(3).map((member, index) => ({
    ...member, x_us: index === 2 ? null : index * 1_000, y_us: index === 2 ? null : 0,
  }));
  layout.setMembers(members);
  layout.placeByCoordinates(members);
  expect(layout.isMoving).toBe(false);
  expect(layout.x[1]).toBeGreaterThan(layout.x[0] ?? 0);
  expect(layout.y[2]).toBeGreaterThan(layout.y[0] ?? 0);
});

test("arrow keys go to the next member in their direction, and stay where there is none", () => {
  const layout = new Layout();
  const members = membersOf(3).map((member, index) => ({ ...member, x_us: index * 1_000, y_us: 0 }));
  layout.setMembers(members);
  layout.placeByCoordinates(members);
  expect(layout.nextInDirection(0, 1, 0)).toBe(1);
  expect(layout.nextInDirection(2, 1, 0)).toBe(2);
  expect(layout.nextInDirection(-1, 1, 0)).toBe(0);
  expect(new Layout().nextInDirection(-1, 1, 0)).toBe(-1);
});

test("groups do not lie upon each other", () => {
  const groups = [...placeGroups(new Map([["a", 300], ["b", 10], ["c", 50], ["d", 1], ["e", 700]])).values()];
  for (const one of groups) {
    for (const other of groups) {
      if (one === other) continue;
      expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThan(one.radius + other.radius);
    }
  }
});

test("places of the spiral are apart from each other", () => {
  const places = Array.from({ length: 200 }, (_, index) => spiralPlace(index, 26));
  places.forEach(([x, y], index) => places.slice(index + 1).forEach(([otherX, otherY]) => {
    expect(Math.hypot(x - otherX, y - otherY)).toBeGreaterThan(10);
  }));
});

test("what lies under the pointer stays there while the picture grows", () => {
  const camera = new Camera();
  camera.fit([-100, -100, 100, 100], 800, 600, 20);
  const [x, y] = [camera.toX(123), camera.toY(456)];
  camera.zoom(1.7, 123, 456);
  expect(camera.toX(123)).toBeCloseTo(x);
  expect(camera.toY(456)).toBeCloseTo(y);
  camera.zoom(1e9, 0, 0);
  expect(camera.scale).toBe(kScaleMax);
  camera.zoom(1e-9, 0, 0);
  expect(camera.scale).toBe(kScaleMin);
});
