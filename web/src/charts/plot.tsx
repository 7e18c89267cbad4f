// A chart as SVG: measured curves over the curve of a theory. One function makes both what is shown
// and what is exported, so the two cannot differ.
import { h, type ComponentChild, type VNode } from "preact";
import { axisFor, placeOn, shortNumber, ticksOf, type Axis } from "./scale";

/** More points than the chart has pixels are thinned: the picture is the same. */
export const kPlotPointsMax = 500;

export interface Curve {
  name: string;
  points: readonly (readonly [number, number])[];
  /** Theories are drawn behind, dashed and grey. */
  kind: "measured" | "theory";
  /** Index of its colour among the measured ones. */
  colour: number;
  /** Dots instead of a line: single measurements. */
  isDots?: boolean;
}

export interface PlotModel {
  title: string;
  xTitle: string;
  yTitle: string;
  curves: readonly Curve[];
  /** Bars of a histogram: [from, to, height]. */
  bars?: readonly (readonly [number, number, number])[];
  isLog?: boolean;
  yMost?: number;
  /** Ends of the horizontal axis, where the curves do not say. */
  xRange?: readonly [number, number];
}

export interface PlotColours {
  paper: string;
  ink: string;
  faint: string;
  grid: string;
  theory: string;
  series: readonly string[];
}

const kWidth = 420;
const kHeight = 232;
const kLeft = 48;
const kRight = 10;
const kTop = 26;
const kBottom = 34;
/** A letter of the legend, on average, and what is between two names. */
const kLetterWidth = 5.6;
const kLegendGap = 12;
const kFont = "system-ui, sans-serif";

interface Frame {
  x: Axis;
  y: Axis;
}

type Attributes = Record<string, string | number | undefined>;

function element(name: string, attributes: Attributes, children?: ComponentChild): VNode {
  return h(name, attributes, children);
}

function left(frame: Frame, value: number): number {
  return kLeft + placeOn(frame.x, value) * (kWidth - kLeft - kRight);
}

function top(frame: Frame, value: number): number {
  const share = Math.max(0, Math.min(1, placeOn(frame.y, value)));
  return kHeight - kBottom - share * (kHeight - kTop - kBottom);
}

function frameOf(model: PlotModel): Frame {
  const points = model.curves.flatMap((curve) => curve.points);
  const bars = model.bars ?? [];
  const x = axisFor([...points.map((point) => point[0]), ...bars.flatMap((bar) => [bar[0], bar[1]])], false);
  const y = axisFor([...points.map((point) => point[1]), ...bars.map((bar) => bar[2])], model.isLog ?? false);
  if (model.xRange !== undefined) [x.least, x.most] = model.xRange;
  if (model.yMost !== undefined) y.most = model.yMost;
  return { x, y };
}

function text(x: number, y: number, anchor: string, fill: string, words: string, size = 11): VNode {
  return element("text", {
    x: x.toFixed(1), y: y.toFixed(1), "text-anchor": anchor, fill, "font-size": size, "font-family": kFont,
  }, words);
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string): VNode {
  return element("line", {
    x1: x1.toFixed(1), y1: y1.toFixed(1), x2: x2.toFixed(1), y2: y2.toFixed(1), stroke, "stroke-width": 1,
  });
}

function axes(model: PlotModel, frame: Frame, colours: PlotColours): VNode[] {
  const nodes: VNode[] = [];
  for (const tick of ticksOf(frame.y)) {
    const y = top(frame, tick);
    nodes.push(line(kLeft, y, kWidth - kRight, y, colours.grid));
    nodes.push(text(kLeft - 5, y + 4, "end", colours.faint, shortNumber(tick)));
  }
  for (const tick of ticksOf(frame.x)) {
    const x = left(frame, tick);
    nodes.push(line(x, kHeight - kBottom, x, kHeight - kBottom + 4, colours.faint));
    nodes.push(text(x, kHeight - kBottom + 15, "middle", colours.faint, shortNumber(tick)));
  }
  nodes.push(line(kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom, colours.faint));
  nodes.push(text(kWidth - kRight, kHeight - 5, "end", colours.faint, model.xTitle));
  nodes.push(text(4, 13, "start", colours.ink, model.title, 12));
  if (model.yTitle !== "") nodes.push(text(kWidth - kRight, 13, "end", colours.faint, model.yTitle));
  return nodes;
}

function thinned(points: Curve["points"]): Curve["points"] {
  const stride = Math.ceil(points.length / kPlotPointsMax);
  if (stride <= 1) return points;
  return points.filter((_, index) => index % stride === 0 || index === points.length - 1);
}

function curveNodes(curve: Curve, frame: Frame, colours: PlotColours): VNode[] {
  const isTheory = curve.kind === "theory";
  const stroke = isTheory ? colours.theory : (colours.series[curve.colour] ?? colours.ink);
  const usable = thinned(curve.points).filter(([, y]) => Number.isFinite(y) && (!frame.y.isLog || y > 0));
  if (curve.isDots === true) {
    return usable.map(([x, y]) =>
      element("circle", { cx: left(frame, x).toFixed(1), cy: top(frame, y).toFixed(1), r: 3.5, fill: stroke }),
    );
  }
  const d = usable
    .map(([x, y], index) => `${index === 0 ? "M" : "L"}${left(frame, x).toFixed(1)} ${top(frame, y).toFixed(1)}`)
    .join("");
  const dash = isTheory ? { "stroke-dasharray": "5 4" } : {};
  return [element("path", {
    d, fill: "none", stroke, "stroke-width": isTheory ? 2.5 : 2, "stroke-linejoin": "round", ...dash,
  })];
}

/** Names of the curves below the axis, one after another. */
function legend(model: PlotModel, colours: PlotColours): VNode[] {
  if (model.curves.length < 2) return [];
  let x = kLeft;
  return model.curves.map((curve) => {
    const isTheory = curve.kind === "theory";
    const fill = isTheory ? colours.faint : (colours.series[curve.colour] ?? colours.ink);
    const words = (isTheory ? "- - " : curve.isDots === true ? "● " : "— ") + curve.name;
    const node = text(x, kHeight - 5, "start", fill, words, 10.5);
    x += words.length * kLetterWidth + kLegendGap;
    return node;
  });
}

/** What the chart says, for those who do not see it: where each curve ends. */
export function plotWords(model: PlotModel): string {
  const ends = model.curves.map((curve) => {
    const last = curve.points[curve.points.length - 1];
    if (last === undefined) return `${curve.name}: nothing yet`;
    return `${curve.name}: ${shortNumber(last[1])} at ${shortNumber(last[0])} ${model.xTitle}`;
  });
  if (model.bars !== undefined) ends.push(`${model.bars.length} bars`);
  return `${model.title}. ${ends.join("; ")}`;
}

/** The chart as one `svg` element. */
export function plotNode(model: PlotModel, colours: PlotColours): VNode {
  const frame = frameOf(model);
  const bars = (model.bars ?? []).map(([from, to, height]) =>
    element("rect", {
      x: left(frame, from).toFixed(1),
      y: top(frame, height).toFixed(1),
      width: Math.max(1, left(frame, to) - left(frame, from) - 1).toFixed(1),
      height: (kHeight - kBottom - top(frame, height)).toFixed(1),
      fill: colours.series[0],
    }),
  );
  const theories = model.curves.filter((curve) => curve.kind === "theory");
  const measured = model.curves.filter((curve) => curve.kind === "measured");
  const curves = [...theories, ...measured].flatMap((curve) => curveNodes(curve, frame, colours));
  return element("svg", {
    xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${kWidth} ${kHeight}`,
    role: "img", "aria-label": plotWords(model), class: "plot",
  }, [
    element("rect", { width: kWidth, height: kHeight, fill: colours.paper }),
    ...axes(model, frame, colours), ...bars, ...curves, ...legend(model, colours),
  ]);
}

function escaped(value: string): string {
  return value.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

/** Elements of plain SVG as text, for a file. Components are none of ours, and not written. */
export function svgText(node: ComponentChild): string {
  if (node === null || node === undefined || typeof node === "boolean") return "";
  if (Array.isArray(node)) return (node as ComponentChild[]).map(svgText).join("");
  if (typeof node !== "object") return escaped(String(node));
  if (!("type" in node) || typeof node.type !== "string") return "";
  const properties = node.props as Record<string, unknown>;
  const attributes = Object.entries(properties)
    .filter(([name, value]) => name !== "children" && value !== undefined && value !== null)
    .map(([name, value]) => ` ${name}="${escaped(String(value as string | number))}"`)
    .join("");
  return `<${node.type}${attributes}>${svgText(properties["children"] as ComponentChild)}</${node.type}>`;
}

export function Plot({ model, colours }: { model: PlotModel; colours: PlotColours }) {
  return plotNode(model, colours);
}
