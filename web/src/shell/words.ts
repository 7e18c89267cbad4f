// Quantities and instants in words for people.

/** 12 B, 3.4 kB, 5.6 MB: powers of 1,000. */
export function bytesText(bytes: number): string {
  return scaled(bytes, ["B", "kB", "MB", "GB", "TB"]);
}

export function countText(count: number): string {
  return count < 10_000 ? String(Math.round(count * 10) / 10) : scaled(count, ["", "k", "M", "G"]).trim();
}

function scaled(value: number, units: string[]): string {
  let rest = value;
  let index = 0;
  while (Math.abs(rest) >= 1_000 && index < units.length - 1) {
    rest /= 1_000;
    index += 1;
  }
  const digits = index === 0 ? (Number.isInteger(rest) ? 0 : 1) : rest < 10 ? 2 : rest < 100 ? 1 : 0;
  return `${rest.toFixed(digits)} ${units[index] ?? ""}`;
}

/** 230 µs, 4.1 ms, 1.25 s. */
export function microsText(micros: number): string {
  const size = Math.abs(micros);
  if (size < 1_000) return `${Math.round(micros)} µs`;
  if (size < 1_000_000) return `${(micros / 1_000).toFixed(size < 10_000 ? 2 : size < 100_000 ? 1 : 0)} ms`;
  return `${(micros / 1_000_000).toFixed(2)} s`;
}

/** How long: 12 s, 5 min, 3 h, 2 d. */
export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1_000;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}

/** The time of day, with milliseconds: what events are compared by. */
export function clockText(at_ms: number): string {
  const at = new Date(at_ms);
  return `${padded(at.getHours(), 2)}:${padded(at.getMinutes(), 2)}:${padded(at.getSeconds(), 2)}.${padded(at.getMilliseconds(), 3)}`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** A text, or what it is if it is none. */
function textOr(text: string | undefined, base64: string | undefined): string {
  if (text !== undefined) return text;
  return base64 === undefined ? "" : `${bytesText(Math.floor((base64.length * 3) / 4))}, no text`;
}

export function payloadText(item: { payload?: string; payload_base64?: string }): string {
  return textOr(item.payload, item.payload_base64);
}

export function valueText(item: { value?: string; value_base64?: string }): string {
  return textOr(item.value, item.value_base64);
}

export const kStatusMarks = { alive: "●", suspect: "▲", dead: "✖", left: "○" } as const;
