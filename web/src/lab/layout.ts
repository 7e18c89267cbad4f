// Where members stand in the picture: positions in the unit square, as flat arrays [x0, y0, x1, ...].
// All three are deterministic: the same members stand at the same places in every replay.

import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type SimulationNodeDatum,
} from "d3-force";

export type LayoutName = "circle" | "grid" | "force";

export const kLayouts: readonly { name: LayoutName; title: string }[] = [
  { name: "circle", title: "Circle" },
  { name: "grid", title: "Grid" },
  { name: "force", title: "Who told whom" },
];

/** Steps of the force layout: with 1,000 members about a third of a second in all. */
export const kForceSteps = 60;
const kMargin = 0.04;
/** Marks smaller than 2 pixels or larger than a finger tip help nobody. */
const kMarkLeast = 0.003;
const kMarkMost = 0.016;
/** Radians between two members of a sunflower: 2 pi (1 - 1/golden ratio); fills a disc evenly. */
const kGoldenAngle = Math.PI * (3 - Math.sqrt(5));

/** A ring as long as the members have room on it, then a disc filled like a sunflower. */
const kRingMembersMax = 120;

export function circleLayout(count: number): Float32Array {
  const positions = new Float32Array(count * 2);
  const radius = 0.5 - kMargin;
  for (let member = 0; member < count; member += 1) {
    const onRing = count <= kRingMembersMax;
    const angle = onRing ? (2 * Math.PI * member) / count - Math.PI / 2 : member * kGoldenAngle;
    const distance = onRing ? radius : radius * Math.sqrt((member + 0.5) / count);
    positions[member * 2] = 0.5 + distance * Math.cos(angle);
    positions[member * 2 + 1] = 0.5 + distance * Math.sin(angle);
  }
  return positions;
}

export function gridLayout(count: number): Float32Array {
  const positions = new Float32Array(count * 2);
  const columns = Math.max(1, Math.ceil(Math.sqrt(count)));
  const rows = Math.max(1, Math.ceil(count / columns));
  const width = 1 - 2 * kMargin;
  for (let member = 0; member < count; member += 1) {
    positions[member * 2] = kMargin + (width * ((member % columns) + 0.5)) / columns;
    positions[member * 2 + 1] = kMargin + (width * (Math.floor(member / columns) + 0.5)) / rows;
  }
  return positions;
}

interface Body extends SimulationNodeDatum {
  index: number;
}

/** Members are pulled towards the one that told them first. `parents[i]` is -1 if nobody did. */
export function forceLayout(count: number, parents: Int32Array): Float32Array {
  const start = circleLayout(count);
  const bodies: Body[] = [];
  for (let index = 0; index < count; index += 1) {
    const x = ((start[index * 2] ?? 0.5) - 0.5) * 600;
    const y = ((start[index * 2 + 1] ?? 0.5) - 0.5) * 600;
    bodies.push({ index, x, y });
  }
  const links: { source: number; target: number }[] = [];
  for (let index = 0; index < count; index += 1) {
    const parent = parents[index] ?? -1;
    if (parent >= 0 && parent < count && parent !== index) {
      links.push({ source: parent, target: index });
    }
  }
  const simulation = forceSimulation(bodies)
    .force("push", forceManyBody().strength(-12).distanceMax(160))
    .force("pull", forceLink(links).distance(14).strength(0.7))
    .force("apart", forceCollide(4))
    .force("x", forceX(0).strength(0.03))
    .force("y", forceY(0).strength(0.03))
    .stop();
  simulation.tick(kForceSteps);
  return fitted(bodies);
}

/** Moved and scaled into the unit square, both axes alike. */
function fitted(bodies: readonly Body[]): Float32Array {
  let extent = 1e-9;
  for (const body of bodies) extent = Math.max(extent, Math.abs(body.x ?? 0), Math.abs(body.y ?? 0));
  const positions = new Float32Array(bodies.length * 2);
  bodies.forEach((body, index) => {
    positions[index * 2] = 0.5 + ((body.x ?? 0) / extent) * (0.5 - kMargin);
    positions[index * 2 + 1] = 0.5 + ((body.y ?? 0) / extent) * (0.5 - kMargin);
  });
  return positions;
}

export function layoutOf(name: LayoutName, count: number, parents: Int32Array): Float32Array {
  if (name === "grid") return gridLayout(count);
  if (name === "force") return forceLayout(count, parents);
  return circleLayout(count);
}

/** Radius of a member's mark, as a share of the picture's width: neighbours do not touch. */
export function markRadius(count: number, layout: LayoutName): number {
  const members = Math.max(1, count);
  const isRing = layout === "circle" && members <= kRingMembersMax;
  const side = 1 - 2 * kMargin;
  const apart = isRing ? (Math.PI * side) / members : (0.85 * side) / Math.sqrt(members);
  return Math.max(kMarkLeast, Math.min(kMarkMost, apart * 0.31));
}

/** The member nearest to a place in the unit square; -1 if none is within `reach`. */
export function memberAt(positions: Float32Array, x: number, y: number, reach: number): number {
  let best = -1;
  let bestSquare = reach * reach;
  for (let member = 0; member * 2 < positions.length; member += 1) {
    const dx = (positions[member * 2] ?? 0) - x;
    const dy = (positions[member * 2 + 1] ?? 0) - y;
    const square = dx * dx + dy * dy;
    if (square <= bestSquare) {
      best = member;
      bestSquare = square;
    }
  }
  return best;
}

export type Direction = "left" | "right" | "up" | "down";

/** The next member in a direction: near, and straight ahead rather than aside. -1: stay. */
export function neighbourOf(positions: Float32Array, member: number, direction: Direction): number {
  const x = positions[member * 2] ?? 0.5;
  const y = positions[member * 2 + 1] ?? 0.5;
  let best = -1;
  let bestCost = Infinity;
  for (let other = 0; other * 2 < positions.length; other += 1) {
    if (other === member) continue;
    const dx = (positions[other * 2] ?? 0) - x;
    const dy = (positions[other * 2 + 1] ?? 0) - y;
    const ahead = { left: -dx, right: dx, up: -dy, down: dy }[direction];
    const aside = Math.abs(direction === "left" || direction === "right" ? dy : dx);
    if (ahead < 1e-6 || aside > ahead * 2) continue;
    const cost = ahead + aside * 2;
    if (cost < bestCost) {
      best = other;
      bestCost = cost;
    }
  }
  return best;
}

/** Members on one side of the line through two places: the smaller side, so that it is cut off. */
export function membersBeyond(
  positions: Float32Array,
  from: readonly [number, number],
  to: readonly [number, number],
): number[] {
  const left: number[] = [];
  const right: number[] = [];
  for (let member = 0; member * 2 < positions.length; member += 1) {
    const px = (positions[member * 2] ?? 0) - from[0];
    const py = (positions[member * 2 + 1] ?? 0) - from[1];
    const cross = (to[0] - from[0]) * py - (to[1] - from[1]) * px;
    (cross > 0 ? left : right).push(member);
  }
  return left.length <= right.length ? left : right;
}
