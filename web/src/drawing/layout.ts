// Where members are drawn. Members of one zone lie together; within the bounds below the forces of
// d3-force pull linked members near each other, and then the layout stands still.
//
// All that is drawn every frame lies in typed arrays, made when the members change and not while
// drawing.
import {
  forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY,
  type Simulation, type SimulationLinkDatum, type SimulationNodeDatum,
} from "d3-force";
import type { Status } from "../daemon/types";

/** Above this, members stand in a spiral around the middle of their zone and no forces act. */
export const kSimulatedMembersMax = 2_000;
/** More are not drawn; the table has them all. */
export const kDrawnMembersMax = 10_000;
export const kDrawnLinksMax = 40_000;
const kPulledMembersMax = 200;
/** Steps of the forces after one change. d3's own cooling ends it after 300. */
export const kLayoutStepsMax = 160;
/** Time for steps within one frame; the rest of 16.7 ms is for drawing. */
export const kLayoutFrameMs = 6;
/** Distance between neighbours, in units of the drawing. */
const kSpacing = 26;
const kGroupGap = 30;
/** Width to height of the picture. */
const kAspect = 1.8;

export const kStatusCode: Record<Status, number> = { alive: 0, suspect: 1, dead: 2, left: 3 };

export interface LayoutMember {
  id: string;
  name: string;
  status: Status;
  isSelf: boolean;
  group: string;
  /** Coordinates in microseconds, if they are to be used. */
  x_us?: number | null;
  y_us?: number | null;
}

interface Point extends SimulationNodeDatum {
  index: number;
  x: number;
  y: number;
  groupX: number;
  groupY: number;
}

export interface Group {
  name: string;
  x: number;
  y: number;
  radius: number;
  count: number;
}

/** A spiral in which every place has as much room as any other (Vogel 1979). */
export function spiralPlace(index: number, spacing: number): [number, number] {
  const angle = index * 2.399963229728653; // The golden angle, in radians.
  const radius = spacing * 0.6 * Math.sqrt(index + 0.5);
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/** Groups in rows, by name; the picture is wider than high, as screens are. */
export function placeGroups(counts: ReadonlyMap<string, number>): Map<string, Group> {
  const names = [...counts.keys()].sort();
  const radiusOf = (name: string) => kSpacing * 0.66 * Math.sqrt((counts.get(name) ?? 0) + 1) + kSpacing;
  const columns = Math.max(1, Math.ceil(Math.sqrt(names.length * kAspect)));
  const groups = new Map<string, Group>();
  let y = 0;
  for (let first = 0; first < names.length; first += columns) {
    const row = names.slice(first, first + columns);
    const high = Math.max(...row.map(radiusOf));
    let x = -row.reduce((sum, name) => sum + radiusOf(name), 0) - kGroupGap * (row.length - 1) / 2;
    y += high;
    for (const name of row) {
      const radius = radiusOf(name);
      x += radius;
      groups.set(name, { name, x, y, radius, count: counts.get(name) ?? 0 });
      x += radius + kGroupGap;
    }
    y += high + kGroupGap;
  }
  return groups;
}

export class Layout {
  ids: string[] = [];
  names: string[] = [];
  x = new Float32Array(0);
  y = new Float32Array(0);
  status = new Uint8Array(0);
  self = -1;
  /** Pairs of indexes. */
  links = new Uint32Array(0);
  groups: Group[] = [];
  /** Members that are not drawn, because there are more than `kDrawnMembersMax`. */
  omitted = 0;
  private readonly indexOf = new Map<string, number>();
  private points: Point[] = [];
  private simulation: Simulation<Point, SimulationLinkDatum<Point>> | null = null;
  private steps = 0;

  /** Takes the members as they are now. Who was drawn before stays where it was. */
  setMembers(members: readonly LayoutMember[]): void {
    const drawn = members.slice(0, kDrawnMembersMax);
    this.omitted = members.length - drawn.length;
    const before = new Map(this.points.map((point) => [this.ids[point.index] ?? "", point]));
    const isSame = drawn.length === this.ids.length && drawn.every((member, index) =>
      member.id === this.ids[index] && before.has(member.id));
    const groups = this.regroup(drawn);
    const hasMoved = this.takeMembers(drawn, groups, before);
    if (!isSame || hasMoved) this.reheat(isSame ? 0.3 : before.size === 0 ? 1 : 0.35);
  }

  private regroup(members: readonly LayoutMember[]): Map<string, Group> {
    const counts = new Map<string, number>();
    for (const member of members) counts.set(member.group, (counts.get(member.group) ?? 0) + 1);
    const groups = placeGroups(counts);
    this.groups = [...groups.values()];
    return groups;
  }

  private takeMembers(members: readonly LayoutMember[], groups: Map<string, Group>,
                      before: Map<string, Point>): boolean {
    let hasMoved = false;
    const count = members.length;
    this.ids = members.map((member) => member.id);
    this.names = members.map((member) => member.name);
    this.x = new Float32Array(count);
    this.y = new Float32Array(count);
    this.status = new Uint8Array(count);
    this.indexOf.clear();
    this.self = members.findIndex((member) => member.isSelf);
    const inGroup = new Map<string, number>();
    this.points = members.map((member, index) => {
      const group = groups.get(member.group) ?? { x: 0, y: 0 };
      const place = inGroup.get(member.group) ?? 0;
      inGroup.set(member.group, place + 1);
      const [dx, dy] = spiralPlace(place, kSpacing);
      const old = before.get(member.id);
      const isNear = old !== undefined && Math.hypot(old.groupX - group.x, old.groupY - group.y) < kSpacing;
      if (!isNear) hasMoved = true;
      this.status[index] = kStatusCode[member.status];
      this.indexOf.set(member.id, index);
      return { index, x: isNear ? old.x : group.x + dx, y: isNear ? old.y : group.y + dy,
        groupX: group.x, groupY: group.y };
    });
    this.copyPlaces();
    return hasMoved;
  }

  /** Links as pairs of ids; those of members that are not drawn are left out. */
  setLinks(pairs: Iterable<readonly [string, string]>): void {
    const flat: number[] = [];
    for (const [from, to] of pairs) {
      const source = this.indexOf.get(from);
      const target = this.indexOf.get(to);
      if (source === undefined || target === undefined || source === target) continue;
      flat.push(source, target);
      if (flat.length >= 2 * kDrawnLinksMax) break;
    }
    this.links = Uint32Array.from(flat);
  }

  indexOfId(id: string): number {
    return this.indexOf.get(id) ?? -1;
  }

  /** Places by coordinates: distance on the page is the round trip. Unknown members stay in a row. */
  placeByCoordinates(members: readonly LayoutMember[]): void {
    this.simulation = null;
    const known = members.filter((member) => member.x_us != null && member.y_us != null);
    const reach = Math.max(1, ...known.map((member) => Math.hypot(member.x_us ?? 0, member.y_us ?? 0)));
    const scale = (kSpacing * 0.8 * Math.sqrt(members.length + 8)) / reach;
    let unknown = 0;
    members.forEach((member) => {
      const point = this.points[this.indexOfId(member.id)];
      if (point === undefined) return;
      const isKnown = member.x_us != null && member.y_us != null;
      point.x = isKnown ? (member.x_us ?? 0) * scale : kSpacing * (unknown - 2);
      point.y = isKnown ? (member.y_us ?? 0) * scale : reach * scale + 3 * kSpacing;
      if (!isKnown) unknown += 1;
    });
    this.groups = [];
    this.copyPlaces();
  }

  private reheat(alpha: number): void {
    this.steps = 0;
    if (this.points.length > kSimulatedMembersMax || this.points.length < 2) {
      this.simulation = null;
      return;
    }
    this.simulation = forceSimulation(this.points)
      .stop()
      .alpha(alpha)
      .alphaDecay(1 - Math.pow(0.001, 1 / kLayoutStepsMax))
      .velocityDecay(0.45)
      .force("repel", forceManyBody<Point>().strength(-30).theta(1.1).distanceMax(kSpacing * 5))
      .force("apart", forceCollide<Point>(kSpacing * 0.58).iterations(1))
      .force("groupX", forceX<Point>((point) => point.groupX).strength(0.11))
      .force("groupY", forceY<Point>((point) => point.groupY).strength(0.11));
  }

  /**
   * Lets links pull too, where there are few members and one group: three random rings of many pull
   * nowhere, and links between groups would pull members out of theirs.
   */
  attachLinks(): void {
    if (this.simulation === null || this.points.length > kPulledMembersMax || this.groups.length > 1) return;
    const links: SimulationLinkDatum<Point>[] = [];
    for (let index = 0; index < this.links.length; index += 2) {
      links.push({ source: this.links[index] ?? 0, target: this.links[index + 1] ?? 0 });
    }
    this.simulation.force("links",
      forceLink<Point, SimulationLinkDatum<Point>>(links).distance(kSpacing * 2.2).strength(0.03));
  }

  get isMoving(): boolean {
    return this.simulation !== null;
  }

  /** Steps for one frame. Gives whether something has moved. */
  advance(now: () => number): boolean {
    const { simulation } = this;
    if (simulation === null) return false;
    const end = now() + kLayoutFrameMs;
    do {
      simulation.tick();
      this.steps += 1;
      if (simulation.alpha() < simulation.alphaMin() || this.steps >= kLayoutStepsMax) {
        this.simulation = null;
        break;
      }
    } while (now() < end);
    this.copyPlaces();
    return true;
  }

  private copyPlaces(): void {
    this.points.forEach((point, index) => {
      this.x[index] = point.x;
      this.y[index] = point.y;
    });
  }

  /** The member nearest to a place, at most `reach` away; -1 if there is none. */
  nearest(x: number, y: number, reach: number): number {
    let best = -1;
    let bestSquare = reach * reach;
    for (let index = 0; index < this.x.length; index += 1) {
      const dx = (this.x[index] ?? 0) - x;
      const dy = (this.y[index] ?? 0) - y;
      const square = dx * dx + dy * dy;
      if (square <= bestSquare) {
        best = index;
        bestSquare = square;
      }
    }
    return best;
  }

  /** The member that lies next in a direction (unit vector); `from` itself if there is none. */
  nextInDirection(from: number, dx: number, dy: number): number {
    if (from < 0 || from >= this.x.length) return this.x.length === 0 ? -1 : Math.max(0, this.self);
    let best = from;
    let bestCost = Infinity;
    for (let index = 0; index < this.x.length; index += 1) {
      const ax = (this.x[index] ?? 0) - (this.x[from] ?? 0);
      const ay = (this.y[index] ?? 0) - (this.y[from] ?? 0);
      const along = ax * dx + ay * dy;
      const aside = Math.abs(ax * dy - ay * dx);
      // Within 60 degrees of the direction, and what lies straight ahead before what lies aside.
      if (index === from || along <= 0 || aside > along * 1.74) continue;
      const cost = along + 2 * aside;
      if (cost < bestCost) {
        best = index;
        bestCost = cost;
      }
    }
    return best;
  }

  /** Left, top, right and bottom of all that is drawn. */
  bounds(): [number, number, number, number] {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let index = 0; index < this.x.length; index += 1) {
      left = Math.min(left, this.x[index] ?? 0);
      right = Math.max(right, this.x[index] ?? 0);
      top = Math.min(top, this.y[index] ?? 0);
      bottom = Math.max(bottom, this.y[index] ?? 0);
    }
    if (this.groups.length > 1) {
      for (const group of this.groups) {
        left = Math.min(left, group.x - group.radius);
        right = Math.max(right, group.x + group.radius);
        top = Math.min(top, group.y - group.radius);
        bottom = Math.max(bottom, group.y + group.radius);
      }
    }
    return left === Infinity ? [-1, -1, 1, 1] : [left, top, right, bottom];
  }
}
