// The picture of a run: members as marks, packets on their way. Drawn on a canvas many times a
// second, or written as SVG once; both from the same scene.

import { kStateShapes, scaleColour, type Palette, type Shape } from "./palette";
import { MemberState, PacketKind } from "./protocol";

/** Steps of the colour scale; more cannot be told apart. */
const kShades = 40;
/** Packets in the air at once; more are not drawn. */
export const kPacketsMax = 1_500;
/** The ring around a member that tells others, in radii of its mark; rings of neighbours do not cross. */
const kHalo = 1.55;
/** Half of a packet's side in pixels, at most: smaller than any member. */
const kPacketMost = 3.5;
/** How long a packet is seen to fly, in real milliseconds. */
export const kFlightMs = 260;

export interface Packet {
  from: number;
  to: number;
  kind: number;
  /** Real time at which it left, in ms. */
  left: number;
  flight: number;
}

export interface ValueScale {
  least: number;
  most: number;
}

export interface Scene {
  positions: Float32Array;
  states: Uint8Array;
  /** Numbers of members and their range; null where states say all. */
  values: Float64Array | null;
  scale: ValueScale;
  packets: readonly Packet[];
  radius: number;
  selected: number;
  /** A line being drawn, in the unit square: [x0, y0, x1, y1]. */
  line: readonly [number, number, number, number] | null;
  /** Members that a cut holds apart from the others. */
  isCutOff: ReadonlySet<number>;
  palette: Palette;
}

export function valueShare(scale: ValueScale, value: number): number {
  return scale.most > scale.least ? (value - scale.least) / (scale.most - scale.least) : 0.5;
}

/** Colour and shape of one member. */
export function markOf(scene: Scene, member: number): { colour: string; shape: Shape } {
  const state = scene.states[member] ?? 0;
  const hasNumber =
    scene.values !== null && state !== MemberState.down && state !== MemberState.joining;
  if (hasNumber) {
    const share = Math.round(valueShare(scene.scale, scene.values?.[member] ?? 0) * kShades) / kShades;
    return { colour: scaleColour(scene.palette.scale, share), shape: "disc" };
  }
  return {
    colour: scene.palette.states[state] ?? scene.palette.ink,
    shape: kStateShapes[state] ?? "ring",
  };
}

/** Adds what a frame sent and forgets what has arrived; the newest have no room when it is full. */
export class Packets {
  private packets_: Packet[] = [];

  launch(sent: readonly (readonly [number, number, number])[], now: number, flight = kFlightMs): void {
    this.settle(now);
    for (const [from, to, kind] of sent) {
      if (this.packets_.length >= kPacketsMax) return;
      this.packets_.push({ from, to, kind, left: now, flight });
    }
  }

  settle(now: number): void {
    this.packets_ = this.packets_.filter((packet) => now < packet.left + packet.flight);
  }

  clear(): void {
    this.packets_ = [];
  }

  get all(): readonly Packet[] {
    return this.packets_;
  }
}

interface Dot {
  x: number;
  y: number;
  colour: string;
  isLost: boolean;
}

function packetDot(scene: Scene, packet: Packet, now: number): Dot | null {
  const part = Math.max(0, Math.min(1, (now - packet.left) / packet.flight));
  const isLost = packet.kind === PacketKind.lost;
  // A lost one stops half way.
  const way = isLost ? Math.min(part, 0.5) : part;
  const x0 = scene.positions[packet.from * 2];
  const y0 = scene.positions[packet.from * 2 + 1];
  const x1 = scene.positions[packet.to * 2];
  const y1 = scene.positions[packet.to * 2 + 1];
  if (x0 === undefined || y0 === undefined || x1 === undefined || y1 === undefined) return null;
  const colour = scene.palette.packets[packet.kind] ?? scene.palette.ink;
  return { x: x0 + (x1 - x0) * way, y: y0 + (y1 - y0) * way, colour, isLost };
}

function tracePolygon(context: CanvasRenderingContext2D, points: readonly [number, number][]): void {
  points.forEach(([x, y], index) => {
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
  context.closePath();
}

function polygonOf(shape: Shape, x: number, y: number, r: number): [number, number][] {
  if (shape === "triangle") {
    return [
      [x, y - r * 1.3],
      [x + r * 1.2, y + r * 0.9],
      [x - r * 1.2, y + r * 0.9],
    ];
  }
  if (shape === "diamond") {
    return [
      [x, y - r * 1.2],
      [x + r * 1.2, y],
      [x, y + r * 1.2],
      [x - r * 1.2, y],
    ];
  }
  return [
    [x - r, y - r],
    [x + r, y - r],
    [x + r, y + r],
    [x - r, y + r],
  ];
}

function drawMark(
  context: CanvasRenderingContext2D,
  shape: Shape,
  colour: string,
  x: number,
  y: number,
  r: number,
): void {
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, r * 0.4);
  context.beginPath();
  if (shape === "cross") {
    context.moveTo(x - r, y - r);
    context.lineTo(x + r, y + r);
    context.moveTo(x + r, y - r);
    context.lineTo(x - r, y + r);
    context.stroke();
  } else if (shape === "ring") {
    context.arc(x, y, r * 0.85, 0, 2 * Math.PI);
    context.stroke();
  } else if (shape === "disc" || shape === "halo") {
    context.arc(x, y, r, 0, 2 * Math.PI);
    context.fill();
    if (shape === "halo") {
      context.beginPath();
      context.lineWidth = Math.max(1, r * 0.25);
      context.arc(x, y, r * kHalo, 0, 2 * Math.PI);
      context.stroke();
    }
  } else {
    tracePolygon(context, polygonOf(shape, x, y, r));
    if (shape === "diamond") context.stroke();
    else context.fill();
  }
}

/** Marks that have been drawn once and are stamped from then on: a thousand arcs a frame are too slow. */
const stamps = new Map<string, HTMLCanvasElement>();
/** Shapes times colours of a few sizes; when full, all are drawn anew. */
const kStampsMax = 256;

function stampOf(shape: Shape, colour: string, radius: number): HTMLCanvasElement {
  const key = `${shape} ${colour} ${radius.toFixed(2)}`;
  const known = stamps.get(key);
  if (known !== undefined) return known;
  if (stamps.size >= kStampsMax) stamps.clear();
  const stamp = document.createElement("canvas");
  // Room for the widest shape, the halo and its line.
  const half = Math.ceil(radius * (kHalo + 0.5)) + 1;
  stamp.width = 2 * half;
  stamp.height = 2 * half;
  const context = stamp.getContext("2d");
  if (context !== null) drawMark(context, shape, colour, half, half, radius);
  stamps.set(key, stamp);
  return stamp;
}

/** Draws the scene as a square of `size` pixels. */
export function drawPicture(
  context: CanvasRenderingContext2D,
  size: number,
  scene: Scene,
  now: number,
): void {
  context.fillStyle = scene.palette.paper;
  context.fillRect(0, 0, size, size);
  drawCut(context, size, scene);
  const radius = scene.radius * size;
  for (let member = 0; member < scene.states.length; member += 1) {
    const { colour, shape } = markOf(scene, member);
    const x = (scene.positions[member * 2] ?? 0) * size;
    const y = (scene.positions[member * 2 + 1] ?? 0) * size;
    const stamp = stampOf(shape, colour, radius);
    const half = stamp.width / 2;
    context.drawImage(stamp, Math.round(x - half), Math.round(y - half));
  }
  drawPackets(context, size, scene, now);
  drawSelection(context, size, scene, radius);
}

function drawCut(context: CanvasRenderingContext2D, size: number, scene: Scene): void {
  context.fillStyle = scene.palette.grid;
  for (const member of scene.isCutOff) {
    const x = (scene.positions[member * 2] ?? 0) * size;
    const y = (scene.positions[member * 2 + 1] ?? 0) * size;
    context.beginPath();
    context.arc(x, y, scene.radius * size * 2.2, 0, 2 * Math.PI);
    context.fill();
  }
  if (scene.line === null) return;
  const [x0, y0, x1, y1] = scene.line;
  context.strokeStyle = scene.palette.ink;
  context.lineWidth = 2;
  context.setLineDash([6, 4]);
  context.beginPath();
  context.moveTo(x0 * size, y0 * size);
  context.lineTo(x1 * size, y1 * size);
  context.stroke();
  context.setLineDash([]);
}

function drawPackets(
  context: CanvasRenderingContext2D,
  size: number,
  scene: Scene,
  now: number,
): void {
  const r = Math.max(1.5, Math.min(kPacketMost, scene.radius * size * 0.35));
  let colour = "";
  for (const packet of scene.packets) {
    const dot = packetDot(scene, packet, now);
    if (dot === null) continue;
    if (dot.isLost) {
      drawMark(context, "cross", dot.colour, dot.x * size, dot.y * size, r * 1.3);
      colour = "";
      continue;
    }
    if (colour !== dot.colour) {
      colour = dot.colour;
      context.fillStyle = colour;
    }
    context.fillRect(Math.round(dot.x * size - r), Math.round(dot.y * size - r), 2 * r, 2 * r);
  }
}

function drawSelection(
  context: CanvasRenderingContext2D,
  size: number,
  scene: Scene,
  radius: number,
): void {
  if (scene.selected < 0 || scene.selected >= scene.states.length) return;
  const x = (scene.positions[scene.selected * 2] ?? 0) * size;
  const y = (scene.positions[scene.selected * 2 + 1] ?? 0) * size;
  context.strokeStyle = scene.palette.selection;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x, y, radius * 2.4 + 2, 0, 2 * Math.PI);
  context.stroke();
}

function svgMark(shape: Shape, colour: string, x: number, y: number, r: number): string {
  const at = (value: number): string => value.toFixed(2);
  const stroke = `fill="none" stroke="${colour}" stroke-width="${at(Math.max(1, r * 0.4))}"`;
  const disc = `<circle cx="${at(x)}" cy="${at(y)}" r="${at(r)}" fill="${colour}"/>`;
  if (shape === "disc") return disc;
  if (shape === "ring") {
    return `<circle cx="${at(x)}" cy="${at(y)}" r="${at(r * 0.85)}" ${stroke}/>`;
  }
  if (shape === "halo") {
    return `${disc}<circle cx="${at(x)}" cy="${at(y)}" r="${at(r * kHalo)}" ${stroke}/>`;
  }
  if (shape === "cross") {
    const d = `M${at(x - r)} ${at(y - r)}L${at(x + r)} ${at(y + r)}M${at(x + r)} ${at(y - r)}L${at(x - r)} ${at(y + r)}`;
    return `<path d="${d}" ${stroke}/>`;
  }
  const points = polygonOf(shape, x, y, r)
    .map(([px, py]) => `${at(px)},${at(py)}`)
    .join(" ");
  const paint = shape === "diamond" ? stroke : `fill="${colour}"`;
  return `<polygon points="${points}" ${paint}/>`;
}

/** The scene without packets and selection as an SVG document: equal runs give equal text. */
export function pictureSvg(scene: Scene, size: number, title: string): string {
  const radius = scene.radius * size;
  const marks: string[] = [];
  for (const member of [...scene.isCutOff].sort((a, b) => a - b)) {
    const x = (scene.positions[member * 2] ?? 0) * size;
    const y = (scene.positions[member * 2 + 1] ?? 0) * size;
    marks.push(svgMark("disc", scene.palette.grid, x, y, radius * 2.2));
  }
  for (let member = 0; member < scene.states.length; member += 1) {
    const { colour, shape } = markOf(scene, member);
    const x = (scene.positions[member * 2] ?? 0) * size;
    const y = (scene.positions[member * 2 + 1] ?? 0) * size;
    marks.push(svgMark(shape, colour, x, y, radius));
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" width="${size}" height="${size}">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${size}" height="${size}" fill="${scene.palette.paper}"/>`,
    ...marks,
    "</svg>",
    "",
  ].join("\n");
}

export function escapeXml(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}
