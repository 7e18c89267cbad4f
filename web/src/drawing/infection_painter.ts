// Draws one instant of an infection.
import { themeColor } from "../shell/theme";
import { kNamedMax, type Infection, type InfectionNode } from "./infection";

export interface InfectionColors {
  told: string;
  fresh: string;
  repaired: string;
  waiting: string;
  line: string;
  text: string;
}

export function infectionColors(): InfectionColors {
  return {
    told: themeColor("--chart-3"), fresh: themeColor("--chart-2"), repaired: themeColor("--chart-4"),
    waiting: themeColor("--line"), line: themeColor("--link-line"), text: themeColor("--text"),
  };
}

type Context = CanvasRenderingContext2D;
type Place = (node: InfectionNode) => [number, number];

/** Rows from left to right for few, rings around the publisher for many. */
export function placesOf(infection: Infection, width: number, height: number): Place {
  const depth = Math.max(1, infection.depthMax);
  if (infection.nodes.length <= kNamedMax) {
    const inner = Math.max(60, width - 210);
    return (node) => [40 + (node.depth / depth) * inner, 20 + node.share * Math.max(20, height - 40)];
  }
  const radius = Math.max(20, Math.min(width, height) / 2 - 18);
  return (node) => {
    const angle = node.share * 2 * Math.PI - Math.PI / 2;
    const reach = (node.depth / depth) * radius;
    return [width / 2 + reach * Math.cos(angle), height / 2 + reach * Math.sin(angle)];
  };
}

function drawEdge(context: Context, from: [number, number], to: [number, number], share: number): void {
  context.moveTo(from[0], from[1]);
  context.lineTo(from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share);
}

function drawEdges(context: Context, infection: Infection, place: Place, at_us: number, color: string,
                   wanted: (node: InfectionNode) => boolean): void {
  context.strokeStyle = color;
  context.beginPath();
  for (const node of infection.nodes) {
    const from = infection.nodes[node.from];
    if (from === undefined || !wanted(node) || at_us < from.after_us) continue;
    const span = Math.max(1, node.after_us - from.after_us);
    drawEdge(context, place(from), place(node), Math.min(1, (at_us - from.after_us) / span));
  }
  context.stroke();
}

function colorOf(node: InfectionNode, at_us: number, end_us: number, colors: InfectionColors): string {
  if (at_us < node.after_us) return colors.waiting;
  if (at_us < end_us && at_us - node.after_us < 0.06 * end_us) return colors.fresh;
  return node.repair === "none" ? colors.told : colors.repaired;
}

export function paintInfection(context: Context, infection: Infection, at_us: number,
                               width: number, height: number, colors: InfectionColors): void {
  context.clearRect(0, 0, width, height);
  const place = placesOf(infection, width, height);
  const isNamed = infection.nodes.length <= kNamedMax;
  const radius = isNamed ? 6 : Math.max(1.8, Math.min(5, 70 / Math.sqrt(infection.nodes.length)));
  context.lineWidth = isNamed ? 1.5 : 0.8;
  drawEdges(context, infection, place, at_us, colors.line, (node) => node.repair === "none");
  context.setLineDash([5, 3]);
  drawEdges(context, infection, place, at_us, colors.repaired, (node) => node.repair !== "none");
  context.setLineDash([]);
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "left";
  infection.nodes.forEach((node, index) => {
    const [x, y] = place(node);
    context.fillStyle = colorOf(node, at_us, infection.end_us, colors);
    context.beginPath();
    // Who needed a repair is a square, everybody else a disc; the publisher is larger.
    if (node.repair === "none") context.arc(x, y, index === 0 ? radius * 1.5 : radius, 0, 2 * Math.PI);
    else context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
    context.fill();
    if (!isNamed) return;
    context.fillStyle = colors.text;
    // Above its lines, not upon them.
    const isLast = node.depth === infection.depthMax;
    context.textAlign = isLast ? "left" : "center";
    context.fillText(node.name, isLast ? x + radius + 6 : x, isLast ? y + 4 : y - 2 * radius - 2);
  });
}
