// Axes of charts: from numbers to places and to the few round numbers that are written beside them.

/** More marks on an axis than this overlap. */
export const kTicksMax = 6;

export interface Axis {
  least: number;
  most: number;
  isLog: boolean;
}

/** Where a value stands on an axis, 0 to 1. On a logarithmic axis what is not positive stands at 0. */
export function placeOn(axis: Axis, value: number): number {
  if (axis.most <= axis.least) return 0;
  if (!axis.isLog) return (value - axis.least) / (axis.most - axis.least);
  if (value <= 0) return 0;
  const low = Math.log10(axis.least);
  return (Math.log10(value) - low) / (Math.log10(axis.most) - low);
}

/** An axis that holds all values; linear ones begin at 0. */
export function axisFor(values: readonly number[], isLog: boolean): Axis {
  const usable = values.filter((value) => Number.isFinite(value) && (!isLog || value > 0));
  const greatest = usable.reduce((a, b) => Math.max(a, b), isLog ? 1e-300 : 0);
  const smallest = usable.reduce((a, b) => Math.min(a, b), greatest);
  if (!isLog) return { least: Math.min(0, smallest), most: greatest > 0 ? greatest : 1, isLog };
  if (usable.length === 0) return { least: 0.1, most: 1, isLog };
  const low = 10 ** Math.floor(Math.log10(smallest));
  const high = 10 ** Math.ceil(Math.log10(greatest));
  return { least: low, most: high > low ? high : low * 10, isLog };
}

/** Round numbers on an axis, at most kTicksMax. */
export function ticksOf(axis: Axis): number[] {
  return axis.isLog ? decades(axis) : roundSteps(axis);
}

function decades(axis: Axis): number[] {
  const first = Math.ceil(Math.log10(axis.least) - 1e-9);
  const last = Math.floor(Math.log10(axis.most) + 1e-9);
  const stride = Math.max(1, Math.ceil((last - first + 1) / kTicksMax));
  const ticks: number[] = [];
  for (let power = first; power <= last; power += stride) ticks.push(10 ** power);
  return ticks;
}

function roundSteps(axis: Axis): number[] {
  const rough = (axis.most - axis.least) / (kTicksMax - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough * 0.999);
  const stride = step ?? 10 * power;
  const ticks: number[] = [];
  const end = axis.most + stride * 1e-6;
  for (let at = Math.ceil(axis.least / stride - 1e-6) * stride; at <= end; at += stride) {
    ticks.push(Math.abs(at) < stride * 1e-6 ? 0 : at);
  }
  return ticks;
}

/** A number as short as it can be read: 0.25, 1,200, 1.5M, 3e-7. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 1e15 || size < 1e-4) return value.toExponential(0).replace("e+", "e");
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}
