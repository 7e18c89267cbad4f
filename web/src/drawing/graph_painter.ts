// Draws a layout on a canvas. Nothing is allocated per member: one path per status, one for links.
import type { Camera } from "./camera";
import type { Layout } from "./layout";
import { themeColor } from "../shell/theme";

/** Names are drawn when there is room for them. */
const kNamesMax = 60;
const kNameHeight = 13;

export interface GraphColors {
  status: string[];
  link: string;
  text: string;
  quiet: string;
  surface: string;
  accent: string;
  group: string;
}

export function graphColors(): GraphColors {
  return {
    status: ["alive", "suspect", "dead", "left"].map((name) => themeColor(`--status-${name}`)),
    link: themeColor("--link-line"),
    text: themeColor("--text"),
    quiet: themeColor("--text-quiet"),
    surface: themeColor("--surface"),
    accent: themeColor("--accent"),
    group: themeColor("--surface-raised"),
  };
}

export interface Scene {
  layout: Layout;
  camera: Camera;
  colors: GraphColors;
  width: number;
  height: number;
  hovered: number;
  selected: number;
}

type Context = CanvasRenderingContext2D;

function drawGroups(context: Context, { layout, camera, colors }: Scene): void {
  if (layout.groups.length < 2) return;
  context.fillStyle = colors.group;
  for (const group of layout.groups) {
    context.beginPath();
    context.arc(group.x * camera.scale + camera.offsetX, group.y * camera.scale + camera.offsetY,
      group.radius * camera.scale, 0, 2 * Math.PI);
    context.fill();
  }
}

/** A text that stays readable upon lines. */
function drawText(context: Context, text: string, x: number, y: number, color: string, around: string): void {
  context.strokeStyle = around;
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeText(text, x, y);
  context.fillStyle = color;
  context.fillText(text, x, y);
}

function drawGroupNames(context: Context, { layout, camera, colors }: Scene): void {
  if (layout.groups.length < 2) return;
  context.textAlign = "center";
  context.font = "600 12px system-ui, sans-serif";
  for (const group of layout.groups) {
    drawText(context, group.name === "" ? "(none)" : group.name, group.x * camera.scale + camera.offsetX,
      (group.y - group.radius) * camera.scale + camera.offsetY - 5, colors.quiet, colors.surface);
  }
}

function drawLinks(context: Context, { layout, camera, colors }: Scene): void {
  const { links, x, y } = layout;
  if (links.length === 0) return;
  const { scale, offsetX, offsetY } = camera;
  context.strokeStyle = colors.link;
  context.globalAlpha = links.length > 2_000 ? 0.28 : 0.6;
  context.lineWidth = links.length > 2_000 ? 0.7 : 1;
  context.beginPath();
  for (let index = 0; index < links.length; index += 2) {
    const from = links[index] as number;
    const to = links[index + 1] as number;
    context.moveTo((x[from] as number) * scale + offsetX, (y[from] as number) * scale + offsetY);
    context.lineTo((x[to] as number) * scale + offsetX, (y[to] as number) * scale + offsetY);
  }
  context.stroke();
  context.globalAlpha = 1;
}

/** The links of the member that the reader looks at, above all others. */
function drawOwnLinks(context: Context, scene: Scene, member: number): void {
  if (member < 0) return;
  const { layout: { links, x, y }, camera: { scale, offsetX, offsetY } } = scene;
  context.strokeStyle = scene.colors.accent;
  context.lineWidth = 1.5;
  context.beginPath();
  for (let index = 0; index < links.length; index += 2) {
    const from = links[index] as number;
    const to = links[index + 1] as number;
    if (from !== member && to !== member) continue;
    context.moveTo((x[from] as number) * scale + offsetX, (y[from] as number) * scale + offsetY);
    context.lineTo((x[to] as number) * scale + offsetX, (y[to] as number) * scale + offsetY);
  }
  context.stroke();
}

function addShape(context: Context, status: number, x: number, y: number, radius: number): void {
  switch (status) {
    case 1: // suspect: a triangle
      context.moveTo(x, y - 1.25 * radius);
      context.lineTo(x + 1.15 * radius, y + 0.85 * radius);
      context.lineTo(x - 1.15 * radius, y + 0.85 * radius);
      context.closePath();
      break;
    case 2: // dead: a cross
      context.moveTo(x - radius, y - radius);
      context.lineTo(x + radius, y + radius);
      context.moveTo(x + radius, y - radius);
      context.lineTo(x - radius, y + radius);
      break;
    default: // alive: a disc; left: a ring
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
  }
}

function drawMembers(context: Context, scene: Scene): void {
  const { layout: { x, y, status }, camera: { scale, offsetX, offsetY }, width, height } = scene;
  const radius = memberRadius(scene);
  for (let code = 0; code < 4; code += 1) {
    context.beginPath();
    let drawn = 0;
    for (let index = 0; index < x.length; index += 1) {
      if (status[index] !== code) continue;
      const px = (x[index] as number) * scale + offsetX;
      const py = (y[index] as number) * scale + offsetY;
      if (px < -radius || py < -radius || px > width + radius || py > height + radius) continue;
      addShape(context, code, px, py, radius);
      drawn += 1;
    }
    if (drawn === 0) continue;
    const color = scene.colors.status[code] ?? scene.colors.text;
    if (code < 2) {
      context.fillStyle = color;
      context.fill();
    } else {
      context.strokeStyle = color;
      context.lineWidth = Math.max(1.5, radius * 0.45);
      context.stroke();
    }
  }
}

/** Pixels; it grows slower than the scale, so that overviews stay readable. */
export function memberRadius({ camera }: Pick<Scene, "camera">): number {
  return Math.max(2, Math.min(11, 7.5 * Math.sqrt(camera.scale)));
}

function drawMark(context: Context, scene: Scene, member: number, color: string, dash: number[]): void {
  if (member < 0 || member >= scene.layout.x.length) return;
  const px = (scene.layout.x[member] as number) * scene.camera.scale + scene.camera.offsetX;
  const py = (scene.layout.y[member] as number) * scene.camera.scale + scene.camera.offsetY;
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.setLineDash(dash);
  context.beginPath();
  context.arc(px, py, memberRadius(scene) + 4, 0, 2 * Math.PI);
  context.stroke();
  context.setLineDash([]);
}

function drawNames(context: Context, scene: Scene): void {
  const { layout, camera, width, height } = scene;
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  const radius = memberRadius(scene);
  const inSight: number[] = [];
  for (let index = 0; index < layout.x.length && inSight.length <= kNamesMax; index += 1) {
    const px = (layout.x[index] as number) * camera.scale + camera.offsetX;
    const py = (layout.y[index] as number) * camera.scale + camera.offsetY;
    if (px > 0 && py > 0 && px < width && py < height) inSight.push(index);
  }
  const special = [scene.hovered, scene.selected, layout.self].filter((index) => index >= 0);
  const others = inSight.length > kNamesMax ? [] : inSight.filter((index) => !special.includes(index));
  const placed: [number, number][] = [];
  for (const index of [...new Set(special), ...others]) {
    const px = (layout.x[index] as number) * camera.scale + camera.offsetX;
    const py = (layout.y[index] as number) * camera.scale + camera.offsetY + radius + 14;
    // A name upon another one helps nobody; who is pointed at comes first.
    const width = 6.5 * (layout.names[index]?.length ?? 0);
    if (placed.some(([x, y]) => Math.abs(x - px) < width && Math.abs(y - py) < kNameHeight)) continue;
    placed.push([px, py]);
    const name = layout.names[index] ?? "";
    const text = index === layout.self ? `${name} (here)` : name;
    const isLookedAt = index === scene.hovered || index === scene.selected;
    drawText(context, text, px, py, isLookedAt ? scene.colors.text : scene.colors.quiet, scene.colors.surface);
  }
}

export function paintGraph(context: Context, scene: Scene): void {
  context.clearRect(0, 0, scene.width, scene.height);
  drawGroups(context, scene);
  drawLinks(context, scene);
  drawOwnLinks(context, scene, scene.hovered >= 0 ? scene.hovered : scene.selected);
  drawMembers(context, scene);
  drawGroupNames(context, scene);
  drawMark(context, scene, scene.layout.self, scene.colors.accent, []);
  drawMark(context, scene, scene.hovered, scene.colors.text, [3, 3]);
  drawMark(context, scene, scene.selected, scene.colors.text, []);
  drawNames(context, scene);
}
